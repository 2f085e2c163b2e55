//! Prints the Go types of the models.

use std::collections::BTreeSet;

use super::Source;
use super::docs::{comment, deprecated, paragraphs};
use super::names::Members;
use super::print::{Columns, literal};
use super::types::{GoField, Presence};
use crate::codegen::ir::{Body, Rest, Shape, Struct, Tagging, Type, TypeDef, Union};
use crate::codegen::wording;

pub(super) fn models(source: &Source<'_>) -> String {
    let models: Vec<_> = source.types.api.types.iter().map(|def| model(source, def)).collect();
    models.join("\n")
}

fn model(source: &Source<'_>, def: &TypeDef) -> String {
    let types = source.types;
    let name = types.names.of_type(&def.name);
    let documentation = comment(&paragraphs(&[&def.description, &deprecated(def.deprecated)]), "");
    match &def.shape {
        Shape::Struct(fields) => documentation + &structure(source, fields, name),
        Shape::Enum(values) => {
            let values = values.iter().map(|value| (literal(&value.value), value.description.clone()));
            documentation + &enumeration(name, "string", values, types.names.parts(&def.name))
        }
        Shape::Integers(values) => {
            let values = values.iter().map(|value| (value.value.to_string(), value.description.clone()));
            documentation + &enumeration(name, "int64", values, types.names.parts(&def.name))
        }
        Shape::Union(union) => union_model(source, union, def, name),
        Shape::Alias(ty) => documentation + &alias(source, ty, &def.name, name),
    }
}

fn structure(source: &Source<'_>, fields: &Struct, name: &str) -> String {
    let Source { types, imports } = source;
    let members = Members::of(fields, name);
    let (mut columns, mut nullable) = (Columns::default(), 0_usize);
    for (member, field) in &members.fields {
        let default = wording::default(field).unwrap_or_default();
        let documentation = paragraphs(&[&field.description, &default, &deprecated(field.deprecated)]);
        let GoField { ty, presence } = types.field(field);
        nullable += usize::from(presence == Presence::AbsentOrNull);
        columns.push(documentation, member, ty.print(imports));
    }
    for (member, flattened) in &members.flattened {
        columns.push(wording::flattened(flattened).to_owned(), member, types.names.of_type(&flattened.name));
    }
    if let Rest::Map(key, values) = &fields.rest {
        let documentation = format!("{} holds all other members.", members.rest);
        columns.push(
            documentation,
            &members.rest,
            format!("map[{}]{}", types.key(key).0, types.go_type(values).print(imports)),
        );
    }
    if nullable > 0 {
        columns.push(
            "Which members are null, not absent.".to_owned(),
            "nulls",
            format!("[{}]uint64", nullable.div_ceil(64)),
        );
    }
    if columns.is_empty() {
        return format!("type {name} struct{{}}\n");
    }
    format!("type {name} struct {{\n{}}}\n", columns.print())
}

/// Prints an enum. `values` are the literals with their documentation.
fn enumeration(name: &str, of: &str, values: impl Iterator<Item = (String, String)>, constants: &[String]) -> String {
    let mut columns = Columns::default();
    for ((value, description), constant) in values.zip(constants) {
        columns.push(description, constant, format!("{name} = {value}"));
    }
    if columns.is_empty() {
        return format!("type {name} {of}\n");
    }
    format!(
        "type {name} {of}\n\n// The values of [{name}]. A newer service may have more.\nconst (\n{})\n",
        columns.print()
    )
}

fn alias(source: &Source<'_>, target: &Type, wire: &str, name: &str) -> String {
    let Source { types, imports } = source;
    match target {
        // A named pointer type cannot have methods.
        Type::Nullable(_) if types.is_recursive_alias(wire) => {
            format!("type {name} struct {{\n\tValue {}\n}}\n", types.go_type(target).print(imports))
        }
        _ if types.is_recursive_alias(wire) => format!("type {name} {}\n", types.go_type(target).print(imports)),
        _ => format!("type {name} = {}\n", types.go_type(target).print(imports)),
    }
}

fn union_model(source: &Source<'_>, union: &Union, def: &TypeDef, name: &str) -> String {
    let Source { types, imports } = source;
    let parts = types.names.parts(&def.name);
    let (Some(interface), variants) = (parts.last(), &parts[..union.variants.len()]) else { return String::new() };
    let keeps = union.tagging != Tagging::Untagged && !types.is_only_among_members(&def.name);
    let mut listed: Vec<_> = variants.iter().map(|variant| format!("[{variant}]")).collect();
    if keeps {
        listed.push("[Unknown]".to_owned());
    }
    let is_one_of = match listed.as_slice() {
        [] => "There is no value of this type.".to_owned(),
        [one] => format!("Value is always {one}."),
        [first @ .., last] => format!("Value is one of {} or {last}.", first.join(", ")),
    };
    let mut columns = Columns::default();
    columns.push(is_one_of, "Value", interface);
    let mut printed = comment(&paragraphs(&[&def.description, &deprecated(def.deprecated)]), "");
    printed += &format!("type {name} struct {{\n{}}}\n\n", columns.print());
    printed += &format!("// {interface} is a variant of [{name}].\n");
    printed += &format!("type {interface} interface {{\n\tis{interface}()\n}}\n");
    for (variant, identifier) in union.variants.iter().zip(variants) {
        let documentation = if variant.description.is_empty() {
            format!("{identifier} is the variant {} of [{name}].", variant.name.escape_debug())
        } else {
            variant.description.clone()
        };
        printed.push('\n');
        printed += &comment(&documentation, "");
        printed += &match &variant.body {
            Body::Unit | Body::Newtype(Type::Null) => format!("type {identifier} struct{{}}\n"),
            Body::Newtype(ty) => {
                format!("type {identifier} struct {{\n\tValue {}\n}}\n", types.go_type(ty).print(imports))
            }
            Body::Struct(fields) => structure(source, fields, identifier),
        };
    }
    printed
}

/// Prints the tuple and array types in use, one for each length.
pub(super) fn tuples(source: &Source<'_>) -> String {
    let api = source.types.api;
    let (mut tuples, mut arrays) = (BTreeSet::new(), BTreeSet::new());
    let mut see = |ty: &Type| {
        ty.visit(&mut |ty| match ty {
            Type::Tuple(items) => {
                tuples.insert(items.len());
            }
            Type::FixedArray { len, .. } => {
                arrays.insert(*len);
            }
            _ => {}
        });
    };
    for method in &api.methods {
        method.params.iter().chain([&method.result]).for_each(&mut see);
    }
    api.types.iter().for_each(|def| def.shape.visit(&mut see));
    tuples.into_iter().map(tuple).chain(arrays.into_iter().map(array)).collect::<Vec<_>>().join("\n")
}

fn array(len: usize) -> String {
    format!(
        "func array{len}[T any](code codec[T]) codec[[{len}]T] {{\n\
         \treturn func(v *[{len}]T, c *coder) {{\n\t\tarray(c, v[:], code)\n\t}}\n}}\n"
    )
}

fn tuple(len: usize) -> String {
    if len == 0 {
        return "// Tuple0 is an array of nothing.\ntype Tuple0 struct{}\n\nfunc tuple0(_ *Tuple0, c *coder) {\n\ttuple(c)\n}\n".to_owned();
    }
    let types: Vec<_> = (0..len).map(|index| format!("T{index}")).collect();
    let mut columns = Columns::default();
    for (index, ty) in types.iter().enumerate() {
        columns.push(String::new(), format!("V{index}"), ty);
    }
    let parameters = types.join(", ");
    let codecs: Vec<_> = (0..len).map(|index| format!("c{index} codec[T{index}]")).collect();
    let items: Vec<_> = (0..len).map(|index| format!("\t\t\tfunc() {{ c{index}(&v.V{index}, c) }},\n")).collect();
    format!(
        "// Tuple{len} is an array of {len}, each of a type of its own.\n\
         type Tuple{len}[{parameters} any] struct {{\n{}}}\n\n\
         func tuple{len}[{parameters} any]({}) codec[Tuple{len}[{parameters}]] {{\n\
         \treturn func(v *Tuple{len}[{parameters}], c *coder) {{\n\t\ttuple(c,\n{}\t\t)\n\t}}\n}}\n",
        columns.print(),
        codecs.join(", "),
        items.concat(),
    )
}
