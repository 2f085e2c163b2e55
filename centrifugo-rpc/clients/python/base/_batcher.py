"""Requests on their way into the request channel. Requests of the same moment become
one publication.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from . import _refusal as refusals
from ._connection import Connection, PublishRefusedError, UnconfirmedError
from ._deadline import Deadline
from ._errors import CentrifugoRPCError, ErrorCode, RpcError, RpcTimeoutError
from ._state import State
from ._tasks import Tasks
from ._wire import BATCH_OVERHEAD, MAX_BATCH, MIN_REQUEST, encode_batch

# The most bytes that Centrifugo's protocol adds to the payload and the channel of a
# publication.
PUBLISH_OVERHEAD = 32

# The outcome of a request. None: Centrifugo has taken it.
Outcome = CentrifugoRPCError | UnconfirmedError | None


@dataclass(eq=False, slots=True)
class Request:
    """A request on its way out."""

    method: str
    # Takes the timeout in milliseconds.
    encode: Callable[[int], bytes]
    deadline: Deadline
    # Called at the last moment: the request is left out if its call has ended.
    goes_out: Callable[[], bool]
    # Called once, unless the request was left out.
    on_outcome: Callable[[Outcome], object]
    message: bytes = b""
    # The task that sends the request, once it is being sent.
    publishing: asyncio.Task[None] | None = None

    def write(self) -> None:
        """Writes the request with the time that is left at this moment."""
        self.message = self.encode(self.deadline.remaining_ms())


@dataclass(frozen=True)
class Destination:
    """The destination of requests."""

    request_channel: str
    message_size_limit: int
    is_anonymous: bool


class Batcher:
    """Publishes requests. Separate tasks publish, and are not cancelled with their
    callers: a request is sent whole or not at all, and its cancellation after it.

    Requests of the same moment, until the loop runs the callbacks that are due, are
    batched if the workers are known to read batches.
    """

    def __init__(
        self,
        connection: Connection,
        destination: Destination,
        state: State,
        tasks: Tasks,
    ) -> None:
        # Whether requests may be batched: only a worker that writes batches reads
        # them. After a reconnect, another worker may answer.
        self.gathers = False
        self._connection = connection
        self._destination = destination
        self._state = state
        self._tasks = tasks
        self._unsent: list[Request] = []
        self._overhead = len(destination.request_channel) + PUBLISH_OVERHEAD

    def add(self, request: Request) -> None:
        """Queues a request for publication, behind earlier ones. Raises if it is too
        large for Centrifugo.
        """
        request.write()
        self._check_size(request.message)
        self._unsent.append(request)
        if len(self._unsent) == 1:
            self._tasks.spawn(self._publish_unsent())

    async def _publish_unsent(self) -> None:
        """Publishes the requests of the same moment."""
        requests, self._unsent = self._unsent, []
        first, *others = self._publications(requests)
        for publication in others:
            self._tasks.spawn(self._publish(publication))
        # The first publication begins before the others.
        await self._publish(first)

    def _publications(self, requests: list[Request]) -> list[list[Request]]:
        """The requests of each publication, in their order."""
        if not self.gathers:
            return [[request] for request in requests]
        limit = min(MAX_BATCH, self._destination.message_size_limit - self._overhead)
        publications: list[list[Request]] = []
        room = 0
        for request in requests:
            size = max(MIN_REQUEST, len(request.message) + len(b","))
            if size > room:
                publications.append([])
                room = limit - BATCH_OVERHEAD + len(b",")
            publications[-1].append(request)
            room -= size
        return publications

    async def _publish(self, requests: list[Request]) -> None:
        """Publishes requests as one publication, once there is a connection."""
        if len(requests) > 1 and not self.gathers:
            # The connection was lost just now.
            for request in requests:
                self._tasks.spawn(self._publish([request]))
            return
        channel = self._destination.request_channel
        try:
            if not self._state.is_ready:
                # Without a connection, there is only one request.
                await self._wait(requests[0])
            requests = [request for request in requests if request.goes_out()]
            if not requests:
                return
            for request in requests:
                request.publishing = asyncio.current_task()
            message = encode_batch([request.message for request in requests])
            await self._connection.publish(channel, message)
        except PublishRefusedError as refused:
            for request in requests:
                request.on_outcome(
                    refusals.publish(
                        channel,
                        self._destination.is_anonymous,
                        refused.code,
                        refused.reason,
                    )
                )
        except (CentrifugoRPCError, UnconfirmedError) as error:
            for request in requests:
                request.on_outcome(error)
        else:
            for request in requests:
                request.on_outcome(None)

    async def _wait(self, request: Request) -> None:
        """Waits for a connection, until the deadline of the request."""
        if not await self._state.ready(request.deadline.remaining()):
            raise RpcTimeoutError(
                request.method, request.deadline.timeout, published=False
            )
        request.write()

    def _check_size(self, request: bytes) -> None:
        size = len(request) + self._overhead
        limit = self._destination.message_size_limit
        if size > limit:
            message = (
                f"the request has {size} bytes, more than Centrifugo's limit of "
                f"{limit} for one message"
            )
            raise RpcError(ErrorCode.TOO_LARGE, message)
