"""The types of the wire that differ from Python's."""

from __future__ import annotations

import enum
import math
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn, TypeVar, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WrapValidator,
)
from pydantic.fields import FieldInfo
from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    PydanticSerializationUnexpectedValue,
    core_schema,
)

from ._datetime import from_iso_date, from_rfc3339, to_rfc3339
from ._unions import has_outer_tag, is_wire

if sys.version_info >= (3, 11):
    StrEnum = enum.StrEnum
else:

    class StrEnum(str, enum.Enum):
        """An enum whose members are strings."""

        __str__ = str.__str__


class IntEnum(enum.IntEnum):
    """An enum whose members are integers, not floats, strings or booleans."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_whole, handler(source))


def _whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return cast(Any, value)


T = TypeVar("T")


def between(lowest: int, highest: int) -> FieldInfo:
    """An integer within these bounds, not a float, a string or a boolean."""
    return cast(FieldInfo, Field(strict=True, ge=lowest, le=highest))


def wire(name: str) -> FieldInfo:
    """A field whose name on the wire is not valid in Python."""
    return cast(FieldInfo, Field(validation_alias=name, serialization_alias=name))


def length(count: int) -> FieldInfo:
    """A list of exactly this many items."""
    return cast(FieldInfo, Field(min_length=count, max_length=count))


Bool = Annotated[bool, Field(strict=True)]
I8 = Annotated[int, between(-(2**7), 2**7 - 1)]
I16 = Annotated[int, between(-(2**15), 2**15 - 1)]
I32 = Annotated[int, between(-(2**31), 2**31 - 1)]
I64 = Annotated[int, between(-(2**63), 2**63 - 1)]
I128 = Annotated[int, between(-(2**127), 2**127 - 1)]
U8 = Annotated[int, between(0, 2**8 - 1)]
U16 = Annotated[int, between(0, 2**16 - 1)]
U32 = Annotated[int, between(0, 2**32 - 1)]
U64 = Annotated[int, between(0, 2**64 - 1)]
U128 = Annotated[int, between(0, 2**128 - 1)]
Float = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# Inside tagged, untagged and flattened types serde reads numbers outside of these
# bounds as infinity.
F32 = Annotated[
    float,
    Field(
        strict=True,
        allow_inf_nan=False,
        gt=-float(2**128 - 2**103),
        lt=float(2**128 - 2**103),
    ),
]
Number = Annotated[
    Annotated[int, Field(strict=True)] | Float,
    Field(union_mode="left_to_right"),
]
Char = Annotated[str, Field(min_length=1, max_length=1)]
# `X | None`, for formatters that cannot break the line at `|`.
OrNone = Annotated[T | None, "or none"]
# The default of a field that was not given. Pydantic copies it for each model.
EMPTY: Any = {}


class _Moment:
    """A type that is text on the wire. Text of the program is accepted as well, except
    in a union that also has text.
    """

    def __init__(
        self, name: str, check: Callable[[Any], Any], write: Callable[[Any], str]
    ) -> None:
        self._format = name
        self._check = check
        self._write = write

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def given(value: Any) -> Any:
            if isinstance(value, str):
                raise PydanticCustomError("text", "Input should be no text")
            return self._check(value)

        return core_schema.lax_or_strict_schema(
            core_schema.no_info_plain_validator_function(self._check),
            core_schema.no_info_plain_validator_function(given),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._write, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": self._format}


def _check_datetime(value: Any) -> datetime:
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


def _write_datetime(value: Any) -> str:
    if not isinstance(value, datetime):
        raise PydanticSerializationUnexpectedValue("Expected `datetime`")
    return to_rfc3339(value)


def _check_date(value: Any) -> date:
    if isinstance(value, str):
        try:
            return from_iso_date(value)
        except ValueError as error:
            raise PydanticCustomError(
                "date", "Input should be a date: {why}", {"why": str(error)}
            ) from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError("date", "Input should be a date")
    return value


def _write_date(value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticSerializationUnexpectedValue("Expected `date`")
    return value.isoformat()


DateTime = Annotated[datetime, _Moment("date-time", _check_datetime, _write_datetime)]
Date = Annotated[date, _Moment("date", _check_date, _write_date)]


def _no_bytes(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        raise PydanticCustomError("uuid", "Input should be a UUID, not bytes")
    return value


Uuid = Annotated[UUID, BeforeValidator(_no_bytes)]


def _decimal(value: Any) -> Any:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise PydanticCustomError("decimal", "Input should be a decimal number")
    elif isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        what = {"what": type(value).__name__}
        raise PydanticCustomError(
            "decimal", "Input should be a decimal, not {what}", what
        )
    return value


def _plain_digits(value: Any) -> str:
    if not isinstance(value, Decimal):
        raise PydanticSerializationUnexpectedValue("Expected `Decimal`")
    return format(value, "f")


_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
Dec = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(_plain_digits, return_type=str),
]


def _json(value: Any) -> Any:
    """Checks for JSON values and models, without values that only resemble them."""
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite", "Input should have finite numbers only")
    if isinstance(value, (list, tuple)):
        for item in cast(Sequence[Any], value):
            _json(item)
    elif isinstance(value, dict):
        for key, item in cast(Any, value).items():
            if not isinstance(key, str):
                raise PydanticCustomError("key", "Keys should be strings")
            _json(item)
    elif not isinstance(value, (str, int, float, BaseModel)) and value is not None:
        what = {"what": type(value).__name__}
        raise PydanticCustomError("json", "Input should be JSON, not {what}", what)
    elif has_outer_tag(value):
        raise PydanticCustomError(
            "json", "Input should be JSON: of this variant only its union knows how"
        )
    return cast(Any, value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel) and not has_outer_tag(value):
        return value.model_dump(mode="json", exclude_unset=True, warnings="error")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast(Sequence[Any], value)]
    if isinstance(value, dict):
        members = cast(dict[str, Any], value)
        return {str(key): _plain(item) for key, item in members.items()}
    if isinstance(value, enum.Enum):
        return value.value
    if not isinstance(value, (str, int, float)) and value is not None:
        raise PydanticSerializationUnexpectedValue("Expected JSON")
    return value


AnyJson = Annotated[Any, AfterValidator(_json), PlainSerializer(_plain)]


def _key(pattern: str) -> BeforeValidator:
    integer = re.compile(pattern, re.ASCII)

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not integer.fullmatch(value):
            raise PydanticCustomError("key", "Key should be an integer")
        return int(value)

    return BeforeValidator(parse)


# The keys of maps are strings on the wire.
SignedKey = Annotated[int, Field(strict=True), _key(r"0|-?[1-9]\d{0,38}")]
UnsignedKey = Annotated[int, Field(strict=True, ge=0), _key(r"0|[1-9]\d{0,38}")]


def _refuse(_: Any) -> Any:
    raise PydanticCustomError("never", "There is no such value")


Never = Annotated[NoReturn, PlainValidator(_refuse)]


def _not_null(value: Any, info: ValidationInfo) -> Any:
    if value is None and is_wire(info):
        raise PydanticCustomError("null", "Input may be absent, but not null")
    return value


# None means absent: it is never sent.
MayBeAbsent = Annotated[
    T | None,
    Field(exclude_if=lambda value: value is None),
    BeforeValidator(_not_null),
]


def _or_nothing(value: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
    try:
        return handler(value)
    except ValidationError:
        if is_wire(info):
            return None
        raise


# A union whose members are among those of a struct, and which may be absent.
FlattenedOrNone = Annotated[T | None, WrapValidator(_or_nothing)]
