#!/usr/bin/env bash
# Pydantic with `validate_assignment`, and items that are appended to a list of a model. Needs Python.
. "$(dirname "$0")/lib.sh"
python_packages pydantic==2.14.4

echo "expected: with warnings='error' what is not of the declared type is an error when it is written, whatever it is"
cat > "$work/lists.py" <<'PY'
import typing, pydantic

Byte = typing.Annotated[int, pydantic.Field(strict=True, ge=0, le=255)]

class Bytes(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(validate_assignment=True)
    items: list[Byte]

for item in (True, None, 300, "1"):
    model = Bytes(items=[])
    model.items.append(item)
    try:
        print(repr(item), "is written as", model.model_dump_json(warnings="error"))
    except Exception as error:
        print(repr(item), "is", type(error).__name__)
PY
seen=$("$python" "$work/lists.py")
echo "seen:"
echo "$seen"
holds "True becomes a number" grep -q 'True is written as {"items":\[1\]}' <<< "$seen"
holds "None passes as an integer" grep -q 'None is written as {"items":\[null\]}' <<< "$seen"
holds "bounds are not looked at" grep -q '300 is written as {"items":\[300\]}' <<< "$seen"
holds "text is refused" grep -q "'1' is PydanticSerializationError" <<< "$seen"
