"""The calls in flight, by their correlation IDs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ._errors import CentrifugoRPCError, ConnectionError, DecodeError, RpcError, again
from ._wire import Decoded, MalformedReplyError, Reply, UnreadableReplyError

logger = logging.getLogger("centrifugo_rpc")

IgnoredReplyHook = Callable[[str, bytes], object]


@dataclass
class Call:
    """A call whose caller waits."""

    method: str
    answer: asyncio.Future[Reply]
    # True from the moment that a worker may see the request.
    sent: bool = False


class Pending:
    """The calls that wait for a reply, and the replies that no call waits for."""

    def __init__(self, on_ignored_reply: IgnoredReplyHook | None) -> None:
        self.ignored_replies = 0
        self._on_ignored_reply = on_ignored_reply
        self._calls: dict[str, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def open(self, correlation_id: str, method: str) -> Call:
        """Opens a call."""
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

    def end(self, error: ConnectionError) -> list[str]:
        """Ends the calls in flight. Returns those that a worker may be running."""
        calls, self._calls = self._calls, {}
        for call in calls.values():
            _set_error(call.answer, again(error))
        return [correlation_id for correlation_id, call in calls.items() if call.sent]

    def take(self, replies: list[Decoded], data: bytes) -> None:
        """Ends the calls that the replies of a publication are for."""
        for decoded in replies:
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


def _set_error(answer: asyncio.Future[Reply], error: CentrifugoRPCError) -> None:
    if not answer.done():
        answer.set_exception(error)
        # The caller may have just gone: then the exception counts as retrieved.
        answer.exception()
