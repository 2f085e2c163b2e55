"""Models as the generator writes them, and their JSON."""

from __future__ import annotations

import copy
import json
import pickle
import typing
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from typing_extensions import TypeAliasType

from base import NanoDateTime, read_json, to_json
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


class Filter(m.FlatModel, flattened={"variant": ("Circle", "Polygon")}, rest="rest"):
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

CIRCLE = '{"Circle":{"center":{"x":1,"y":2},"radius":1.0}}'


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
        "2024-01-01T00:00:60Z",
        "2024-01-01T00:00:00.1234567890Z",
        "12024-01-01T00:00:00Z",
    ):
        with pytest.raises(ValueError, match=r".+"):
            from_rfc3339(text)
    with pytest.raises(ValueError, match="999"):
        NanoDateTime.of(moment, 1000)


def test_decimals_are_exact() -> None:
    value = read_json(m.Dec, '"79228162514264337593543950335"')
    assert value == Decimal(79228162514264337593543950335)
    assert to_json(m.Dec, Decimal("1E+3")) == b'"1000"'
    assert json.loads(to_json(m.Dec, Decimal("0.10"))) == "0.10"
