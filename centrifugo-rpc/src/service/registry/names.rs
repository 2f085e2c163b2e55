//! Finds different types that schemars would describe under one name.
//!
//! schemars numbers such types (`Page`, `Page2`) in the order in which it meets them. The name of a type, and the
//! clients, would then depend on the order of registration. The output alone does not reveal whether `Page2` is a
//! numbered type or a type with that name. A second run does: if the name `Page2` is taken from the start, the numbered
//! type becomes `Page3`, and the real one becomes `Page22`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::service::method::{Method, Type};

/// One sentence for each name that different types share.
pub(super) fn collisions(methods: &[&'static Method]) -> Vec<String> {
    let decoded = SchemaSettings::draft2020_12().for_deserialize();
    let encoded = SchemaSettings::draft2020_12().for_serialize();
    let params: Vec<_> = methods.iter().filter_map(|method| Some((method.name, (method.params)()?))).collect();
    let results: Vec<_> = methods.iter().map(|method| (method.name, (method.result)())).collect();

    let mut shared = shared_names(&decoded, &params);
    shared.extend(shared_names(&encoded, &results));
    // Collisions between params and results. This run describes the results in their deserialized form, too, which may
    // mention types that their serialized form lacks. Only names that occur in both params and results count.
    let all = [params.as_slice(), &results].concat();
    let (in_params, in_results) = (names(&decoded, &params), names(&encoded, &results));
    shared.extend(
        shared_names(&decoded, &all).into_iter().filter(|name| in_params.contains(name) && in_results.contains(name)),
    );

    shared
        .iter()
        .map(|name| {
            let places = [("params", &decoded, &params), ("result", &encoded, &results)]
                .map(|(part, settings, types)| (part, users_of(name, settings, types)));
            let places: Vec<String> = places
                .iter()
                .filter(|(_, users)| !users.is_empty())
                .map(|(part, users)| format!("in the {part} of `{}`", users.join("`, `")))
                .collect();
            format!(
                "different types are called `{name}` ({}): give one another name with `#[schemars(rename = \"…\")]`; a \
                 generic type takes its argument's name with `#[schemars(rename = \"{name}{{T}}\")]`",
                places.join(" and ")
            )
        })
        .collect()
}

fn names(settings: &SchemaSettings, types: &[(&str, Type)]) -> BTreeSet<String> {
    names_beside(settings.clone().into_generator(), types)
}

fn names_beside(mut generator: SchemaGenerator, types: &[(&str, Type)]) -> BTreeSet<String> {
    for (_, kind) in types {
        kind.describe(&mut generator);
    }
    generator.definitions().keys().cloned().collect()
}

fn shared_names(settings: &SchemaSettings, types: &[(&str, Type)]) -> BTreeSet<String> {
    let plain = names(settings, types);
    let suspects = plain.iter().filter_map(|name| Some(Suspect { name, base: numbered_from(name, &plain)? }));
    let mut shared = BTreeSet::new();
    for suspects in apart(suspects) {
        let moved = moved_by(&suspects, &plain, settings, types);
        let numbered = suspects.iter().filter(|suspect| !moved.iter().any(|moved| moved.starts_with(suspect.name)));
        shared.extend(numbered.map(|suspect| suspect.base.to_owned()));
    }
    shared
}

/// A name that schemars may have numbered.
#[derive(Clone, Copy)]
struct Suspect<'a> {
    name: &'a str,
    /// The part before the number.
    base: &'a str,
}

/// Groups names that one run can check together: their bases differ and have one length, so that no base begins with
/// another one, and the new name of a type cannot be taken for that of another suspect. A run describes all types, and an
/// enum may have hundreds of variants with numbers.
fn apart<'a>(suspects: impl Iterator<Item = Suspect<'a>>) -> impl Iterator<Item = Vec<Suspect<'a>>> {
    let mut of_base: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: BTreeMap<(usize, usize), Vec<Suspect<'_>>> = BTreeMap::new();
    for suspect in suspects {
        let count = of_base.entry(suspect.base).or_default();
        groups.entry((suspect.base.len(), *count)).or_default().push(suspect);
        *count += 1;
    }
    groups.into_values()
}

/// The part of `name` before its number, if schemars may have numbered it: all lower numbers are in use. For `Page22`,
/// this is `Page2` rather than `Page`.
fn numbered_from<'a>(name: &'a str, plain: &BTreeSet<String>) -> Option<&'a str> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    (name.len() - digits..name.len()).rev().map(|end| name.split_at(end)).find_map(|(base, number)| {
        let number =
            number.parse::<usize>().ok().filter(|n| *n >= 2 && *n <= plain.len() && !number.starts_with('0'))?;
        let before = plain.contains(base) && (2..number).all(|n| plain.contains(&format!("{base}{n}")));
        before.then_some(base)
    })
}

/// The new names of types if the suspects' names are taken. A type that is really called so gets a number after its name.
fn moved_by(
    suspects: &[Suspect<'_>],
    plain: &BTreeSet<String>,
    settings: &SchemaSettings,
    types: &[(&str, Type)],
) -> Vec<String> {
    let mut generator = settings.clone().into_generator();
    for suspect in suspects {
        NAME.set(suspect.name.to_owned());
        generator.subschema_for::<Decoy>();
    }
    names_beside(generator, types).difference(plain).cloned().collect()
}

fn users_of<'a>(name: &str, settings: &SchemaSettings, types: &[(&'a str, Type)]) -> Vec<&'a str> {
    types.iter().filter(|one| names(settings, &[**one]).contains(name)).map(|(method, _)| *method).collect()
}

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A type that takes a name for the check in [`moved_by`]: another type for each name.
struct Decoy;

impl JsonSchema for Decoy {
    fn schema_name() -> Cow<'static, str> {
        NAME.with_borrow(Clone::clone).into()
    }

    fn schema_id() -> Cow<'static, str> {
        NAME.with_borrow(|name| format!("{}::Decoy::{name}", module_path!())).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_checked_in_few_runs() {
        let all: BTreeSet<String> = (0..240).map(|number| format!("Step{number}")).collect();
        let suspects: Vec<_> =
            all.iter().filter_map(|name| Some(Suspect { name, base: numbered_from(name, &all)? })).collect();
        assert!(suspects.len() > 150, "{}", suspects.len());
        let groups: Vec<_> = apart(suspects.iter().copied()).collect();
        assert_eq!(groups.iter().map(Vec::len).sum::<usize>(), suspects.len());
        assert!(groups.len() < 40, "{}", groups.len());
        for group in groups {
            for (at, one) in group.iter().enumerate() {
                let together = group[at + 1..].iter().find(|other| other.name.starts_with(one.base));
                assert!(together.is_none(), "{}", one.name);
            }
        }
    }
}
