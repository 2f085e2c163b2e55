"""Calls and notifications, from their params to their outcomes."""

from __future__ import annotations

import asyncio
import logging
import uuid

from ._batcher import Batcher, Outcome, Request
from ._cancel_queue import CancelQueue
from ._connection import UnconfirmedError
from ._deadline import Deadline
from ._errors import ConnectionError, RpcTimeoutError
from ._pending import Pending
from ._state import State
from ._wire import Reply, encode_request

logger = logging.getLogger("centrifugo_rpc")


class Calls:
    """Sends requests and waits for their replies."""

    def __init__(
        self,
        reply_channel: str,
        state: State,
        pending: Pending,
        batcher: Batcher,
        cancels: CancelQueue,
    ) -> None:
        self._reply_channel = reply_channel
        self._state = state
        self._pending = pending
        self._batcher = batcher
        self._cancels = cancels

    async def call(
        self,
        method: str,
        params: bytes | None,
        deadline: Deadline,
        traceparent: str | None,
    ) -> Reply:
        """Calls a method and waits for the reply."""
        self._state.check_not_ended()
        correlation_id = str(uuid.uuid4())
        call = self._pending.open(correlation_id, method)

        def encode(timeout_ms: int) -> bytes:
            return encode_request(
                method,
                params,
                timeout_ms,
                correlation_id=correlation_id,
                reply_to=self._reply_channel,
                traceparent=traceparent,
            )

        def on_outcome(error: Outcome) -> None:
            if isinstance(error, UnconfirmedError):
                # The request may have arrived: a reply may come.
                logger.debug("the request of `%s` is not confirmed: %s", method, error)
            elif error is not None:
                self._pending.fail(correlation_id, error)

        request = Request(
            method,
            encode,
            deadline,
            goes_out=lambda: self._pending.sending(correlation_id),
            on_outcome=on_outcome,
        )
        try:
            self._batcher.add(request)
            # The answer may overtake Centrifugo's confirmation of the request.
            await asyncio.wait((call.answer,), timeout=deadline.until_give_up())
            if call.answer.done():
                return call.answer.result()
            raise RpcTimeoutError(method, deadline.timeout, published=call.sent)
        finally:
            if self._pending.forget(correlation_id):
                self._cancels.add(correlation_id, request.publishing)

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
        self._batcher.add(
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
