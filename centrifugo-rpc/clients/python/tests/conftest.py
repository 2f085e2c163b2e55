"""A real Centrifugo, and the operations of tests on it.

`CENTRIFUGO_RPC_TEST` says where it is: a JSON object with `url`, `api_url`, `api_key`
and `secret`. The `demo` example serves on it. `cargo test -p tests --test
generated_python` starts both and runs these tests.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
import pytest_asyncio

from base import CentrifugoRPCClient

from .network import Network
from .tokens import signed


class Server:
    """The address of Centrifugo, and its secrets."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.url = settings["url"]
        self._api_url = settings["api_url"]
        self._api_key = settings["api_key"]
        self._secret = settings["secret"]

    def token(self, user: str = "42", **claims: Any) -> str:
        """A connection token."""
        return signed(self._secret, sub=user, **claims)

    async def api(self, method: str, **params: Any) -> Any:
        """A request to the server API."""

        def post() -> Any:
            request = urllib.request.Request(
                f"{self._api_url}/{method}",
                json.dumps(params).encode(),
                {"X-API-Key": self._api_key},
            )
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)

        answer = await asyncio.to_thread(post)
        assert "error" not in answer, answer
        return answer["result"]

    async def publications(self) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
        """Answers what callers published since now, as it was published. Workers use
        the channel too.
        """
        top = await self.api("history", channel="rpc:requests", limit=0)
        since = {"offset": top["offset"], "epoch": top["epoch"]}

        async def publications() -> list[dict[str, Any]]:
            history = await self.api(
                "history", channel="rpc:requests", limit=1000, since=since
            )
            datas = [publication["data"] for publication in history["publications"]]
            return [data for data in datas if {"method", "cancel", "batch"} & set(data)]

        return publications

    async def recorder(self) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
        """Answers what callers asked for since now, each request by itself."""
        publications = await self.publications()

        async def requests() -> list[dict[str, Any]]:
            return [each for data in await publications() for each in requests_of(data)]

        return requests


def requests_of(publication: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests of a publication: callers may put those of a moment into one."""
    # A call by itself has a `batch` too, which says what its caller reads.
    if isinstance(publication.get("batch"), list):
        return cast(list[dict[str, Any]], publication["batch"])
    return [publication]


@pytest.fixture(scope="session")
def server() -> Server:
    settings = os.environ.get("CENTRIFUGO_RPC_TEST")
    if settings is None:
        pytest.fail(
            "these tests need a Centrifugo: run `cargo test -p tests --test "
            "generated_python`"
        )
    return Server(json.loads(settings))


@pytest_asyncio.fixture
async def network(server: Server) -> AsyncIterator[Network]:
    """A network on the way to Centrifugo, which can be broken."""
    async with Network(server.url) as network:
        yield network


@pytest_asyncio.fixture
async def rpc(server: Server) -> AsyncIterator[CentrifugoRPCClient]:
    """A client of user 42."""
    async with CentrifugoRPCClient(server.url, server.token(), "42") as client:
        yield client


@pytest_asyncio.fixture(autouse=True)
async def nothing_leaks() -> AsyncIterator[None]:
    """No task outlives a test, and no exception goes unseen."""
    unseen: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert not unseen
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def learned(server: Server, rpc: CentrifugoRPCClient) -> None:
    """Waits until the client knows that workers read requests that come together."""
    await server.api("publish", channel=rpc._channels.replies, data={"batch": []})

    async def knows() -> bool:
        return rpc._session is not None and rpc._session._batcher.gathers

    await eventually(knows)


async def eventually(probe: Callable[[], Awaitable[bool]]) -> None:
    """Asks until the answer is yes."""
    deadline = time.monotonic() + 20
    while not await probe():
        assert time.monotonic() < deadline, f"waited 20 s for {probe.__name__}"
        await asyncio.sleep(0.01)
