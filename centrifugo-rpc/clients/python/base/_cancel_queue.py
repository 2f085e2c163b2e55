"""Cancellations on their way to the workers."""

from __future__ import annotations

import asyncio
import logging

from ._connection import Connection, PublishRefusedError, UnconfirmedError
from ._errors import CentrifugoRPCError
from ._state import State
from ._tasks import Tasks
from ._wire import Channels, encode_cancel

logger = logging.getLogger("centrifugo_rpc")

# How long a cancellation waits for a connection, in seconds.
PATIENCE = 60.0


class CancelQueue:
    """Publishes cancellations. They always go alone, because they are meant for all
    workers.
    """

    def __init__(
        self, connection: Connection, channels: Channels, state: State, tasks: Tasks
    ) -> None:
        self._connection = connection
        self._channels = channels
        self._state = state
        self._tasks = tasks

    def add(self, correlation_id: str, publishing: asyncio.Task[None] | None) -> None:
        """Sends the cancellation of a call. `publishing` is the task that sends its
        request: the cancellation goes out behind it.
        """
        self._tasks.spawn(self._cancel(correlation_id, publishing))

    async def _cancel(
        self, correlation_id: str, publishing: asyncio.Task[None] | None
    ) -> None:
        if publishing is not None:
            await asyncio.wait((publishing,))
        try:
            # The last cancellations of a client go out without waiting.
            if self._state.ended is None:
                await self._state.ready(PATIENCE)
            cancel = encode_cancel(correlation_id, self._channels.replies)
            await self._connection.publish(self._channels.requests, cancel)
        except (CentrifugoRPCError, PublishRefusedError, UnconfirmedError) as error:
            logger.debug("the cancel of %s did not go out: %s", correlation_id, error)
