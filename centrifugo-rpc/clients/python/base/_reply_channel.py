"""The subscription to the reply channel, and the recovery of missed replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol

from . import _refusal as refusals
from ._calls import Calls
from ._errors import ConnectionError, SetupError
from ._sdk import (
    CentrifugeError,
    Client,
    StreamPosition,
    Subscription,
    SubscriptionEventHandler,
)

logger = logging.getLogger("centrifugo_rpc")

MIN_RESUBSCRIBE_DELAY = 0.2
MAX_RESUBSCRIBE_DELAY = 5.0
# How many replies Centrifugo keeps of a reply channel: its `history_size`.
HISTORY_SIZE = 128


class Connection(Protocol):
    """The connection of the subscription."""

    is_closed: bool

    def end(self, error: ConnectionError) -> None:
        """Ends the client."""
        ...


class Replies:
    """Keeps the reply channel subscribed.

    If Centrifugo cannot continue from the last reply, because it was restarted or there
    were too many replies, all replies that it has are read again. Replies that had
    already arrived no longer match a call.
    """

    def __init__(
        self,
        client: Client,
        channel: str,
        user: str,
        connection: Connection,
        calls: Calls,
    ) -> None:
        self.channel = channel
        self.user = user
        self.connection = connection
        self.calls = calls
        self.tasks: set[asyncio.Task[None]] = set()
        self._client = client
        self._events: _Events | None = None
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Subscribes."""
        await self._subscribe(_Events(self, None, missing=False))

    def replace(self, since: StreamPosition | None, *, missing: bool) -> None:
        """Subscribes anew, from a position or from now; replies may be `missing`."""
        self._spawn(self._replace(_Events(self, since, missing=missing)))

    def is_current(self, events: _Events) -> bool:
        """Whether the events belong to the current subscription."""
        return self._events is events and not self.connection.is_closed

    async def _replace(self, events: _Events) -> None:
        old, self._events = self._subscription, None
        try:
            if old is not None:
                await old.unsubscribe()
                self._client.remove_subscription(old)
            if not self.connection.is_closed:
                await self._subscribe(events)
        except CentrifugeError as error:
            message = f"the reply channel `{self.channel}` cannot be subscribed again"
            self.connection.end(ConnectionError(f"{message}: {error}"))

    async def _subscribe(self, events: _Events) -> None:
        self._events = events
        self._subscription = self._client.new_subscription(
            self.channel,
            events,
            recoverable=True,
            min_resubscribe_delay=MIN_RESUBSCRIBE_DELAY,
            max_resubscribe_delay=MAX_RESUBSCRIBE_DELAY,
            get_state=events.position if events.since is not None else None,
        )
        await self._subscription.subscribe()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class _Events(SubscriptionEventHandler):
    """The events of one subscription, ignored once there is another subscription."""

    def __init__(
        self, replies: Replies, since: StreamPosition | None, *, missing: bool
    ) -> None:
        self.since = since
        self._replies = replies
        self._missing = missing
        self._asked = False
        self._was_subscribed = False

    async def position(self, channel: str) -> StreamPosition:
        """The position to continue from. The SDK calls it again if that failed."""
        since, self._asked = (None, True) if self._asked else (self.since, True)
        if since is not None:
            return since
        if self._replies.is_current(self):
            # The first time, no more replies can be recovered; later there may be some.
            self._replies.replace(None, missing=self._was_subscribed)
        raise RuntimeError("Centrifugo cannot continue from the last reply")

    async def on_subscribed(self, ctx: Any) -> None:
        if not self._replies.is_current(self):
            return
        if not ctx.recoverable:
            logger.warning(
                "replies sent while the connection is down will be lost: set "
                "`history_size`, `history_ttl` and `force_recovery` in the namespace "
                "of "
                "the reply channel `%s`",
                self._replies.channel,
            )
        failed = bool(ctx.was_recovering and not ctx.recovered)
        is_second = self.since is not None and not self._was_subscribed
        if (failed or self._missing) and not is_second and ctx.stream_position:
            top: StreamPosition = ctx.stream_position
            offset = max(0, top.offset - HISTORY_SIZE)
            self._replies.replace(StreamPosition(offset, top.epoch), missing=False)
            return
        self._was_subscribed = True
        self._replies.calls.on_up(complete=not failed)

    async def on_subscribing(self, ctx: Any) -> None:
        if self._replies.is_current(self):
            self._replies.calls.on_down(ctx.code, ctx.reason)

    async def on_unsubscribed(self, ctx: Any) -> None:
        if self._replies.is_current(self):
            replies = self._replies
            reason = refusals.subscribe(
                replies.channel, replies.user, ctx.code, ctx.reason
            )
            replies.connection.end(reason)

    async def on_publication(self, ctx: Any) -> None:
        self._replies.calls.on_reply(ctx.pub.data or b"")

    async def on_error(self, ctx: Any) -> None:
        if self._replies.is_current(self):
            why = refusals.describe(ctx.error)
            channel = self._replies.channel
            message = f"the reply channel `{channel}` cannot be subscribed: {why}"
            self._replies.calls.on_trouble(SetupError(message))
