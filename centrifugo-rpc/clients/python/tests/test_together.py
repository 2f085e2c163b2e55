"""Batched requests, on a connection that the test controls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from typing_extensions import Self

from base import (
    CentrifugoRPCError,
    ConnectionError,
    ErrorCode,
    RpcError,
    RpcTimeoutError,
)
from base._connection import PublishRefusedError, Target, UnconfirmedError
from base._deadline import Deadline
from base._pending import Pending
from base._session import Session
from base._state import State
from base._wire import Channels, Reply, decode_replies, encode_request, is_batch

from .conftest import requests_of

KIB_16 = 16_384
REPLY_TO = "reply:6ba7b810-9dad-41d1-80b4-00c04fd430c8#42"


class Wire:
    """Replaces the connection. Each publication waits for its outcome."""

    def __init__(self) -> None:
        self.takes_all = False
        self.published: list[bytes] = []
        self._outcomes: list[asyncio.Future[None]] = []

    async def publish(self, _channel: str, data: bytes) -> None:
        self.published.append(data)
        if not self.takes_all:
            outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._outcomes.append(outcome)
            await outcome

    async def close(self) -> None:
        """Nothing is left to close."""

    def settle(self, error: Exception | None = None) -> None:
        """Ends all that waits: Centrifugo has taken it, or there is an error."""
        outcomes, self._outcomes = self._outcomes, []
        for outcome in outcomes:
            if error is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(error)


class World:
    """A session and its wire; no worker. Ends all with its block."""

    def __init__(self, message_size_limit: int = 64 * 1024) -> None:
        target = Target(
            url="ws://localhost:1/",
            user="42",
            token=None,
            get_token=None,
            ssl_context=None,
            proxy=None,
            headers=None,
        )
        self.pending = Pending(None)
        channels = Channels("rpc:requests", REPLY_TO)
        self.session = Session(
            target, channels, message_size_limit, State(), self.pending
        )
        self.wire = Wire()
        for part in (self.session, self.session._batcher, self.session._cancels):
            vars(part)["_connection"] = self.wire
        self.session.on_ready(complete=True)
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.wire.takes_all = True
        self.wire.settle()
        await self.session.close(ConnectionError("the test is over"))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def call(
        self,
        method: str,
        size: int = 0,
        *,
        params: bytes | None = None,
        timeout: float = 30,
    ) -> asyncio.Task[Reply]:
        """A call, with a request of `size` bytes unless that is 0."""
        if size > 0:
            params = padding(method, size)
        call = self.session.calls.call(method, params, Deadline(timeout), None)
        task = asyncio.create_task(call)
        self._tasks.append(task)
        return task

    def notify(self, method: str, timeout: float = 30) -> asyncio.Task[None]:
        notification = self.session.calls.notify(method, None, Deadline(timeout), None)
        task = asyncio.create_task(notification)
        self._tasks.append(task)
        return task

    def reply(self, data: bytes) -> None:
        """A publication in the reply channel."""
        self.session.on_replies(decode_replies(data), data)

    def learn(self) -> None:
        """A worker shows that it writes batches."""
        self.reply(b'{"batch":[]}')

    def answer(self) -> None:
        """Answers every call that was published, with its method."""
        for data in self.wire.published:
            for request in requests_of(json.loads(data)):
                reply = {
                    "correlation_id": request["correlation_id"],
                    "result": request["method"],
                }
                self.reply(json.dumps(reply).encode())

    @property
    def methods(self) -> list[list[str]]:
        """The methods of each publication, or `cancel`."""
        return [
            [request.get("method", "cancel") for request in requests_of(each)]
            for each in map(json.loads, self.wire.published)
        ]


def padding(method: str, size: int) -> bytes:
    """The params that make a request as long as that, if it has nearly 30 s."""
    empty = encode_request(
        method, b'""', 29_999, correlation_id="i" * 36, reply_to=REPLY_TO
    )
    return b'"%s"' % (b"x" * (size - len(empty)))


async def moment() -> None:
    """Lets the loop run the callbacks that are due."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    async with World() as world:
        yield world


async def outcomes(*tasks: asyncio.Task[Any]) -> list[object]:
    """Results, and errors as text with their type."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        each.result
        if isinstance(each, Reply)
        else f"{type(each).__name__}: {each}"
        if isinstance(each, BaseException)
        else each
        for each in ended
    ]


async def test_requests_go_alone_until_a_worker_writes_a_batch(world: World) -> None:
    tasks = [world.call("a.1"), world.call("a.2")]
    await moment()
    world.wire.settle()
    world.answer()
    assert await outcomes(*tasks) == ["a.1", "a.2"]
    tasks = [world.call("a.3"), world.call("a.4")]
    await moment()
    assert world.methods == [["a.1"], ["a.2"], ["a.3"], ["a.4"]]
    world.reply(b'{"batch":[]}')
    tasks += [world.call("a.5"), world.call("a.6")]
    await moment()
    assert world.methods[4:] == [["a.5", "a.6"]]
    world.answer()
    assert await outcomes(*tasks) == ["a.3", "a.4", "a.5", "a.6"]


async def test_together_each_request_has_the_bytes_that_it_has_alone(
    world: World,
) -> None:
    world.learn()
    asked = [
        ("a.1", b'{"n":18446744073709551615}'),
        ("a.2", b' {"text":"\xc3\xbc"}'),
        ("a.3", None),
    ]
    calls = [world.call(method, params=params) for method, params in asked[:2]]
    notification = world.notify("a.3")
    await moment()
    [data] = world.wire.published
    requests = json.loads(data)["batch"]
    ids = [request.get("correlation_id") for request in requests]
    alone = [
        encode_request(
            method,
            params,
            request["timeout_ms"],
            correlation_id=request.get("correlation_id"),
            reply_to=request.get("reply_to"),
        )
        for request, (method, params) in zip(requests, asked, strict=True)
    ]
    assert data == b'{"batch":[%s,%s,%s]}' % tuple(alone)
    assert ids[0] != ids[1] != ids[2] is None
    # A notification waits for its publication, calls for their replies.
    world.wire.settle()
    await notification
    assert not any(call.done() for call in calls)
    world.reply(b'{"correlation_id":"%s","result":1}' % ids[1].encode())
    assert await outcomes(calls[1]) == [1]
    assert not calls[0].done()


async def test_what_has_no_company_keeps_its_plain_form(world: World) -> None:
    world.learn()
    for method in ("a.1", "a.2"):
        world.call(method)
        await moment()
    world.notify("a.3")
    await moment()
    assert all(each.startswith(b'{"method":"a.') for each in world.wire.published)
    assert world.methods == [["a.1"], ["a.2"], ["a.3"]]


@pytest.mark.parametrize(
    ("data", "teaches"),
    [
        (b'{"batch":[]}', True),
        (b' { "batch" :\n[\t] } ', True),
        (b'{"batch":[{"correlation_id":"unknown","result":1},5]}', True),
        (b'{"batch":5}', False),
        (b'{"batch":{"batch":[]}}', False),
        (b'{"correlation_id":"i","result":{"batch":[]}}', False),
        (b'{"batch":true,"correlation_id":"i","result":[]}', False),
        (b"[]", False),
        (b"", False),
    ],
)
async def test_nothing_but_a_batch_teaches(
    world: World, data: bytes, teaches: bool
) -> None:
    assert is_batch(data) == teaches
    world.reply(data)
    world.notify("a.1")
    world.notify("a.2")
    await moment()
    assert world.methods == ([["a.1", "a.2"]] if teaches else [["a.1"], ["a.2"]])


async def test_a_publication_of_several_is_at_most_16_kib(world: World) -> None:
    world.learn()
    # A frame of 12 bytes, and two commas.
    rest = KIB_16 - 14 - 2 * 5000
    for more, published in (
        (0, [["a.1", "a.2", "a.3"]]),
        (1, [["a.1", "a.2"], ["a.3"]]),
    ):
        world.wire.published.clear()
        for method, size in (("a.1", 5000), ("a.2", 5000), ("a.3", rest + more)):
            world.call(method, size)
        await moment()
        assert world.methods == published
    world.wire.published.clear()
    for n in range(1000):
        world.call(f"a.{n:03}", 300)
    await moment()
    methods = [method for each in world.methods for method in each]
    assert methods == [f"a.{n:03}" for n in range(1000)]
    sizes = [len(each) for each in world.wire.published]
    assert all(KIB_16 - 301 < size <= KIB_16 for size in sizes[:-1])
    assert sizes[-1] <= KIB_16


async def test_a_large_request_goes_by_itself_between_the_others(world: World) -> None:
    world.learn()
    sizes = [0, 0, KIB_16 + 1, 0, 0, KIB_16, 60_000, 0, KIB_16 - 12, 0, 0]
    for n, size in enumerate(sizes):
        world.call(f"a.{n:02}", size)
    await moment()
    together = [[0, 1], [2], [3, 4], [5], [6], [7], [8], [9, 10]]
    assert world.methods == [[f"a.{n:02}" for n in each] for each in together]
    assert len(world.wire.published[1]) == KIB_16 + 1
    assert len(world.wire.published[6]) == KIB_16 - 12


async def test_no_batch_has_more_requests_than_a_worker_takes(world: World) -> None:
    world.learn()
    for _ in range(354):
        world.notify("a.1")
    await moment()
    assert [len(methods) for methods in world.methods] == [177, 177]


async def test_a_smaller_limit_for_messages_holds_for_batches() -> None:
    async with World(message_size_limit=1000) as world:
        world.learn()
        for method in ("a.1", "a.2", "a.3"):
            world.call(method, 400)
        too_large = world.call("a.4", 1000)
        await moment()
        assert world.methods == [["a.1", "a.2"], ["a.3"]]
        with pytest.raises(RpcError) as raised:
            await too_large
        assert raised.value.code == ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("code", "kind", "is_retryable"),
    [(111, RpcError, True), (103, ConnectionError, False)],
)
async def test_a_refused_publication_fails_each_of_its_requests(
    world: World, code: int, kind: type[CentrifugoRPCError], is_retryable: bool
) -> None:
    world.learn()
    tasks: list[asyncio.Task[Any]] = [world.call("a.1"), world.call("a.2")]
    tasks.append(world.notify("a.3"))
    await moment()
    assert world.methods == [["a.1", "a.2", "a.3"]]
    world.wire.settle(PublishRefusedError(code, "no"))
    await asyncio.wait(tasks)
    errors = [task.exception() for task in tasks]
    for error in errors:
        assert isinstance(error, kind)
        assert error.is_retryable == is_retryable
    # Each grows a traceback of its own.
    assert len({id(error) for error in errors}) == 3
    assert len(world.pending) == 0
    assert len(world.wire.published) == 1


async def test_calls_of_a_publication_without_an_answer_wait_for_their_replies(
    world: World,
) -> None:
    world.learn()
    tasks = [world.call("a.1"), world.call("a.2", timeout=0.05)]
    notified = world.notify("a.3")
    await moment()
    world.session.on_interrupted(1, "test")
    world.wire.settle(UnconfirmedError())
    with pytest.raises(ConnectionError, match=r"did not confirm `a\.3`"):
        await notified
    with pytest.raises(RpcTimeoutError) as raised:
        await tasks[1]
    assert raised.value.published
    world.session.on_ready(complete=True)
    world.wire.published.pop()
    await moment()
    # The cancel of the one that timed out; nothing is published a second time.
    assert world.methods == [["cancel"]]
    assert not tasks[0].done()
    [waiting] = world.pending._calls
    world.reply(b'{"correlation_id":"%s","result":1}' % waiting.encode())
    assert await outcomes(tasks[0]) == [1]


async def test_a_call_that_is_cancelled_on_its_way_disturbs_no_other(
    world: World,
) -> None:
    world.learn()
    tasks = [world.call("a.1"), world.call("a.2"), world.call("a.3")]
    await moment()
    tasks[1].cancel()
    await moment()
    assert tasks[1].cancelled()
    # Its cancel goes out after it, and alone.
    assert world.methods == [["a.1", "a.2", "a.3"]]
    one, two, three = json.loads(world.wire.published[0])["batch"]
    world.wire.settle()
    world.call("a.4")
    world.call("a.5")
    await moment()
    assert sorted(world.methods[1:]) == [["a.4", "a.5"], ["cancel"]]
    cancel = next(each for each in world.wire.published if b"cancel" in each)
    assert json.loads(cancel) == {"cancel": two["correlation_id"], "reply_to": REPLY_TO}
    for request in (three, one):
        reply = {"correlation_id": request["correlation_id"], "result": 1}
        world.reply(json.dumps(reply).encode())
    assert await outcomes(tasks[0], tasks[2]) == [1, 1]


async def test_what_has_ended_before_it_goes_out_is_left_out(world: World) -> None:
    world.learn()
    # The second publication begins a little later than the first.
    first = [world.call("a.1", 9000)]
    cancelled, other = world.call("a.2", 9000), world.call("a.3")

    async def cancel() -> None:
        cancelled.cancel()

    canceling = asyncio.create_task(cancel())
    await moment()
    await canceling
    assert cancelled.cancelled()
    # The remaining request goes out alone, and no cancel is needed.
    assert world.methods == [["a.1"], ["a.3"]]
    world.answer()
    assert await outcomes(*first, other) == ["a.1", "a.3"]


async def test_a_publication_that_nothing_is_left_of_does_not_go_out(
    world: World,
) -> None:
    world.learn()
    tasks = [world.call("a.1", 9000), world.call("a.2", 9000)]

    def end() -> None:
        tasks[1].cancel()

    asyncio.get_running_loop().call_soon(end)
    await moment()
    assert tasks[1].cancelled()
    assert world.methods == [["a.1"]]


async def test_calls_that_wait_for_a_connection_go_alone_and_in_their_order(
    world: World,
) -> None:
    world.learn()
    world.session.on_interrupted(1, "test")
    tasks = [world.call(f"a.{n}") for n in range(5)]
    hurried = world.call("a.5", timeout=0.01)
    tasks[2].cancel()
    with pytest.raises(RpcTimeoutError, match="nothing was sent") as raised:
        await hurried
    assert raised.value.is_retryable
    with pytest.raises(RpcTimeoutError, match="nothing was sent"):
        await world.notify("a.6", timeout=0.01)
    world.session.on_ready(complete=True)
    await moment()
    assert world.methods == [["a.0"], ["a.1"], ["a.3"], ["a.4"]]


async def test_what_is_known_of_the_workers_ends_with_the_connection(
    world: World,
) -> None:
    world.learn()
    world.session.on_interrupted(1, "test")
    # Says nothing about the next connection.
    world.learn()
    world.session.on_ready(complete=True)
    for each in ("a.1", "a.2"):
        world.call(each)
    await moment()
    assert world.methods == [["a.1"], ["a.2"]]
    world.learn()
    for each in ("a.3", "a.4"):
        world.call(each)
    await moment()
    assert world.methods[2:] == [["a.3", "a.4"]]


async def test_a_connection_that_is_lost_between_two_publications(
    world: World,
) -> None:
    world.learn()
    for n in range(4):
        world.call(f"a.{n}", 6000)

    def lose() -> None:
        world.session.on_interrupted(1, "test")

    # After the first publication, before the second, of the last two.
    asyncio.get_running_loop().call_soon(
        lambda: asyncio.get_running_loop().call_soon(lose)
    )
    await moment()
    published = world.methods
    world.session.on_ready(complete=True)
    await moment()
    assert published == [["a.0", "a.1"]]
    assert world.methods == [["a.0", "a.1"], ["a.2"], ["a.3"]]


async def test_closing_ends_what_has_not_gone_out(world: World) -> None:
    world.learn()
    tasks: list[asyncio.Task[Any]] = [world.call("a.1", 9000), world.call("a.2", 9000)]
    tasks += [world.call("a.3"), world.notify("a.4"), world.notify("a.5")]
    closing = world.session.close(ConnectionError("the client is closed"))
    await asyncio.create_task(closing)
    assert not world.session._tasks.running
    assert await outcomes(*tasks) == ["ConnectionError: the client is closed"] * 5
    assert world.methods == []


async def test_closing_cancels_each_call_of_a_publication(world: World) -> None:
    world.learn()
    tasks = [world.call("a.1"), world.call("a.2"), world.call("a.3")]
    await moment()
    world.wire.settle()
    world.wire.takes_all = True
    await world.session.close(ConnectionError("the client is closed"))
    assert await outcomes(*tasks) == ["ConnectionError: the client is closed"] * 3
    assert world.methods == [["a.1", "a.2", "a.3"], *[["cancel"]] * 3]
