"""The callers' part of docs/protocol.md, rule by rule."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from sdk import APIClient, ConnectionError, Echo, Gate, Key, RpcTimeoutError, Sleep
from world import Caller, check, control, disconnected, unique, whoami

# Marks calls that take too long for a worker: the control server replies to them.
LONG = 50_000
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def published(user: str, count: int) -> Any:
    """Waits until the user has published `count` requests, and reports on them."""
    return json.loads(await control("POST", "published", user=user, count=count))


async def answer(user: str, how: str) -> None:
    await control("POST", "answer", user=user, how=how)


async def accept() -> None:
    await control("POST", "accept")


class Calls:
    """Calls to which the control server replies."""

    def __init__(self, api: APIClient, count: int) -> None:
        self.sent = [Sleep(ms=LONG + n) for n in range(count)]
        self.tasks = [asyncio.create_task(api.demo_sleep(sleep)) for sleep in self.sent]

    async def all_right(self) -> None:
        check(await asyncio.gather(*self.tasks) == self.sent, "another result")


async def on_the_wire() -> None:
    caller = Caller()
    async with caller as api:
        call = asyncio.create_task(
            api.demo_sleep(Sleep(ms=LONG), timeout=5, traceparent=TRACE)
        )
        last = (await published(caller.user, 1))["last"]
        check(
            0 < last["timeout_ms"] <= 5000 and last["traceparent"] == TRACE,
            last,
        )
        await api.scenario_note(Key(key=unique("note")))
        check(
            (await published(caller.user, 2))["last"]["method"] == "scenario.note",
            "not a notification",
        )
        call.cancel()
        await asyncio.wait((call,))
        check("cancel" in (await published(caller.user, 3))["last"], "no cancellation")
        await disconnected(api)
        await accept()
        await whoami(api)
        check((await published(caller.user, 4))["sessions"] == 1, "another session")
        async with Caller(caller.user) as other:
            await whoami(other)
            check((await published(caller.user, 5))["sessions"] == 2, "one session")


async def requests_that_go_together() -> None:
    caller = Caller()
    async with caller as api:
        alone = Calls(api, 8)
        sizes = (await published(caller.user, 8))["publications"]
        check(sizes == [1] * 8, sizes)
        await answer(caller.user, "together")
        await alone.all_right()
        count, sizes = 8, []
        while max(sizes[8:], default=1) == 1:
            together = Calls(api, 200)
            large = asyncio.create_task(api.demo_echo(Echo(text="x" * 20_000)))
            count += 201
            sizes = (await published(caller.user, count))["publications"]
            # The cancellation must be a publication of its own.
            together.tasks.pop(100).cancel()
            together.sent.pop(100)
            count += 1
            await published(caller.user, count)
            await answer(caller.user, "together")
            await together.all_right()
            check((await large).text == "x" * 20_000, "another result")
        await disconnected(api)
        anew = Calls(api, 8)
        await accept()
        sizes = (await published(caller.user, count + 8))["publications"]
        check(sizes[-8:] == [1] * 8, sizes[-8:])
        await answer(caller.user, "each")
        await anew.all_right()


async def replies_that_change_nothing() -> None:
    caller = Caller()
    async with caller as api:
        calls = Calls(api, 3)
        await published(caller.user, 3)
        await answer(caller.user, "hostile")
        await calls.all_right()
        await whoami(api)


async def missed(caller: Caller, api: APIClient, count: int) -> None:
    """Makes one more call, whose reply is published while it is disconnected."""
    calls = Calls(api, 1)
    await published(caller.user, count)
    await disconnected(api)
    await answer(caller.user, "each")
    await accept()
    await calls.all_right()


async def replies_without_an_offset() -> None:
    caller = Caller()
    async with caller as api:
        for count, how in ((1, "each"), (2, "unremembered")):
            calls = Calls(api, 1)
            await published(caller.user, count)
            await answer(caller.user, how)
            await calls.all_right()
        await missed(caller, api, 3)


async def more_replies_than_the_history_keeps() -> None:
    caller = Caller()
    async with caller as api:
        calls = Calls(api, 140)
        await published(caller.user, 140)
        await disconnected(api)
        await answer(caller.user, "each")
        await accept()
        while sum(task.done() for task in calls.tasks) < 128:
            await asyncio.sleep(0.01)
        await whoami(api)
    kept = lost = 0
    for sent, outcome in zip(
        calls.sent, await asyncio.gather(*calls.tasks, return_exceptions=True)
    ):
        kept += outcome == sent
        lost += isinstance(outcome, ConnectionError)
    check((kept, lost) == (128, 12), f"{kept} kept, {lost} lost")


async def replies_after_a_restart() -> None:
    caller = Caller()
    async with caller as api:
        sent = [Gate(key=caller.user, number=n) for n in range(100)]
        calls = [asyncio.create_task(api.scenario_gate(gate)) for gate in sent]
        await published(caller.user, 100)
        await disconnected(api)
        await control("POST", "restart")
        await control("POST", "open", key=caller.user)
        await control("POST", "answered", user=caller.user, count=100)
        await accept()
        check(await asyncio.gather(*calls) == sent, "another result")
        # The client recovers from the next loss in the usual way.
        await missed(caller, api, 101)


async def replies_lost_twice() -> None:
    caller = Caller()
    async with caller as api:
        for count in (1, 2):
            calls = Calls(api, 1)
            await published(caller.user, count)
            await disconnected(api)
            await control("POST", "restart")
            await answer(caller.user, "each")
            await accept()
            await calls.all_right()
        # With an empty history Centrifugo cannot recover from 128 replies back either.
        lost = asyncio.create_task(api.demo_sleep(Sleep(ms=LONG)))
        await published(caller.user, 3)
        await disconnected(api)
        await answer(caller.user, "each")
        await control("POST", "forget", user=caller.user)
        await accept()
        await whoami(api)
        check(not lost.done(), lost)
        lost.cancel()
        await published(caller.user, 5)
        await missed(caller, api, 6)


async def giving_up() -> None:
    caller = Caller()
    async with caller as api:
        await control("POST", "pause")
        try:
            started = time.monotonic()
            try:
                await api.demo_sleep(Sleep(ms=LONG), timeout=1)
            except RpcTimeoutError as error:
                check(error.published, error)
            else:
                raise AssertionError("it was answered")
            took = time.monotonic() - started
            check(took >= 1.2, f"it waited {took:.2f} s, no longer than the worker")
            check("cancel" in (await published(caller.user, 2))["last"], "no cancel")
        finally:
            await control("POST", "resume")
