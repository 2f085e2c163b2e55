"""Requests and replies as bytes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json

from ._errors import EncodeError, RpcError


def encode_params(method: str, params: object) -> bytes | None:
    """The JSON of the params; None for None: methods without params take none."""
    if params is None:
        return None
    try:
        text = json.dumps(
            params, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodeError(
            f"the params of `{method}` cannot be written as JSON: {error}"
        ) from error


def encode_request(
    method: str,
    params: bytes | None,
    timeout_ms: int,
    *,
    correlation_id: str | None = None,
    reply_to: str | None = None,
    traceparent: str | None = None,
) -> bytes:
    """A request; a notification without the two IDs."""
    members: dict[str, Any] = {"method": method, "timeout_ms": timeout_ms}
    if correlation_id is not None:
        members |= {"correlation_id": correlation_id, "reply_to": reply_to}
    if traceparent is not None:
        members["traceparent"] = traceparent
    request = json.dumps(members, ensure_ascii=True, separators=(",", ":")).encode()
    return (
        request
        if params is None
        else b"".join((request[:-1], b',"params":', params, b"}"))
    )


def encode_cancel(correlation_id: str, reply_to: str) -> bytes:
    """The word that nobody waits for the call any more."""
    return json.dumps(
        {"cancel": correlation_id, "reply_to": reply_to}, separators=(",", ":")
    ).encode()


# What a worker's reply begins with.
_HEAD = re.compile(rb'\{"correlation_id":"([A-Za-z0-9-]+)",')


@dataclass(frozen=True)
class Reply:
    """A result, and the reply that it came in, byte for byte."""

    result: Any
    data: bytes


class MalformedReplyError(Exception):
    """What arrived is not a reply."""


class UnreadableReplyError(MalformedReplyError):
    """What arrived is a reply, but nested too deeply for the parser."""

    def __init__(self, correlation_id: str) -> None:
        super().__init__("nested too deeply")
        self.correlation_id = correlation_id


def decode_reply(data: bytes) -> tuple[str, Reply | RpcError]:
    """The ID of the call, and what it is answered with."""
    reply = _members(_parse(data))
    correlation_id, failure = reply.get("correlation_id"), reply.get("error")
    if not isinstance(correlation_id, str):
        raise MalformedReplyError("no `correlation_id`")
    if failure is None:
        # Nothing and null are the same: the result of a method without one.
        return correlation_id, Reply(reply.get("result"), data)
    error = _members(failure)
    code, message = error.get("code"), error.get("message")
    if type(code) is not int or not 0 <= code <= 0xFFFF:
        raise MalformedReplyError("no `error.code`")
    if not isinstance(message, str):
        raise MalformedReplyError("no `error.message`")
    return correlation_id, RpcError(code, message, error.get("data"))


def _parse(data: bytes) -> Any:
    try:
        # Refuses NaN, and nesting that would exhaust the stack.
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        head = _HEAD.match(data)
        if head is not None and "recursion limit" in str(error):
            raise UnreadableReplyError(head[1].decode()) from None
        raise MalformedReplyError(f"not JSON: {error}") from None


def _members(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedReplyError("not an object")
    return cast(dict[str, Any], value)
