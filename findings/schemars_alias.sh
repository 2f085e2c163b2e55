#!/usr/bin/env bash
# schemars with serde's `alias` and `deny_unknown_fields`, and a JSON Schema validator. Needs Rust and Python.
. "$(dirname "$0")/lib.sh"
python_packages jsonschema==4.26.0

echo "expected: what serde reads is valid under the schema for reading"
seen=$(rust_program 'schemars = "=1.2.3"
serde = { version = "=1.0.228", features = ["derive"] }
serde_json = "=1.0.145"' << 'RUST'
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Task {
    #[serde(alias = "name")]
    title: String,
}

fn main() {
    let schema = schemars::generate::SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<Task>();
    println!("{}", serde_json::to_string(&schema).unwrap());
    let task = serde_json::from_str::<Task>(r#"{"name":"x"}"#).unwrap();
    println!("serde reads the title {:?} under its alias", task.title);
}
RUST
)
verdict=$(head -1 <<< "$seen" | "$python" -c '
import json, sys, jsonschema
schema = json.load(sys.stdin)
for task in ({"title": "x"}, {"name": "x"}):
    print(task, "is valid" if jsonschema.Draft202012Validator(schema).is_valid(task) else "is refused")')
echo "seen, schemars 1.2.3 and serde 1.0.228:"
echo "$seen"
echo "$verdict"
holds "serde reads the alias" grep -q '^serde reads the title "x"' <<< "$seen"
holds "the schema, made for reading, closes the object and does not know the alias" grep -q "{'name': 'x'} is refused" <<< "$verdict"
holds "the name itself is valid" grep -q "{'title': 'x'} is valid" <<< "$verdict"
