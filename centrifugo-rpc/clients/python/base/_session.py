"""Calls and notifications over one connection."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine

from . import _refusals as refusals
from ._calls import Calls
from ._deadline import Deadline
from ._errors import (
    CentrifugoRPCError,
    ConnectionError,
    ErrorCode,
    RpcError,
    RpcTimeoutError,
)
from ._json import Reply, encode_cancel, encode_request
from ._link import Link, PublishRefusedError, Target, UnconfirmedError

logger = logging.getLogger("centrifugo_rpc")

# What Centrifugo's protocol adds to the payload and the channel of a publication, at
# most.
PUBLISH_OVERHEAD = 32
# How long the last cancels of a client may take.
LINGER = 1.0


class Session:
    """Publishes, and waits for what comes back. Publishing happens in tasks of its own,
    which callers that go leave alone: a request is sent whole or not at all, and its
    cancel after it.
    """

    def __init__(self, target: Target, calls: Calls) -> None:
        self._target = target
        self._calls = calls
        self._link = Link(target, calls)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Starts connecting."""
        await self._link.start()

    async def close(self, reason: ConnectionError) -> None:
        """Ends the calls under way, tells their workers, and ends the connection."""
        was_up = self._calls.is_up
        running = self._calls.end(reason)
        if was_up:
            for correlation_id in running:
                self._spawn(self._cancel(correlation_id, None))
        if self._tasks and was_up:
            await asyncio.wait(self._tasks, timeout=LINGER)
        await self._link.close()
        if self._tasks:
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

        def request(timeout_ms: int) -> bytes:
            return encode_request(
                method,
                params,
                timeout_ms,
                correlation_id=correlation_id,
                reply_to=self._target.reply_channel,
                traceparent=traceparent,
            )

        publishing = self._spawn(
            self._publish_call(correlation_id, method, request, deadline)
        )
        try:
            # The answer may overtake Centrifugo's confirmation of the request.
            await asyncio.wait((call.answer,), timeout=deadline.until_give_up())
            if call.answer.done():
                return call.answer.result()
            raise RpcTimeoutError(method, deadline.timeout, published=call.sent)
        finally:
            if self._calls.forget(correlation_id):
                self._spawn(self._cancel(correlation_id, publishing))

    async def notify(
        self,
        method: str,
        params: bytes | None,
        deadline: Deadline,
        traceparent: str | None,
    ) -> None:
        """Notifies a method and waits until Centrifugo has taken it."""

        def request(timeout_ms: int) -> bytes:
            return encode_request(method, params, timeout_ms, traceparent=traceparent)

        outcome: list[CentrifugoRPCError | None] = []

        async def publish() -> None:
            try:
                await self._publish(method, request, deadline, lambda: True)
            except UnconfirmedError:
                pass
            except CentrifugoRPCError as error:
                outcome.append(error)
            else:
                outcome.append(None)

        await asyncio.wait((self._spawn(publish()),), timeout=deadline.until_give_up())
        if not outcome:
            message = (
                f"Centrifugo did not confirm `{method}`: whether it was "
                "delivered is unknown"
            )
            raise ConnectionError(message)
        if outcome[0] is not None:
            raise outcome[0]

    async def _publish_call(
        self,
        correlation_id: str,
        method: str,
        request: Callable[[int], bytes],
        deadline: Deadline,
    ) -> None:
        try:
            await self._publish(
                method, request, deadline, lambda: self._calls.sending(correlation_id)
            )
        except UnconfirmedError as error:
            # Nobody knows whether it arrived: a reply may come.
            logger.debug("the request of `%s` is not confirmed: %s", method, error)
        except CentrifugoRPCError as error:
            self._calls.fail(correlation_id, error)

    async def _publish(
        self,
        method: str,
        request: Callable[[int], bytes],
        deadline: Deadline,
        goes_out: Callable[[], bool],
    ) -> None:
        """Publishes a request, once there is a connection.

        `goes_out` is asked at the last moment.
        """
        message = request(deadline.remaining_ms())
        self._check_size(message)
        if not self._calls.is_up:
            if not await self._calls.up(deadline.remaining()):
                raise RpcTimeoutError(method, deadline.timeout, published=False)
            message = request(deadline.remaining_ms())
        if not goes_out():
            return
        target = self._target
        try:
            await self._link.publish(target.request_channel, message)
        except PublishRefusedError as refused:
            anonymous = target.user == ""
            raise refusals.publish(
                target.request_channel, anonymous, refused.code, refused.reason
            ) from None

    def _check_size(self, request: bytes) -> None:
        size = len(request) + len(self._target.request_channel) + PUBLISH_OVERHEAD
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
        """Tells the worker that nobody waits for the call any more."""
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
