#!/usr/bin/env bash
# Pydantic and a string that has no UTF-8 form, as a value and as a key of a dict. Needs Python.
. "$(dirname "$0")/lib.sh"
python_packages pydantic==2.14.4

echo "expected: keys are treated like values, with an error; or each key becomes another key"
cat > "$work/keys.py" <<'PY'
import pydantic

files = pydantic.TypeAdapter(dict[str, str])

def shown(write):
    try:
        return write()
    except Exception as error:
        return type(error).__name__

# The result of os.listdir for names that are not UTF-8: the bytes 0xff and 0xfe.
given = files.validate_python({"\udcff": "first", "\udcfe": "second"})
print("keys accepted:", len(given))
print("value, dump_json:", shown(lambda: files.dump_json({"name": "\udcff"})))
print("keys, dump_python:", shown(lambda: ascii(files.dump_python(given, mode="json"))))
print("keys, dump_json:", shown(lambda: files.dump_json(given)))
print("entries read back:", len(files.validate_json(files.dump_json(given))))
PY
seen=$("$python" "$work/keys.py")
echo "seen:"
echo "$seen"
holds "both keys are accepted" grep -q 'keys accepted: 2' <<< "$seen"
holds "a value is an error" grep -q 'value, dump_json: PydanticSerializationError' <<< "$seen"
holds "keys become replacement characters, so that dump_python loses one" grep -qF "keys, dump_python: {'\\ufffd\\ufffd\\ufffd': 'second'}" <<< "$seen"
holds "dump_json writes the same key twice" grep -qE 'keys, dump_json: .*first.*second' <<< "$seen"
holds "one of two entries is read back" grep -q 'entries read back: 1' <<< "$seen"
