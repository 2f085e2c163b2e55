//! Finds different types that schemars would describe under one name.
//!
//! schemars numbers them (`Page`, `Page2`) in the order it meets them, so that the same type would change its name with the
//! order of registration, and clients with it. Nothing in its output tells a numbered `Page2` from a type that is really
//! called so. A second look does: with the name `Page2` taken from the start, the numbered type becomes `Page3`, the real
//! one `Page22`.

use std::borrow::Cow;
use std::cell::RefCell;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Method, Type};

/// One sentence for every name that different types share.
pub(super) fn collisions(methods: &[&'static Method]) -> Vec<String> {
    let params = methods.iter().filter_map(|method| Some((method.name, (method.params)()?)));
    let results = methods.iter().map(|method| (method.name, (method.result)()));
    let mut problems = Vec::new();
    for (direction, settings, types) in [
        ("params", SchemaSettings::draft2020_12().for_deserialize(), params.collect::<Vec<_>>()),
        ("result", SchemaSettings::draft2020_12().for_serialize(), results.collect()),
    ] {
        for name in shared_names(&settings, &types) {
            let users = users_of(&name, &settings, &types).join("`, `");
            problems.push(format!(
                "different types are called `{name}` (in the {direction} of `{users}`): give one another name with \
                 `#[schemars(rename = \"…\")]`; a generic type takes its argument's name with `#[schemars(rename = \"{name}{{T}}\")]`"
            ));
        }
    }
    problems
}

fn names(mut generator: SchemaGenerator, types: &[(&str, Type)]) -> Vec<String> {
    for (_, kind) in types {
        kind.describe(&mut generator);
    }
    generator.definitions().keys().cloned().collect()
}

fn shared_names(settings: &SchemaSettings, types: &[(&str, Type)]) -> Vec<String> {
    let plain = names(settings.clone().into_generator(), types);
    let mut shared: Vec<String> = plain
        .iter()
        .filter_map(|numbered| {
            let base = numbered.trim_end_matches(|c: char| c.is_ascii_digit());
            let is_number = numbered.len() > base.len() && plain.iter().any(|name| name == base);
            (is_number && !survives(numbered, settings, types)).then(|| base.to_owned())
        })
        .collect();
    shared.sort();
    shared.dedup();
    shared
}

/// Whether a type is really called `name`: it is numbered itself once the name is taken.
fn survives(name: &str, settings: &SchemaSettings, types: &[(&str, Type)]) -> bool {
    let mut generator = settings.clone().into_generator();
    NAME.set(name.to_owned());
    generator.subschema_for::<Decoy>();
    names(generator, types).contains(&format!("{name}2"))
}

fn users_of<'a>(name: &str, settings: &SchemaSettings, types: &[(&'a str, Type)]) -> Vec<&'a str> {
    types
        .iter()
        .filter(|one| names(settings.clone().into_generator(), &[**one]).iter().any(|used| used == name))
        .map(|(method, _)| *method)
        .collect()
}

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A type whose name is taken for the look-up above.
struct Decoy;

impl JsonSchema for Decoy {
    fn schema_name() -> Cow<'static, str> {
        NAME.with_borrow(Clone::clone).into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Decoy").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}
