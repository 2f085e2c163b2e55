"""Shared parts of the scenarios: generated package, tokens, clients, and network."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Awaitable, Callable
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from sdk import APIClient, CentrifugoRPCClient, Key, RpcError, Whoami


def variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        sys.exit(f"set {name}: tests/clients/README.md says what it is")
    return value


URL = variable("SCENARIO_URL")
CONTROL = variable("SCENARIO_CONTROL")


def check(holds: bool, reason: object) -> None:
    """Fails the scenario unless the condition is true."""
    if not holds:
        raise AssertionError(str(reason))


async def control(verb: str, path: str, **query: str | int) -> str:
    """Sends a request to the control server."""

    def ask() -> str:
        request = Request(f"{CONTROL}/{path}?{urlencode(query)}", method=verb)
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=20) as response:
                text: str = response.read().decode()
                return text
        except HTTPError as error:
            raise AssertionError(f"{path}: {error}: {error.read().decode()}") from None

    return await asyncio.to_thread(ask)


async def token(user: str, **query: str | int) -> str:
    return await control("GET", "token", user=user, **query)


def unique(prefix: str) -> str:
    """Returns a user, or a key, that no other scenario uses."""
    return f"{prefix}-{uuid.uuid4().hex}"


class Caller:
    """A typed client of a user, connected during the block."""

    def __init__(
        self,
        user: str | None = None,
        *,
        given: str | None = None,
        get_token: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self.user = unique("user") if user is None else user
        self._given = given
        self._get_token = get_token

    async def __aenter__(self) -> APIClient:
        given = self._given
        if given is None and self._get_token is None:
            given = await token(self.user)
        self._rpc = CentrifugoRPCClient(
            URL, given, self.user, get_token=self._get_token
        )
        await self._rpc.connect()
        return APIClient(self._rpc)

    async def __aexit__(self, *_: object) -> None:
        await self._rpc.close()


async def code_of(call: Awaitable[object]) -> int:
    """Returns the code of an error reply; other outcomes fail the scenario."""
    try:
        answer = await call
    except RpcError as error:
        return error.code
    raise AssertionError(f"answered with {answer!r} instead of an error")


async def until(ask: Callable[[Key], Awaitable[int]], key: str, expected: int) -> None:
    """Polls the count of the key until it has the expected value."""
    while await ask(Key(key=key)) != expected:
        await asyncio.sleep(0.02)


async def whoami(api: APIClient) -> Whoami:
    return await api.demo_whoami()


async def disconnected(api: APIClient) -> None:
    """Breaks the network, and waits until the client has noticed."""
    await control("POST", "refuse")
    while api.rpc.is_connected:
        await asyncio.sleep(0.005)
