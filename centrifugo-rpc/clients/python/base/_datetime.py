"""Points in time to the nanosecond, which Python's own do not have."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, cast

from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


class NanoDateTime(datetime):
    """A `datetime` with nanoseconds. They are kept where it is read and written again,
    and compared; arithmetic drops them.
    """

    nanosecond: int = 0
    """What is beyond `microsecond`: 0 to 999."""

    @classmethod
    def of(cls, moment: datetime, nanosecond: int) -> NanoDateTime:
        """The moment, and so many nanoseconds later."""
        if not 0 <= nanosecond <= 999:
            raise ValueError(
                f"{nanosecond} is not a number of nanoseconds from 0 to 999"
            )
        self = cls.combine(moment.date(), moment.timetz())
        self.nanosecond = nanosecond
        return self

    def _compare(self, other: Any) -> int:
        difference = datetime.__sub__(self, cast(datetime, other))
        if difference == timedelta(0):
            return self.nanosecond - getattr(other, "nanosecond", 0)
        return 1 if difference > timedelta(0) else -1

    def __eq__(self, other: object) -> bool:
        if not datetime.__eq__(self, other):
            return False
        return self.nanosecond == getattr(other, "nanosecond", 0)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return datetime.__hash__(self)

    def __lt__(self, other: Any) -> bool:
        return self._compare(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._compare(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._compare(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._compare(other) >= 0

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        moment = datetime.combine(self.date(), self.timetz())
        return NanoDateTime.of, (moment, self.nanosecond)

    def __repr__(self) -> str:
        return f"NanoDateTime({to_rfc3339(self)!r})"


def from_rfc3339(text: str) -> datetime:
    """A `datetime`, or a `NanoDateTime` where it has nanoseconds."""
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError("not a date and time of RFC 3339, with at most nanoseconds")
    date, time, fraction, offset = parts.groups()
    fraction = (fraction or "").ljust(9, "0")
    offset = "+00:00" if offset in "Zz" else offset
    # Refuses what Python has no moment for, like leap seconds.
    moment = datetime.fromisoformat(f"{date}T{time}.{fraction[:6]}{offset}")
    nanosecond = int(fraction[6:])
    return NanoDateTime.of(moment, nanosecond) if nanosecond else moment


def to_rfc3339(moment: datetime) -> str:
    """With as many digits as it has."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("the time has no time zone")
    if offset % timedelta(minutes=1):
        nanosecond = getattr(moment, "nanosecond", 0)
        moment = NanoDateTime.of(moment.astimezone(timezone.utc), nanosecond)
    nanosecond = getattr(moment, "nanosecond", 0)
    if not nanosecond:
        return moment.isoformat()
    text = moment.isoformat(timespec="microseconds")
    return f"{text[:26]}{nanosecond:03}{text[26:]}"


def _validate(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            return from_rfc3339(value)
        except ValueError as error:
            raise PydanticCustomError(
                "datetime",
                "Input should be a date and time: {why}",
                {"why": str(error)},
            ) from None
    if not isinstance(value, datetime):
        raise PydanticCustomError("datetime", "Input should be a date and time")
    if value.utcoffset() is None:
        raise PydanticCustomError("datetime", "Input should have a time zone")
    return value


Timestamp = Annotated[
    datetime, PlainValidator(_validate), PlainSerializer(to_rfc3339, return_type=str)
]
