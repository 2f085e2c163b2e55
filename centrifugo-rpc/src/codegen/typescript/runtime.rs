//! The hand-written half of the client, as files of the package.

use super::commented;
use crate::codegen::File;

macro_rules! source {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../clients/typescript/src/", $name)))
    };
}

const SOURCES: [(&str, &str); 14] = [
    source!("abort.ts"),
    source!("calls.ts"),
    source!("client.ts"),
    source!("deadline.ts"),
    source!("errors.ts"),
    source!("index.ts"),
    source!("link.ts"),
    source!("options.ts"),
    source!("refusal.ts"),
    source!("request.ts"),
    source!("schema.ts"),
    source!("token.ts"),
    source!("typed.ts"),
    source!("uuid.ts"),
];
/// What differs between contracts without 64-bit integers and those with them.
const PLAIN: [(&str, &str); 1] = [source!("wire.ts")];
const EXACT: [(&str, &str); 3] = [
    source!("json.ts"),
    source!("wide.ts"),
    ("wire.ts", include_str!("../../../clients/typescript/src/wire.exact.ts")),
];

pub(super) fn files(is_exact: bool) -> impl Iterator<Item = File> {
    let wire: &[(&str, &str)] = if is_exact { &EXACT } else { &PLAIN };
    SOURCES.iter().chain(wire).map(|(name, source)| File::new(format!("runtime/{name}"), commented(source)))
}
