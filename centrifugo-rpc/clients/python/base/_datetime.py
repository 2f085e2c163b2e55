"""Dates and times as on the wire: to the nanosecond, with leap seconds, and in years
that Python's own types do not support.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any, NoReturn, cast

from typing_extensions import Self

_YEAR = r"([+-]\d{4,9}|\d{4})"
_DATE = re.compile(_YEAR + r"-(\d\d)-(\d\d)", re.ASCII)
_RFC3339 = re.compile(
    _YEAR + r"-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The calendar repeats after this number of years, and of days.
_CYCLE, _CYCLE_DAYS = 400, 146097


class NanoDateTime(datetime):
    """A `datetime` with nanoseconds, or in a leap second. Reading, writing and
    comparing keep both; arithmetic drops them.
    """

    nanosecond: int = 0
    """The nanoseconds beyond `microsecond`: 0 to 999."""
    is_leap_second: bool = False
    """Whether the second is 60, which Python does not support; `second` is 59."""

    @classmethod
    def of(
        cls, moment: datetime, nanosecond: int, *, is_leap_second: bool = False
    ) -> NanoDateTime:
        """The moment plus nanoseconds; with `is_leap_second`, one second later."""
        if not 0 <= nanosecond <= 999:
            raise ValueError(
                f"{nanosecond} is not a number of nanoseconds from 0 to 999"
            )
        self = cls.combine(moment.date(), moment.timetz())
        self.nanosecond = nanosecond
        self.is_leap_second = is_leap_second
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, datetime):
            return False
        if (self.utcoffset() is None) != (other.utcoffset() is None):
            return False
        return _instant(self) == _instant(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return datetime.__hash__(self)

    def __lt__(self, other: Any) -> bool:
        return _instant(self) < _instant(other)

    def __le__(self, other: Any) -> bool:
        return _instant(self) <= _instant(other)

    def __gt__(self, other: Any) -> bool:
        return _instant(self) > _instant(other)

    def __ge__(self, other: Any) -> bool:
        return _instant(self) >= _instant(other)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        moment = datetime.combine(self.date(), self.timetz())
        return _nano, (moment, self.nanosecond, self.is_leap_second)

    def __repr__(self) -> str:
        return f"NanoDateTime({to_rfc3339(self)!r})"


def _nano(moment: datetime, nanosecond: int, is_leap_second: bool) -> NanoDateTime:
    return NanoDateTime.of(moment, nanosecond, is_leap_second=is_leap_second)


def _beyond(self: date, *_: Any, **__: Any) -> NoReturn:
    raise OverflowError(
        f"Python cannot compute with {self.isoformat()}: its years are 1 to 9999; "
        "`year`, `month`, `day` and comparisons work"
    )


# Typed as `Any`, to replace methods of different types.
_BEYOND: Any = _beyond


class FarDate(date):
    """A `date` in a year that Python does not support. It is kept as it was read, and
    can be compared. Arithmetic raises `OverflowError`.
    """

    _year: int
    _text: str

    def __new__(cls, year: int, month: int, day: int, *, text: str = "") -> Self:
        """The date, in a year outside of 1 to 9999; `text` is the text as read."""
        self = super().__new__(cls, _like(year), month, day)
        self._year = year
        self._text = text or f"{_written(year)}-{month:02}-{day:02}"
        return self

    @property
    def year(self) -> int:
        """The year, of which those before 1 are zero and negative."""
        return self._year

    def isoformat(self) -> str:
        """The text as it was read, or in the form of ISO 8601."""
        return self._text

    def __str__(self) -> str:
        return self._text

    def __format__(self, spec: str, /) -> str:
        return _beyond(self) if spec else self._text

    def __repr__(self) -> str:
        return f"FarDate({self._year}, {self.month}, {self.day})"

    def __eq__(self, other: object) -> bool:
        is_date = isinstance(other, date) and not isinstance(other, datetime)
        return is_date and _parts(self) == _parts(cast(date, other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(_parts(self))

    def __lt__(self, other: date) -> bool:
        return _parts(self) < _parts(other)

    def __le__(self, other: date) -> bool:
        return _parts(self) <= _parts(other)

    def __gt__(self, other: date) -> bool:
        return _parts(self) > _parts(other)

    def __ge__(self, other: date) -> bool:
        return _parts(self) >= _parts(other)

    def __reduce__(self) -> tuple[Any, ...]:
        return from_iso_date, (self._text,)

    __add__ = __radd__ = __sub__ = __rsub__ = _BEYOND
    ctime = replace = strftime = timetuple = toordinal = _BEYOND
    isocalendar = _BEYOND


class FarDateTime(NanoDateTime):
    """A `datetime` in a year that Python does not support. It is kept as it was read,
    and can be compared. Arithmetic raises `OverflowError`.
    """

    _year: int
    _text: str

    def __new__(
        cls,
        year: int,
        month: int,
        day: int,
        hour: int = 0,
        minute: int = 0,
        second: int = 0,
        microsecond: int = 0,
        tzinfo: Any = None,
        *,
        fold: int = 0,
        text: str = "",
    ) -> Self:
        """The moment, in a year outside of 1 to 9999; `text` is the text as read."""
        self = super().__new__(
            cls,
            _like(year),
            month,
            day,
            hour,
            minute,
            second,
            microsecond,
            tzinfo,
            fold=fold,
        )
        self._year = year
        alike = datetime.isoformat(self)
        self._text = text or _written(year) + alike[4:]
        return self

    @property
    def year(self) -> int:
        """The year, of which those before 1 are zero and negative."""
        return self._year

    def date(self) -> FarDate:
        """Its date."""
        return FarDate(self._year, self.month, self.day)

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """The text as it was read, or in the form of RFC 3339."""
        return self._text

    def __str__(self) -> str:
        return self._text

    def __format__(self, spec: str, /) -> str:
        return _beyond(self) if spec else self._text

    def __repr__(self) -> str:
        return f"FarDateTime({self._text!r})"

    def __hash__(self) -> int:
        return hash(_instant(self))

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self.utcoffset() is None:
            _beyond(self)
        return from_rfc3339, (self._text,)

    __add__ = __radd__ = __sub__ = __rsub__ = _BEYOND
    astimezone = ctime = replace = strftime = timestamp = timetuple = _BEYOND
    isocalendar = of = toordinal = utctimetuple = _BEYOND


def _like(year: int) -> int:
    """A year with the same calendar that Python supports."""
    if 1 <= year <= 9999:
        raise ValueError(
            f"{year} is a year that Python's own `date` and `datetime` have"
        )
    return 2000 + year % _CYCLE


def _written(year: int) -> str:
    return "0000" if year == 0 else f"{year:+07}"


def _parts(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _instant(moment: datetime) -> tuple[int, int]:
    """Seconds and nanoseconds since 1970. A leap second has a billion nanoseconds and
    more, so that it sorts behind all of the second 59 and before the next minute.
    """
    epoch = _EPOCH if moment.utcoffset() is not None else _EPOCH.replace(tzinfo=None)
    since = datetime.__sub__(moment, epoch)
    days = since.days
    if isinstance(moment, FarDateTime):
        cycles = (moment.year - _like(moment.year)) // _CYCLE
        days += cycles * _CYCLE_DAYS
    nanoseconds = since.microseconds * 1000
    if isinstance(moment, NanoDateTime):
        nanoseconds += moment.nanosecond + 10**9 * moment.is_leap_second
    return days * 86400 + since.seconds, nanoseconds


def from_iso_date(text: str) -> date:
    """A `date`, or a `FarDate` if Python does not support the year."""
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ValueError("not a date of ISO 8601")
    year, month, day = map(int, parts.groups())
    if 1 <= year <= 9999:
        return date(year, month, day)
    return FarDate(year, month, day, text=text)


def from_rfc3339(text: str) -> datetime:
    """A `datetime`; a `NanoDateTime` if it has nanoseconds or is a leap second, a
    `FarDateTime` if Python does not support the year.
    """
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError("not a date and time of RFC 3339, with at most nanoseconds")
    year, month, day, hour, minute, second = map(int, parts.groups()[:6])
    fraction = (parts[7] or "").ljust(9, "0")
    microsecond, nanosecond = int(fraction[:6]), int(fraction[6:])
    zone = _zone(parts[8], parts[9], parts[10])
    is_leap_second = second == 60
    whole = 59 if is_leap_second else second
    # Both refuse values that are not in the calendar.
    if not 1 <= year <= 9999:
        far = FarDateTime(
            year, month, day, hour, minute, whole, microsecond, zone, text=text
        )
        far.nanosecond, far.is_leap_second = nanosecond, is_leap_second
        return far
    moment = datetime(year, month, day, hour, minute, whole, microsecond, zone)
    if nanosecond or is_leap_second:
        return _nano(moment, nanosecond, is_leap_second)
    return moment


def _zone(sign: str | None, hours: str, minutes: str) -> timezone:
    if sign is None:
        return timezone.utc
    if int(minutes) > 59:
        raise ValueError("an hour has 60 minutes")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(offset if sign == "+" else -offset)


def to_rfc3339(moment: datetime) -> str:
    """The moment in RFC 3339, with as many digits as it has."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("the time has no time zone")
    if isinstance(moment, FarDateTime):
        return moment.isoformat()
    nanosecond, is_leap_second = 0, False
    if isinstance(moment, NanoDateTime):
        nanosecond, is_leap_second = moment.nanosecond, moment.is_leap_second
    if offset % timedelta(minutes=1):
        moment = moment.astimezone(timezone.utc)
    text = moment.isoformat(timespec="microseconds" if nanosecond else "auto")
    if nanosecond:
        text = f"{text[:26]}{nanosecond:03}{text[26:]}"
    return f"{text[:17]}60{text[19:]}" if is_leap_second else text
