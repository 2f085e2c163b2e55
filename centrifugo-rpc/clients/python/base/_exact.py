"""Core schemas without the conversions that would write what was never given: Pydantic
makes a list of all that can be iterated, models included, and text of bytes.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

Schema = dict[str, Any]

_STRICT = frozenset(("dict", "list", "str"))
# Members of a schema that hold no schemas, and those that hold them by any name.
_OTHERS = frozenset(("config", "default", "metadata", "serialization"))
_BY_NAME = frozenset(("choices", "fields"))


def exact(schema: CoreSchema, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Has lists, dicts, tuples and text taken for what they are, everywhere in it."""
    seen: set[int] = set()
    waiting = [cast(Schema, schema)]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        kind = node.get("type")
        if kind == "definition-ref":
            try:
                target = handler.resolve_ref_schema(cast(CoreSchema, node))
            except LookupError:
                # It is being made: whoever does that comes by here.
                continue
            waiting.append(cast(Schema, target))
        elif kind in _STRICT:
            node["strict"] = True
        elif kind == "tuple" and _EXACT not in node.get("metadata", ()):
            _exact_tuple(node)
        waiting += _inner(node)
    return schema


class Exact:
    """The same for an annotation."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return exact(handler(source), handler)


_EXACT = "centrifugo_rpc_exact"


def _exact_tuple(node: Schema) -> None:
    """On the wire tuples are lists, which strict ones would not take."""
    metadata = {**node.get("metadata", {}), _EXACT: True}
    items: Schema = {**node, "metadata": metadata}
    node.clear()
    function = {"type": "no-info", "function": _listed}
    node.update(type="function-before", function=function, schema=items)


def _listed(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise PydanticCustomError("tuple", "Input should be a tuple or a list")
    return cast(Any, value)


def _inner(schema: Schema) -> list[Schema]:
    """The schemas right in a schema."""
    inner: list[Schema] = []
    for key, value in schema.items():
        if key in _BY_NAME and isinstance(value, dict):
            inner += cast(dict[str, Schema], value).values()
        elif key not in _OTHERS:
            inner += _schemas(value)
    return inner


def _schemas(value: Any) -> list[Schema]:
    if isinstance(value, dict):
        return [cast(Schema, value)]
    if isinstance(value, (list, tuple)):
        return [schema for item in cast(list[Any], value) for schema in _schemas(item)]
    return []
