"""Values of the contract's types, from and to JSON."""

from __future__ import annotations

import json
from typing import Any, TypeVar, overload

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json
from typing_extensions import TypedDict

from ._model import WIRE

T = TypeVar("T")


class Codec:
    """Reads and writes values of one type."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def to_json(self, value: Any) -> bytes:
        """The JSON of a value. Raises `ValueError` for one of another type."""
        try:
            checked = self._adapter.validate_python(value)
            plain = self._adapter.dump_python(
                checked,
                mode="json",
                by_alias=True,
                exclude_unset=True,
                warnings="error",
            )
        except ValidationError as error:
            raise ValueError(explain(error)) from error
        except PydanticSerializationError as error:
            raise ValueError(str(error)) from error
        try:
            text = json.dumps(
                plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
            return text.encode()
        except (TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error

    def from_plain(self, plain: Any) -> Any:
        """The value of what a JSON parser made. Raises `ValueError` if it is none."""
        try:
            return self._adapter.validate_python(
                plain, context=WIRE, by_alias=True, by_name=False, extra="ignore"
            )
        except ValidationError as error:
            raise ValueError(explain(error)) from error


def to_json(kind: Any, value: Any) -> bytes:
    """Writes a value of the contract's type `kind` as the wire has it.

    Raises `ValueError` if it is not one.
    """
    return Codec(kind).to_json(value)


@overload
def read_json(kind: type[T], data: str | bytes) -> T: ...
@overload
def read_json(kind: Any, data: str | bytes) -> Any: ...
def read_json(kind: Any, data: str | bytes) -> Any:
    """Reads a value of the contract's type `kind` from its JSON on the wire.

    Raises `ValueError` if it is not one.
    """
    return Codec(kind).from_plain(from_json(data, allow_inf_nan=False))


class _Contract(TypedDict):
    hash: str


def read_hash(answer: Any) -> str:
    """The hash in the answer of `system.contract`."""
    contract: _Contract = Codec(_Contract).from_plain(answer)
    return contract["hash"]


def explain(error: ValidationError) -> str:
    """Where it is wrong and why, without the values."""
    problems = error.errors(
        include_url=False, include_context=False, include_input=False
    )
    places = [
        (
            ".".join(str(step) for step in problem["loc"] if "[" not in str(step)),
            problem,
        )
        for problem in problems[:3]
    ]
    texts = [f"{place}: {p['msg']}" if place else p["msg"] for place, p in places]
    more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
    return "; ".join(texts) + more
