#!/usr/bin/env bash
# serde_json: f64 values that it wrote itself, read again. Needs Rust.
. "$(dirname "$0")/lib.sh"

program() {
  rust_program "serde_json = { version = \"=1.0.145\", features = [$1] }" << 'RUST'
fn main() {
    let mut state = 1_u64;
    let mut random = || {
        // Knuth's generator; the upper 53 bits make a double from 0 to 1.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let values: Vec<f64> = (0..100_000).map(|_| random()).collect();
    let read: Vec<f64> = serde_json::from_str(&serde_json::to_string(&values).unwrap()).unwrap();
    println!("{} of {} are others", values.iter().zip(&read).filter(|(value, read)| value != read).count(), values.len());
    println!("by `str::parse`: {}", values.iter().filter(|value| value.to_string().parse() != Ok(**value)).count());
}
RUST
}

echo "expected: a number that serde_json wrote is the same when serde_json has read it again"
default=$(program '')
precise=$(program '"float_roundtrip"')
printf 'seen, serde_json 1.0.145:\n%s\nwith its feature `float_roundtrip`:\n%s\n' "$default" "$precise"
about_a_tenth() { local count; count=$(grep -oE '^[0-9]+' <<< "$default"); [ "$count" -gt 9000 ] && [ "$count" -lt 12000 ]; }
holds "about a tenth of random doubles from 0 to 1 are one bit off" about_a_tenth
holds "Rust's own parser reads each as it was" grep -q '^by `str::parse`: 0$' <<< "$default"
holds "the feature, which is off unless a crate of the program turns it on, fixes it" grep -q '^0 of ' <<< "$precise"
