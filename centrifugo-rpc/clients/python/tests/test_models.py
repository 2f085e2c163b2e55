"""Models as the generator writes them, and their JSON."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import types
import typing
from collections import deque
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest
from typing_extensions import TypeAliasType

from base import (
    FarDate,
    FarDateTime,
    NanoDateTime,
    as_params,
    read_json,
    to_json,
)
from base import _model as m
from base._datetime import from_rfc3339, to_rfc3339

Json = TypeAliasType(
    "Json",
    typing.Annotated["m.I64 | list[Json] | dict[str, Json] | None", m.UNTAGGED],
)


class Point(m.Model):
    x: m.I32
    y: m.I32


class ShapeCircle(m.Model, tag="Circle"):
    center: Point
    radius: m.Float


class ShapePolygon(m.Newtype, tag="Polygon"):
    value: list[Point]


class EventCreated(m.Model, tag="Created", tag_field="type"):
    type: typing.Literal["Created"] = "Created"


class EventMoved(Point, tag="Moved", tag_field="type"):
    type: typing.Literal["Moved"] = "Moved"


class Filter(
    m.FlatModel,
    flattened={"variant": ("Circle", "Polygon")},
    rest="rest",
    renamed={"class_": "class"},
):
    limit: m.MayBeAbsent[m.U32] = None
    class_: typing.Annotated[str | None, m.wire("class")] = None
    variant: m.FlattenedOrNone[Shape] = None
    rest: dict[str, m.Float] = m.EMPTY


class Closed(m.FlatModel, denies_unknown=True):
    x: m.U8


Shape: typing.TypeAlias = typing.Annotated[
    typing.Literal["Empty", "Nowhere"] | ShapeCircle | ShapePolygon, m.External()
]
Event: typing.TypeAlias = typing.Annotated[
    EventCreated | EventMoved, m.Internal("type")
]
Either: typing.TypeAlias = typing.Annotated[
    m.U8 | m.I64 | str | Point | None, m.UNTAGGED
]


class Zone(m.Model):
    z: m.I32


class Color(m.StrEnum):
    RED = "red"


class Everything(m.Model):
    items: list[m.U8]
    texts: list[str] = m.EMPTY
    by_name: dict[str, m.U8] = m.EMPTY
    pair: tuple[m.U8, str] = (1, "")
    share: m.Float = 1.0
    number: m.Number = 1
    id: m.Uuid = UUID(int=0)
    price: m.Dec = Decimal(1)
    zone: Zone | None = None
    anything: m.AnyJson = None
    nested: Json = None


OneOrMany: typing.TypeAlias = typing.Annotated[list[m.AnyJson] | Zone, m.UNTAGGED]
AnyFirst: typing.TypeAlias = typing.Annotated[
    m.AnyJson | m.DateTime | Shape | Zone, m.UNTAGGED
]
Lists: typing.TypeAlias = typing.Annotated[
    list[m.I64] | list[m.Bool] | tuple[m.Float, str] | list[Zone], m.UNTAGGED
]
Texts: typing.TypeAlias = typing.Annotated[
    m.DateTime | m.Uuid | m.Dec | Color | str, m.UNTAGGED
]
Numbers: typing.TypeAlias = typing.Annotated[
    m.Dec | m.Float | m.I64 | m.Bool, m.UNTAGGED
]
Maps: typing.TypeAlias = typing.Annotated[Closed | Filter | dict[str, m.U8], m.UNTAGGED]

CIRCLE = '{"Circle":{"center":{"x":1,"y":2},"radius":1.0}}'


@pytest.fixture(autouse=True)
def nothing_leaks() -> None:
    """Nothing runs here that could, and looking for it takes longer than the tests."""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Shape, '"Empty"'),
        (Shape, CIRCLE),
        (Shape, '{"Polygon":[{"x":1,"y":2}]}'),
        (Event, '{"type":"Created"}'),
        (Event, '{"x":1,"y":2,"type":"Moved"}'),
        (Either, "null"),
        (Either, "255"),
        (Either, "-9223372036854775808"),
        (Either, '"255"'),
        (Either, '{"x":1,"y":2}'),
        (Json, '[1,{"a":[null]}]'),
        (Filter, "{}"),
        (Filter, '{"limit":1,"class":"x"}'),
        (Filter, '{"class":null}'),
        (Filter, '{"Polygon":[],"more":1.5}'),
        (Filter, '{"class_":1.5}'),
        (Closed, '{"x":255}'),
        (dict[m.SignedKey, m.U64], '{"-1":18446744073709551615}'),
        (m.U128, "340282366920938463463374607431768211455"),
        (m.Dec, '"1.10"'),
        (m.Number, "1"),
        (m.Number, "1.5"),
        (m.Char, '"🐢"'),
        (m.Uuid, '"550e8400-e29b-41d4-a716-446655440000"'),
        (m.DateTime, '"2024-01-01T00:00:00.123456789+00:00"'),
        (m.DateTime, '"2024-01-01T00:00:00.500000+02:00"'),
        (tuple[m.U8, str], '[1,"a"]'),
        (m.AnyJson, '{"a":[1,1.5,null,"x",1180591620717411303424]}'),
    ],
)
def test_values_are_written_as_they_were_read(kind: object, text: str) -> None:
    assert to_json(kind, read_json(kind, text)).decode() == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Shape, '"empty"'),
        (Shape, '{"Empty":null}'),
        (Shape, '{"Circle":1}'),
        (Shape, '{"Circle":{},"Polygon":[]}'),
        (Shape, "{}"),
        (Shape, "null"),
        (Event, '{"type":"Moved"}'),
        (Event, '{"type":1}'),
        (Event, '"Created"'),
        (Either, "1.5"),
        (Either, "9223372036854775808"),
        (Either, '{"x":1}'),
        (Json, "[1.5]"),
        (Filter, '{"limit":null}'),
        (Filter, '{"limit":true}'),
        (Filter, '{"more":"x"}'),
        (Filter, "[]"),
        (Closed, '{"x":1,"y":1}'),
        (Point, '{"x":1,"y":"2"}'),
        (Point, '{"x":1,"y":2.0}'),
        (m.Bool, "1"),
        (m.U8, "256"),
        (m.U8, "true"),
        (m.Float, "1e400"),
        (m.Float, '"1"'),
        (m.AnyJson, "[1e400]"),
        (m.Char, '"ab"'),
        (m.Dec, '"1.1.1"'),
        (m.Dec, '"NaN"'),
        (m.Uuid, '"x"'),
        (m.DateTime, '"2024-01-01T00:00:00"'),
        (m.DateTime, '"2024-02-30T00:00:00Z"'),
        (m.DateTime, '"2024-01-01"'),
        (m.DateTime, "0"),
        (dict[m.UnsignedKey, str], '{"-1":""}'),
        (dict[m.SignedKey, str], '{" 1":""}'),
        (dict[m.SignedKey, str], '{"1.0":""}'),
        (tuple[m.U8, str], "[1]"),
        (tuple[()], "[1]"),
        (m.Never, "null"),
        (str, "not JSON"),
    ],
)
def test_what_is_no_value_is_refused(kind: object, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(kind, text)


def test_unknown_members_are_ignored_on_the_wire_and_refused_in_the_program() -> None:
    assert read_json(Point, '{"x":1,"y":2,"z":3}') == Point(x=1, y=2)
    with pytest.raises(ValueError, match="z"):
        Point(x=1, y=2, z=3)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def test_absent_is_not_null() -> None:
    assert to_json(Filter, Filter()) == b"{}"
    assert to_json(Filter, Filter(limit=None)) == b"{}"
    assert to_json(Filter, Filter(class_=None)) == b'{"class":null}'


def test_variants_are_made_without_their_tags() -> None:
    assert to_json(Event, EventMoved(x=1, y=2)) == b'{"x":1,"y":2,"type":"Moved"}'
    assert to_json(Shape, ShapePolygon(value=[])) == b'{"Polygon":[]}'
    assert to_json(Point, Point(x=1, y=2)) == b'{"x":1,"y":2}'


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Point, 5),
        (m.U8, 256),
        (list[m.U8], [1, 2.5]),
        (m.Float, float("nan")),
        (m.F32, float("nan")),
        (m.F32, 3.4028235677973366e38),
        (list[m.F32], [0.5, -1e39]),
        (m.F32, 10**400),
        (m.AnyJson, {"a": float("inf")}),
        (m.AnyJson, object()),
        (str, "\ud800"),
        (Point, Point.model_construct(x="1", y=2)),
        (m.DateTime, datetime(2024, 1, 1)),
        (m.Dec, 1.5),
    ],
)
def test_values_of_other_types_are_not_written(kind: object, value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_json(kind, value)


ZONE = Zone(z=1)
LATER = datetime(2024, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        # Pydantic would iterate the model, and write `[["z",1]]`.
        (OneOrMany, ZONE, '{"z":1}'),
        (OneOrMany, [ZONE], '[{"z":1}]'),
        (AnyFirst, ZONE, '{"z":1}'),
        (AnyFirst, ShapePolygon(value=[]), '{"Polygon":[]}'),
        (AnyFirst, LATER, '"2024-01-01T00:00:00+00:00"'),
        (Lists, [True], "[true]"),
        (Lists, (1, "a"), '[1.0,"a"]'),
        (Lists, [ZONE], '[{"z":1}]'),
        # Text stays as it is where a union has text, though others could read it.
        (Texts, "2024-01-01 00:00:00z", '"2024-01-01 00:00:00z"'),
        (Texts, "1e3", '"1e3"'),
        (Texts, "00000000000000000000000000000000", f'"{"0" * 32}"'),
        (Texts, "red", '"red"'),
        (Texts, LATER, '"2024-01-01T00:00:00+00:00"'),
        (Texts, Decimal("1e3"), '"1000"'),
        (Texts, Color.RED, '"red"'),
        (Numbers, 5, "5"),
        (Numbers, 1.5, "1.5"),
        (Numbers, True, "true"),
        (Numbers, Decimal("1.5"), '"1.5"'),
        (Maps, {"class_": 1}, '{"class_":1}'),
        (Maps, Closed(x=1), '{"x":1}'),
        (Maps, Filter(class_="a"), '{"class":"a"}'),
        (
            m.AnyJson,
            [ZONE, Color.RED, {"a": (1, None)}],
            '[{"z":1},"red",{"a":[1,null]}]',
        ),
        (tuple[m.U8, m.U8], [1, 2], "[1,2]"),
        (m.Uuid, "00000000000000000000000000000000", f'"{UUID(int=0)}"'),
        (m.Float, 5, "5.0"),
        (m.F32, 5, "5.0"),
        (m.F32, 3.4028235e38, "3.4028235e+38"),
        (list[Color], ["red"], '["red"]'),
        (list[Zone], [{"z": 1}], '[{"z":1}]'),
    ],
)
def test_values_are_written_as_what_they_are(
    kind: object, value: object, text: str
) -> None:
    assert to_json(kind, value).decode() == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            (kind, value)
            for kind in (list[m.AnyJson], list[m.U8], Json)
            for value in (
                {1, 2},
                frozenset((1,)),
                deque((1,)),
                iter((1,)),
                {1: 2}.keys(),
            )
        ),
        (list[m.AnyJson], ZONE),
        (list[m.U8], (1, 2)),
        (list[m.U8], b"12"),
        (list[m.U8], range(2)),
        (tuple[m.U8, m.U8], {1, 2}),
        (tuple[m.AnyJson], ZONE),
        (OneOrMany, {1}),
        (str, b"x"),
        (str, bytearray(b"x")),
        (str, 1),
        (m.Char, b"x"),
        (m.Uuid, bytes(16)),
        (m.Uuid, b"00000000-0000-0000-0000-000000000000"),
        (m.DateTime, b"2024-01-01T00:00:00Z"),
        (m.DateTime, 0),
        (m.DateTime, LATER.date()),
        (m.Dec, (0, (1,), 0)),
        (m.Dec, b"1"),
        (m.Dec, True),
        (m.Bool, 1),
        (m.Bool, "true"),
        (m.U8, True),
        (m.U8, 1.0),
        (m.U8, "1"),
        (m.U8, Decimal(1)),
        (m.Float, True),
        (m.Float, "1"),
        (m.Number, True),
        (Color, "green"),
        (dict[str, m.U8], {b"x": 1}),
        (dict[str, m.U8], {1: 1}),
        (dict[str, m.U8], [("x", 1)]),
        (dict[str, m.U8], types.MappingProxyType({"x": 1})),
        (dict[m.SignedKey, m.U8], {True: 1}),
        (dict[m.SignedKey, m.U8], {1.0: 1}),
        (m.AnyJson, {1: 1}),
        (m.AnyJson, {None: 1}),
        (m.AnyJson, b"x"),
        (m.AnyJson, [{1}]),
        (m.AnyJson, LATER),
        (m.AnyJson, Decimal(1)),
        (m.AnyJson, UUID(int=0)),
        # How it is tagged only its union knows.
        (m.AnyJson, [ShapePolygon(value=[])]),
        (Shape, EventCreated()),
        (Event, ZONE),
    ],
)
def test_nothing_is_made_into_something_else_to_be_written(
    kind: object, value: object
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_json(kind, value)


@pytest.mark.parametrize("item", [True, 300, 1.0, "1", None, ZONE, b"1", {1}])
def test_what_is_put_into_a_model_later_is_checked(item: Any) -> None:
    within = Everything(items=[1], anything=[Everything(items=[])])
    within.items.append(item)
    with pytest.raises(ValueError, match=r"^1\.items\.1: "):
        to_json(list[Everything], [Everything(items=[]), within])
    wrong: list[dict[str, Any]] = [
        {"items": item},
        {"items": [], "texts": [item] if item != "1" else item},
        {"items": [], "by_name": {"a": item} if item != 1 else item},
        {"items": [], "pair": item},
    ]
    for given in wrong:
        with pytest.raises(ValueError, match=r".+"):
            Everything(**given)
        with pytest.raises(ValueError, match=r".+"):
            to_json(Everything, Everything.model_construct(**given))


def test_a_value_within_itself_is_refused() -> None:
    anything: list[Any] = []
    anything.append(anything)
    with pytest.raises(ValueError, match="itself"):
        to_json(m.AnyJson, anything)


def test_no_member_is_written_over_another() -> None:
    with pytest.raises(ValueError, match="`rest` has a member `class`"):
        to_json(Filter, Filter(class_="a", rest={"class": 1.0}))


def test_fields_stay_what_they_are_when_they_are_set() -> None:
    point = Point(x=1, y=2)
    with pytest.raises(ValueError, match="y"):
        point.y = 2**31
    point.y = 3
    assert to_json(Point, point) == b'{"x":1,"y":3}'


def test_errors_name_the_place_and_not_the_value() -> None:
    with pytest.raises(ValueError, match=r"^Circle\.center\.y: Field required$"):
        read_json(Shape, '{"Circle":{"center":{"x":1},"radius":1}}')


def test_nanoseconds_are_kept_and_compared() -> None:
    text = "2024-01-01T00:00:00.123456789+00:00"
    early, late = from_rfc3339(text), from_rfc3339(text.replace("789", "790"))
    assert isinstance(early, NanoDateTime)
    assert (early.microsecond, early.nanosecond) == (123456, 789)
    assert early < late <= late
    assert late > early >= early
    assert early != late
    assert early != datetime.combine(early.date(), early.timetz())
    assert len({early, late, from_rfc3339(text)}) == 2
    for same in (copy.deepcopy(early), pickle.loads(pickle.dumps(early))):
        assert same == early
        assert to_rfc3339(same) == text
    assert repr(early) == f"NanoDateTime('{text}')"
    assert (
        to_rfc3339(early + timedelta(seconds=1)) == "2024-01-01T00:00:01.123456+00:00"
    )


def test_times_are_written_as_rfc_3339_wants_them() -> None:
    odd = timezone(timedelta(hours=1, seconds=30))
    moment = datetime(2024, 1, 1, 1, 0, 30, tzinfo=odd)
    assert to_rfc3339(moment) == "2024-01-01T00:00:00+00:00"
    assert from_rfc3339("2024-01-01 00:00:00z") == moment
    for text in (
        "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00.1234567890Z",
        "12024-01-01T00:00:00Z",
        "+12024-13-01T00:00:00Z",
        "+12023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00+00:60",
        "2024-01-01T00:00:00+24:00",
    ):
        with pytest.raises(ValueError, match=r".+"):
            from_rfc3339(text)
    with pytest.raises(ValueError, match="999"):
        NanoDateTime.of(moment, 1000)


LEAP = "2016-12-31T23:59:60.500000001+00:00"
FAR = "+262142-12-31T23:59:60.123456789+01:00"
YEAR_0 = "0000-02-29T00:00:00Z"
BEFORE = "-0001-01-01T00:00:00Z"


@pytest.mark.parametrize("text", [LEAP, FAR, YEAR_0, BEFORE, "+10000-01-01T00:00:00Z"])
def test_moments_that_python_does_not_have_are_kept(text: str) -> None:
    moment = read_json(m.DateTime, f'"{text}"')
    for same in (moment, copy.deepcopy(moment), pickle.loads(pickle.dumps(moment))):
        assert isinstance(same, datetime)
        assert to_json(m.DateTime, same).decode() == f'"{text}"'
        assert same == moment
        assert hash(same) == hash(moment)
        assert str(same.year) in repr(same) or text[:4] in repr(same)


def test_moments_that_python_does_not_have_are_in_order() -> None:
    texts = [
        BEFORE,
        YEAR_0,
        "0001-01-01T00:00:00Z",
        "2016-12-31T23:59:59.999999999Z",
        "2016-12-31T23:59:60Z",
        LEAP,
        "2017-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "+10000-01-01T00:00:00Z",
        "+12345-01-01T00:00:00.000000001Z",
        FAR,
    ]
    moments = [from_rfc3339(text) for text in texts]
    backwards = moments[::-1]
    assert sorted(backwards) == moments
    assert all(a < b and b > a and a != b for a, b in itertools.pairwise(moments))
    far = from_rfc3339("+10000-01-01T00:00:00+01:00")
    same = datetime(9999, 12, 31, 23, tzinfo=timezone.utc)
    assert far == same
    assert same == far


def test_a_year_that_python_does_not_have_allows_no_arithmetic() -> None:
    day = timedelta(days=1)
    far = FarDateTime(12345, 2, 28, 1, tzinfo=timezone.utc)
    assert (far.year, far.month, far.day, far.hour) == (12345, 2, 28, 1)
    assert far.date() == FarDate(12345, 2, 28)
    assert to_json(m.DateTime, far) == b'"+012345-02-28T01:00:00+00:00"'
    beyond: list[Callable[[], Any]] = [
        lambda: far + day,
        lambda: cast(Any, far) - LATER,
        lambda: LATER - far,
        far.timestamp,
        lambda: far.astimezone(timezone.utc),
        lambda: f"{far:%Y}",
        lambda: FarDate(0, 1, 1) + day,
        lambda: date(1, 1, 1) - FarDate(0, 1, 1),
    ]
    for compute in beyond:
        with pytest.raises(OverflowError, match="years are 1 to 9999"):
            compute()
    for own in (lambda: FarDate(2024, 1, 1), lambda: FarDateTime(1, 1, 1)):
        with pytest.raises(ValueError, match="Python's own"):
            own()


def test_dates_are_dates() -> None:
    texts = ["-262143-01-01", "-0001-12-31", "0000-02-29", "0001-01-01", "9999-12-31"]
    dates = [read_json(m.Date, f'"{text}"') for text in [*texts, "+10000-01-01"]]
    assert [to_json(m.Date, day).decode() for day in dates] == [
        f'"{text}"' for text in [*texts, "+10000-01-01"]
    ]
    backwards = dates[::-1]
    assert sorted(backwards) == dates
    assert dates[3] == date(1, 1, 1)
    for day in dates:
        assert pickle.loads(pickle.dumps(day)) == copy.copy(day) == day
        assert hash(copy.deepcopy(day)) == hash(day)
    assert to_json(m.Date, date(2024, 2, 29)) == b'"2024-02-29"'
    assert to_json(m.Date, "2024-02-29") == b'"2024-02-29"'
    for wrong in ("2023-02-29", "+12023-02-29", "2024-2-9", "today", LATER, 20240229):
        with pytest.raises(ValueError, match="date"):
            to_json(m.Date, wrong)


def test_decimals_are_exact() -> None:
    value = read_json(m.Dec, '"79228162514264337593543950335"')
    assert value == Decimal(79228162514264337593543950335)
    assert to_json(m.Dec, Decimal("1E+3")) == b'"1000"'
    assert json.loads(to_json(m.Dec, Decimal("0.10"))) == "0.10"


class Sent(m.Model, tag="Sent"):
    id: m.U64
    inner: Sent | None = None


class Answer(m.FlatModel, flattened={"variant": ("Circle",)}, rest="rest"):
    class_: typing.Annotated[str, m.wire("class")]
    only_answered: m.U8
    sent: list[Union]
    variant: m.FlattenedOrNone[Shape] = None
    rest: dict[str, m.Float] = m.EMPTY


class SentInput(m.Input, tag="Sent", received="Sent"):
    id: m.MayBeAbsent[m.U64] = None
    inner: SentInput | None = None


class AnswerInput(
    m.FlatInput,
    flattened={"variant": ("Circle",)},
    rest="rest",
    renamed={"class_": "class"},
    received="Answer",
):
    class_: typing.Annotated[str | None, m.wire("class")] = None
    sent: list[UnionInput]
    variant: m.FlattenedOrNone[Shape] = None
    rest: dict[str, m.Float] = m.EMPTY


class ManySent(m.Newtype, tag="Many"):
    value: list[Sent]


class ManySentInput(m.NewtypeInput, tag="Many", received="ManySent"):
    value: list[SentInput]


Union: typing.TypeAlias = typing.Annotated[Sent | ManySent, m.External()]
UnionInput: typing.TypeAlias = typing.Annotated[SentInput | ManySentInput, m.External()]


def test_what_was_received_can_be_sent() -> None:
    sent = Sent(id=1, inner=Sent(id=2))
    answer = Answer(
        class_="a",
        only_answered=1,
        sent=[sent, ManySent(value=[sent])],
        variant=ShapeCircle(center=Point(x=1, y=2), radius=1.0),
        rest={"more": 1.5},
    )
    text = (
        '{"class":"a","sent":[{"Sent":{"id":1,"inner":{"id":2}}},'
        '{"Many":[{"id":1,"inner":{"id":2}}]}],'
        '"Circle":{"center":{"x":1,"y":2},"radius":1.0},"more":1.5}'
    )
    assert to_json(AnswerInput, answer).decode() == text
    params = as_params(AnswerInput, answer)
    assert isinstance(params, AnswerInput)
    assert isinstance(params.sent[0], SentInput)
    assert to_json(AnswerInput, params).decode() == text
    assert to_json(list[SentInput], [sent]) == b'[{"id":1,"inner":{"id":2}}]'
    for other in (Point(x=1, y=2), Zone(z=1)):
        with pytest.raises(ValueError, match="SentInput"):
            as_params(SentInput, other)
