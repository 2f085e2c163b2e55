#!/usr/bin/env bash
# serde: an optional struct that is flattened, and a member of it with a wrong value. Needs Rust.
. "$(dirname "$0")/lib.sh"

echo "expected: a wrong value is an error, in an optional part as in any other"
seen=$(rust_program 'serde = { version = "=1.0.228", features = ["derive"] }
serde_json = "=1.0.145"' << 'RUST'
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Paging {
    limit: u8,
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Plain {
    paging: Option<Paging>,
}

#[derive(Debug, Deserialize)]
struct Flattened {
    #[serde(flatten)]
    paging: Option<Paging>,
}

fn main() {
    let nested = serde_json::from_str::<Plain>(r#"{"paging":{"limit":300,"after":"x"}}"#);
    println!("nested, limit 300: {}", nested.map_or_else(|error| format!("error: {error}"), |read| format!("{:?}", read.paging)));
    for json in [r#"{"limit":20,"after":"x"}"#, r#"{"limit":300,"after":"x"}"#, r#"{"after":"x"}"#] {
        let read = serde_json::from_str::<Flattened>(json);
        println!("flattened, {json}: {}", read.map_or_else(|error| format!("error: {error}"), |read| format!("{:?}", read.paging)));
    }
    let Paging { limit, after } = serde_json::from_str(r#"{"limit":1}"#).unwrap();
    println!("alone: {limit} {after:?}");
}
RUST
)
echo "seen, serde 1.0.228 and serde_json 1.0.145:"
echo "$seen"
holds "nested, the number out of range is an error" grep -q '^nested, limit 300: error' <<< "$seen"
holds "flattened, it is None, and so is the member beside it" grep -q '"limit":300.*: None$' <<< "$seen"
holds "flattened, a missing member is None as well" grep -q '^flattened, {"after":"x"}: None$' <<< "$seen"
