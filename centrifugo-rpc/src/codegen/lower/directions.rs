//! Joins the types of params and results. A type with different shapes in params and in results becomes two types: the
//! result keeps the name, the params use `…Input`.

use std::collections::{BTreeMap, BTreeSet};

use crate::codegen::ir::{Method, Shape, Type, TypeDef};

type Types = BTreeMap<String, TypeDef>;

pub(super) fn join(
    params: Types,
    results: Types,
    mut methods: Vec<Method>,
    problems: &mut Vec<String>,
) -> (Types, Vec<Method>) {
    let different = different(&params, &results);
    let same = same_but_for_presence(&different, &params, &results);
    let input = |name: &str| different.contains(name).then(|| format!("{name}Input"));
    for name in &different {
        let input = format!("{name}Input");
        if params.contains_key(&input) || results.contains_key(&input) {
            problems.push(format!(
                "the type `{name}` looks different in params and in results, so params get `{input}`, but there is a type \
                 `{input}` already: give one of them another name with `#[schemars(rename = \"…\")]`"
            ));
        }
    }
    let mut joined = results;
    for (name, mut def) in params {
        if !different.contains(&name) && joined.contains_key(&name) {
            continue;
        }
        def.shape.rename(&input);
        if let Some(input) = input(&name) {
            def.name = input;
            def.same_as = same.contains(&name).then(|| name.clone());
            def.input_of = Some(name.clone());
        }
        joined.insert(def.name.clone(), def);
    }
    for method in &mut methods {
        if let Some(params) = &mut method.params {
            params.rename(&input);
        }
    }
    (joined, methods)
}

/// The names that mean different shapes in params and in results, directly or through the types they refer to.
fn different(params: &Types, results: &Types) -> BTreeSet<String> {
    let both: Vec<_> = params.iter().filter_map(|(name, def)| Some((name, def, results.get(name)?))).collect();
    let mut different: BTreeSet<_> =
        both.iter().filter(|(_, a, b)| a.shape != b.shape).map(|(name, _, _)| (*name).clone()).collect();
    grow(&mut different, &both.iter().map(|(name, def, _)| (*name, &def.shape)).collect::<Vec<_>>());
    different
}

/// The types among `different` whose only difference is that params may omit fields that may be null.
fn same_but_for_presence(different: &BTreeSet<String>, params: &Types, results: &Types) -> BTreeSet<String> {
    let present =
        |types: &Types, name: &str| types.get(name).map(|def| with_nullable_fields_present(def.shape.clone()));
    let mut others: BTreeSet<_> =
        different.iter().filter(|name| present(params, name) != present(results, name)).cloned().collect();
    let candidates = params.iter().filter(|(name, _)| different.contains(*name));
    grow(&mut others, &candidates.map(|(name, def)| (name, &def.shape)).collect::<Vec<_>>());
    different - &others
}

/// Adds all types that refer to a type in the set.
fn grow(set: &mut BTreeSet<String>, shapes: &[(&String, &Shape)]) {
    loop {
        let before = set.len();
        for (name, shape) in shapes {
            if !set.contains(*name) && shape.names().iter().any(|reference| set.contains(reference)) {
                set.insert((*name).clone());
            }
        }
        if set.len() == before {
            return;
        }
    }
}

fn with_nullable_fields_present(mut shape: Shape) -> Shape {
    for fields in shape.structs_mut() {
        for field in &mut fields.fields {
            field.required |= matches!(field.ty, Type::Nullable(_) | Type::Null | Type::Any);
        }
    }
    shape
}
