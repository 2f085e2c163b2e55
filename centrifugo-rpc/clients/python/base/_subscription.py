"""A subscription to one channel, with the positions of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from . import _refusal as refusals
from ._sdk import (
    CentrifugeError,
    Client,
    StreamPosition,
    SubscriptionEventHandler,
)
from ._sdk import Subscription as SdkSubscription
from ._tasks import Tasks

MIN_RESUBSCRIBE_DELAY = 0.2
MAX_RESUBSCRIBE_DELAY = 5.0


@dataclass(frozen=True)
class Subscribed:
    """The state of a new subscription, or of one that was interrupted."""

    # False if publications since the last position may be missing.
    is_complete: bool
    # False if publications during the next interruption will be missing.
    is_recoverable: bool
    # None if Centrifugo keeps no history of the channel.
    position: StreamPosition | None


class SubscriptionListener(Protocol):
    """Receives the events of a subscription, until it is closed. Its methods must not
    raise: the SDK would end the connection.
    """

    def on_subscribed(self, subscribed: Subscribed) -> None:
        """The channel is subscribed, for the first time or again."""
        ...

    def on_interrupted(self, code: int, reason: str) -> None:
        """The subscription is interrupted, in most cases with the connection. The
        connection subscribes again.
        """
        ...

    def on_data(self, data: bytes) -> None:
        """The data of a publication."""
        ...

    def on_trouble(self, reason: str) -> None:
        """An attempt to subscribe failed; the connection tries again."""
        ...

    def on_end(self, code: int, reason: str) -> None:
        """Centrifugo has ended the subscription permanently, and the connection goes
        on.
        """
        ...


class Subscription:
    """A subscription, until it is closed, across all reconnects."""

    def __init__(
        self,
        client: Client,
        channel: str,
        listener: SubscriptionListener,
        tasks: Tasks,
        previous: Subscription | None,
        on_gone: Callable[[Subscription], None],
    ) -> None:
        """Describes a subscription. `previous` is the one to the same channel that is
        about to end; `on_gone` is called when this one has ended.
        """
        self.channel = channel
        self.listener = listener
        self.is_closed = False
        self._client = client
        self._tasks = tasks
        self._on_gone = on_gone
        self._subscription: SdkSubscription | None = None
        self._events: _Events | None = None
        # The last change of the subscription. Changes follow each other.
        self._change: asyncio.Task[None] | None = (
            None if previous is None else previous._change
        )

    def start(self, since: StreamPosition | None) -> None:
        """Subscribes, or subscribes anew. The publications after `since` come first; by
        default, those from now on.
        """
        self._replace(_Events(self, since, is_complete=True))

    def start_incomplete(self) -> None:
        """Subscribes anew from now on, where publications may be missing."""
        self._replace(_Events(self, None, is_complete=False))

    def close(self) -> None:
        """Ends the subscription. The listener gets no further events, and the channel
        may be subscribed again.
        """
        if not self.is_closed:
            self.detach()
            self._spawn(self._end())

    def detach(self) -> None:
        """Ends all events: the connection has ended."""
        self.is_closed = True
        self._events = None

    def is_current(self, events: _Events) -> bool:
        """Whether the events belong to the current subscription of the SDK."""
        return self._events is events

    def _replace(self, events: _Events) -> None:
        # From now on, only publications of the old subscription count.
        self._events = None
        self._spawn(self._subscribe(events))

    def _spawn(self, change: Coroutine[None, None, None]) -> None:
        previous = self._change

        async def in_turn() -> None:
            if previous is not None:
                await asyncio.wait((previous,))
            try:
                await change
            except CentrifugeError as error:
                self._fail(str(error))

        self._change = self._tasks.spawn(in_turn())

    def _fail(self, reason: str) -> None:
        if not self.is_closed:
            self.detach()
            self._on_gone(self)
            self.listener.on_end(0, reason)

    async def _subscribe(self, events: _Events) -> None:
        await self._unsubscribe()
        if self.is_closed:
            return
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

    async def _end(self) -> None:
        await self._unsubscribe()
        self._on_gone(self)

    async def _unsubscribe(self) -> None:
        old, self._subscription = self._subscription, None
        if old is not None:
            await old.unsubscribe()
            self._client.remove_subscription(old)


class _Events(SubscriptionEventHandler):
    """The events of one subscription of the SDK. All but publications are ignored once
    there is another one.
    """

    def __init__(
        self,
        subscription: Subscription,
        since: StreamPosition | None,
        *,
        is_complete: bool,
    ) -> None:
        self.since = since
        self._subscription = subscription
        self._listener = subscription.listener
        self._is_complete = is_complete
        self._asked = False
        self._was_subscribed = False

    async def position(self, channel: str) -> StreamPosition:
        """The position to continue from. The SDK asks again if Centrifugo cannot
        continue from there, and would go on asking.
        """
        since, self._asked = (None, True) if self._asked else (self.since, True)
        if since is not None:
            return since
        if self._subscription.is_current(self):
            self._subscription.start_incomplete()
        raise RuntimeError("Centrifugo cannot continue from the last publication")

    async def on_subscribed(self, ctx: Any) -> None:
        if not self._subscription.is_current(self):
            return
        self._was_subscribed = True
        is_recovered = ctx.recovered or not ctx.was_recovering
        is_complete, self._is_complete = self._is_complete and is_recovered, True
        subscribed = Subscribed(is_complete, ctx.recoverable, ctx.stream_position)
        self._listener.on_subscribed(subscribed)

    async def on_subscribing(self, ctx: Any) -> None:
        # The first attempt to subscribe is not an interruption.
        if self._subscription.is_current(self) and self._was_subscribed:
            self._listener.on_interrupted(ctx.code, ctx.reason)

    async def on_unsubscribed(self, ctx: Any) -> None:
        if self._subscription.is_current(self):
            self._subscription.close()
            self._listener.on_end(ctx.code, ctx.reason)

    async def on_publication(self, ctx: Any) -> None:
        if not self._subscription.is_closed:
            self._listener.on_data(ctx.pub.data or b"")

    async def on_error(self, ctx: Any) -> None:
        if self._subscription.is_current(self):
            self._listener.on_trouble(refusals.describe(ctx.error))
