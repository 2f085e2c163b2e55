//! Lowers schemas with a `type`: scalars, arrays, maps.

use serde_json::Value;

use super::{Lowering, Object, Place, objects};
use crate::codegen::ir::{Integer, Type, Width};

/// The keywords that the model represents or may ignore. An ignored keyword does not affect shapes, or serde does not
/// check it when it decodes.
const KEYWORDS: &[&str] = &[
    "$comment",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
];

impl Lowering {
    pub(super) fn check_keywords(&mut self, schema: &Object, place: &Place) {
        for keyword in schema.keys() {
            let known = KEYWORDS.contains(&&**keyword) || keyword.starts_with("x-");
            if !known {
                self.problem(place, format!("the keyword `{keyword}` has no counterpart in clients"));
            }
        }
    }

    pub(super) fn lower_typed(&mut self, schema: &Object, place: &Place, name: &str) -> Type {
        let types = types(schema);
        if schema.contains_key("enum") || schema.contains_key("const") {
            self.problem(
                place,
                "`enum` and `const` of anything but strings or integers have no counterpart in clients",
            );
            return Type::Any;
        }
        match types.as_slice() {
            [] if !schema.keys().any(|keyword| shapes(keyword)) => Type::Any,
            ["null"] => Type::Null,
            ["boolean"] => Type::Bool,
            ["string"] => string(schema),
            ["integer"] => self.lower_integer(schema, place),
            ["number"] => match schema.get("format").and_then(Value::as_str) {
                Some("float") => Type::F32,
                Some("double") => Type::F64,
                _ => Type::Number,
            },
            ["array"] => self.lower_array(schema, place, name),
            ["object"] => self.lower_map(schema, place, name),
            // `bytes::Bytes` also reads text, and writes lists.
            ["array", "string"] if is_bytes(schema) => self.lower_array(schema, place, name),
            // `Decimal` also reads numbers, and writes strings.
            ["number", "string"] | ["string", "number"] if is_decimal(schema) => Type::Decimal,
            [] => {
                self.problem(place, "a schema without `type` has no counterpart in clients");
                Type::Any
            }
            several => {
                let several = several.join("`, `");
                self.problem(
                    place,
                    format!(
                        "the types `{several}` at once have no counterpart in clients: use an `#[serde(untagged)]` enum, or say \
                         with `#[schemars(with = \"…\")]` which of them clients write and read"
                    ),
                );
                Type::Any
            }
        }
    }

    fn lower_integer(&mut self, schema: &Object, place: &Place) -> Type {
        let width = width(schema).unwrap_or_else(|format| {
            self.problem(place, format!("the format `{format}` of an integer is unknown"));
            Width::I64
        });
        let whole = |keyword| schema.get(keyword).and_then(|value| value.to_string().parse::<i128>().ok());
        let min = whole("minimum").or_else(|| whole("exclusiveMinimum")?.checked_add(1));
        let max = whole("maximum").or_else(|| whole("exclusiveMaximum")?.checked_sub(1));
        let plain = Integer { width, min: None, max: None };
        Type::Integer(Integer {
            width,
            min: min.filter(|min| *min > plain.lowest()),
            max: max.filter(|max| u128::try_from(*max).is_ok_and(|max| max < plain.highest()) || *max < 0),
        })
    }

    fn lower_array(&mut self, schema: &Object, place: &Place, name: &str) -> Type {
        let count = |keyword| schema.get(keyword).and_then(Value::as_u64);
        let bounds = (count("minItems").unwrap_or(0), count("maxItems"));
        if let Some(Value::Array(items)) = schema.get("prefixItems") {
            let len = items.len() as u64;
            if bounds != (len, Some(len)) || schema.get("items").is_some_and(|items| *items != Value::Bool(false)) {
                self.problem(place, "a tuple with more items than `prefixItems` names has no counterpart in clients");
            }
            let items = items.iter().enumerate().map(|(index, item)| {
                let place = place.at("prefixItems").at(&index.to_string());
                self.lower_type(item, &place, &format!("{name}Item{}", index + 1))
            });
            return Type::Tuple(items.collect());
        }
        let items = schema.get("items").unwrap_or(&Value::Bool(true));
        let items = Box::new(self.lower_type(items, &place.at("items"), &format!("{name}Item")));
        match bounds {
            (min, Some(max)) if min == max => match usize::try_from(min) {
                Ok(0) | Err(_) => Type::Tuple(Vec::new()),
                Ok(len) => Type::FixedArray { items, len },
            },
            _ => Type::Array { items, unique: schema.get("uniqueItems") == Some(&Value::Bool(true)) },
        }
    }

    fn lower_map(&mut self, schema: &Object, place: &Place, name: &str) -> Type {
        match objects::entries(schema) {
            Ok(Some((key, keyword, values))) => {
                Type::Map(key, Box::new(self.lower_type(values, &place.at(keyword), &format!("{name}Value"))))
            }
            Ok(None) => Type::Any,
            Err(what) => {
                self.problem(place, what);
                Type::Any
            }
        }
    }
}

/// The schema without null, if its `type` allows null.
pub(super) fn nullable(schema: &Object) -> Option<Value> {
    let types: Vec<_> = types(schema).into_iter().filter(|one| *one != "null").collect();
    if types.is_empty() || !schema.get("type")?.as_array()?.iter().any(|one| one == "null") {
        return None;
    }
    let mut inner = schema.clone();
    inner.insert("type".to_owned(), if let [one] = types.as_slice() { (*one).into() } else { types.into() });
    if let Some(Value::Array(values)) = inner.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    Some(inner.into())
}

fn types(schema: &Object) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a keyword restricts the allowed values.
fn shapes(keyword: &str) -> bool {
    matches!(
        keyword,
        "additionalProperties"
            | "allOf"
            | "anyOf"
            | "const"
            | "enum"
            | "items"
            | "not"
            | "oneOf"
            | "patternProperties"
            | "prefixItems"
            | "properties"
            | "required"
            | "unevaluatedProperties"
    )
}

fn width(schema: &Object) -> Result<Width, &str> {
    Ok(match schema.get("format").and_then(Value::as_str) {
        Some("int8") => Width::I8,
        Some("int16") => Width::I16,
        Some("int32") => Width::I32,
        Some("int64" | "int") | None => Width::I64,
        Some("int128") => Width::I128,
        Some("uint8") => Width::U8,
        Some("uint16") => Width::U16,
        Some("uint32") => Width::U32,
        Some("uint64" | "uint") => Width::U64,
        Some("uint128") => Width::U128,
        Some(other) => return Err(other),
    })
}

/// The type of a string or an integer, ignoring whether it may be null.
pub(super) fn plain(schema: &Object) -> Option<Type> {
    let types: Vec<_> = types(schema).into_iter().filter(|one| *one != "null").collect();
    match types.as_slice() {
        ["string"] => Some(string(schema)),
        ["integer"] => Some(Type::Integer(Integer { width: width(schema).ok()?, min: None, max: None })),
        ["number", "string"] | ["string", "number"] if is_decimal(schema) => Some(Type::Decimal),
        _ => None,
    }
}

fn string(schema: &Object) -> Type {
    let length = |keyword| schema.get(keyword).and_then(Value::as_u64);
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Type::DateTime,
        Some("date") => Type::Date,
        Some("uuid") => Type::Uuid,
        _ if is_decimal(schema) => Type::Decimal,
        None if (length("minLength"), length("maxLength")) == (Some(1), Some(1)) => Type::Char,
        _ => Type::String,
    }
}

fn is_bytes(schema: &Object) -> bool {
    schema.get("items").and_then(|items| items.get("format")).is_some_and(|format| format == "uint8")
}

/// schemars describes `rust_decimal` and `bigdecimal` with these patterns and no format.
fn is_decimal(schema: &Object) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    pattern.starts_with(r"^-?\d+(\.\d+)?")
}
