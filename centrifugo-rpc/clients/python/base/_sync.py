"""Calls without `await`, made by a thread with its own event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from typing_extensions import Self

from ._api import BaseAPIClient
from ._client import CentrifugoRPCClient
from ._errors import ConnectionError, EventLoopError
from ._refusal import CLOSED

T = TypeVar("T")


class BaseSyncAPIClient:
    """Calls methods, and waits for their results."""

    def __init__(self, api: BaseAPIClient) -> None:
        """Describes a client. Nothing happens until `connect`."""
        self._api = api
        self._thread: LoopThread | None = None
        self._connecting = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def rpc(self) -> CentrifugoRPCClient:
        """The client whose connection is used. Call its own methods only in the event
        loop of this client's thread.
        """
        return self._api.rpc

    def connect(self) -> None:
        """Starts the thread, connects and subscribes to the reply channel. Does nothing
        on a client that has connected before. Raises the same errors as `connect` of
        `CentrifugoRPCClient`; after a failed attempt it may be called again.
        """
        with self._connecting:
            if self._closed:
                raise ConnectionError(CLOSED)
            if self._thread is None:
                self._thread = LoopThread()
            thread = self._thread
            try:
                thread.run(self._api.rpc.connect())
            except BaseException:
                self._thread = None
                thread.stop()
                raise

    def close(self) -> None:
        """Closes the connection and ends the thread. Calls of other threads end with
        `ConnectionError`, and the client sends their cancellations.
        """
        thread = self._thread
        if thread is not None:
            thread.check_not_here()
        self._closed = True
        self._thread = None
        # After a fork, the connection of the parent process is left alone.
        if thread is not None and thread.is_of_this_process:
            try:
                thread.run(self._api.rpc.close())
            finally:
                thread.stop()

    def check_contract(self) -> None:
        """Compares the hash of the server's contract with that of this client.

        Raises:
            ContractMismatchError: this client was generated from another contract.
            RpcError: the server is too old for this check (404), or returned another
                error.
        """
        self._run(self._api.check_contract())

    def _call(
        self,
        method: str,
        params_type: Any,
        params: Any,
        result_type: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> Any:
        call = self._api._call  # pyright: ignore[reportPrivateUsage]
        return self._run(
            call(method, params_type, params, result_type, timeout, traceparent)
        )

    def _call_in_vain(
        self,
        method: str,
        params_type: Any,
        params: Any,
        result_type: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> NoReturn:
        self._call(method, params_type, params, result_type, timeout, traceparent)
        raise AssertionError(f"`{method}` has no result")

    def _notify(
        self,
        method: str,
        params_type: Any,
        params: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> None:
        notify = self._api._notify  # pyright: ignore[reportPrivateUsage]
        self._run(notify(method, params_type, params, timeout, traceparent))

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        thread = self._thread
        if thread is not None:
            return thread.run(coroutine)
        coroutine.close()
        raise ConnectionError(
            CLOSED if self._closed else "the client is not connected: `connect()` it"
        )


FORKED = (
    "this client was connected before the process was forked, and its thread is not "
    "in this one: make and connect one in each process, for example in gunicorn's "
    "`post_fork` or Celery's `worker_process_init`"
)
ITSELF = (
    "a client without `await` was used in its own thread, as by `get_token` or "
    "`on_ignored_reply`, which would wait for itself: use the client with `await` there"
)


class LoopThread:
    """A thread that runs an event loop. It does not keep the process alive."""

    def __init__(self) -> None:
        """Starts the thread."""
        self._pid = os.getpid()
        self._ending = threading.Lock()
        self._ended = False
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._wait()), name="centrifugo-rpc", daemon=True
        )
        self._thread.start()
        self._loop = self._started.result()

    async def _wait(self) -> None:
        self._stopped = asyncio.Event()
        self._started.set_result(asyncio.get_running_loop())
        await self._stopped.wait()

    @property
    def is_of_this_process(self) -> bool:
        """Whether the thread runs in this process: a fork does not copy threads."""
        return self._pid == os.getpid()

    def check_not_here(self) -> None:
        """Raises if called in the thread itself, which cannot wait for itself."""
        if self.is_of_this_process and threading.current_thread() is self._thread:
            raise EventLoopError(ITSELF)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs the coroutine in the thread, and waits for it. If an exception ends the
        wait, for example Ctrl-C, the coroutine is cancelled.
        """
        try:
            future = self._begin(coroutine)
        except BaseException:
            coroutine.close()
            raise
        try:
            return future.result()
        except CancelledError:
            raise ConnectionError(CLOSED) from None
        finally:
            # Has no effect on a finished future.
            future.cancel()

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        if not self.is_of_this_process:
            raise EventLoopError(FORKED)
        self.check_not_here()
        # The loop also ends coroutines that were submitted before its end.
        with self._ending:
            if self._ended:
                raise ConnectionError(CLOSED)
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """Ends the loop, and all tasks in it."""
        with self._ending:
            if not self._ended:
                self._ended = True
                self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
