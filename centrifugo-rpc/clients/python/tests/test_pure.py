"""Tests that need no server."""

from __future__ import annotations

import asyncio
import json
import math
import re
from typing import Any

import pytest

from base import (
    CentrifugoRPCClient,
    ConnectionError,
    DecodeError,
    EncodeError,
    ErrorCode,
    RpcError,
    RpcTimeoutError,
    TokenError,
    to_json,
)
from base import _refusal as refusals
from base._connection import Target
from base._deadline import Deadline
from base._identity import shown_url, subject_of
from base._model import AnyJson
from base._pending import Pending
from base._session import Session
from base._state import State
from base._wire import (
    Channels,
    MalformedReplyError,
    Reply,
    decode_replies,
    encode_cancel,
    encode_params,
    encode_request,
)

from .tokens import signed

URL = "ws://localhost:1/connection/websocket"
TOKEN = signed("whatever", sub="42")
NO_TIMES: list[Any] = ["2026-11-30T00:00:00Z", "1h", "", True, [1], {}]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"url": "http://localhost:8000"}, "WebSocket URL"),
        ({"url": "localhost"}, "WebSocket URL"),
        ({"token": None}, "no token"),
        ({"token": "opaque"}, "third argument"),
        ({"token": TOKEN.encode()}, "the token is of type bytes, not str"),
        (
            {"user": "43"},
            "the token is for user '42', but the client was given user '43'",
        ),
        ({"token": signed("whatever", sub=42)}, "`sub` is 42, which is not a string"),
        *(
            (
                {"token": token, "user": "42"},
                re.escape(f"the token contains {strange!r}, which no JWT contains"),
            )
            for token, strange in (
                (f"Bearer {TOKEN}", "Bearer "),
                (f"bearer {TOKEN}", "bearer "),
                (f'"{TOKEN}"', '"'),
                (f" {TOKEN}", " "),
                (f"{TOKEN} ", " "),
                (f"\n{TOKEN}", "\n"),
                (TOKEN.replace(".", ".\n"), "\n"),
                (f"{TOKEN}=", "="),
            )
        ),
        *(
            (
                {"token": signed("whatever", sub="42", **{name: value})},
                re.escape(
                    f"`{name}` is {json.dumps(value)}, which is not a number: sign"
                ),
            )
            for name in ("exp", "nbf", "iat")
            for value in NO_TIMES
        ),
        ({"token": "opaque", "user": "a,b"}, "cannot own a reply channel"),
        ({"token": "opaque", "user": "a#b"}, "cannot own a reply channel"),
        ({"token": "opaque", "user": "a\nb"}, "cannot own a reply channel"),
        ({"token": "opaque", "user": "zoë"}, "cannot own a reply channel"),
        ({"request_channel": "requests"}, "request_channel"),
        ({"request_channel": "rpc:requests\n"}, "request_channel"),
        ({"reply_namespace": "re:ply"}, "reply_namespace"),
        *(
            ({name: value}, re.escape(f"`{name}` is {value!r}: it must be a number"))
            for name in ("timeout", "connect_timeout")
            for value in (None, "5", True, 0, -1, -math.inf, math.nan)
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(
    arguments: dict[str, Any], named: str
) -> None:
    settings: dict[str, Any] = {"url": URL, "token": TOKEN, **arguments}
    with pytest.raises(ValueError, match=named) as refused:
        CentrifugoRPCClient(**settings)
    assert TOKEN not in str(refused.value)


def test_the_user_is_the_subject_of_the_token() -> None:
    assert CentrifugoRPCClient(URL, TOKEN).user == "42"
    assert CentrifugoRPCClient(URL, signed("whatever", exp=1)).user == ""
    assert CentrifugoRPCClient(URL, user="").user == ""
    assert CentrifugoRPCClient(URL, "opaque", "43").user == "43"
    for token in ("a.b.c", "a.-.c", "a.W10.c", "..."):
        assert subject_of(token) is None


def test_tokens_that_centrifugo_accepts_are_not_refused() -> None:
    for end in ("\n", "\r\n"):
        assert subject_of(TOKEN + end) == "42"
    for name in ("exp", "nbf", "iat"):
        for time in (1, 1.5, -1, None, "1900000000", "1.8e9"):
            assert subject_of(signed("whatever", sub="42", **{name: time})) == "42"


def test_secrets_are_not_shown() -> None:
    client = CentrifugoRPCClient(
        "wss://user:pa55@rt.example.com/ws?token=s3cret", TOKEN, "42"
    )
    assert (
        repr(client)
        == "<CentrifugoRPCClient wss://rt.example.com/ws user='42' connected=False>"
    )
    assert shown_url("ws://host?x=s3cret") == "ws://host"


async def test_the_caller_waits_a_little_longer_than_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    long, short, huge = Deadline(30), Deadline(0.2), Deadline(float("inf"))
    assert long.give_up - long.at == pytest.approx(1.0)
    assert short.give_up - short.at == pytest.approx(0.25)
    assert (long.remaining_ms(), huge.timeout) == (30_000, 86_400)
    assert Deadline(1e-9).remaining_ms() == 1
    for long_time in (30 * 86_400, 10**400, math.inf):
        assert Deadline(long_time).remaining_ms() == 86_400_000
    wrong: list[Any] = [None, "5", True, 0, -1, -math.inf, math.nan]
    for nothing in wrong:
        with pytest.raises(ValueError, match=r"`timeout` is .*: it must be a number"):
            Deadline(nothing)
    now = 110.0
    assert (long.remaining_ms(), short.remaining_ms()) == (20_000, 1)
    assert long.until_give_up() == pytest.approx(21.0)
    assert short.until_give_up() == 0.0


def test_requests_have_their_params_as_they_are() -> None:
    request = encode_request(
        "a.b",
        b'{"n":18446744073709551615}',
        5,
        correlation_id="i",
        reply_to="r",
        traceparent="t",
    )
    assert json.loads(request) == {
        "method": "a.b",
        "correlation_id": "i",
        "reply_to": "r",
        "batch": True,
        "params": {"n": 18446744073709551615},
        "timeout_ms": 5,
        "traceparent": "t",
    }
    assert json.loads(encode_request("a.b", None, 5)) == {
        "method": "a.b",
        "timeout_ms": 5,
    }


def test_only_what_is_answered_says_that_replies_may_come_together() -> None:
    call = encode_request("a.b", None, 5, correlation_id="i", reply_to="r")
    assert json.loads(call)["batch"] is True
    assert b"batch" not in encode_request("a.b", b"{}", 5)
    assert json.loads(encode_cancel("i", "r")) == {"cancel": "i", "reply_to": "r"}


@pytest.mark.parametrize(
    "params", [float("nan"), {1, 2}, "\ud800", {"a": float("inf")}, b"bytes"]
)
def test_params_without_a_json_form_are_refused(params: Any) -> None:
    with pytest.raises(EncodeError, match=r"`a\.b`"):
        encode_params("a.b", params)


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ("\ud800", ""),
        ({"task": {"titles": ["ok", "\udc00 x"]}}, "task.titles.1: "),
        ({"counts": {"a\udfff": 1}}, r"counts.'a\udfff': "),
    ],
)
def test_a_text_that_has_no_utf8_form_is_named(params: Any, place: str) -> None:
    reason = "the text contains half of a surrogate pair, which has no UTF-8 form"
    named = re.escape(f"JSON: {place}{reason}")
    with pytest.raises(EncodeError, match=named):
        encode_params("a.b", params)
    for kind in (Any, AnyJson):
        with pytest.raises(ValueError, match=rf"\A{re.escape(place + reason)}\Z"):
            to_json(kind, params)
    whole = {"text": "\U0001f980 ü", "ü": "\ufffd"}
    assert encode_params("a.b", whole) == to_json(AnyJson, whole)


def test_replies_are_read_exactly() -> None:
    data = b'{"correlation_id":"i","result":[%d,1.0,1],"later":1}' % (2**128 - 1)
    assert decode_replies(data) == [("i", Reply([2**128 - 1, 1.0, 1]))]
    [refused] = decode_replies(
        b'{"correlation_id":"i","error":{"code":1404,"message":"no","data":[7]}}'
    )
    assert isinstance(refused, tuple)
    error = refused[1]
    assert isinstance(error, RpcError)
    assert (error.code, error.message, error.data, str(error)) == (
        1404,
        "no",
        [7],
        "no (code 1404)",
    )
    for result in (b"", b',"result":null'):
        data = b'{"correlation_id":"i"%s}' % result
        assert decode_replies(data) == [("i", Reply(None))]


MALFORMED = [
    b"",
    b"[]",
    b"\0",
    b"\xff",
    b"1e999",
    b'{"result":1}',
    b'{"correlation_id":1,"result":1}',
    b'{"correlation_id":"i","result":NaN}',
    b'{"correlation_id":"i","error":1}',
    b'{"correlation_id":"i","error":{}}',
    b'{"correlation_id":"i","error":{"code":true,"message":"x"}}',
    b'{"correlation_id":"i","error":{"code":70000,"message":"x"}}',
    b'{"correlation_id":"i","error":{"code":400,"message":1}}',
    b'{"later":1,"correlation_id":"i","result":' + b"[" * 100_000,
    b'{"batch":null}',
    b'{"batch":{"correlation_id":"i","result":1}}',
    b'{"batch":1,"correlation_id":"i","result":1}',
    b'{"batch":[{"batch":[{"correlation_id":"i","result":1}]}]}',
    b'{"batch":[{"batch":[],"correlation_id":"i","result":1}]}',
    b'{"batch":[{"correlation_id":"i","result":1}',
]


@pytest.mark.parametrize("data", MALFORMED)
def test_malformed_replies_are_told_apart(data: bytes) -> None:
    [error] = decode_replies(data)
    assert isinstance(error, MalformedReplyError)


def publish(pending: Pending, data: bytes) -> None:
    """A publication in the reply channel."""
    pending.take(decode_replies(data), data)


async def test_replies_that_fit_no_call_change_nothing() -> None:
    ignored: list[str] = []

    def hook(reason: str, _: bytes) -> None:
        ignored.append(reason)
        raise RuntimeError("hooks may fail")

    pending = Pending(hook)
    call = pending.open("i", "a.b")
    for data in [*MALFORMED, b'{"correlation_id":"unknown","result":1}']:
        publish(pending, data)
    assert not call.answer.done()
    assert pending.ignored_replies == len(ignored) == len(MALFORMED) + 1
    publish(pending, b'{"correlation_id":"i","result":1}')
    publish(pending, b'{"correlation_id":"i","result":2}')
    assert call.answer.result().result == 1
    assert pending.ignored_replies == len(MALFORMED) + 2


async def test_a_result_that_is_nested_too_deeply_fails_its_call() -> None:
    pending = Pending(None)
    call = pending.open("i", "a.b")
    data = b'{"correlation_id":"i","result":%s%s}' % (b"[" * 100_000, b"]" * 100_000)
    publish(pending, data)
    with pytest.raises(DecodeError, match=r"`a\.b` is nested too deeply"):
        call.answer.result()


NESTED = b"[" * 100_000 + b"]" * 100_000


def opened(pending: Pending, *correlation_ids: str) -> list[asyncio.Future[Reply]]:
    return [pending.open(each, "a.b").answer for each in correlation_ids]


async def test_replies_that_come_together_each_end_their_call() -> None:
    pending = Pending(None)
    one, two, three, waiting = opened(pending, "1", "2", "3", "4")
    publish(pending, b'{"batch":[],"correlation_id":"1","result":1}')
    assert (len(pending), pending.ignored_replies) == (4, 0)
    publish(
        pending,
        b'{"later":1, "batch": [{"correlation_id":"2","result":[2]},'
        b'{"correlation_id":"1","error":{"code":400,"message":"no"}},'
        b'{"correlation_id":"3"}],"correlation_id":"4"}',
    )
    with pytest.raises(RpcError, match=r"no \(code 400\)"):
        one.result()
    assert (two.result().result, three.result().result) == ([2], None)
    assert not waiting.done()
    assert pending.ignored_replies == 0


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        # Brackets that stay open would take in what comes after them.
        *((b, "malformed") for b in MALFORMED if b.count(b"[") == b.count(b"]")),
        # Valid JSON that the parser refuses.
        (b'{"correlation_id":"\\ud800\\"]},{","result":1}', "malformed"),
        pytest.param(
            b'{"later":1,"correlation_id":"i","result":%s}' % NESTED,
            "malformed",
            id="nested",
        ),
        (b'{"correlation_id":"unknown","result":1}', "late, duplicate or unknown"),
        (b'{"correlation_id":"1","result":2}', "late, duplicate or unknown"),
    ],
)
async def test_a_reply_that_fits_no_call_spoils_none_that_comes_with_it(
    bad: bytes, reason: str
) -> None:
    ignored: list[tuple[str, bytes]] = []

    def hook(why: str, publication: bytes) -> None:
        ignored.append((why, publication))

    pending = Pending(hook)
    one, two, waiting = opened(pending, "1", "2", "i")
    data = b'{"batch":[%s,%s,%s]}' % (
        b'{"correlation_id":"1","result":"\\"[,"}',
        bad,
        b'{"correlation_id":"2","result":{"a":[1,{}]}}',
    )
    publish(pending, data)
    assert one.result() == Reply('"[,')
    assert two.result() == Reply({"a": [1, {}]})
    assert not waiting.done()
    [(why, publication)] = ignored
    assert (why.startswith(reason), publication) == (True, data)
    assert pending.ignored_replies == 1


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_result_that_is_nested_too_deeply_fails_no_other_call(
    place: int,
) -> None:
    pending = Pending(None)
    nested, one, two = opened(pending, "nested", "1", "2")
    replies = [b'{"correlation_id":"%d","result":[1,"]"]}' % n for n in (1, 2)]
    replies.insert(place, b'{"correlation_id":"nested","result":%s}' % NESTED)
    publish(pending, b'{"batch":[%s]}' % b",".join(replies))
    with pytest.raises(DecodeError, match=r"`a\.b` is nested too deeply"):
        nested.result()
    assert one.result().result == two.result().result == [1, "]"]
    assert pending.ignored_replies == 0


async def test_a_batch_leaves_a_result_as_much_nesting_as_it_has_alone() -> None:
    for depth in range(190, 210):
        text = b'{"correlation_id":"i","result":%s%s}' % (b"[" * depth, b"]" * depth)
        raised: list[BaseException | None] = []
        for publication in (text, b'{"batch":[%s]}' % text):
            pending = Pending(None)
            [answer] = opened(pending, "i")
            publish(pending, publication)
            raised.append(answer.exception())
        assert type(raised[0]) is type(raised[1]), depth


async def test_only_a_call_that_went_out_and_has_no_answer_is_worth_a_cancel() -> None:
    pending = Pending(None)
    for correlation_id in ("unsent", "sent", "answered"):
        pending.open(correlation_id, "a.b")
    assert pending.sending("sent")
    assert pending.sending("answered")
    publish(pending, b'{"correlation_id":"answered"}')
    assert not pending.forget("unsent")
    assert not pending.forget("answered")
    assert pending.forget("sent")
    assert not pending.forget("sent")
    assert not pending.sending("sent")
    assert len(pending) == 0


async def test_the_first_reason_of_the_end_reaches_every_call_and_those_to_come() -> (
    None
):
    state, pending = State(), Pending(None)
    target = Target(
        url=URL,
        user="42",
        token=TOKEN,
        get_token=None,
        ssl_context=None,
        proxy=None,
        headers=None,
    )
    channels = Channels("rpc:requests", "reply:x#42")
    session = Session(target, channels, 64 * 1024, state, pending)
    answers = opened(pending, "sent", "unsent")
    pending.sending("sent")
    waiting = asyncio.create_task(state.ready(10))
    ended = asyncio.create_task(state.end_of_all())
    await asyncio.sleep(0)
    assert session._end(TokenError("first")) == ["sent"]
    assert session._end(ConnectionError("second")) == []
    session.on_ready(complete=True)
    assert not state.is_ready
    raised = [answer.exception() for answer in answers]
    assert [str(error) for error in raised] == ["first", "first"]
    assert raised[0] is not raised[1]
    with pytest.raises(TokenError, match="first"):
        await waiting
    with pytest.raises(TokenError, match="first"):
        await session.calls.call("a.b", None, Deadline(10), None)
    assert str(await ended) == "first"


def test_every_refusal_that_a_setting_causes_names_the_setting() -> None:
    def publish(code: int, anonymous: bool = False) -> str:
        return str(refusals.publish("rpc:requests", anonymous, code, "no"))

    def subscribe(code: int) -> str:
        return str(refusals.subscribe("reply:x#42", "42", code, "no"))

    assert "add a namespace `rpc`" in publish(102)
    assert "`allow_publish_for_client`" in publish(103)
    assert "`allow_publish_for_anonymous`" in publish(103, anonymous=True)
    assert "`channel_regex`" in publish(107)
    assert "add a namespace `reply`" in subscribe(102)
    assert "user `42`" in subscribe(103)
    assert "`channel_regex`" in subscribe(107)
    assert "`client.token`" in str(
        refusals.disconnect("ws://h/", 3500, "invalid token")
    )
    assert "`message_size_limit`" in str(refusals.disconnect("ws://h/", 3, "too large"))
    assert refusals.publish(
        "rpc:requests", False, 111, "too many requests"
    ).is_retryable


def test_only_calls_that_never_ran_are_retryable() -> None:
    retryable = [code for code in ErrorCode if RpcError(code, "x").is_retryable]
    assert retryable == [ErrorCode.OVERLOADED, ErrorCode.UNAVAILABLE]
    assert RpcTimeoutError("a.b", 30, published=False).is_retryable
    assert not RpcTimeoutError("a.b", 30, published=True).is_retryable
    assert not ConnectionError("x").is_retryable
    assert (
        str(RpcTimeoutError("a.b", 30, published=True))
        == "no answer to `a.b` within 30 s"
    )
    assert isinstance(RpcTimeoutError("a.b", 30, published=True), TimeoutError)
    assert isinstance(ConnectionError("x"), OSError)


def test_refusals_that_a_setting_causes_name_it() -> None:
    def refusal(channel: str, user: str, code: int) -> str:
        return str(refusals.subscribe(channel, user, code, "no"))

    assert "`client.channel_limit`" in refusal("reply:x#42", "42", 106)
    assert "max_length" not in refusal("reply:x#42", "42", 107)
    user = "x" * 255
    assert "`channel.max_length` to 517" in refusal(f"reply:{user}#{user}", user, 107)
    # Centrifugo counts bytes.
    user = "ü" * 125
    assert "has 507 bytes, as the user ID has 250" in refusal(
        f"reply:{user}#{user}", user, 107
    )
    assert "`get_token`" in refusal("reply:x#42", "42", 109)
    invalid = str(refusals.disconnect(URL, 3500, "invalid token"))
    assert "`sub` is a string" in invalid
    assert "three parts" in invalid
    for expired in (
        refusals.disconnect(URL, 109, "token expired"),
        refusals.connect(URL, 109, "token expired"),
    ):
        assert "`nbf`" in str(expired)
        assert "clocks" in str(expired)
