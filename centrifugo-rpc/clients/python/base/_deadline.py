"""How long a call may take, for its worker and for its caller."""

from __future__ import annotations

import asyncio
import math

MAX_TIMEOUT = 24 * 3600.0
# How much longer than the worker a caller waits, for the worker's own word on the
# deadline: a tenth of the timeout, but at least a slow network's round trip.
MIN_GRACE = 0.25
MAX_GRACE = 1.0


def check_timeout(timeout: float, name: str = "timeout") -> float:
    """The timeout in seconds, at most a day."""
    if not timeout > 0:
        raise ValueError(
            f"`{name}` is {timeout!r}: it must be a number of seconds greater than 0"
        )
    return min(float(timeout), MAX_TIMEOUT)


class Deadline:
    """Until when a call may run, and how long its caller waits for the last word."""

    def __init__(self, timeout: float) -> None:
        self.timeout = check_timeout(timeout)
        self.at = asyncio.get_running_loop().time() + self.timeout
        self.give_up = self.at + min(max(self.timeout / 10, MIN_GRACE), MAX_GRACE)

    def remaining(self) -> float:
        """What is left for the worker, in seconds."""
        return max(self.at - asyncio.get_running_loop().time(), 0.0)

    def remaining_ms(self) -> int:
        """What is left for the worker, in whole milliseconds, at least one."""
        return max(math.ceil(self.remaining() * 1000), 1)

    def until_give_up(self) -> float:
        """What is left for the caller, in seconds."""
        return max(self.give_up - asyncio.get_running_loop().time(), 0.0)
