"""Calls of the `demo` service through a real Centrifugo."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from base import (
    CentrifugoRPCClient,
    ConnectionError,
    EncodeError,
    ErrorCode,
    RpcError,
    RpcTimeoutError,
    SetupError,
)

from .conftest import Server, eventually, learned, requests_of


async def test_a_call_gets_its_result(rpc: CentrifugoRPCClient) -> None:
    assert await rpc.call("tasks.get_stats", {"user_id": "123"}) == {
        "total": 100,
        "completed": 75,
    }
    text = 'żółw 🐢 \u2028 "quoted" \\ \0 é'
    assert await rpc.call("demo.echo", {"text": text}) == {"text": text}
    who = await rpc.call("demo.whoami")
    assert (who["user"], who["info"]) == ("42", None)


async def test_a_thousand_calls_at_once_each_get_their_own_result(
    rpc: CentrifugoRPCClient,
) -> None:
    texts = [f"text {n}" for n in range(1000)]
    results = await asyncio.gather(
        *(rpc.call("demo.echo", {"text": text}) for text in texts)
    )
    assert [result["text"] for result in results] == texts


async def test_calls_of_a_moment_go_out_together_once_a_worker_writes_batches(
    server: Server, rpc: CentrifugoRPCClient
) -> None:
    publications = await server.publications()
    texts = [f"{n:03}{'x' * 997}" for n in range(20)]

    async def echoed() -> list[str]:
        calls = (rpc.call("demo.echo", {"text": text}) for text in texts)
        return [result["text"] for result in await asyncio.gather(*calls)]

    assert await echoed() == texts
    alone = await publications()
    assert [data["params"]["text"] for data in alone] == texts
    await learned(server, rpc)
    assert await echoed() == texts
    assert await rpc.call("demo.echo", {"text": "alone"}) == {"text": "alone"}
    *batches, last = (await publications())[len(alone) :]
    assert last["params"] == {"text": "alone"}
    # Some 1.2 KB each: as many as 16 KiB hold.
    assert [len(data["batch"]) for data in batches] == [13, 7]
    requests = [request for data in batches for request in requests_of(data)]
    assert [request["params"]["text"] for request in requests] == texts
    assert rpc.ignored_replies == 0


async def test_a_failure_is_its_own_calls_alone_in_a_publication_of_several(
    server: Server, rpc: CentrifugoRPCClient
) -> None:
    await learned(server, rpc)
    publications = await server.publications()
    asked: list[tuple[str, Any]] = [
        ("demo.echo", {"text": "one"}),
        ("demo.echo", {"text": 5}),
        ("no.such_method", None),
        ("demo.fail", {"code": 1234, "message": "on purpose"}),
        ("demo.echo", {"text": "two"}),
    ]
    calls = [asyncio.create_task(rpc.call(*each)) for each in asked]
    notified = asyncio.create_task(rpc.notify("demo.echo", {"text": "three"}))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    await notified
    assert [each.code if isinstance(each, RpcError) else each for each in outcomes] == [
        {"text": "one"},
        ErrorCode.INVALID_PARAMS,
        ErrorCode.METHOD_NOT_FOUND,
        1234,
        {"text": "two"},
    ]
    [data] = await publications()
    assert len(data["batch"]) == 6


async def test_one_of_several_calls_in_a_publication_is_cancelled(
    server: Server, rpc: CentrifugoRPCClient
) -> None:
    await learned(server, rpc)
    publications = await server.publications()
    calls = [
        asyncio.create_task(rpc.call("demo.sleep", {"ms": ms}))
        for ms in (1500, 60_000, 1501)
    ]

    async def went_out() -> bool:
        return len(await publications()) == 1

    await eventually(went_out)
    calls[1].cancel()
    assert await calls[0] == {"ms": 1500}
    assert await calls[2] == {"ms": 1501}
    assert calls[1].cancelled()
    batch, cancel = await publications()
    assert cancel["cancel"] == batch["batch"][1]["correlation_id"]
    assert cancel["reply_to"] == rpc._channels.replies

    # The worker's reply to it, which no call waits for.
    async def answered() -> bool:
        return rpc.ignored_replies == 1

    await eventually(answered)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("demo.echo", {"text": 5}, ErrorCode.INVALID_PARAMS),
        ("demo.admin", None, ErrorCode.PERMISSION_DENIED),
        ("no.such_method", None, ErrorCode.METHOD_NOT_FOUND),
        ("demo.echo", {"text": "x" * 70_000}, ErrorCode.TOO_LARGE),
        ("demo.panic", {}, ErrorCode.INTERNAL),
        ("demo.fail", {"code": 1234, "message": "on purpose"}, 1234),
    ],
)
async def test_errors_arrive_with_their_code(
    rpc: CentrifugoRPCClient, method: str, params: Any, code: int
) -> None:
    with pytest.raises(RpcError) as raised:
        await rpc.call(method, params)
    assert raised.value.code == code
    assert not raised.value.is_retryable
    assert await rpc.call("demo.echo", {"text": "after"}) == {"text": "after"}


async def test_large_requests_and_replies_arrive_whole(
    rpc: CentrifugoRPCClient,
) -> None:
    text = "ü" * 25_000
    assert (await rpc.call("demo.echo", {"text": text}))["text"] == text


async def test_the_worker_ends_a_call_that_takes_too_long(
    rpc: CentrifugoRPCClient,
) -> None:
    begin = time.monotonic()
    with pytest.raises(RpcError) as raised:
        await rpc.call("demo.sleep", {"ms": 60_000}, timeout=5)
    assert raised.value.code == ErrorCode.DEADLINE_EXCEEDED
    assert isinstance(raised.value, TimeoutError)
    assert 5 <= time.monotonic() - begin < 30


async def test_a_call_without_an_answer_times_out(server: Server) -> None:
    client = CentrifugoRPCClient(server.url, server.token(), timeout=0.2)
    async with client as rpc:
        # The worker drops requests with another caller's reply channel.
        assert rpc._session is not None
        vars(rpc._session.calls)["_reply_channel"] = f"reply:{'x' * 16}#43"
        with pytest.raises(RpcTimeoutError) as raised:
            await rpc.call("demo.echo", {"text": "x"})
    assert raised.value.published
    assert not raised.value.is_retryable


async def test_params_without_a_json_form_are_not_sent(
    rpc: CentrifugoRPCClient,
) -> None:
    with pytest.raises(EncodeError):
        await rpc.call("demo.echo", {"text": float("nan")})
    with pytest.raises(ValueError, match="timeout"):
        await rpc.call("demo.echo", {"text": ""}, timeout=0)


async def test_a_cancelled_call_is_cancelled_at_the_worker(
    server: Server, rpc: CentrifugoRPCClient
) -> None:
    requests = await server.recorder()
    call = asyncio.create_task(rpc.call("demo.sleep", {"ms": 10_000}))

    async def went_out() -> bool:
        return any(
            request.get("method") == "demo.sleep" for request in await requests()
        )

    await eventually(went_out)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    # The worker's reply to the cancelled call arrives, and no call waits for it.
    async def answered() -> bool:
        return rpc.ignored_replies == 1

    await eventually(answered)
    assert any("cancel" in request for request in await requests())


async def test_a_notification_is_taken_and_not_answered(
    rpc: CentrifugoRPCClient,
) -> None:
    await rpc.notify("demo.echo", {"text": "x"})
    with pytest.raises(RpcError) as raised:
        await rpc.notify("demo.echo", {"text": "x" * 70_000})
    assert raised.value.code == ErrorCode.TOO_LARGE
    await rpc.call("demo.echo", {"text": "a round trip later"})
    assert rpc.ignored_replies == 0


async def test_a_refused_request_says_what_to_configure(server: Server) -> None:
    async with CentrifugoRPCClient(
        server.url, server.token(), request_channel="nowhere:requests"
    ) as rpc:
        with pytest.raises(SetupError, match="add a namespace `nowhere`"):
            await rpc.call("demo.echo", {"text": "x"})
        with pytest.raises(SetupError, match="add a namespace `nowhere`"):
            await rpc.notify("demo.echo", {"text": "x"})
        await learned(server, rpc)
        asked = (rpc.call("demo.echo"), rpc.call("demo.echo"), rpc.notify("demo.echo"))
        for error in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(error, SetupError)
            assert "add a namespace `nowhere`" in str(error)
    async with CentrifugoRPCClient(
        server.url, server.token(), request_channel="rpc:other"
    ) as rpc:
        with pytest.raises(SetupError, match="`channel_regex`"):
            await rpc.call("demo.echo", {"text": "x"})
    anonymous = CentrifugoRPCClient(server.url, server.token(""))
    async with anonymous as rpc:
        with pytest.raises(SetupError, match="`allow_publish_for_anonymous`"):
            await rpc.call("demo.echo", {"text": "x"})


async def test_two_clients_of_one_user_do_not_see_each_other(server: Server) -> None:
    one = CentrifugoRPCClient(server.url, server.token())
    two = CentrifugoRPCClient(server.url, server.token())
    async with one, two:
        calls = [
            client.call("demo.echo", {"text": str(n)})
            for n, client in enumerate([one, two] * 50)
        ]
        assert [result["text"] for result in await asyncio.gather(*calls)] == [
            str(n) for n in range(100)
        ]
        assert one.ignored_replies == two.ignored_replies == 0


async def test_closing_ends_pending_calls_and_cancels_them(server: Server) -> None:
    requests = await server.recorder()
    client = CentrifugoRPCClient(server.url, server.token())
    await client.connect()
    ended = asyncio.create_task(client.ended())
    calls = [
        asyncio.create_task(client.call("demo.sleep", {"ms": 10_000}))
        for _ in range(10)
    ]
    # A task like them: awaited right here it would go out before them.
    await asyncio.create_task(client.call("demo.echo", {"text": "behind them"}))
    await client.close()
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(error, ConnectionError)
        assert str(error) == "the client is closed"
    assert str(await ended) == "the client is closed"
    assert sum("cancel" in request for request in await requests()) == 10
    with pytest.raises(ConnectionError, match="closed"):
        await client.call("demo.echo", {"text": "late"})
    with pytest.raises(ConnectionError, match="closed"):
        await client.notify("demo.echo", {"text": "late"})
    with pytest.raises(ConnectionError, match="closed"):
        await client.connect()
    await client.close()


async def test_forged_and_malformed_replies_are_ignored(
    server: Server, rpc: CentrifugoRPCClient
) -> None:
    channel = rpc._channels.replies
    replies: list[Any] = [
        {"correlation_id": "unknown", "result": 1},
        [],
        "x",
        {"correlation_id": 5},
        {"error": {}},
    ]
    for data in replies:
        await server.api("publish", channel=channel, data=data)

    async def ignored() -> bool:
        return rpc.ignored_replies == 5

    await eventually(ignored)
    assert await rpc.call("demo.echo", {"text": "still here"}) == {"text": "still here"}
