"""The errors of calls and connections."""

from __future__ import annotations

import builtins
from enum import IntEnum
from typing import Any, cast

from typing_extensions import Self


class ErrorCode(IntEnum):
    """The codes of answered errors. Applications have 1000 to 1999 for their own."""

    INVALID_PARAMS = 400
    """The params do not decode; the message names the field."""
    UNAUTHENTICATED = 401
    """The method needs a user and the caller is anonymous."""
    PERMISSION_DENIED = 403
    """The method refuses this caller."""
    METHOD_NOT_FOUND = 404
    """There is no such method."""
    DEADLINE_EXCEEDED = 408
    """The timeout passed; the method was cancelled."""
    TOO_LARGE = 413
    """The params or the result are over the limit."""
    OVERLOADED = 429
    """A limit was reached and the method never ran: try again later."""
    CANCELLED = 499
    """The caller cancelled."""
    INTERNAL = 500
    """The method failed; details are in the worker's log."""
    UNAVAILABLE = 503
    """The worker is shutting down, or no worker was running; the method never ran."""
    WORKER_LOST = 504
    """The worker stopped before the method was finished: the outcome is unknown."""


class CentrifugoRPCError(Exception):
    """The base of all errors of this package."""

    @property
    def is_retryable(self) -> bool:
        """Whether the method never ran and the same call may well succeed later."""
        return False


class RpcError(CentrifugoRPCError):
    """The answer to the call is an error, in most cases from the worker.

    Two errors do not come from the worker: 413 comes from this client, for a request
    larger than Centrifugo's message limit, and 429 from Centrifugo, over its rate
    limit.

    With `DEADLINE_EXCEEDED` it is a `TimeoutError` as well, like `RpcTimeoutError`: the
    worker or the caller may be the first to notice the end of the time.
    """

    def __new__(cls, code: int, message: str, data: Any = None) -> Self:
        if cls is RpcError and code == ErrorCode.DEADLINE_EXCEEDED:
            return cast(Self, cls.__new__(DeadlineExceeded, code, message, data))
        return super().__new__(cls, code, message, data)

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(code, message, data)
        self.code = int(code)
        """One of `ErrorCode`, or the application's own."""
        self.message = message
        """For people."""
        self.data = data
        """Additional data of the worker, None if there is none."""

    @property
    def is_retryable(self) -> bool:
        """True for 429 and 503: the method never ran."""
        return self.code in (ErrorCode.OVERLOADED, ErrorCode.UNAVAILABLE)

    def __str__(self) -> str:
        return f"{self.message} (code {self.code})"


class DeadlineExceeded(RpcError, builtins.TimeoutError):
    """An `RpcError` with `DEADLINE_EXCEEDED`. Programs need not name this class."""


class RpcTimeoutError(CentrifugoRPCError, builtins.TimeoutError):
    """No answer arrived in time: no worker is running, or the request or its reply was
    lost.

    If a method runs out of time, the worker answers with 408, an `RpcError`, instead.
    """

    def __init__(self, method: str, timeout: float, published: bool) -> None:
        super().__init__(method, timeout, published)
        self.method = method
        """The method that was called."""
        self.timeout = timeout
        """The timeout of the call, in seconds."""
        self.published = published
        """Whether the request may have gone out, so that a worker may have run it."""

    @property
    def is_retryable(self) -> bool:
        """True if nothing was sent."""
        return not self.published

    def __str__(self) -> str:
        why = (
            ""
            if self.published
            else ": there was no connection to Centrifugo and nothing was sent"
        )
        return f"no answer to `{self.method}` within {self.timeout:g} s{why}"


class ConnectionError(CentrifugoRPCError, builtins.ConnectionError):
    """The client is closed, or Centrifugo ended its connection permanently or did not
    take the request.
    """


class UnreachableError(ConnectionError):
    """There is no connection to Centrifugo."""


class TokenError(ConnectionError):
    """Centrifugo refuses the token, or there is no token."""


class SetupError(ConnectionError):
    """Centrifugo is configured differently from what this client needs; the message
    names the setting.
    """


class EventLoopError(CentrifugoRPCError, RuntimeError):
    """The client belongs to another event loop or process. Nothing was sent.

    A client works in the event loop that `connect` ran in. Programs with several event
    loops, or without one, use `APIClient.sync`.
    """


class EncodeError(CentrifugoRPCError, ValueError):
    """The params are not what the method takes, or have no JSON form.

    Nothing was sent.
    """


class DecodeError(CentrifugoRPCError, ValueError):
    """The method ran, but its result does not match the contract; the message names the
    method and the place.
    """


class ContractMismatchError(CentrifugoRPCError):
    """The server has another contract than the one this client was generated from."""


class TokenRefused(Exception):
    """A `get_token` function raises this error if there will be no further token: it
    ends the client.

    Any other exception counts as temporary, and the client calls the function again.
    """


def again(error: ConnectionError) -> ConnectionError:
    """A copy of the error for another raise: each raise adds to a traceback."""
    return type(error)(*error.args)
