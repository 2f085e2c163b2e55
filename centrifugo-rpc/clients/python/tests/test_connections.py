"""Connections that break, tokens that end, and servers that refuse."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest

from base import (
    CentrifugoRPCClient,
    ConnectionError,
    RpcTimeoutError,
    SetupError,
    TokenError,
    TokenRefused,
    UnreachableError,
)

from .conftest import Server, eventually, learned, requests_of
from .network import Network

# Long enough for a slow machine to break the connection meanwhile.
SLEEP = 3000


async def sleeping(rpc: CentrifugoRPCClient, count: int) -> list[asyncio.Task[object]]:
    """Calls that are all running at the worker."""
    calls = [
        asyncio.create_task(rpc.call("demo.sleep", {"ms": SLEEP + n}))
        for n in range(count)
    ]
    # A task like them: awaited right here it would go out before them.
    await asyncio.create_task(rpc.call("demo.echo", {"text": "behind them"}))
    return calls


async def noticed(rpc: CentrifugoRPCClient) -> None:
    """Waits until the client knows that its connection is gone."""

    async def is_down() -> bool:
        return not rpc.is_connected

    await eventually(is_down)


async def test_pending_calls_survive_a_disconnect_by_the_server(server: Server) -> None:
    async with CentrifugoRPCClient(server.url, server.token("back-soon")) as rpc:
        calls = await sleeping(rpc, 100)
        await server.api(
            "disconnect", user="back-soon", disconnect={"code": 3010, "reason": "test"}
        )
        assert await asyncio.gather(*calls) == [{"ms": SLEEP + n} for n in range(100)]


async def test_pending_calls_survive_a_cut_connection(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        calls = await sleeping(rpc, 100)
        await network.cut()
        assert await asyncio.gather(*calls) == [{"ms": SLEEP + n} for n in range(100)]


async def test_calls_that_went_out_together_survive_a_cut_connection(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        await learned(server, rpc)
        publications = await server.publications()
        calls = await sleeping(rpc, 100)
        await network.cut()
        assert await asyncio.gather(*calls) == [{"ms": SLEEP + n} for n in range(100)]
        sizes = [len(requests_of(data)) for data in await publications()]
        assert (sum(sizes), len(sizes)) == (101, 2)


async def test_the_next_connection_knows_nothing_of_the_workers(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        await learned(server, rpc)
        await network.refuse()
        await network.cut()
        await noticed(rpc)
        publications = await server.publications()
        echoes = (rpc.call("demo.echo", {"text": str(n)}) for n in range(20))
        calls = asyncio.gather(*echoes)
        await network.accept()
        assert await calls == [{"text": str(n)} for n in range(20)]
        alone = [data["params"]["text"] for data in await publications()]
        assert alone == [str(n) for n in range(20)]


async def test_replies_sent_while_disconnected_are_recovered(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        calls = await sleeping(rpc, 20)
        await network.refuse()
        await network.cut()
        await noticed(rpc)
        await server_side_end(server, rpc, calls)
        await network.accept()
        assert await asyncio.gather(*calls) == [{"ms": SLEEP + n} for n in range(20)]


async def lost_among_many(server: Server, rpc: CentrifugoRPCClient) -> None:
    """More replies than Centrifugo recovers at once; it keeps the last ones."""
    channel = rpc._channels.replies
    junk = {"correlation_id": "junk", "result": None}
    # In one request, to be done before the worker answers.
    await server.api("broadcast", channels=[channel] * 150, data=junk)


async def test_replies_that_cannot_be_recovered_are_read_again(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        # Twice: the subscription that reads again is another one than the first.
        for _ in range(2):
            calls = await sleeping(rpc, 20)
            await network.refuse()
            await network.cut()
            await noticed(rpc)
            await lost_among_many(server, rpc)
            await server_side_end(server, rpc, calls)
            await network.accept()
            expected = [{"ms": SLEEP + n} for n in range(20)]
            assert await asyncio.wait_for(asyncio.gather(*calls), 20) == expected
        assert await rpc.call("demo.echo", {"text": "x"}) == {"text": "x"}


async def server_side_end(
    server: Server, rpc: CentrifugoRPCClient, calls: list[asyncio.Task[object]]
) -> None:
    """Waits until the worker has answered `calls`, which the caller does not see."""

    async def answered() -> bool:
        history = await server.api("history", channel=rpc._channels.replies, limit=200)
        datas = [entry["data"] for entry in history["publications"]]
        # The worker may put the replies of a moment into one publication.
        replies = [reply for data in datas for reply in data.get("batch", [data])]
        results = [reply["result"] for reply in replies]
        return all({"ms": SLEEP + n} in results for n in range(len(calls)))

    await eventually(answered)
    assert not any(call.done() for call in calls)


async def test_calls_made_while_disconnected_wait_for_the_connection(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        await network.refuse()
        await network.cut()
        await noticed(rpc)
        calls = [
            asyncio.create_task(rpc.call("demo.echo", {"text": str(n)}))
            for n in range(20)
        ]
        hurried = asyncio.create_task(
            rpc.call("demo.echo", {"text": "in a hurry"}, timeout=0.2)
        )
        with pytest.raises(RpcTimeoutError, match="nothing was sent") as raised:
            await hurried
        assert raised.value.is_retryable
        with pytest.raises(RpcTimeoutError, match="nothing was sent"):
            await rpc.notify("demo.echo", {"text": "in a hurry"}, timeout=0.2)
        await network.accept()
        assert await asyncio.gather(*calls) == [{"text": str(n)} for n in range(20)]


async def test_a_call_cancelled_while_disconnected_is_cancelled_later(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        (call,) = await sleeping(rpc, 1)
        await network.refuse()
        await network.cut()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await network.accept()

        async def answered() -> bool:
            return rpc.ignored_replies == 1

        await eventually(answered)


async def test_a_call_cancelled_before_it_goes_out_is_never_sent(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        await network.refuse()
        await network.cut()
        await noticed(rpc)
        requests = await server.recorder()
        call = asyncio.create_task(rpc.call("demo.sleep", {"ms": 10_000}))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await network.accept()
        await rpc.call("demo.echo", {"text": "a round trip later"})
        assert [request["method"] for request in await requests()] == ["demo.echo"]


async def test_closing_while_disconnected_ends_everything(
    server: Server, network: Network
) -> None:
    client = CentrifugoRPCClient(network.url, server.token())
    await client.connect()
    calls = await sleeping(client, 3)
    await network.refuse()
    await network.cut()
    await client.close()
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(error, ConnectionError)


async def test_a_refused_token_fails_connect(server: Server) -> None:
    forged = Server(
        {
            "url": "",
            "api_url": "",
            "api_key": "",
            "secret": "another secret, as long as it must be",
        }
    ).token()
    client = CentrifugoRPCClient(server.url, forged)
    for _ in range(2):
        with pytest.raises(TokenError, match=r"`client\.token`"):
            await client.connect()
    with pytest.raises(ConnectionError, match="await connect"):
        await client.call("demo.whoami")


async def test_a_token_function_that_gives_more_than_the_jwt_fails_connect(
    server: Server,
) -> None:
    for token, named in (
        (f"Bearer {server.token()}", "'Bearer ', which no JWT contains"),
        (server.token(exp="tomorrow"), '`exp` is "tomorrow", which is not a number'),
    ):

        async def get_token(token: str = token) -> str:
            return token

        client = CentrifugoRPCClient(server.url, None, "42", get_token=get_token)
        with pytest.raises(TokenError, match=named):
            await client.connect()


async def test_an_expired_token_fails_connect(server: Server) -> None:
    client = CentrifugoRPCClient(server.url, server.token(exp=int(time.time()) - 60))
    with pytest.raises(TokenError, match="expired"):
        await client.connect()


async def test_a_server_that_is_not_there_fails_connect(
    network: Network, server: Server
) -> None:
    await network.refuse()
    client = CentrifugoRPCClient(network.url, server.token(), connect_timeout=3)
    with pytest.raises(UnreachableError, match="cannot connect to"):
        await client.connect()
    # Later it is, and the same client finds it.
    await network.accept()
    async with client as rpc:
        assert await rpc.call("demo.echo", {"text": "x"}) == {"text": "x"}


@pytest.mark.parametrize("long_time", [30 * 86_400, math.inf])
async def test_connect_waits_for_any_length_of_time(
    network: Network, server: Server, long_time: float
) -> None:
    await network.refuse()
    client = CentrifugoRPCClient(
        network.url, server.token(), connect_timeout=long_time, timeout=long_time
    )
    connecting = asyncio.create_task(client.connect())

    async def refused() -> bool:
        return client._state.trouble is not None

    await eventually(refused)
    assert not connecting.done()
    await network.accept()
    await connecting
    assert (await client.call("demo.whoami", timeout=long_time))["user"] == "42"
    await client.close()


async def test_a_server_that_says_nothing_fails_connect(server: Server) -> None:
    async def silence(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silence, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        client = CentrifugoRPCClient(
            f"ws://127.0.0.1:{port}/", server.token(), connect_timeout=0.3
        )
        with pytest.raises(UnreachableError, match=r"within 0\.3 s"):
            await client.connect()


async def test_a_url_that_is_not_centrifugos_fails_connect(server: Server) -> None:
    client = CentrifugoRPCClient(server.url + "/nothing/here", server.token())
    with pytest.raises(SetupError, match="answers HTTP 404"):
        await client.connect()


async def test_a_missing_reply_namespace_fails_connect(server: Server) -> None:
    client = CentrifugoRPCClient(server.url, server.token(), reply_namespace="nowhere")
    with pytest.raises(SetupError, match="add a namespace `nowhere`"):
        await client.connect()


async def test_a_token_of_another_user_fails_connect(server: Server) -> None:
    async def of_another_user() -> str:
        return server.token("43")

    client = CentrifugoRPCClient(server.url, user="42", get_token=of_another_user)
    with pytest.raises(TokenError, match="a token of user '43'"):
        await client.connect()


async def test_a_cancelled_connect_leaves_nothing(server: Server) -> None:
    async def never() -> str:
        return await asyncio.Future[str]()

    client = CentrifugoRPCClient(server.url, user="42", get_token=never)
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(0.05)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting


async def test_closing_ends_a_connect_that_is_under_way(server: Server) -> None:
    async def never() -> str:
        return await asyncio.Future[str]()

    client = CentrifugoRPCClient(server.url, user="42", get_token=never)
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(0.05)
    await client.close()
    with pytest.raises(ConnectionError, match="closed"):
        await connecting


async def test_tokens_are_renewed_while_calls_go_on(server: Server) -> None:
    asked = 0

    async def get_token() -> str:
        nonlocal asked
        asked += 1
        return server.token(exp=int(time.time()) + 2)

    async with CentrifugoRPCClient(server.url, user="42", get_token=get_token) as rpc:
        while asked < 3:
            assert await rpc.call("demo.sleep", {"ms": 50}) == {"ms": 50}
        assert await rpc.call("demo.sleep", {"ms": 50}) == {"ms": 50}


async def test_a_token_function_that_fails_is_asked_again(server: Server) -> None:
    asked = 0

    async def get_token() -> str:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OSError("the token endpoint is away")
        return server.token()

    async with CentrifugoRPCClient(server.url, user="42", get_token=get_token) as rpc:
        assert asked == 3
        assert await rpc.call("demo.echo", {"text": "x"}) == {"text": "x"}


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (
            OSError("the token endpoint is away"),
            "no new token: the token endpoint is away",
        ),
        (TokenRefused("bye"), "bye"),
    ],
)
async def test_a_token_function_that_goes_on_failing_fails_connect(
    server: Server, failure: Exception, named: str
) -> None:
    async def get_token() -> str:
        raise failure

    client = CentrifugoRPCClient(
        server.url, user="42", get_token=get_token, connect_timeout=0.5
    )
    with pytest.raises(TokenError, match=named):
        await client.connect()


async def test_a_token_function_that_gives_no_token_fails_connect(
    server: Server,
) -> None:
    async def nothing() -> str:
        return ""

    client = CentrifugoRPCClient(server.url, user="42", get_token=nothing)
    with pytest.raises(TokenError, match="instead of a token"):
        await client.connect()


async def test_a_connection_without_a_token_says_that_it_is_missing(
    server: Server,
) -> None:
    client = CentrifugoRPCClient(server.url, user="")
    named = "3501.*is the token missing.*`client.allow_anonymous_connect_without_token`"
    with pytest.raises(TokenError, match=named):
        await client.connect()


async def test_a_token_function_that_is_not_async_fails_connect(server: Server) -> None:
    get_token: Any = server.token
    client = CentrifugoRPCClient(server.url, user="42", get_token=get_token)
    with pytest.raises(TokenError, match="not an async function"):
        await client.connect()


async def end_by_server(server: Server) -> None:
    await server.api(
        "disconnect",
        user="thrown-out",
        disconnect={"code": 3500, "reason": "invalid token"},
    )


async def test_calls_end_when_the_server_ends_the_connection_for_good(
    server: Server,
) -> None:
    client = CentrifugoRPCClient(server.url, server.token("thrown-out"))
    async with client as rpc:
        calls = await sleeping(rpc, 3)
        await end_by_server(server)
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, TokenError)
        assert isinstance(await client.ended(), TokenError)
        with pytest.raises(TokenError):
            await rpc.call("demo.whoami")


async def test_a_token_function_that_gives_up_later_ends_the_client(
    server: Server,
) -> None:
    given = False

    async def get_token() -> str:
        nonlocal given
        if given:
            raise TokenRefused("logged out")
        given = True
        return server.token(exp=int(time.time()) + 2)

    client = CentrifugoRPCClient(server.url, user="42", get_token=get_token)
    async with client as rpc:
        call = asyncio.create_task(rpc.call("demo.sleep", {"ms": 20_000}))
        assert "logged out" in str(await client.ended())
        with pytest.raises(TokenError, match="logged out"):
            await call


async def test_connections_that_break_all_the_time_lose_no_call(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:

        async def keep_breaking() -> None:
            while True:
                await asyncio.sleep(0.4)
                await network.cut()

        breaking = asyncio.create_task(keep_breaking())
        calls = [
            asyncio.create_task(rpc.call("demo.sleep", {"ms": 20 * n}))
            for n in range(100)
        ]
        outcomes = await asyncio.gather(*calls)
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
        assert outcomes == [{"ms": 20 * n} for n in range(100)]
