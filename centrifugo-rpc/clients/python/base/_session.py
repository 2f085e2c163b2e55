"""Calls and notifications over one connection."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from . import _refusal as refusals
from ._calls import Calls
from ._connection import Link, PublishRefusedError, Target, UnconfirmedError
from ._deadline import Deadline
from ._errors import (
    CentrifugoRPCError,
    ConnectionError,
    ErrorCode,
    RpcError,
    RpcTimeoutError,
)
from ._wire import Reply, encode_batch, encode_cancel, encode_request

logger = logging.getLogger("centrifugo_rpc")

# The most bytes that Centrifugo's protocol adds to the payload and the channel of a
# publication.
PUBLISH_OVERHEAD = 32
# The largest size of a publication of several requests, in bytes.
TOGETHER = 16 * 1024
# How long the last cancels of a client may take.
LINGER = 1.0

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


class Session:
    """Publishes requests and waits for replies. Separate tasks publish, and are not
    cancelled with their callers: a request is sent whole or not at all, and its
    cancellation after it.

    Requests of the same moment, until the loop runs the callbacks that are due, are
    batched if the workers are known to read batches.
    """

    def __init__(self, target: Target, calls: Calls) -> None:
        self._target = target
        self._calls = calls
        self._link = Link(target, calls)
        self._tasks: set[asyncio.Task[None]] = set()
        self._outbox: list[Request] = []
        self._overhead = len(target.request_channel) + PUBLISH_OVERHEAD

    async def start(self) -> None:
        """Starts connecting."""
        await self._link.start()

    async def close(self, reason: ConnectionError) -> None:
        """Ends the calls in flight, sends their cancellations, and disconnects."""
        was_up = self._calls.is_up
        running = self._calls.end(reason)
        if was_up:
            for correlation_id in running:
                self._spawn(self._cancel(correlation_id, None))
        if self._tasks and was_up:
            await asyncio.wait(self._tasks, timeout=LINGER)
        await self._link.close()
        # A task may have started others.
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def call(
        self,
        method: str,
        params: bytes | None,
        deadline: Deadline,
        traceparent: str | None,
    ) -> Reply:
        """Calls a method and waits for the reply."""
        correlation_id = str(uuid.uuid4())
        call = self._calls.open(correlation_id, method)

        def encode(timeout_ms: int) -> bytes:
            return encode_request(
                method,
                params,
                timeout_ms,
                correlation_id=correlation_id,
                reply_to=self._target.reply_channel,
                traceparent=traceparent,
            )

        def on_outcome(error: Outcome) -> None:
            if isinstance(error, UnconfirmedError):
                # The request may have arrived: a reply may come.
                logger.debug("the request of `%s` is not confirmed: %s", method, error)
            elif error is not None:
                self._calls.fail(correlation_id, error)

        request = Request(
            method,
            encode,
            deadline,
            goes_out=lambda: self._calls.sending(correlation_id),
            on_outcome=on_outcome,
        )
        try:
            self._send(request)
            # The answer may overtake Centrifugo's confirmation of the request.
            await asyncio.wait((call.answer,), timeout=deadline.until_give_up())
            if call.answer.done():
                return call.answer.result()
            raise RpcTimeoutError(method, deadline.timeout, published=call.sent)
        finally:
            if self._calls.forget(correlation_id):
                self._spawn(self._cancel(correlation_id, request.publishing))

    async def notify(
        self,
        method: str,
        params: bytes | None,
        deadline: Deadline,
        traceparent: str | None,
    ) -> None:
        """Sends a notification and waits until Centrifugo has taken it."""

        def encode(timeout_ms: int) -> bytes:
            return encode_request(method, params, timeout_ms, traceparent=traceparent)

        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._send(
            Request(
                method,
                encode,
                deadline,
                goes_out=lambda: True,
                on_outcome=outcome.set_result,
            )
        )
        await asyncio.wait((outcome,), timeout=deadline.until_give_up())
        error = outcome.result() if outcome.done() else UnconfirmedError()
        if isinstance(error, UnconfirmedError):
            message = (
                f"Centrifugo did not confirm `{method}`: whether it was "
                "delivered is unknown"
            )
            raise ConnectionError(message)
        if error is not None:
            raise error

    def _send(self, request: Request) -> None:
        """Queues a request for publication, behind earlier ones."""
        request.write()
        self._check_size(request.message)
        self._outbox.append(request)
        if len(self._outbox) == 1:
            self._spawn(self._publish_outbox())

    async def _publish_outbox(self) -> None:
        """Publishes the requests of the same moment."""
        requests, self._outbox = self._outbox, []
        first, *others = self._publications(requests)
        for publication in others:
            self._spawn(self._publish(publication))
        # The first publication begins before the others.
        await self._publish(first)

    def _publications(self, requests: list[Request]) -> list[list[Request]]:
        """The requests of each publication, in their order."""
        if not self._calls.together:
            return [[request] for request in requests]
        limit = min(TOGETHER, self._target.message_size_limit - self._overhead)
        publications: list[list[Request]] = []
        room = 0
        for request in requests:
            size = len(request.message) + len(b",")
            if size > room:
                publications.append([])
                room = limit - len(b'{"batch":[]}') + len(b",")
            publications[-1].append(request)
            room -= size
        return publications

    async def _publish(self, requests: list[Request]) -> None:
        """Publishes requests as one publication, once there is a connection."""
        if len(requests) > 1 and not self._calls.together:
            # The connection was lost just now.
            for request in requests:
                self._spawn(self._publish([request]))
            return
        channel = self._target.request_channel
        try:
            if not self._calls.is_up:
                # Without a connection, there is only one request.
                await self._wait(requests[0])
            requests = [request for request in requests if request.goes_out()]
            if not requests:
                return
            for request in requests:
                request.publishing = asyncio.current_task()
            message = encode_batch([request.message for request in requests])
            await self._link.publish(channel, message)
        except PublishRefusedError as refused:
            anonymous = self._target.user == ""
            for request in requests:
                request.on_outcome(
                    refusals.publish(channel, anonymous, refused.code, refused.reason)
                )
        except (CentrifugoRPCError, UnconfirmedError) as error:
            for request in requests:
                request.on_outcome(error)
        else:
            for request in requests:
                request.on_outcome(None)

    async def _wait(self, request: Request) -> None:
        """Waits for a connection, until the deadline of the request."""
        if not await self._calls.up(request.deadline.remaining()):
            raise RpcTimeoutError(
                request.method, request.deadline.timeout, published=False
            )
        request.write()

    def _check_size(self, request: bytes) -> None:
        size = len(request) + self._overhead
        limit = self._target.message_size_limit
        if size > limit:
            message = (
                f"the request has {size} bytes, more than Centrifugo's limit of "
                f"{limit} for one message"
            )
            raise RpcError(ErrorCode.TOO_LARGE, message)

    async def _cancel(
        self, correlation_id: str, publishing: asyncio.Task[None] | None
    ) -> None:
        """Sends the cancellation of a call."""
        if publishing is not None:
            await asyncio.wait((publishing,))
        try:
            if not self._link.is_closed and self._calls.ended is None:
                await self._calls.up(Deadline(60.0).remaining())
            cancel = encode_cancel(correlation_id, self._target.reply_channel)
            await self._link.publish(self._target.request_channel, cancel)
        except (CentrifugoRPCError, PublishRefusedError, UnconfirmedError) as error:
            logger.debug("the cancel of %s did not go out: %s", correlation_id, error)

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        # The event loop itself holds its tasks only weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
