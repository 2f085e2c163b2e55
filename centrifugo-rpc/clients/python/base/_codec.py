"""Reads and writes values of the contract's types as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, cast, overload

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json
from typing_extensions import TypedDict

from ._exact import Exact
from ._unions import WIRE
from ._wire import NO_UTF8, encode_text, has_utf8

T = TypeVar("T")


class Codec:
    """Reads and writes values of one type."""

    def __init__(self, kind: Any) -> None:
        annotated: Any = Annotated
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotated[kind, Exact()])

    def to_json(self, value: Any) -> bytes:
        """The JSON of a value. Raises `ValueError` for one of another type."""
        try:
            checked = self.check(value)
            plain = self._adapter.dump_python(
                checked,
                mode="json",
                by_alias=True,
                exclude_unset=True,
                warnings="error",
            )
            text = json.dumps(
                plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
            return encode_text(text, plain)
        except (PydanticSerializationError, TypeError) as error:
            raise ValueError(str(error)) from error
        except RecursionError as error:
            raise ValueError("nested too deeply, or within itself") from error

    def check(self, value: Any) -> Any:
        """The value as one of the type. Raises `ValueError` if it does not match."""
        try:
            return self._adapter.validate_python(_again(value, ()))
        except ValidationError as error:
            raise ValueError(explain(error)) from error

    def from_plain(self, plain: Any) -> Any:
        """The value of parsed JSON. Raises `ValueError` if it does not match."""
        try:
            return self._adapter.validate_python(
                plain, context=WIRE, by_alias=True, by_name=False, extra="ignore"
            )
        except ValidationError as error:
            raise ValueError(explain(error)) from error


def to_json(kind: Any, value: Any) -> bytes:
    """Writes a value of the contract's type `kind` as its JSON on the wire.

    Raises `ValueError` if the value is not of this type.
    """
    return Codec(kind).to_json(value)


@overload
def read_json(kind: type[T], data: str | bytes) -> T: ...
@overload
def read_json(kind: Any, data: str | bytes) -> Any: ...
def read_json(kind: Any, data: str | bytes) -> Any:
    """Reads a value of the contract's type `kind` from its JSON on the wire.

    Raises `ValueError` if the JSON is not of this type.
    """
    return Codec(kind).from_plain(from_json(data, allow_inf_nan=False))


@overload
def as_params(kind: type[T], value: object) -> T: ...
@overload
def as_params(kind: Any, value: object) -> Any: ...
def as_params(kind: Any, value: object) -> Any:
    """Converts the result of a call to the corresponding type of params, like
    `as_params(TaskInput, task)`. Models and calls convert such values themselves; this
    function makes type checkers accept them.

    Raises `ValueError` if the value is not of this type.
    """
    return Codec(kind).check(value)


class _Contract(TypedDict):
    hash: str


def read_hash(answer: Any) -> str:
    """The hash in the answer of `system.contract`."""
    contract: _Contract = Codec(_Contract).from_plain(answer)
    return contract["hash"]


def _again(value: Any, place: tuple[str, ...]) -> Any:
    """The value with all models in it validated again: Pydantic does not check values
    that are added to a list of a model later, and would write them as something else,
    as it writes keys without a UTF-8 form.
    """
    if isinstance(value, BaseModel):
        given = value.model_fields_set
        fields = {
            name: content
            if type(content) in _PLAIN
            else _again(content, (*place, name))
            for name, content in value.__dict__.items()
            if name in given
        }
        try:
            return type(value).model_validate(fields, by_alias=False, by_name=True)
        except ValidationError as error:
            raise ValueError(explain(error, place)) from error
    if isinstance(value, (list, tuple)):
        again = [
            item if type(item) in _PLAIN else _again(item, (*place, str(at)))
            for at, item in enumerate(cast(Sequence[Any], value))
        ]
        return again if isinstance(value, list) else tuple(again)
    if isinstance(value, dict):
        for key in cast(Any, value):
            if isinstance(key, str) and not has_utf8(key):
                raise ValueError(": ".join((".".join((*place, ascii(key))), NO_UTF8)))
        return {
            key: item if type(item) in _PLAIN else _again(item, (*place, str(key)))
            for key, item in cast(Any, value).items()
        }
    return value


# The types that cannot contain a model.
_PLAIN = frozenset((str, int, float, bool, type(None)))


def explain(error: ValidationError, place: tuple[str, ...] = ()) -> str:
    """The places and causes of the error, without the values."""
    problems = error.errors(
        include_url=False, include_context=False, include_input=False
    )
    places = [
        (
            ".".join(
                str(step) for step in (*place, *problem["loc"]) if "[" not in str(step)
            ),
            problem,
        )
        for problem in problems[:3]
    ]
    texts = [f"{place}: {p['msg']}" if place else p["msg"] for place, p in places]
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(texts) + more
