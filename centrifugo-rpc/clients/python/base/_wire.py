"""Requests and replies as bytes, and the constants of the protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json

from ._errors import EncodeError, RpcError

# The version of the protocol with the worker.
VERSION = "1"
# The method of every worker that returns its contract.
CONTRACT_METHOD = "system.contract"
# The largest size of a publication of several requests, in bytes.
MAX_BATCH = 16 * 1024
# The bytes of a batch that a request counts as, at least, with its comma: a worker
# takes only so many requests out of a batch.
MIN_REQUEST = 92
# The bytes that a batch adds to its messages and the commas between them.
BATCH_OVERHEAD = len(b'{"batch":[]}')
# How many replies Centrifugo keeps of a reply channel (`history_size`), unless it is
# configured otherwise.
KEPT_REPLIES = 128


@dataclass(frozen=True)
class Channels:
    """The two channels of a client: of its requests and of its replies."""

    requests: str
    replies: str


def encode_params(method: str, params: object) -> bytes | None:
    """The JSON of the params; None for None, as methods without params take none."""
    if params is None:
        return None
    try:
        text = json.dumps(
            params, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        return encode_text(text, params)
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodeError(
            f"the params of `{method}` cannot be written as JSON: {error}"
        ) from error


def encode_text(text: str, plain: object) -> bytes:
    """The bytes of `text`, which is the JSON of `plain`. Raises `ValueError` with the
    place of a string that has no UTF-8 form.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        place = ".".join(_place_without_utf8(plain) or ())
        raise ValueError(f"{place}: {NO_UTF8}" if place else NO_UTF8) from None


NO_UTF8 = "the text contains half of a surrogate pair, which has no UTF-8 form"


def has_utf8(text: str) -> bool:
    """Whether the text has a UTF-8 form: Python allows half of a surrogate pair."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _place_without_utf8(plain: object) -> tuple[str, ...] | None:
    """The place of the first string that has no UTF-8 form."""
    if isinstance(plain, str):
        return None if has_utf8(plain) else ()
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(plain, dict):
        items = cast(Any, plain).items()
    elif isinstance(plain, (list, tuple)):
        items = enumerate(cast(Sequence[Any], plain))
    for key, item in items:
        if isinstance(key, str) and not has_utf8(key):
            return (ascii(key),)
        place = _place_without_utf8(item)
        if place is not None:
            return (str(key), *place)
    return None


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
        # Means that the client reads batched replies, with `decode_replies`.
        members["batch"] = True
    if traceparent is not None:
        members["traceparent"] = traceparent
    request = json.dumps(members, ensure_ascii=True, separators=(",", ":")).encode()
    return (
        request
        if params is None
        else b"".join((request[:-1], b',"params":', params, b"}"))
    )


def encode_cancel(correlation_id: str, reply_to: str) -> bytes:
    """The cancellation of a call."""
    return json.dumps(
        {"cancel": correlation_id, "reply_to": reply_to}, separators=(",", ":")
    ).encode()


def encode_batch(requests: list[bytes]) -> bytes:
    """Requests as one publication; a single request stays as it is."""
    if len(requests) == 1:
        return requests[0]
    return b"".join((_BATCH, b",".join(requests), _END))


# The start of a worker's reply.
_HEAD = re.compile(rb'\{"correlation_id":"([A-Za-z0-9-]+)",')
# The start and the end of a batch, and the tokens that separate its replies.
_BATCH, _END = b'{"batch":[', b"]}"
# The start of a batch, with any white space that JSON allows.
_ANY_BATCH = re.compile(rb'\s*\{\s*"batch"\s*:\s*\[')
_TOKEN = re.compile(rb'\\.|["\[\]{},]')


@dataclass(frozen=True)
class Reply:
    """A result of any type."""

    result: Any


class MalformedReplyError(Exception):
    """The received data is not a reply."""


class UnreadableReplyError(MalformedReplyError):
    """The received data is a reply, but nested too deeply for the parser."""

    def __init__(self, correlation_id: str) -> None:
        super().__init__("nested too deeply")
        self.correlation_id = correlation_id


# The ID of the call and its answer; or the reason why the reply cannot be read.
Decoded = tuple[str, Reply | RpcError] | MalformedReplyError


def is_batch(data: bytes) -> bool:
    """Whether a publication is a batch of replies."""
    return _ANY_BATCH.match(data) is not None


def decode_replies(data: bytes) -> list[Decoded]:
    """The answers in a publication: one reply, or a batch of replies."""
    publication = _parse(data)
    replies: list[object] = [publication]
    if isinstance(publication, dict) and "batch" in publication:
        batch = cast(dict[str, Any], publication)["batch"]
        if not isinstance(batch, list):
            return [MalformedReplyError("`batch` is not an array")]
        replies = cast(list[object], batch)
    elif isinstance(publication, MalformedReplyError):
        # One malformed reply of a batch must not affect the others.
        replies = [_parse(text) for text in _split(data)] or replies
    return [_decode(reply) for reply in replies]


def _decode(reply: object) -> Decoded:
    if isinstance(reply, MalformedReplyError):
        return reply
    if not isinstance(reply, dict):
        return MalformedReplyError("not an object")
    members = cast(dict[str, Any], reply)
    if "batch" in members:
        return MalformedReplyError("a batch within a batch")
    correlation_id, failure = members.get("correlation_id"), members.get("error")
    if not isinstance(correlation_id, str):
        return MalformedReplyError("no `correlation_id`")
    if failure is None:
        # An absent result is the same as null: the method has no result.
        return correlation_id, Reply(members.get("result"))
    if not isinstance(failure, dict):
        return MalformedReplyError("`error` is not an object")
    error = cast(dict[str, Any], failure)
    code, message = error.get("code"), error.get("message")
    if type(code) is not int or not 0 <= code <= 0xFFFF:
        return MalformedReplyError("no `error.code`")
    if not isinstance(message, str):
        return MalformedReplyError("no `error.message`")
    return correlation_id, RpcError(code, message, error.get("data"))


def _parse(data: bytes) -> Any:
    """The value, or the error in its place."""
    try:
        # Refuses NaN, and nesting that would exhaust the stack.
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        head = _HEAD.match(data)
        if head is not None and "recursion limit" in str(error):
            return UnreadableReplyError(head[1].decode())
        return MalformedReplyError(f"not JSON: {error}")


def _split(data: bytes) -> list[bytes]:
    """The texts of the replies of a batch; empty for data that is not a batch. Slower
    than the parser, but without its limit on nesting.
    """
    if not (data.startswith(_BATCH) and data.endswith(_END)):
        return []
    texts: list[bytes] = []
    depth, in_string = 0, False
    begin, end = len(_BATCH), len(data) - len(_END)
    for token in _TOKEN.finditer(data, begin, end):
        text = token[0]
        if text == b'"':
            in_string = not in_string
        elif in_string:
            pass
        elif text in (b"[", b"{"):
            depth += 1
        elif text in (b"]", b"}"):
            depth -= 1
        elif text == b"," and depth == 0:
            texts.append(data[begin : token.start()])
            begin = token.end()
    return [*texts, data[begin:end]]
