//! Prints `models.py`: the types of the contract.

use std::collections::{BTreeMap, BTreeSet};

use super::docs::docstring;
use super::imports::{Import, Name, model, typing};
use super::layout::{self, Expr, literal};
use super::types::{Types, has_class};
use super::{Module, classes, imports};
use crate::codegen::ir::{Api, Body, Shape, Tagging, Type, TypeDef, Union};

/// Prints the module. None if there are no types.
pub(super) fn print(api: &Api, types: &Types<'_>) -> Option<String> {
    if api.types.is_empty() {
        return None;
    }
    let module = &Module::new(types);
    let aliases: Vec<&TypeDef> = api.types.iter().filter(|def| is_alias(&def.shape)).collect();
    let recursive = recursive(&aliases);
    let mut blocks: Vec<String> = Vec::new();
    for def in aliases.iter().filter(|def| recursive.contains(def.name.as_str())) {
        blocks.push(recursive_alias(module, def));
    }
    let mut printed = BTreeSet::new();
    for def in &api.types {
        print_classes(module, def, &mut printed, &mut blocks);
    }
    for def in sorted(&aliases, &recursive) {
        blocks.push(alias(module, def));
    }
    let mut text = imports::head("The types of the contract.", &module.imports);
    if module.imports.has(&Import::Model) {
        text.push('\n');
    }
    text.push_str(&imports::exports(types.all()));
    text.push_str("\n\n\n");
    text.push_str(&blocks.join("\n\n"));
    Some(text)
}

/// Whether the shape is printed as an alias.
fn is_alias(shape: &Shape) -> bool {
    matches!(shape, Shape::Alias(_) | Shape::Union(_))
}

fn print_classes<'a>(module: &Module<'a>, def: &'a TypeDef, printed: &mut BTreeSet<&'a str>, blocks: &mut Vec<String>) {
    if !printed.insert(&def.name) {
        return;
    }
    match &def.shape {
        Shape::Struct(fields) => blocks.push(classes::of_struct(module, def, fields)),
        Shape::Enum(values) => blocks.push(classes::of_enum(module, def, values)),
        Shape::Integers(values) => blocks.push(classes::of_integers(module, def, values)),
        Shape::Union(union) => {
            // A class must follow its base.
            for base in bases(module, union) {
                print_classes(module, base, printed, blocks);
            }
            blocks.extend(classes::of_union(module, def, union));
        }
        Shape::Alias(_) => {}
    }
}

fn bases<'a>(module: &Module<'a>, union: &'a Union) -> Vec<&'a TypeDef> {
    if !matches!(union.tagging, Tagging::Internal { .. }) {
        return Vec::new();
    }
    let bases = union.variants.iter().filter_map(|variant| match &variant.body {
        Body::Newtype(ty) => module.types.resolve(module.types.struct_of(ty)?.0),
        _ => None,
    });
    bases.collect()
}

/// The target of an alias; `quoted` if its names may not be defined yet.
fn value(module: &Module<'_>, shape: &Shape, quoted: bool) -> Expr {
    let union = match shape {
        Shape::Alias(ty) => {
            let ty = module.types.expr(ty);
            return if quoted { Expr::Quoted(Box::new(ty)) } else { ty };
        }
        Shape::Union(union) => union,
        _ => return Expr::name("None"),
    };
    let units =
        union.variants.iter().filter(|variant| union.tagging == Tagging::External && variant.body == Body::Unit);
    let units: Vec<_> = units.map(|variant| Expr::name(literal(&variant.name))).collect();
    let literals = Expr::subscript(typing("Literal"), units);
    let members = union.variants.iter().map(|variant| match &variant.body {
        body if has_class(&union.tagging, body) => Expr::name(module.types.reference(&variant.type_name)),
        Body::Unit if union.tagging == Tagging::External => literals.clone(),
        Body::Newtype(ty) if !module.types.is_null(ty) => module.types.expr(ty),
        _ => Expr::name("None"),
    });
    let mut members: Vec<_> = members.collect();
    // Units share one member, and `None | None` is an error.
    let mut seen = BTreeSet::new();
    let text = |member: &Expr| member.flat(&module.imports);
    members.retain(|member| seen.insert(text(member)));
    // The position of `None` does not change the type; readers expect it at the end.
    members.sort_by_key(|member| text(member) == "None");
    if members.is_empty() {
        return Expr::name(model("Never"));
    }
    let members = Expr::Or(members);
    let members = if quoted { Expr::Quoted(Box::new(members)) } else { members };
    let how = match &union.tagging {
        Tagging::External => Expr::call(model("External"), Vec::new()),
        Tagging::Internal { tag } => Expr::call(model("Internal"), vec![Expr::name(literal(tag))]),
        Tagging::Untagged => Expr::name(model("UNTAGGED")),
    };
    Expr::subscript(typing("Annotated"), vec![members, how])
}

fn alias(module: &Module<'_>, def: &TypeDef) -> String {
    let text = layout::alias(&module.imports, &module.types.name(&def.name), &value(module, &def.shape, false));
    with_doc(text, def)
}

/// An alias that contains itself. Pydantic supports such aliases only in this form.
fn recursive_alias(module: &Module<'_>, def: &TypeDef) -> String {
    let name = module.types.name(&def.name);
    let arguments = vec![Expr::name(literal(&name)), value(module, &def.shape, true)];
    let head = Name::imported("_TypeAliasType", Import::TypeAliasType);
    with_doc(Expr::call(head, arguments).laid_out(&module.imports, &format!("{name} = "), 0, 0), def)
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
