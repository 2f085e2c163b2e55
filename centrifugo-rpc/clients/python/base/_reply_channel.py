"""The subscription to the reply channel of a session, and the recovery of missed
replies.
"""

from __future__ import annotations

import logging
from typing import Protocol

from . import _refusal as refusals
from ._connection import Connection
from ._errors import ConnectionError, SetupError
from ._sdk import StreamPosition
from ._subscription import Subscribed, Subscription
from ._wire import KEPT_REPLIES, Decoded, decode_replies

logger = logging.getLogger("centrifugo_rpc")


class ReplyListener(Protocol):
    """Receives the events of a reply channel."""

    def on_ready(self, *, complete: bool) -> None:
        """The channel is subscribed, so replies arrive: requests may go out. `complete`
        is false if replies may have been lost meanwhile.
        """
        ...

    def on_interrupted(self, code: int, reason: str) -> None:
        """No more replies arrive until the next `on_ready`."""
        ...

    def on_trouble(self, error: ConnectionError) -> None:
        """An attempt to subscribe failed; the connection tries again."""
        ...

    def on_end(self, error: ConnectionError) -> None:
        """Centrifugo refuses the channel permanently."""
        ...

    def on_replies(self, replies: list[Decoded], data: bytes) -> None:
        """The replies of one publication, and its bytes."""
        ...


class ReplyChannel:
    """Keeps the reply channel subscribed.

    If Centrifugo cannot continue from the last reply, because it was restarted or there
    were too many replies, all replies that it has are read again. Replies that had
    already arrived no longer match a call.
    """

    def __init__(
        self, connection: Connection, channel: str, user: str, listener: ReplyListener
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._user = user
        self._listener = listener
        self._subscription: Subscription | None = None
        self._reads_again = False

    def open(self) -> None:
        """Subscribes, and stays subscribed until the connection ends."""
        self._subscription = self._connection.subscribe(self._channel, self)

    def on_subscribed(self, subscribed: Subscribed) -> None:
        """Reads replies again if some may be missing."""
        again, self._reads_again = self._reads_again, False
        if not subscribed.is_recoverable:
            logger.warning(
                "replies sent while the connection is down will be lost: set "
                "`history_size`, `history_ttl` and `force_recovery` in the namespace "
                "of "
                "the reply channel `%s`",
                self._channel,
            )
        top = subscribed.position
        if subscribed.is_complete or again or top is None or not self._subscription:
            self._listener.on_ready(complete=subscribed.is_complete)
            return
        self._reads_again = True
        offset = max(0, top.offset - KEPT_REPLIES)
        self._subscription.start(StreamPosition(offset, top.epoch))

    def on_interrupted(self, code: int, reason: str) -> None:
        """No more replies arrive for now."""
        self._listener.on_interrupted(code, reason)

    def on_data(self, data: bytes) -> None:
        """Decodes replies."""
        self._listener.on_replies(decode_replies(data), data)

    def on_trouble(self, reason: str) -> None:
        """An attempt to subscribe failed."""
        message = f"the reply channel `{self._channel}` cannot be subscribed: {reason}"
        self._listener.on_trouble(SetupError(message))

    def on_end(self, code: int, reason: str) -> None:
        """Centrifugo refuses the channel permanently."""
        refused = refusals.subscribe(self._channel, self._user, code, reason)
        self._listener.on_end(refused)
