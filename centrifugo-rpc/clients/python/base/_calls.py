"""The calls in flight, and the state of their connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ._errors import CentrifugoRPCError, ConnectionError, DecodeError, RpcError
from ._wire import (
    MalformedReplyError,
    Reply,
    UnreadableReplyError,
    decode_replies,
    is_batch,
)

logger = logging.getLogger("centrifugo_rpc")

IgnoredReplyHook = Callable[[str, bytes], object]
A_DAY = 24 * 3600.0
# In the order of arrival.
Waiting = dict[asyncio.Future[None], None]


@dataclass
class Call:
    """A call whose caller waits."""

    method: str
    answer: asyncio.Future[Reply]
    # True from the moment that a worker may see the request.
    sent: bool = False


class Calls:
    """The state that the parts of a connection share. All methods return at once,
    except `up` and `end_of_all`, which wait.
    """

    def __init__(self, on_ignored_reply: IgnoredReplyHook | None) -> None:
        self.is_up = False
        # Whether requests may be batched: only a worker that writes batches reads
        # them. After a reconnect, another worker may answer.
        self.together = False
        self.ignored_replies = 0
        self.trouble: ConnectionError | None = None
        self.ended: ConnectionError | None = None
        # After a first connection, many errors are temporary that are permanent
        # before it.
        self.was_up = False
        self._on_ignored_reply = on_ignored_reply
        self._calls: dict[str, Call] = {}
        self._waiting: Waiting = {}
        self._waiting_for_end: Waiting = {}

    def __len__(self) -> int:
        return len(self._calls)

    async def up(self, timeout: float) -> bool:
        """Waits until requests can go out. Returns False if they cannot after
        `timeout`; raises if they never will.
        """
        clock = asyncio.get_running_loop()
        deadline = clock.time() + timeout
        while self.ended is None and not self.is_up and clock.time() < deadline:
            # Not every event loop accepts infinity.
            await _wait_in(self._waiting, min(deadline - clock.time(), A_DAY))
        self.check_not_ended()
        return self.is_up

    def check_not_ended(self) -> None:
        """Raises if the client has ended: there will be no connection."""
        if self.ended is not None:
            raise _again(self.ended)

    async def end_of_all(self) -> ConnectionError:
        """Waits until the client has ended permanently."""
        while self.ended is None:
            await _wait_in(self._waiting_for_end, None)
        return self.ended

    def open(self, correlation_id: str, method: str) -> Call:
        """Opens a call; raises if the client has ended."""
        self.check_not_ended()
        call = Call(method, asyncio.get_running_loop().create_future())
        self._calls[correlation_id] = call
        return call

    def sending(self, correlation_id: str) -> bool:
        """Notes that the request goes out. Returns False if the call has ended: then
        the request must not go out.
        """
        call = self._calls.get(correlation_id)
        if call is None:
            return False
        call.sent = True
        return True

    def forget(self, correlation_id: str) -> bool:
        """Forgets a call that was given up. True if a worker may be running it."""
        call = self._calls.pop(correlation_id, None)
        return call is not None and call.sent

    def fail(self, correlation_id: str, error: CentrifugoRPCError) -> None:
        """Ends a call that did not go out."""
        call = self._calls.pop(correlation_id, None)
        if call is not None:
            _set_error(call.answer, error)

    def end_pending(self, error: ConnectionError) -> list[str]:
        """Ends the calls in flight. Returns those that a worker may be running."""
        calls, self._calls = self._calls, {}
        for call in calls.values():
            _set_error(call.answer, _again(error))
        return [correlation_id for correlation_id, call in calls.items() if call.sent]

    def end(self, error: ConnectionError) -> list[str]:
        """Ends the client, the calls in flight and all later calls. The first reason
        stays.
        """
        if self.ended is None:
            self.ended = error
            self.is_up = self.together = False
        _wake(self._waiting)
        _wake(self._waiting_for_end)
        return self.end_pending(self.ended)

    def on_up(self, complete: bool) -> None:
        """The reply channel is subscribed. `complete` is false if replies may have been
        lost meanwhile.
        """
        if self.ended is not None:
            return
        if not complete:
            # The calls keep waiting: a worker that could not reach Centrifugo retries
            # its replies for a while.
            logger.warning(
                "replies sent while the connection was down cannot be recovered; calls "
                "whose reply is lost will time out "
                "(%d waiting)",
                len(self),
            )
        elif self.was_up:
            logger.info("connected to Centrifugo again (%d calls waiting)", len(self))
        self.was_up = self.is_up = True
        self.trouble = None
        _wake(self._waiting)

    def on_down(self, code: int, reason: str) -> None:
        """The connection is lost; the client reconnects."""
        if self.is_up:
            logger.warning(
                "connection to Centrifugo lost (%d %s), reconnecting (%d calls "
                "waiting)",
                code,
                reason,
                len(self),
            )
        self.is_up = self.together = False

    def on_trouble(self, error: ConnectionError) -> None:
        """An attempt to connect failed; the client tries again."""
        logger.debug("not connected to Centrifugo: %s", error)
        self.trouble = error

    def on_reply(self, data: bytes) -> None:
        """A publication in the reply channel."""
        if self.is_up and not self.together:
            self.together = is_batch(data)
        for decoded in decode_replies(data):
            if isinstance(decoded, UnreadableReplyError):
                self._on_unreadable(decoded.correlation_id)
            elif isinstance(decoded, MalformedReplyError):
                logger.warning(
                    "a malformed reply, in a publication of %d bytes, is ignored: %s",
                    len(data),
                    decoded,
                )
                self._ignore(f"malformed: {decoded}", data)
            else:
                self._on_answer(*decoded, data)

    def _on_answer(
        self, correlation_id: str, answer: Reply | RpcError, data: bytes
    ) -> None:
        call = self._calls.pop(correlation_id, None)
        if call is None or call.answer.done():
            logger.debug(
                "a late, duplicate or unknown reply is ignored: %s", correlation_id
            )
            self._ignore("late, duplicate or unknown", data)
        elif isinstance(answer, Reply):
            call.answer.set_result(answer)
        else:
            _set_error(call.answer, answer)

    def _on_unreadable(self, correlation_id: str) -> None:
        call = self._calls.get(correlation_id)
        method = "?" if call is None else call.method
        message = f"the result of `{method}` is nested too deeply to be read"
        self.fail(correlation_id, DecodeError(message))

    def _ignore(self, reason: str, data: bytes) -> None:
        self.ignored_replies += 1
        if self._on_ignored_reply is None:
            return
        try:
            self._on_ignored_reply(reason, data)
        except Exception:
            logger.exception("`on_ignored_reply` failed")


def _again(error: ConnectionError) -> ConnectionError:
    """A copy of the error for another raise: each raise adds to a traceback."""
    return type(error)(*error.args)


def _set_error(answer: asyncio.Future[Reply], error: CentrifugoRPCError) -> None:
    if not answer.done():
        answer.set_exception(error)
        # The caller may have just gone: then the exception counts as retrieved.
        answer.exception()


async def _wait_in(waiting: Waiting, timeout: float | None) -> None:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting[waiter] = None
    try:
        # Unlike `wait_for` it neither raises nor swallows a cancellation that arrives
        # together with the result.
        await asyncio.wait((waiter,), timeout=timeout)
    finally:
        del waiting[waiter]


def _wake(waiting: Waiting) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_result(None)
