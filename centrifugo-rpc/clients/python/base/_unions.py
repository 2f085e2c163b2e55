"""Unions, with the rules of the wire for their variants."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, cast

from pydantic import (
    BeforeValidator,
    Discriminator,
    GetCoreSchemaHandler,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    WrapSerializer,
)
from pydantic_core import CoreSchema, core_schema

# The validation context of values from the wire. There, members have the names of the
# wire, unknown members are ignored, and null is not the same as absent.
WIRE: dict[str, bool] = {"wire": True}


def is_wire(info: ValidationInfo) -> bool:
    """Whether the value came from the wire, rather than from the program."""
    return info.context is WIRE


class Members(dict[str, Any]):
    """The members of a struct, for unions whose members are among them."""


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
                # Among the members of a struct, the first variant counts.
                return next((name for name in members if name in choices), None)
            return next(iter(members)) if len(members) == 1 else None

        contents = {name: _content(variant) for name, variant in choices.items()}
        return handler.generate_schema(_one_of(contents, tag))


class Internal:
    """The union of objects that one member distinguishes."""

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


class Untagged:
    """The union of variants without a tag. For a value from the wire, the first
    matching variant counts. For a value of the program, the variant of its own type
    counts, even if the value could be converted to an earlier variant.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        exact: dict[str, Any] = dict(handler(source))
        first = dict(exact)
        union = first
        if union["type"] == "nullable":
            union = first["schema"] = dict(first["schema"])
        if union["type"] != "union":
            # A single member.
            return cast(CoreSchema, exact)
        union["mode"] = "left_to_right"
        given = core_schema.no_info_before_validator_function(
            lambda value: value.value, cast(CoreSchema, exact)
        )
        return core_schema.with_info_before_validator_function(
            lambda value, info: value if is_wire(info) else _Given(value),
            core_schema.tagged_union_schema(
                {"[wire]": cast(CoreSchema, first), "[given]": given},
                lambda value: "[given]" if isinstance(value, _Given) else "[wire]",
            ),
        )


UNTAGGED = Untagged()


class _Given:
    """A value of the program."""

    def __init__(self, value: Any) -> None:
        self.value = value


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


def has_outer_tag(variant: Any) -> bool:
    """Whether the value is of a variant with a tag around it, which only its union can
    write.
    """
    return bool(_tag_of(variant)) and not variant.__tag_field__


def _one_of(choices: dict[str, Any], tag: Callable[[Any], str | None]) -> Any:
    union: Any = None
    for name, choice in choices.items():
        tagged: Any = Annotated[choice, Tag(name)]
        union = tagged if union is None else union | tagged
    return Annotated[union, Discriminator(tag)]


def _content(variant: Any) -> Any:
    if typing.get_origin(variant) is Literal:
        return variant
    name, is_newtype = _tag_of(variant), bool(variant.__newtype__)

    def unwrap(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        content: Any = cast(dict[str, Any], value).get(name)
        return {"value": content} if is_newtype else content

    def wrap(value: Any, handler: SerializerFunctionWrapHandler) -> Any:
        content = handler(value)
        return {name: content.get("value") if is_newtype else content}

    return Annotated[variant, BeforeValidator(unwrap), WrapSerializer(wrap)]
