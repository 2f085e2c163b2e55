"""What models are made of: the types of the wire, where Python's are not the same."""

from __future__ import annotations

import enum
import math
import re
import sys
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    cast,
)
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    ValidationInfo,
    WrapSerializer,
    WrapValidator,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError

from ._datetime import Timestamp

if sys.version_info >= (3, 11):
    StrEnum = enum.StrEnum
else:

    class StrEnum(str, enum.Enum):
        """An enum whose members are strings."""

        __str__ = str.__str__


T = TypeVar("T")

# The validation context of what came from the wire. There, members have the names of
# the wire, unknown ones are ignored, and null is not the same as nothing.
WIRE: dict[str, bool] = {"wire": True}


def is_wire(info: ValidationInfo) -> bool:
    """Whether the value came from the wire, rather than from the program."""
    return info.context is WIRE


def between(lowest: int, highest: int) -> FieldInfo:
    """An integer of these bounds, which is no float, no string and no boolean."""
    return cast(FieldInfo, Field(strict=True, ge=lowest, le=highest))


def wire(name: str) -> FieldInfo:
    """A field whose name on the wire is no name in Python."""
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
Number = Annotated[
    Annotated[int, Field(strict=True)] | Float,
    Field(union_mode="left_to_right"),
]
Char = Annotated[str, Field(min_length=1, max_length=1)]
Uuid = UUID
DateTime = Timestamp
# `X | None`, for formatters that find no place to break it.
OrNone = Annotated[T | None, "or none"]
# What a field is that was not given. Pydantic makes a new one each time.
EMPTY: Any = {}


def _decimal(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(
        r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value, re.ASCII
    ):
        raise PydanticCustomError("decimal", "Input should be a decimal number")
    if isinstance(value, (bool, float)):
        raise PydanticCustomError("decimal", "Input should be a decimal, not a float")
    return value


Dec = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite", "Input should have finite numbers only")
    if isinstance(value, (list, tuple)):
        for item in cast(Sequence[Any], value):
            _finite(item)
    elif isinstance(value, dict):
        for item in cast(dict[str, Any], value).values():
            _finite(item)
    return cast(Any, value)


AnyJson = Annotated[Any, AfterValidator(_finite)]


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


# None stands for nothing: it is never sent.
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


# A union whose members stand among those of a struct, and which may be missing there.
FlattenedOrNone = Annotated[T | None, WrapValidator(_or_nothing)]


class Model(BaseModel):
    """What all models have in common."""

    model_config = ConfigDict(
        allow_inf_nan=False,
        extra="forbid",
        protected_namespaces=(),
        serialize_by_alias=True,
        validate_assignment=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    # On the wire, where this is a variant of a tagged union.
    __tag__: ClassVar[str] = ""
    # The field that holds it, if there is one.
    __tag_field__: ClassVar[str] = ""
    # The unions whose members are members of this; and the names of their variants
    # where those are members.
    __flattened__: ClassVar[Mapping[str, Collection[str]]] = {}
    # Where all other members are.
    __rest__: ClassVar[str] = ""
    # Whether unknown members are an error.
    __denies_unknown__: ClassVar[bool] = False

    def __init_subclass__(
        cls,
        *,
        tag: str | None = None,
        tag_field: str | None = None,
        flattened: Mapping[str, Collection[str]] | None = None,
        rest: str | None = None,
        denies_unknown: bool | None = None,
    ) -> None:
        """Takes what the wire format has and the fields do not say."""
        super().__init_subclass__()
        given = {
            "__tag__": tag,
            "__tag_field__": tag_field,
            "__flattened__": flattened,
            "__rest__": rest,
            "__denies_unknown__": denies_unknown,
        }
        for name, value in given.items():
            if value is not None:
                setattr(cls, name, value)

    def model_post_init(self, context: Any, /) -> None:
        """Marks the tag as set: it is always sent."""
        if self.__tag_field__:
            self.model_fields_set.add(self.__tag_field__)


class Newtype(Model):
    """A variant with one unnamed content, its only field `value`."""


class Members(dict[str, Any]):
    """The members of a struct, for the unions whose members are among them."""


class FlatModel(Model):
    """A model whose wire format has members of others among its own."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any, info: ValidationInfo) -> Any:
        if not is_wire(info) or not isinstance(data, dict):
            return data
        own: dict[str, Any] = {}
        rest = Members(cast(dict[str, Any], data))
        for name, field in cls.model_fields.items():
            wire_name = field.validation_alias or name
            inner = name in cls.__flattened__ or name == cls.__rest__
            if isinstance(wire_name, str) and not inner and wire_name in rest:
                own[wire_name] = rest.pop(wire_name)
        if cls.__denies_unknown__ and rest:
            unknown = {"name": next(iter(rest))}
            raise PydanticCustomError("unknown", "unknown field `{name}`", unknown)
        for name, variants in cls.__flattened__.items():
            own[name] = rest
            taken = next((member for member in rest if member in variants), None)
            rest = Members({key: rest[key] for key in rest if key != taken})
        if cls.__rest__:
            own[cls.__rest__] = dict(rest)
        return own

    @model_serializer(mode="wrap")
    def _spread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        members: dict[str, Any] = handler(self)
        for name in (*self.__flattened__, self.__rest__):
            inner = members.pop(name, None)
            if inner is not None:
                members.update(inner)
        return members


class External:
    """The union of a string for each unit variant, and `{"Variant": content}`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        choices = {_tag_of(variant): variant for variant in _members(source)}

        def tag(value: Any) -> str | None:
            if not isinstance(value, dict):
                return value if isinstance(value, str) else _tag_of(value)
            members = cast(dict[str, Any], value)
            if isinstance(members, Members):
                # Among the members of a struct the first that is a variant counts.
                return next((name for name in members if name in choices), None)
            return next(iter(members)) if len(members) == 1 else None

        contents = {name: _content(variant) for name, variant in choices.items()}
        return handler.generate_schema(_one_of(contents, tag))


class Internal:
    """The union of objects that are told apart by one member."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def tag(value: Any) -> str | None:
            if not isinstance(value, dict):
                return _tag_of(value)
            name: Any = cast(dict[str, Any], value).get(self._tag)
            return name if isinstance(name, str) else None

        choices = {_tag_of(variant): variant for variant in _members(source)}
        return handler.generate_schema(_one_of(choices, tag))


# The union of what is told apart by its looks: the first that fits.
UNTAGGED = cast(FieldInfo, Field(union_mode="left_to_right"))


def _members(source: Any) -> list[Any]:
    is_union = typing.get_origin(source) in (Union, types.UnionType)
    members: list[Any] = []
    for member in typing.get_args(source) if is_union else (source,):
        if typing.get_origin(member) is Literal:
            members.extend(Literal[name] for name in typing.get_args(member))
        else:
            members.append(member)
    return members


def _tag_of(variant: Any) -> str:
    if typing.get_origin(variant) is Literal:
        return str(typing.get_args(variant)[0])
    return str(getattr(variant, "__tag__", ""))


def _one_of(choices: dict[str, Any], tag: Callable[[Any], str | None]) -> Any:
    union: Any = None
    for name, choice in choices.items():
        tagged: Any = Annotated[choice, Tag(name)]
        union = tagged if union is None else union | tagged
    return Annotated[union, Discriminator(tag)]


def _content(variant: Any) -> Any:
    if typing.get_origin(variant) is Literal:
        return variant
    name, is_newtype = _tag_of(variant), issubclass(variant, Newtype)

    def unwrap(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        content: Any = cast(dict[str, Any], value).get(name)
        return {"value": content} if is_newtype else content

    def wrap(value: Any, handler: SerializerFunctionWrapHandler) -> Any:
        content = handler(value)
        return {name: content.get("value") if is_newtype else content}

    return Annotated[variant, BeforeValidator(unwrap), WrapSerializer(wrap)]
