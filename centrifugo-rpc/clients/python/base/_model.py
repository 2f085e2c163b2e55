"""The common base of models, and all other names that the module of models uses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from ._exact import exact
from ._unions import UNTAGGED, WIRE, External, Internal, Members, is_wire
from ._values import (
    EMPTY,
    F32,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    AnyJson,
    Bool,
    Char,
    Date,
    DateTime,
    Dec,
    FlattenedOrNone,
    Float,
    IntEnum,
    MayBeAbsent,
    Never,
    Number,
    OrNone,
    SignedKey,
    StrEnum,
    UnsignedKey,
    Uuid,
    between,
    length,
    wire,
)

__all__ = [
    "EMPTY",
    "F32",
    "I8",
    "I16",
    "I32",
    "I64",
    "I128",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "UNTAGGED",
    "WIRE",
    "AnyJson",
    "Bool",
    "Char",
    "Date",
    "DateTime",
    "Dec",
    "External",
    "FlatInput",
    "FlatModel",
    "FlattenedOrNone",
    "Float",
    "Input",
    "IntEnum",
    "Internal",
    "MayBeAbsent",
    "Members",
    "Model",
    "Never",
    "Newtype",
    "NewtypeInput",
    "Number",
    "OrNone",
    "SignedKey",
    "StrEnum",
    "UnsignedKey",
    "Uuid",
    "between",
    "is_wire",
    "length",
    "wire",
]


class Model(BaseModel):
    """The common base of all models."""

    model_config = ConfigDict(
        allow_inf_nan=False,
        extra="forbid",
        protected_namespaces=(),
        serialize_by_alias=True,
        validate_assignment=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    # The tag on the wire, if this is a variant of a tagged union.
    __tag__: ClassVar[str] = ""
    # The field that holds the tag, if there is one.
    __tag_field__: ClassVar[str] = ""
    # The unions whose members are members of this model; and the names of their
    # variants, if the variants are members.
    __flattened__: ClassVar[Mapping[str, Collection[str]]] = {}
    # The field with all other members.
    __rest__: ClassVar[str] = ""
    # Whether this is a variant with one unnamed content.
    __newtype__: ClassVar[bool] = False
    # The names on the wire of fields with another name here, for `FlatModel`s.
    __renamed__: ClassVar[Mapping[str, str]] = {}
    # For params: the class of results whose values this model accepts as well.
    __received__: ClassVar[str] = ""
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
        renamed: Mapping[str, str] | None = None,
        received: str | None = None,
    ) -> None:
        """Takes the parts of the wire format that the fields do not define."""
        super().__init_subclass__()
        given = {
            "__tag__": tag,
            "__tag_field__": tag_field,
            "__flattened__": flattened,
            "__rest__": rest,
            "__denies_unknown__": denies_unknown,
            "__received__": received,
            "__renamed__": renamed and {**cls.__renamed__, **renamed},
        }
        for name, value in given.items():
            if value is not None:
                setattr(cls, name, value)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        return exact(handler(source), handler)

    def model_post_init(self, context: Any, /) -> None:
        """Marks the tag as set, because it is always sent."""
        if self.__tag_field__:
            self.model_fields_set.add(self.__tag_field__)


class Newtype(Model):
    """A variant with one unnamed content, its only field `value`."""

    __newtype__ = True


class FlatModel(Model):
    """A model whose wire format contains the members of other types."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any, info: ValidationInfo) -> Any:
        if not is_wire(info) or not isinstance(data, dict):
            return data
        own: dict[str, Any] = {}
        rest = Members(cast(dict[str, Any], data))
        inner = {*cls.__flattened__, cls.__rest__}
        for name in cls.model_fields.keys() - inner:
            # Does not use the aliases of the fields: they are not known yet if the
            # types of the fields are defined further down.
            wire_name = cls.__renamed__.get(name, name)
            if wire_name in rest:
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
        inner = (*self.__flattened__, self.__rest__)
        taken = {self.__renamed__.get(name, name) for name in type(self).model_fields}
        for name in inner:
            content: dict[str, Any] | None = members.pop(name, None)
            twice = next((key for key in content or () if key in taken), None)
            if twice is not None:
                raise ValueError(f"`{name}` has a member `{twice}`, as has the model")
            members.update(content or {})
        return members


class Input(Model):
    """A model of params that differs from the model of results."""

    @model_validator(mode="before")
    @classmethod
    def _take_received(cls, data: Any) -> Any:
        if not isinstance(data, Model) or type(data).__name__ != cls.__received__:
            return data
        given = data.model_fields_set & cls.model_fields.keys()
        return {name: getattr(data, name) for name in given}


class FlatInput(FlatModel, Input):
    """An `Input` that contains the members of other types."""


class NewtypeInput(Newtype, Input):
    """An `Input` with one unnamed content."""
