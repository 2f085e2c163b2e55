//! Finds names that clients could not tell apart.

use std::collections::BTreeMap;

use crate::codegen::ir::{Method, TypeDef};
use crate::codegen::names::folded;

/// Methods that would share an identifier, and types that would.
pub(super) fn between(methods: &[Method], types: &[TypeDef]) -> Vec<String> {
    let methods = clash(methods.iter().map(|method| method.name.as_str()));
    let types = clash(types.iter().map(|def| def.name.as_str()));
    let methods = methods.into_iter().map(|names| {
        format!("the methods `{}` would get one name in clients: rename one of them", names.join("` and `"))
    });
    let types = types.into_iter().map(|names| {
        format!(
            "the types `{}` would get one name in clients: give one another name with `#[schemars(rename = \"…\")]`",
            names.join("` and `")
        )
    });
    methods.chain(types).collect()
}

fn clash<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut by_identifier: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in names {
        by_identifier.entry(folded(name)).or_default().push(name);
    }
    by_identifier.into_values().filter(|names| names.len() > 1).collect()
}
