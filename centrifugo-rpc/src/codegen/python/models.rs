//! Prints `models.py`: the types of the contract.

use std::collections::{BTreeMap, BTreeSet};

use super::classes;
use super::docs::docstring;
use super::layout::{self, Expr, literal};
use super::types::{Types, has_class};
use super::{header, imports};
use crate::codegen::ir::{Api, Body, Shape, Tagging, Type, TypeDef, Union};

/// Prints the module. None if there are no types.
pub(super) fn print(api: &Api, types: &Types<'_>) -> Option<String> {
    if api.types.is_empty() {
        return None;
    }
    let aliases: Vec<&TypeDef> = api.types.iter().filter(|def| is_alias(&def.shape)).collect();
    let recursive = recursive(&aliases);
    let mut blocks: Vec<String> = Vec::new();
    for def in aliases.iter().filter(|def| recursive.contains(def.name.as_str())) {
        blocks.push(recursive_alias(types, def));
    }
    let mut printed = BTreeSet::new();
    for def in &api.types {
        print_classes(types, def, &mut printed, &mut blocks);
    }
    for def in sorted(&aliases, &recursive) {
        blocks.push(alias(types, def));
    }
    let body = blocks.join("\n\n");
    let mut text = header("The types of the contract.");
    text.push_str("from __future__ import annotations\n\n");
    if body.contains("_t.") {
        text.push_str("import typing as _t\n\n");
    }
    if !recursive.is_empty() {
        text.push_str("from typing_extensions import TypeAliasType as _TypeAliasType\n\n");
    }
    if body.contains("_m.") {
        text.push_str("from . import _model as _m\n\n");
    }
    text.push_str(&imports::exports(types.all()));
    text.push_str("\n\n\n");
    text.push_str(&body);
    Some(text)
}

/// Whether the shape is printed as an alias.
fn is_alias(shape: &Shape) -> bool {
    matches!(shape, Shape::Alias(_) | Shape::Union(_))
}

fn print_classes<'a>(types: &Types<'a>, def: &'a TypeDef, printed: &mut BTreeSet<&'a str>, blocks: &mut Vec<String>) {
    if !printed.insert(&def.name) {
        return;
    }
    match &def.shape {
        Shape::Struct(fields) => blocks.push(classes::of_struct(types, def, fields)),
        Shape::Enum(values) => blocks.push(classes::of_enum(types, def, values)),
        Shape::Integers(values) => blocks.push(classes::of_integers(types, def, values)),
        Shape::Union(union) => {
            // A class must follow its base.
            for base in bases(types, union) {
                print_classes(types, base, printed, blocks);
            }
            blocks.extend(classes::of_union(types, def, union));
        }
        Shape::Alias(_) => {}
    }
}

fn bases<'a>(types: &Types<'a>, union: &'a Union) -> Vec<&'a TypeDef> {
    if !matches!(union.tagging, Tagging::Internal { .. }) {
        return Vec::new();
    }
    let bases = union.variants.iter().filter_map(|variant| match &variant.body {
        Body::Newtype(ty) => types.resolve(types.struct_of(ty)?.0),
        _ => None,
    });
    bases.collect()
}

/// The target of an alias; `quoted` if its names may not be defined yet.
fn value(types: &Types<'_>, shape: &Shape, quoted: bool) -> Expr {
    let union = match shape {
        Shape::Alias(ty) => {
            let ty = types.expr(ty);
            return if quoted { Expr::name(literal(&ty.flat())) } else { ty };
        }
        Shape::Union(union) => union,
        _ => return Expr::name("None"),
    };
    let units =
        union.variants.iter().filter(|variant| union.tagging == Tagging::External && variant.body == Body::Unit);
    let units: Vec<_> = units.map(|variant| Expr::name(literal(&variant.name))).collect();
    let literals = Expr::subscript("_t.Literal", units);
    let members = union.variants.iter().map(|variant| match &variant.body {
        body if has_class(&union.tagging, body) => Expr::name(types.name(&variant.type_name)),
        Body::Unit if union.tagging == Tagging::External => literals.clone(),
        Body::Newtype(ty) if !types.is_null(ty) => types.expr(ty),
        _ => Expr::name("None"),
    });
    let mut members: Vec<_> = members.collect();
    // Units share one member, and `None | None` is an error.
    let mut seen = BTreeSet::new();
    members.retain(|member| seen.insert(member.flat()));
    // The position of `None` does not change the type; readers expect it at the end.
    members.sort_by_key(|member| member.flat() == "None");
    if members.is_empty() {
        return Expr::name("_m.Never");
    }
    let members = Expr::Or(members);
    let members = if quoted { Expr::name(literal(&members.flat())) } else { members };
    let how = match &union.tagging {
        Tagging::External => Expr::call("_m.External", Vec::new()),
        Tagging::Internal { tag } => Expr::call("_m.Internal", vec![Expr::name(literal(tag))]),
        Tagging::Untagged => Expr::name("_m.UNTAGGED"),
    };
    Expr::subscript("_t.Annotated", vec![members, how])
}

fn alias(types: &Types<'_>, def: &TypeDef) -> String {
    let text = layout::alias(&types.name(&def.name), &value(types, &def.shape, false));
    with_doc(text, def)
}

/// An alias that contains itself. Pydantic supports such aliases only in this form.
fn recursive_alias(types: &Types<'_>, def: &TypeDef) -> String {
    let name = types.name(&def.name);
    let arguments = vec![Expr::name(literal(&name)), value(types, &def.shape, true)];
    with_doc(Expr::call("_TypeAliasType", arguments).laid_out(&format!("{name} = "), 0, 0), def)
}

fn with_doc(text: String, def: &TypeDef) -> String {
    match docstring(&classes::described(&def.description, def.deprecated), 0) {
        Some(doc) => format!("{text}\n{doc}\n"),
        None => text + "\n",
    }
}

/// The aliases that must be known when an alias is defined. References inside classes do not count.
fn references(def: &TypeDef) -> Vec<String> {
    let mut names = Vec::new();
    let mut visit = |ty: &Type| {
        ty.visit(&mut |ty| {
            if let Type::Named(name) = ty {
                names.push(name.clone());
            }
        });
    };
    match &def.shape {
        Shape::Alias(ty) => visit(ty),
        Shape::Union(union) if union.tagging == Tagging::Untagged => {
            for variant in &union.variants {
                if let Body::Newtype(ty) = &variant.body {
                    visit(ty);
                }
            }
        }
        _ => {}
    }
    names
}

/// One alias of each cycle. The other aliases of the cycle are defined after it.
fn recursive<'a>(aliases: &[&'a TypeDef]) -> BTreeSet<&'a str> {
    let graph: BTreeMap<&str, Vec<String>> = aliases.iter().map(|def| (def.name.as_str(), references(def))).collect();
    let mut cut: BTreeSet<&'a str> = BTreeSet::new();
    let refers_to_itself =
        aliases.iter().filter(|def| graph.get(def.name.as_str()).is_some_and(|names| names.contains(&def.name)));
    cut.extend(refers_to_itself.map(|def| def.name.as_str()));
    for def in aliases {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = vec![&def.name];
        while let Some(name) = open.pop() {
            let next = graph.get(name).map(Vec::as_slice).unwrap_or_default();
            let next = next.iter().map(String::as_str).filter(|next| !cut.contains(next));
            open.extend(next.filter(|next| reached.insert(*next)));
        }
        if reached.contains(def.name.as_str()) {
            cut.insert(&def.name);
        }
    }
    cut
}

/// Sorts aliases so that each follows the aliases it refers to.
fn sorted<'a>(aliases: &[&'a TypeDef], recursive: &BTreeSet<&str>) -> Vec<&'a TypeDef> {
    fn visit<'a>(
        def: &'a TypeDef,
        aliases: &[&'a TypeDef],
        done: &mut BTreeSet<&'a str>,
        sorted: &mut Vec<&'a TypeDef>,
    ) {
        if !done.insert(&def.name) {
            return;
        }
        for name in references(def) {
            if let Some(other) = aliases.iter().find(|other| other.name == name) {
                visit(other, aliases, done, sorted);
            }
        }
        sorted.push(def);
    }
    let mut done: BTreeSet<&str> =
        aliases.iter().map(|def| def.name.as_str()).filter(|name| recursive.contains(name)).collect();
    let mut sorted = Vec::new();
    for def in aliases {
        visit(def, aliases, &mut done, &mut sorted);
    }
    sorted
}
