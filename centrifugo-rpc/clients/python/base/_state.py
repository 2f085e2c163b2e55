"""The state of a client."""

from __future__ import annotations

import asyncio

from ._errors import ConnectionError, again

A_DAY = 24 * 3600.0
# In the order of arrival.
Waiting = dict[asyncio.Future[None], None]


class State:
    """Whether requests can go out, and whether the client has ended. All methods return
    at once, except `ready` and `end_of_all`, which wait.
    """

    def __init__(self) -> None:
        # Whether the reply channel is subscribed.
        self.is_ready = False
        self.trouble: ConnectionError | None = None
        self.ended: ConnectionError | None = None
        self._waiting: Waiting = {}
        self._waiting_for_end: Waiting = {}

    async def ready(self, timeout: float) -> bool:
        """Waits until requests can go out. Returns False if they cannot after
        `timeout`; raises if they never will.
        """
        clock = asyncio.get_running_loop()
        deadline = clock.time() + timeout
        while self.ended is None and not self.is_ready and clock.time() < deadline:
            # Not every event loop accepts infinity.
            await _wait_in(self._waiting, min(deadline - clock.time(), A_DAY))
        self.check_not_ended()
        return self.is_ready

    async def end_of_all(self) -> ConnectionError:
        """Waits until the client has ended permanently."""
        while self.ended is None:
            await _wait_in(self._waiting_for_end, None)
        return self.ended

    def check_not_ended(self) -> None:
        """Raises if the client has ended: there will be no connection."""
        if self.ended is not None:
            raise again(self.ended)

    def set_ready(self) -> None:
        """Requests can go out, unless the client has ended."""
        if self.ended is None:
            self.is_ready = True
            self.trouble = None
            _wake(self._waiting)

    def set_interrupted(self) -> None:
        """Requests cannot go out for now."""
        self.is_ready = False

    def end(self, error: ConnectionError) -> ConnectionError:
        """Ends the client. Returns the reason, which is that of the first call."""
        if self.ended is None:
            self.ended = error
            self.is_ready = False
        _wake(self._waiting)
        _wake(self._waiting_for_end)
        return self.ended


async def _wait_in(waiting: Waiting, timeout: float | None) -> None:
    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting[waiter] = None
    try:
        # Unlike `wait_for` it neither raises nor swallows a cancellation that arrives
        # together with the result.
        await asyncio.wait((waiter,), timeout=timeout)
    finally:
        del waiting[waiter]


def _wake(waiting: Waiting) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_result(None)
