//! Prints the codecs of the types: one method per type both writes and reads.

use super::Source;
use super::docs::comment;
use super::names::Members;
use super::print::{function, literal, returning};
use super::types::{GoField, Presence, Types};
use crate::codegen::ir::{Body, Rest, Shape, Struct, Tagging, Type, TypeDef, Union, Variant};

pub(super) fn codes(source: &Source<'_>) -> String {
    let types = source.types;
    let codes = types.api.types.iter().flat_map(|def| [as_input(types, def), code(source, def)]);
    codes.filter(|code| !code.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Prints the conversion of a result value to a params value, if the two have different types.
fn as_input(types: &Types<'_>, def: &TypeDef) -> String {
    let has_methods = |def: &TypeDef| !matches!(def.shape, Shape::Alias(_)) || types.is_recursive_alias(&def.name);
    let output = def.input_of.as_ref().and_then(|output| types.api.get(output));
    let Some(output) = output.filter(|output| has_methods(output) && has_methods(def)) else { return String::new() };
    let (from, to) = (types.names.of_type(&output.name), types.names.of_type(&def.name));
    let documentation = "AsInput is the value as params take it. The error says why they do not.";
    comment(documentation, "")
        + &returning(
            &format!("(v {from}) AsInput() ({to}, error)"),
            &format!("return converted(&v, (*{from}).code, (*{to}).code)"),
        )
}

fn code(source: &Source<'_>, def: &TypeDef) -> String {
    let types = source.types;
    let name = types.names.of_type(&def.name);
    match &def.shape {
        Shape::Struct(fields) => [public(name), object_code(name), members(types, fields, name)].join("\n"),
        Shape::Enum(_) | Shape::Integers(_) => {
            let constants = types.names.parts(&def.name);
            let known = constants.iter().map(|constant| format!(", {constant}")).collect::<String>();
            let function = if matches!(def.shape, Shape::Enum(_)) { "enum" } else { "integerEnum" };
            returning(&format!("(v *{name}) code(c *coder)"), &format!("{function}(v, c{known})"))
        }
        Shape::Union(union) => union_code(types, union, def, name),
        Shape::Alias(ty) if types.is_recursive_alias(&def.name) => {
            let codec = types.go_type(ty).codec;
            let value = match ty {
                Type::Nullable(_) => "&v.Value".to_owned(),
                _ => format!("(*{})(v)", types.go_type(ty).print(&source.imports)),
            };
            let code = returning(&format!("(v *{name}) code(c *coder)"), &format!("{codec}({value}, c)"));
            [public(name), code].join("\n")
        }
        Shape::Alias(_) => String::new(),
    }
}

/// Prints the methods that package encoding/json calls.
fn public(name: &str) -> String {
    let (write, read) = (format!("encode(&v, (*{name}).code)"), format!("decode(data, v, (*{name}).code)"));
    format!(
        "// MarshalJSON writes the JSON of the service.\n{}\n// UnmarshalJSON reads the JSON of the service.\n{}",
        returning(&format!("(v {name}) MarshalJSON() ([]byte, error)"), &format!("return {write}")),
        returning(&format!("(v *{name}) UnmarshalJSON(data []byte) error"), &format!("return {read}")),
    )
}

fn object_code(name: &str) -> String {
    returning(&format!("(v *{name}) code(c *coder)"), "c.object(v.members)")
}

fn members(types: &Types<'_>, fields: &Struct, name: &str) -> String {
    let members = Members::of(fields, name);
    let (mut lines, mut nullable) = (Vec::new(), Vec::new());
    for (member, field) in &members.fields {
        let (wire, GoField { ty, presence }) = (literal(&field.name), types.field(field));
        let value = format!("v.{member}");
        lines.push(match presence {
            Presence::Required => format!("required(o, {wire}, &{value}, {})", ty.codec),
            Presence::Absent => format!("optional(o, {wire}, {value} == nil, &{value}, {})", ty.codec),
            Presence::AbsentOrNull => {
                let bit = nullable.len();
                nullable.push(wire.clone());
                format!("absentOrNull(o, {wire}, {value} == nil, &{value}, v.nulls[:], {bit}, {})", ty.codec)
            }
        });
    }
    for (member, flattened) in &members.flattened {
        let value = format!("v.{member}");
        lines.push(if flattened.optional {
            let name = types.names.of_type(&flattened.name);
            format!("perhaps(o, {value}.Value == nil, &{value}, (*{name}).members)")
        } else {
            format!("{value}.members(o)")
        });
    }
    match &fields.rest {
        Rest::Ignored => {}
        Rest::Denied => lines.push("o.deny()".to_owned()),
        Rest::Map(key, values) => {
            let (keys, codec) = (types.key(key).1, types.go_type(values).codec);
            lines.push(format!("rest(o, &v.{}, {keys}, {codec})", members.rest));
        }
    }
    let members = function(&format!("(v *{name}) members(o *object)"), &lines);
    if nullable.is_empty() {
        return members;
    }
    let listed = nullable.join(", ");
    let documentation =
        comment(&format!("SetNull makes members null that are nil, and would be left out: {listed}."), "");
    let set_null =
        returning(&format!("(v *{name}) SetNull(names ...string)"), &format!("setNull(v.nulls[:], names, {listed})"));
    format!("{documentation}{set_null}\n{members}")
}

fn union_code(types: &Types<'_>, union: &Union, def: &TypeDef, name: &str) -> String {
    let parts = types.names.parts(&def.name);
    let (Some(interface), identifiers) = (parts.last(), &parts[..union.variants.len()]) else { return String::new() };
    let variants: Vec<_> = union.variants.iter().zip(identifiers).collect();
    let among = types.is_among_members(&def.name);
    let only_among = types.is_only_among_members(&def.name);
    let mut printed = vec![public(name)];
    let internal = match &union.tagging {
        Tagging::Internal { tag } => Some(tag),
        Tagging::External | Tagging::Untagged => None,
    };
    if internal.is_some() || only_among {
        printed.push(object_code(name));
    } else {
        let lines = value_lines(union, &variants);
        printed.push(function(&format!("(v *{name}) code(c *coder)"), &lines));
    }
    if internal.is_some() || among {
        let lines = member_lines(union, &variants);
        printed.push(function(&format!("(v *{name}) members(o *object)"), &lines));
    }
    let mut markers: Vec<_> =
        identifiers.iter().map(|variant| function(&format!("({variant}) is{interface}()"), &[])).collect();
    if union.tagging != Tagging::Untagged {
        markers.push(function(&format!("(Unknown) is{interface}()"), &[]));
    }
    printed.push(markers.join("\n"));
    for (variant, identifier) in &variants {
        printed.extend(variant_code(types, variant, identifier, internal.is_some(), among));
    }
    printed.join("\n")
}

/// The statements that read and write a union that stands alone.
fn value_lines(union: &Union, variants: &[(&Variant, &String)]) -> Vec<String> {
    let is_external = union.tagging == Tagging::External;
    let mut lines = vec![format!("u := {}(c, &v.Value)", if is_external { "external" } else { "untagged" })];
    for (variant, identifier) in variants {
        let wire = literal(&variant.name);
        lines.push(match &variant.body {
            Body::Unit if is_external => format!("unit[{identifier}](u, {wire})"),
            _ if is_external => format!("holding(u, {wire}, (*{identifier}).code)"),
            Body::Unit => format!("fitting(u, nothing[{identifier}])"),
            _ => format!("fitting(u, (*{identifier}).code)"),
        });
    }
    lines.push(if is_external { "u.endKeeping()" } else { "u.end()" }.to_owned());
    lines
}

/// The statements that read and write a union among the members of an object.
fn member_lines(union: &Union, variants: &[(&Variant, &String)]) -> Vec<String> {
    let start = match &union.tagging {
        Tagging::Internal { tag } => format!("internal(o, {}, &v.Value)", literal(tag)),
        Tagging::External | Tagging::Untagged => "among(o, &v.Value)".to_owned(),
    };
    let mut lines = vec![format!("u := {start}")];
    for (variant, identifier) in variants {
        let wire = literal(&variant.name);
        lines.push(match (&union.tagging, &variant.body) {
            (Tagging::Internal { tag }, Body::Unit) => {
                format!("tagged[{identifier}](u, {}, {wire}, nil)", literal(tag))
            }
            (Tagging::Internal { tag }, _) => format!("tagged(u, {}, {wire}, (*{identifier}).members)", literal(tag)),
            (Tagging::External, Body::Unit) => format!("member(u, {wire}, nothing[{identifier}])"),
            (Tagging::External, _) => format!("member(u, {wire}, (*{identifier}).code)"),
            (Tagging::Untagged, Body::Unit) => format!("fittingMembers(u, noMembers[{identifier}])"),
            (Tagging::Untagged, _) => format!("fittingMembers(u, (*{identifier}).members)"),
        });
    }
    let keeps = matches!(union.tagging, Tagging::Internal { .. });
    lines.push(if keeps { "u.endKeepingMembers()" } else { "u.end()" }.to_owned());
    lines
}

fn variant_code(types: &Types<'_>, variant: &Variant, name: &str, internal: bool, among: bool) -> Vec<String> {
    match &variant.body {
        Body::Unit => Vec::new(),
        Body::Newtype(Type::Null) => vec![returning(&format!("(v *{name}) code(c *coder)"), "nulls(nil, c)")],
        Body::Struct(fields) if internal => vec![members(types, fields, name)],
        Body::Struct(fields) => vec![object_code(name), members(types, fields, name)],
        Body::Newtype(ty) => {
            let codec = types.go_type(ty).codec;
            let code = returning(&format!("(v *{name}) code(c *coder)"), &format!("{codec}(&v.Value, c)"));
            let members = function(&format!("(v *{name}) members(o *object)"), &[inner_members(types, ty)]);
            match (internal, among) {
                (true, _) => vec![members],
                (false, true) => vec![code, members],
                (false, false) => vec![code],
            }
        }
    }
}

/// The statement that reads and writes the content of a variant as members among others.
fn inner_members(types: &Types<'_>, ty: &Type) -> String {
    let resolved = match ty {
        Type::Named(name) => types.resolve(name).map(|def| &def.shape),
        _ => None,
    };
    let ty = match resolved {
        Some(Shape::Alias(ty)) => ty,
        Some(Shape::Struct(_) | Shape::Union(_)) => return "v.Value.members(o)".to_owned(),
        Some(Shape::Enum(_) | Shape::Integers(_)) | None => ty,
    };
    match ty {
        Type::Map(key, values) => {
            format!("rest(o, &v.Value, {}, {})", types.key(key).1, types.go_type(values).codec)
        }
        Type::Any => "whole(o, &v.Value)".to_owned(),
        _ => "o.c.fail(\"it has no members\")".to_owned(),
    }
}
