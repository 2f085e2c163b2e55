"""Programs with several event loops, with none, and with threads and processes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from base import (
    CentrifugoRPCClient,
    ConnectionError,
    ContractMismatchError,
    EncodeError,
    EventLoopError,
    RpcError,
    UnreachableError,
)
from base._api import BaseAPIClient
from base._sync import BaseSyncAPIClient

from .conftest import Server, eventually

ECHO = dict[str, str]
# Longer than any of the tests may take, so that none ends by its timeout.
LONG = 3600.0


def client(server: Server, **settings: Any) -> CentrifugoRPCClient:
    return CentrifugoRPCClient(server.url, server.token(), **settings)


def echo(api: BaseSyncAPIClient, text: str, timeout: float | None = LONG) -> str:
    params = {"text": text}
    result: ECHO = api._call("demo.echo", ECHO, params, ECHO, timeout, None)
    return result["text"]


def sleep(api: BaseSyncAPIClient, ms: int, timeout: float | None = LONG) -> None:
    kind = dict[str, int]
    api._call("demo.sleep", kind, {"ms": ms}, kind, timeout, None)


@pytest.fixture(name="api")
def _api(server: Server) -> Iterator[BaseSyncAPIClient]:
    """A client without `await`, of user 42."""
    with BaseSyncAPIClient(BaseAPIClient(client(server))) as api:
        yield api


def test_a_client_in_another_event_loop_says_so_at_once(server: Server) -> None:
    rpc = client(server, timeout=LONG)
    uses: dict[str, Callable[[], Any]] = {
        "call": lambda: rpc.call("demo.whoami"),
        "notify": lambda: rpc.notify("demo.notify", {"key": ""}),
        "connect": rpc.connect,
        "ended": rpc.ended,
        "close": rpc.close,
    }

    async def refused(use: str) -> str:
        with pytest.raises(EventLoopError) as refused:
            await uses[use]()
        return str(refused.value)

    async def living() -> None:
        await rpc.connect()
        for use in uses:
            # A thread of its own has a loop of its own, while this one lives.
            said = await asyncio.to_thread(asyncio.run, refused(use))
            assert "another event loop: make one in each event loop" in said
            assert "APIClient.sync" in said
        assert (await rpc.call("demo.whoami"))["user"] == "42"
        await rpc.close()

    asyncio.run(living())

    rpc = client(server, timeout=LONG)

    async def left() -> None:
        await rpc.connect()
        session = rpc._session
        assert session is not None
        # The session must not outlive the test.
        await session._connection.close()

    asyncio.run(left())
    for use in uses:
        assert "another event loop, which is closed:" in asyncio.run(refused(use))


def test_each_async_to_sync_has_an_event_loop_of_its_own(server: Server) -> None:
    rpc = client(server, timeout=LONG)

    async def use() -> None:
        await rpc.connect()
        await rpc.call("demo.whoami")
        session = rpc._session
        assert session is not None
        await session._connection.close()

    async_to_sync(use)()
    with pytest.raises(EventLoopError, match="async_to_sync"):
        async_to_sync(rpc.call)("demo.whoami")


async def test_a_client_that_did_not_connect_belongs_to_no_loop(server: Server) -> None:
    rpc = CentrifugoRPCClient("ws://localhost:1/", user="", connect_timeout=0.1)

    def fail() -> None:
        with pytest.raises(UnreachableError):
            asyncio.run(rpc.connect())

    await asyncio.to_thread(fail)
    with pytest.raises(UnreachableError):
        await rpc.connect()
    await rpc.close()


def test_without_await_calls_are_made_from_all_threads(api: BaseSyncAPIClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = [f"text {n}" for n in range(200)]
        assert list(threads.map(echo, [api] * len(texts), texts)) == texts
    api.connect()
    assert api.rpc.is_connected
    with pytest.raises(ContractMismatchError):
        api.check_contract()
    api._notify("demo.notify", ECHO, {"key": ""}, None, None)


def test_without_await_errors_are_the_same(api: BaseSyncAPIClient) -> None:
    with pytest.raises(RpcError, match="code 500"):
        api._call("demo.panic", None, None, Any, None, None)
    with pytest.raises(EncodeError, match="text"):
        api._call("demo.echo", ECHO, {"text": 1}, ECHO, None, None)
    with pytest.raises(RpcError, match="408"):
        sleep(api, 60_000, timeout=0.2)
    with pytest.raises(ValueError, match="`timeout` is 0"):
        sleep(api, 1, timeout=0)


async def test_without_await_calls_are_made_within_a_running_loop(
    server: Server,
) -> None:
    # As in a notebook, whose cells run in one.
    with BaseSyncAPIClient(BaseAPIClient(client(server))) as api:
        assert echo(api, "in the loop") == "in the loop"
        assert await asyncio.to_thread(echo, api, "beside it") == "beside it"
        assert async_to_sync_in_a_thread(api) == "below it"


def async_to_sync_in_a_thread(api: BaseSyncAPIClient) -> str:
    async def use() -> str:
        return echo(api, "below it")

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(async_to_sync(use)).result()


def test_closing_ends_the_calls_of_other_threads(server: Server) -> None:
    rpc = client(server)
    api = BaseSyncAPIClient(BaseAPIClient(rpc))
    with pytest.raises(ConnectionError, match="not connected: `connect"):
        echo(api, "too early")
    before = threading.active_count()
    api.connect()
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(sleep, api, 60_000) for _ in range(4)]
        while len(rpc._pending) < 4:
            time.sleep(0.01)
        api.close()
        for call in calls:
            with pytest.raises(ConnectionError, match="closed"):
                call.result()
    api.close()
    assert threading.active_count() == before
    with pytest.raises(ConnectionError, match="closed"):
        echo(api, "too late")
    with pytest.raises(ConnectionError, match="closed"):
        api.connect()


def test_a_failed_connection_leaves_no_thread_and_may_be_tried_again(
    server: Server,
) -> None:
    before = threading.active_count()
    rpc = CentrifugoRPCClient("ws://localhost:1/", user="", connect_timeout=0.1)
    api = BaseSyncAPIClient(BaseAPIClient(rpc))
    for _ in range(2):
        with pytest.raises(UnreachableError), api:
            raise AssertionError("it is not connected")
        assert threading.active_count() == before
    api.close()


def test_a_client_that_would_wait_for_itself_says_so(server: Server) -> None:
    said: list[BaseException] = []

    async def get_token() -> str:
        for use in (lambda: echo(api, "stuck"), api.close):
            try:
                use()
            except EventLoopError as error:
                said.append(error)
        return server.token()

    rpc = CentrifugoRPCClient(server.url, user="42", get_token=get_token)
    api = BaseSyncAPIClient(BaseAPIClient(rpc))
    with api:
        assert echo(api, "free") == "free"
    assert len(said) >= 2
    assert all("wait for itself" in str(error) for error in said)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_client_says_that_it_does_not_survive_a_fork(
    api: BaseSyncAPIClient,
) -> None:
    assert echo(api, "parent") == "parent"
    context = multiprocessing.get_context("fork")
    answers: Any = context.SimpleQueue()
    child = context.Process(target=_in_a_child, args=(api, answers))
    child.start()
    child.join()
    assert "before the process was forked" in answers.get()
    assert echo(api, "still there") == "still there"


def _in_a_child(api: BaseSyncAPIClient, answers: Any) -> None:
    try:
        answers.put(echo(api, "child"))
    except EventLoopError as error:
        # The connection is the parent's, and goes on.
        api.close()
        answers.put(str(error))


INTERRUPTED = """
import sys
from base import CentrifugoRPCClient
from base._api import BaseAPIClient
from base._sync import BaseSyncAPIClient
from tests.test_loops import sleep

rpc = CentrifugoRPCClient(sys.argv[1], sys.argv[2])
with BaseSyncAPIClient(BaseAPIClient(rpc)) as api:
    try:
        sleep(api, 60_000)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


async def test_ctrl_c_cancels_the_call(server: Server) -> None:
    requests = await server.recorder()
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        INTERRUPTED,
        server.url,
        server.token(),
        stdout=asyncio.subprocess.PIPE,
    )

    async def called() -> bool:
        return any(each.get("method") == "demo.sleep" for each in await requests())

    await eventually(called)
    program.send_signal(signal.SIGINT)
    printed, _ = await program.communicate()
    assert (printed, program.returncode) == (b"interrupted\n", 0)
    call, cancel = await requests()
    assert cancel["cancel"] == call["correlation_id"]
