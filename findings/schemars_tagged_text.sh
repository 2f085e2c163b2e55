#!/usr/bin/env bash
# schemars and serde: variants with text, a boolean or a number behind an internal tag. Needs Rust.
. "$(dirname "$0")/lib.sh"

echo "expected: a variant that serde cannot write is refused by the compiler, or its schema says that it holds text"
seen=$(rust_program 'schemars = "=1.2.3"
serde = { version = "=1.0.228", features = ["derive"] }
serde_json = "=1.0.145"' << 'RUST'
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "t")]
enum Event {
    Nothing,
    Text(String),
    Flag(bool),
    Number(u8),
}

fn main() {
    let schema = schemars::schema_for!(Event);
    for variant in schema.get("oneOf").unwrap().as_array().unwrap() {
        println!("schema: {variant}");
    }
    for event in [Event::Nothing, Event::Text("x".to_owned()), Event::Flag(true), Event::Number(1)] {
        let written = serde_json::to_string(&event).unwrap_or_else(|error| format!("error: {error}"));
        println!("serde writes {event:?}: {written}");
    }
    let read = serde_json::from_str::<Event>(r#"{"t":"Text"}"#);
    println!("serde reads what the schema of Text allows: {}", read.map_or_else(|error| format!("error: {error}"), |event| format!("{event:?}")));
}
RUST
)
echo "seen, schemars 1.2.3, serde 1.0.228 and serde_json 1.0.145:"
echo "$seen"
without_names() { grep '^schema' <<< "$seen" | grep -E "\"$1\"" | sed "s/\"$1\"/NAME/"; }
holds "the schemas of a variant with text and of one with a boolean are that of a variant without anything" \
  test "$(without_names Nothing)" = "$(without_names Text)" -a "$(without_names Nothing)" = "$(without_names Flag)"
holds "the schema of a variant with a number is an object with the bounds of a number" \
  grep -q '^schema.*"maximum":255.*"type":"object"' <<< "$seen"
holds "serde fails to write all three, when the program runs" \
  test "$(grep -c 'error: cannot serialize tagged newtype variant' <<< "$seen")" = 3
holds "serde refuses the object that the schema allows" grep -q 'allows: error: invalid type: map, expected a string' <<< "$seen"
