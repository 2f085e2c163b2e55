"""Tasks that run beside their callers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Tasks:
    """Tasks that are not cancelled with their callers, and that `wait` waits for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """The tasks that have not ended."""
        return frozenset(self._tasks)

    def spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Starts a task."""
        task = asyncio.create_task(coroutine)
        # The event loop itself holds its tasks only weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait(self, timeout: float | None = None) -> None:
        """Waits until all tasks have ended, also those that others start meanwhile, but
        no longer than `timeout`.
        """
        clock = asyncio.get_running_loop()
        deadline = None if timeout is None else clock.time() + timeout
        while self._tasks:
            left = None if deadline is None else deadline - clock.time()
            if left is not None and left <= 0:
                return
            await asyncio.wait(self._tasks, timeout=left)
