"""Takes every value of the zoo from the service and sends it back."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from opensdk import python as sdk

Driver = Callable[[sdk.APIClient], Coroutine[Any, Any, None]]

ANIMALS: list[Driver] = []
NOTHING: list[str] = []


def animal(driver: Driver) -> Driver:
    ANIMALS.append(driver)
    return driver


def same(case: int, is_same: bool) -> None:
    if not is_same:
        raise AssertionError(f"case {case} came back as another value")


def answered(expected: str, answer: str) -> None:
    if answer != expected:
        raise AssertionError(f"{expected} answered {answer}")


async def refused(text: str, call: Awaitable[object]) -> None:
    try:
        result = await call
    except sdk.DecodeError:
        return
    raise AssertionError(f"{text} gave {result!r}")


def received(value: object) -> Any:
    """Returns the result of a call without its type, for params that have another type for it."""
    return value


async def main() -> int:
    code = 0
    url, token = os.environ["ZOO_URL"], os.environ["ZOO_TOKEN"]
    async with sdk.CentrifugoRPCClient(url, token, "keeper") as rpc:
        api = sdk.APIClient(rpc)
        for driver in ANIMALS:
            name = driver.__name__.removeprefix("zoo_")
            try:
                await driver(api)
                print(f"ok {name}", flush=True)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".replace("\n", " ")
                print(f"FAILED {name}: {reason}", flush=True)
                code = 1
    return code
