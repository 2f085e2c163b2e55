#!/usr/bin/env bash
# serde_json: a number that is too large, read as f64 and as f32, and written again. Needs Rust.
. "$(dirname "$0")/lib.sh"

echo "expected: both refuse a number that they cannot hold; what was read can be written and read again"
seen=$(rust_program 'serde_json = "=1.0.145"' << 'RUST'
fn main() {
    println!("f64 from 1e309: {:?}", serde_json::from_str::<f64>("1e309").map_err(|error| error.to_string()));
    let single = serde_json::from_str::<f32>("1e39").unwrap();
    println!("f32 from 1e39: {single:?}");
    let written = serde_json::to_string(&single).unwrap();
    println!("written again: {written}");
    println!("read once more: {:?}", serde_json::from_str::<f32>(&written).map_err(|error| error.to_string()));
}
RUST
)
echo "seen, serde_json 1.0.145:"
echo "$seen"
holds "f64 refuses what it cannot hold" grep -q '^f64 from 1e309: Err' <<< "$seen"
holds "f32 becomes infinite without an error" grep -q '^f32 from 1e39: inf' <<< "$seen"
holds "it is written as null, which cannot be read as a number" grep -q '^read once more: Err("invalid type: null, expected f32' <<< "$seen"
