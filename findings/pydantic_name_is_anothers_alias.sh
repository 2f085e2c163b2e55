#!/usr/bin/env bash
# Pydantic, models that are filled by name and by alias, and a name that is another field's alias. Needs Python.
. "$(dirname "$0")/lib.sh"
python_packages pydantic==2.14.4

echo "expected: one argument fills one field, or the class is refused when it is made; what was written under names is read again under names"
cat > "$work/names.py" <<'PY'
import pydantic

class Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(validate_by_name=True, validate_by_alias=True)
    id: int = pydantic.Field(alias="_id")
    id_: int | None = pydantic.Field(alias="id", default=None)

record = Record(id=1)
print("Record(id=1):", repr(record), record.model_fields_set == {"id", "id_"})
print("by alias:", record.model_dump_json(by_alias=True))
named = Record.model_validate({"_id": 1, "id": 2}).model_dump()
print("by name:", named)
try:
    print("again:", repr(Record(**named)), Record(**named).model_dump() == named)
except pydantic.ValidationError as error:
    print("again:", error.errors()[0]["type"])
PY
seen=$("$python" "$work/names.py")
echo "seen:"
echo "$seen"
holds "one argument fills two fields" grep -q 'Record(id=1): Record(id=1, id_=1) True' <<< "$seen"
holds "and is written twice" grep -q 'by alias: {"_id":1,"id":1}' <<< "$seen"
holds "a model that is dumped by its names and made of them again is another one" grep -q 'again: Record(id=1, id_=1) False' <<< "$seen"
