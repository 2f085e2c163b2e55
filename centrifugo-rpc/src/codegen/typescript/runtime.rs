//! The hand-written half of the client as modules of the package: the contents of `clients/typescript/lib`, built from
//! its sources.

use super::{Int64, Module};

macro_rules! code {
    ($name:literal) => {
        include_str!(concat!("../../../clients/typescript/lib/", $name, ".js"))
    };
}

macro_rules! source {
    ($name:literal) => {
        ($name, code!($name), None)
    };
    ($name:literal, declared) => {
        ($name, code!($name), Some(include_str!(concat!("../../../clients/typescript/lib/", $name, ".d.ts"))))
    };
}

/// Name, code, and declarations if callers use them.
type Source = (&'static str, &'static str, Option<&'static str>);

const SOURCES: [Source; 23] = [
    source!("abort"),
    source!("batcher"),
    source!("bind"),
    source!("cancel_queue"),
    source!("client", declared),
    source!("connection"),
    source!("contract", declared),
    source!("deadline"),
    source!("errors", declared),
    source!("index", declared),
    source!("kinds"),
    source!("options", declared),
    source!("pending"),
    source!("refusal"),
    source!("reply_channel"),
    source!("schema"),
    source!("session"),
    source!("timer"),
    source!("token", declared),
    source!("typed"),
    source!("utf8"),
    source!("uuid"),
    source!("wire"),
];

/// `wide` is the representation of integers of more than 53 bits in programs, if the contract has any.
pub(super) fn modules(wide: Option<Int64>) -> Vec<Module> {
    let integers = source!("integers");
    let exact = [source!("json"), ("sdk", code!("sdk.exact"), None), integers];
    let special = match wide {
        None => vec![source!("sdk")],
        Some(Int64::Number) => vec![source!("sdk"), ("wide", code!("wide.number"), None), integers],
        Some(Int64::Bigint) => [exact.as_slice(), &[source!("wide")]].concat(),
    };
    let sources = SOURCES.iter().chain(&special);
    let module =
        |(name, code, types): &Source| Module::new(format!("runtime/{name}"), *code, types.map(ToOwned::to_owned));
    sources.map(module).collect()
}
