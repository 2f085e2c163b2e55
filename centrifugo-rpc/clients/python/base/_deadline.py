"""How long a call may take, for its worker and for its caller."""

from __future__ import annotations

import asyncio
import math
from typing import Any

MAX_TIMEOUT = 24 * 3600.0
# How much longer than the worker a caller waits, so that the worker's own 408 can
# arrive: a tenth of the timeout, but at least the round trip of a slow network.
MIN_GRACE = 0.25
MAX_GRACE = 1.0


def check_duration(seconds: Any, name: str) -> float:
    """A number of seconds, which may be infinite."""
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not seconds > 0:
        raise ValueError(
            f"`{name}` is {seconds!r}: it must be a number of seconds greater than 0"
        )
    try:
        return float(seconds)
    except OverflowError:
        return math.inf


def check_timeout(timeout: Any, name: str = "timeout") -> float:
    """The timeout in seconds, at most a day."""
    return min(check_duration(timeout, name), MAX_TIMEOUT)


class Deadline:
    """The end of the time of a call, for its worker and for its caller."""

    def __init__(self, timeout: float) -> None:
        self.timeout = check_timeout(timeout)
        self.at = asyncio.get_running_loop().time() + self.timeout
        self.give_up = self.at + min(max(self.timeout / 10, MIN_GRACE), MAX_GRACE)

    def remaining(self) -> float:
        """The time left for the worker, in seconds."""
        return max(self.at - asyncio.get_running_loop().time(), 0.0)

    def remaining_ms(self) -> int:
        """The time left for the worker, in whole milliseconds, at least one."""
        return max(math.ceil(self.remaining() * 1000), 1)

    def until_give_up(self) -> float:
        """The time left for the caller, in seconds."""
        return max(self.give_up - asyncio.get_running_loop().time(), 0.0)
