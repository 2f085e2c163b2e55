"""Outcomes of calls on a stable connection."""

from __future__ import annotations

import asyncio
import contextlib
import time

from sdk import (
    Answer,
    APIClient,
    ContractMismatchError,
    Echo,
    EncodeError,
    ErrorCode,
    Key,
    Large,
    RpcError,
    RpcTimeoutError,
    TaskStatsParams,
    TaskStatsResult,
    Text,
)
from world import Caller, check, code_of, control, disconnected, unique, until, whoami


async def result() -> None:
    async with Caller() as api:
        stats = await api.tasks_get_stats(TaskStatsParams(user_id="123"))
        check(stats == TaskStatsResult(total=100, completed=75), stats)


async def every_error_code() -> None:
    async with Caller() as api:
        for asked in (400, 401, 403, 404, 408, 413, 429, 499, 500, 503, 504):
            try:
                await api.scenario_answer(Answer(code=asked))
            except RpcError as error:
                check(
                    error.code == asked and asked in list(ErrorCode),
                    f"{asked}: {error}",
                )
                check(
                    error.is_retryable == (asked in (429, 503)), f"{asked}: retryable"
                )
                check(error.message != "", f"{asked} has no message")
                check(error.data == {"asked": asked}, f"{asked}: {error.data}")
            else:
                raise AssertionError(f"{asked} gave a result")


async def application_error_with_data() -> None:
    async with Caller() as api:
        try:
            await api.scenario_answer(Answer(code=1404))
        except RpcError as error:
            seen = (error.code, error.message, error.data, error.is_retryable)
            check(seen == (1404, "as asked", {"asked": 1404}, False), seen)
        else:
            raise AssertionError("it gave a result")


async def unknown_method() -> None:
    async with Caller() as api:
        check(await code_of(api.rpc.call("scenario.unknown")) == 404, "not 404")


async def invalid_params() -> None:
    async with Caller() as api:
        # Values that the types refuse are not sent at all.
        try:
            await api.demo_echo(Echo.model_construct(text=5))
        except EncodeError as error:
            check("demo.echo" in str(error), error)
        else:
            raise AssertionError("a number passed for a text")
        try:
            await api.rpc.call("demo.echo", {"text": 5})
        except RpcError as error:
            check(error.code == 400 and "text" in error.message, error)
        else:
            raise AssertionError("a number passed for a text at the worker")


async def params_too_large() -> None:
    async with Caller() as api:
        before = (await whoami(api)).client
        check(await code_of(api.demo_echo(Echo(text="x" * 70_000))) == 413, "not 413")
        check((await whoami(api)).client == before, "the connection is another one")


async def timeout() -> None:
    async with Caller() as api:
        key = unique("hold")
        started = time.monotonic()
        try:
            await api.scenario_hold(Key(key=key), timeout=0.3)
        except TimeoutError as error:
            # The worker's error, or the client's own if the worker's arrives too late,
            # on a slow machine.
            if isinstance(error, RpcError):
                check(error.code == 408, error)
            else:
                check(isinstance(error, RpcTimeoutError) and error.published, error)
        else:
            raise AssertionError("it ended with a result")
        took = time.monotonic() - started
        check(0.3 <= took < 5, f"ended after {took:.2f} s")
        await until(api.scenario_running, key, 0)


async def cancel() -> None:
    async with Caller() as api:
        key = unique("hold")
        holding = asyncio.create_task(api.scenario_hold(Key(key=key)))
        await until(api.scenario_running, key, 1)
        holding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await holding
        check(holding.cancelled(), "the cancellation was swallowed")
        await until(api.scenario_running, key, 0)


async def cancel_before_sending() -> None:
    async with Caller() as api:
        key = unique("note")
        never_begun = asyncio.create_task(api.scenario_note(Key(key=key)))
        never_begun.cancel()
        await disconnected(api)
        waiting = asyncio.create_task(api.rpc.call("scenario.note", {"key": key}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait((never_begun, waiting))
        check(
            never_begun.cancelled() and waiting.cancelled(), "they were not cancelled"
        )
        await control("POST", "accept")
        # Requests arrive in their order: when this call ends, an earlier request would
        # have run.
        await whoami(api)
        check(await api.scenario_noted(Key(key=key)) == 0, "it ran all the same")


async def concurrent_1000() -> None:
    async with Caller() as api:
        texts = [Echo(text=f"text {n}") for n in range(1000)]
        answers = await asyncio.gather(*(api.demo_echo(text) for text in texts))
        check(answers == texts, "answers got mixed up")


async def no_wait() -> None:
    async with Caller() as api:
        key = unique("note")
        for _ in range(3):
            await api.scenario_note(Key(key=key))
        await until(api.scenario_noted, key, 3)


async def unicode() -> None:
    texts = [
        "",
        'żółć "quoted" \\ back / slash',
        "日本語 🦀 👩\u200d👩\u200d👧\u200d👦 e\u0301",
        "\0\x01\x7f\x80\u2028\u2029\ufeff\ufffd\uffff\U0010ffff",
        "line\r\nline\ttab",
        "</script> ${x} %s {{}}",
    ]
    async with Caller() as api:
        for text in texts:
            answer = await api.scenario_unicode(Text(text=text))
            check(answer.text == text, f"{text!r} came back as {answer.text!r}")


async def large_payloads() -> None:
    async with Caller() as api:
        up = "ä" * 25_000
        check((await api.demo_echo(Echo(text=up))).text == up, "50 KB up")
        down = await api.scenario_large(Large(bytes=400_000))
        check(down.text == "x" * 400_000, f"400 KB down are {len(down.text)} bytes")


async def contract_check() -> None:
    class OfAnotherContract(APIClient):
        _contract_hash = "0" * 64

    async with Caller() as api:
        await api.check_contract()
        try:
            await OfAnotherContract(api.rpc).check_contract()
        except ContractMismatchError as error:
            check("0" * 64 in str(error), error)
        else:
            raise AssertionError("another contract passed for this one")


async def overload() -> None:
    async with Caller() as api:
        calls = (api.scenario_limited() for _ in range(3))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, RpcError)]
        check(len(refused) == 2 and len(outcomes) == 3, outcomes)
        for error in refused:
            check(error.code == 429 and error.is_retryable, error)
        await api.scenario_limited()
