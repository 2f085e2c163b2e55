"""Core schemas without the conversions of Pydantic, which would write values that were
never given: Pydantic turns any iterable into a list, models included, and bytes into
text.
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
    """Makes lists, dicts, tuples and text strict, everywhere in the schema."""
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
                # The target is still being built: its builder calls this later.
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
    """On the wire, tuples are lists, which strict tuples would not accept."""
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
    """The direct inner schemas of a schema."""
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
