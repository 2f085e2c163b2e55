"""Outcomes of calls when connections, tokens and identities change."""

from __future__ import annotations

import asyncio
import json
import time

from sdk import (
    APIClient,
    CentrifugoRPCClient,
    ConnectionError,
    Echo,
    Key,
    Large,
    SetupError,
    Sleep,
    TokenError,
    TokenRefused,
)
from world import (
    URL,
    Caller,
    check,
    code_of,
    control,
    disconnected,
    token,
    unique,
    until,
    whoami,
)


async def survive(how: str, **query: str | int) -> None:
    """Makes 100 calls that end while the connection is down, and afterwards."""
    caller = Caller()
    async with caller as api:
        before = (await whoami(api)).client
        sent = [Sleep(ms=1500 + n) for n in range(100)]
        calls = [asyncio.create_task(api.demo_sleep(sleep)) for sleep in sent]
        # All earlier requests are published when the reply to this one arrives. It must
        # be a task, too: awaited directly, it would be published first.
        await asyncio.create_task(api.demo_echo(Echo(text="mark")))
        await control("POST", how, user=caller.user, **query)
        check(await asyncio.gather(*calls) == sent, "answers got mixed up")
        check((await whoami(api)).client != before, "the connection was never broken")


async def reconnect_by_server() -> None:
    await survive("disconnect", code=3010)


async def reconnect_after_cut() -> None:
    await survive("cut")


async def calls_made_while_disconnected() -> None:
    async with Caller() as api:
        await disconnected(api)
        sent = [Sleep(ms=n) for n in range(10)]
        calls = [asyncio.create_task(api.demo_sleep(sleep)) for sleep in sent]
        await asyncio.sleep(0)
        await control("POST", "accept")
        check(await asyncio.gather(*calls) == sent, "answers got mixed up")


class Tokens:
    """A token function that counts its calls."""

    def __init__(self, user: str, ttl: int = 2) -> None:
        self.user = user
        self.asked = 0
        self._ttl = ttl

    async def __call__(self) -> str:
        self.asked += 1
        return await self.fetch()

    async def fetch(self) -> str:
        return await token(self.user, ttl=self._ttl)


async def call_until(api: APIClient, tokens: Tokens, times: int) -> None:
    """Makes calls until the client has asked for that many tokens."""
    while tokens.asked < times:
        await api.demo_echo(Echo(text="still here"))
        await asyncio.sleep(0.02)
    await api.demo_echo(Echo(text="and now"))


async def token_refresh() -> None:
    tokens = Tokens(unique("user"))
    async with Caller(tokens.user, get_token=tokens) as api:
        await call_until(api, tokens, 3)


async def refused_token() -> None:
    user = unique("user")
    client = CentrifugoRPCClient(URL, await token(user, refused=1), user)
    try:
        await client.connect()
    except TokenError as error:
        check(URL in str(error), error)
    else:
        raise AssertionError("a token with a wrong signature was taken")

    class RefusedLater(Tokens):
        async def fetch(self) -> str:
            wrong: dict[str, int] = {} if self.asked == 1 else {"refused": 1}
            return await token(self.user, ttl=2, **wrong)

    async with Caller(user, get_token=RefusedLater(user)) as api:
        try:
            await api.demo_sleep(Sleep(ms=50_000), timeout=60)
        except TokenError:
            pass
        else:
            raise AssertionError("the call did not end")


async def slow_link() -> None:
    async with Caller() as api:
        await control("POST", "throttle", rate=600_000)
        try:
            large = Large(bytes=400_000)
            calls = [
                asyncio.create_task(api.scenario_large(large, timeout=60))
                for _ in range(20)
            ]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await control("POST", "cut")
            texts = {result.text for result in await asyncio.gather(*calls)}
            check(texts == {"x" * 400_000}, "other results")
        finally:
            await control("POST", "throttle", rate=0)


async def long_user_id() -> None:
    user = unique("user").ljust(255, "x")
    async with Caller(user) as api:
        check((await api.demo_whoami()).user == user, "another user")


async def token_words() -> None:
    claims = json.dumps({"sub": 42})
    try:
        CentrifugoRPCClient(URL, await token("42", claims=claims), "42")
    except ValueError as error:
        check("42, which is not a string" in str(error), error)
    else:
        raise AssertionError("a number passed for a user ID")

    user = unique("user")
    early = json.dumps({"nbf": int(time.time()) + 3600})

    async def not_yet() -> str:
        return await token(user, claims=early)

    for client in (
        CentrifugoRPCClient(URL, await not_yet(), user),
        CentrifugoRPCClient(URL, user=user, get_token=not_yet, connect_timeout=3),
    ):
        try:
            await client.connect()
        except ConnectionError as error:
            check("`nbf`" in str(error) and "clocks" in str(error), error)
        else:
            raise AssertionError("a token that is not valid yet was taken")


async def channel_limit() -> None:
    async def beside(channels: int) -> Caller:
        claims = json.dumps({"channels": [f"channel-{n}" for n in range(channels)]})
        user = unique("user")
        return Caller(user, given=await token(user, claims=claims))

    async with await beside(127) as api:
        await whoami(api)
    try:
        async with await beside(128):
            raise AssertionError("a 129th subscription of one connection")
    except SetupError as error:
        check("`client.channel_limit`" in str(error), error)


async def failing_token_function() -> None:
    user = unique("user")

    class NoSession(Tokens):
        async def fetch(self) -> str:
            raise TokenRefused("there is no session")

    client = CentrifugoRPCClient(URL, user=user, get_token=NoSession(user))
    try:
        await client.connect()
    except TokenError as error:
        check("there is no session" in str(error), error)
    else:
        raise AssertionError("connected without a token")

    class FailsAtTimes(Tokens):
        async def fetch(self) -> str:
            if self.asked in (1, 3):
                raise OSError("the token endpoint is away")
            return await super().fetch()

    tokens = FailsAtTimes(user)
    async with Caller(user, get_token=tokens) as api:
        await call_until(api, tokens, 4)


async def two_clients_of_one_user() -> None:
    user = unique("user")
    async with Caller(user) as two:
        async with Caller(user) as one:
            sent = [Echo(text=str(n)) for n in range(100)]
            calls = [(one, two)[n % 2].demo_echo(echo) for n, echo in enumerate(sent)]
            check(await asyncio.gather(*calls) == sent, "answers got mixed up")
            check(
                one.rpc.ignored_replies == two.rpc.ignored_replies == 0,
                "strange replies",
            )
        check((await two.demo_echo(Echo(text="alone"))).text == "alone", "it ended too")


async def close_with_calls_pending() -> None:
    async with Caller() as other:
        key = unique("hold")
        async with Caller() as api:
            calls = [
                asyncio.create_task(api.scenario_hold(Key(key=key))) for _ in range(10)
            ]
            await until(other.scenario_running, key, 10)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        check(
            all(isinstance(outcome, ConnectionError) for outcome in outcomes), outcomes
        )
        await until(other.scenario_running, key, 0)
        try:
            await api.demo_echo(Echo(text="late"))
        except ConnectionError:
            pass
        else:
            raise AssertionError("a call on a closed client was answered")


async def identity() -> None:
    user = unique("user")
    given = await token(user, info='{"role":"reader","näme":1}')
    async with Caller(user, given=given) as api:
        me = await whoami(api)
        check(me.user == user and me.client != "", me)
        check(me.info == {"role": "reader", "näme": 1}, me)


async def guard() -> None:
    async with Caller() as api:
        check(await code_of(api.demo_admin()) == 403, "not 403")
    admin = unique("admin")
    async with Caller(admin, given=await token(admin, info='{"role":"admin"}')) as api:
        await api.demo_admin()


async def anonymous() -> None:
    async with Caller("") as api:
        check((await whoami(api)).user == "", "the user is not empty")
        check(await code_of(api.demo_admin()) == 401, "not 401")
