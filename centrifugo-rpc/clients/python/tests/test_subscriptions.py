"""The connection apart from the reply channel: other subscriptions beside it."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from base import CentrifugoRPCClient
from base._connection import Connection
from base._sdk import StreamPosition
from base._subscription import Subscribed

from .conftest import Server, eventually
from .network import Network


class Recorder:
    """Records the events of a subscription."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.events: list[str] = []

    def on_subscribed(self, subscribed: Subscribed) -> None:
        offset = subscribed.position.offset if subscribed.position else None
        self.events.append(f"subscribed {subscribed.is_complete} {offset}")

    def on_interrupted(self, code: int, reason: str) -> None:
        self.events.append("interrupted")

    def on_data(self, data: bytes) -> None:
        self.data.append(data)

    def on_trouble(self, reason: str) -> None:
        self.events.append(f"trouble {reason}")

    def on_end(self, code: int, reason: str) -> None:
        self.events.append(f"ended {code} {reason}")

    async def until(self, *, data: int = 0, events: int = 0) -> None:
        async def happened() -> bool:
            return len(self.data) >= data and len(self.events) >= events

        await eventually(happened)


def of(rpc: CentrifugoRPCClient) -> Connection:
    assert rpc._session is not None
    return rpc._session._connection


def some_channel() -> str:
    """A channel that user 42 may subscribe."""
    return f"reply:{uuid.uuid4()}#42"


async def test_a_connection_carries_other_subscriptions_beside_its_reply_channel(
    server: Server, network: Network
) -> None:
    async with CentrifugoRPCClient(network.url, server.token()) as rpc:
        connection, channels = of(rpc), [some_channel(), some_channel()]
        one, other = Recorder(), Recorder()
        subscription = connection.subscribe(channels[0], one)
        connection.subscribe(channels[1], other)
        await one.until(events=1)
        await other.until(events=1)

        async def publish(n: int, *to: str) -> None:
            await server.api("broadcast", channels=list(to), data=n)

        async def echo(text: str) -> None:
            assert await rpc.call("demo.echo", {"text": text}) == {"text": text}

        await asyncio.gather(publish(1, *channels), echo("at the same time"))
        await one.until(data=1)
        await other.until(data=1)

        # Publications of that time are recovered, and so is the reply.
        call = asyncio.create_task(rpc.call("demo.sleep", {"ms": 300}))
        await echo("behind it")
        await network.refuse()
        await network.cut()
        await one.until(events=2)
        await publish(2, channels[0])
        await network.accept()
        assert await call == {"ms": 300}
        await one.until(data=2, events=3)
        await other.until(events=3)
        assert (one.data, other.data) == ([b"1", b"2"], [b"1"])
        assert one.events == ["subscribed True 0", "interrupted", "subscribed True 1"]

        # Closed by itself: nothing else changes, and the channel may be subscribed
        # again at once.
        with pytest.raises(ValueError, match="subscribed already"):
            connection.subscribe(channels[0], one)
        subscription.close()
        again = Recorder()
        connection.subscribe(channels[0], again, StreamPosition(1, "unknown"))
        await again.until(events=1)
        await publish(3, channels[0])
        await again.until(data=1)
        assert (one.data, len(one.events)) == ([b"1", b"2"], 3)
        assert (again.events, again.data) == (["subscribed False 2"], [b"3"])
        await echo("after the end of another subscription")

        # Ended by Centrifugo: only this one.
        await server.api("unsubscribe", user="42", channel=channels[1])
        await other.until(events=4)
        assert other.events[3].startswith("ended 2000 ")
        refused = Recorder()
        connection.subscribe("unknown:channel", refused)
        await refused.until(events=1)
        assert refused.events[0].startswith("ended 102 ")
        await echo("still")
        assert set(connection._subscriptions) == {rpc._channels.replies, channels[0]}
    await publish(4, channels[0])
    assert again.data == [b"3"]
