"""One connection with its reply channel and its calls."""

from __future__ import annotations

import logging

from ._batcher import Batcher, Destination
from ._calls import Calls
from ._cancel_queue import CancelQueue
from ._connection import Connection, Target
from ._errors import ConnectionError
from ._pending import Pending
from ._reply_channel import ReplyChannel
from ._state import State
from ._tasks import Tasks
from ._wire import Channels, Decoded, is_batch

logger = logging.getLogger("centrifugo_rpc")

# How long the last cancels of a client may take.
LINGER = 1.0


class Session:
    """Puts the parts of a client together, and hands on the events of its connection
    and its reply channel.
    """

    def __init__(
        self,
        target: Target,
        channels: Channels,
        message_size_limit: int,
        state: State,
        pending: Pending,
    ) -> None:
        self._state = state
        self._pending = pending
        self._tasks = Tasks()
        self._was_ready = False
        self._connection = Connection(target, self)
        self._reply_channel = ReplyChannel(
            self._connection, channels.replies, target.user, self
        )
        destination = Destination(
            channels.requests, message_size_limit, target.user == ""
        )
        self._batcher = Batcher(self._connection, destination, state, self._tasks)
        self._cancels = CancelQueue(self._connection, channels, state, self._tasks)
        self.calls = Calls(
            channels.replies, state, pending, self._batcher, self._cancels
        )

    def open(self) -> None:
        """Starts connecting."""
        self._reply_channel.open()
        self._connection.open()

    async def close(self, reason: ConnectionError) -> None:
        """Ends the calls in flight, sends their cancellations, and disconnects."""
        was_ready = self._state.is_ready
        running = self._end(reason)
        if was_ready:
            for correlation_id in running:
                self._cancels.add(correlation_id, None)
            await self._tasks.wait(LINGER)
        await self._connection.close()
        await self._tasks.wait()

    def on_ready(self, *, complete: bool) -> None:
        """Replies arrive: requests can go out."""
        if self._state.ended is not None:
            return
        waiting = len(self._pending)
        if not complete:
            # The calls keep waiting: a worker that could not reach Centrifugo retries
            # its replies for a while.
            logger.warning(
                "replies sent while the connection was down cannot be recovered; calls "
                "whose reply is lost will time out "
                "(%d waiting)",
                waiting,
            )
        elif self._was_ready:
            logger.info("connected to Centrifugo again (%d calls waiting)", waiting)
        self._was_ready = True
        self._state.set_ready()

    def on_interrupted(self, code: int, reason: str) -> None:
        """No more replies arrive for now; the connection comes back."""
        if self._state.is_ready:
            logger.warning(
                "connection to Centrifugo lost (%d %s), reconnecting (%d calls "
                "waiting)",
                code,
                reason,
                len(self._pending),
            )
        self._state.set_interrupted()
        self._batcher.gathers = False

    def on_trouble(self, error: ConnectionError) -> None:
        """An attempt to connect or to subscribe failed; the connection tries again."""
        logger.debug("not connected to Centrifugo: %s", error)
        self._state.trouble = error

    def on_end(self, error: ConnectionError) -> None:
        """The connection or its reply channel has ended permanently."""
        self._end(error)
        self._connection.stop()

    def on_replies(self, replies: list[Decoded], data: bytes) -> None:
        """Hands replies to their calls."""
        if self._state.is_ready and not self._batcher.gathers:
            self._batcher.gathers = is_batch(data)
        self._pending.take(replies, data)

    def _end(self, error: ConnectionError) -> list[str]:
        """Ends the client and its calls. Returns those that a worker may be running."""
        reason = self._state.end(error)
        self._batcher.gathers = False
        return self._pending.end(reason)
