//! Lowers schemas of enums without contents: strings, or the integers of `serde_repr`.

use serde_json::Value;

use super::{Object, text};
use crate::codegen::ir::{EnumValue, IntegerValue};

/// The highest integer up to which JavaScript numbers represent every integer exactly.
const SAFE: u64 = (1 << 53) - 1;

/// The values of an enum that consists only of strings: in one list or, if the variants are documented, one by one.
pub(super) fn strings(schema: &Object) -> Option<Vec<EnumValue>> {
    let (own, members) = (texts(schema), schema.get("oneOf").and_then(Value::as_array));
    if let Some(values) = own {
        let value = |value: String| EnumValue { value, description: String::new() };
        return Some(values.into_iter().map(value).collect());
    }
    let mut all = Vec::new();
    for member in members.filter(|_| schema.get("type").is_none())? {
        let description = text(member, "description");
        let values = texts(member.as_object()?)?;
        all.extend(values.into_iter().map(|value| EnumValue { value, description: description.clone() }));
    }
    Some(all)
}

/// The strings that a schema allows, if it allows only strings.
pub(super) fn texts(schema: &Object) -> Option<Vec<String>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value.as_str()?.to_owned()]);
    }
    let values = schema.get("enum")?.as_array()?;
    values.iter().map(|value| value.as_str().map(ToOwned::to_owned)).collect()
}

/// The values of an enum that consists only of integers, or the problem with it.
pub(super) fn integers(schema: &Object) -> Option<Result<Vec<IntegerValue>, String>> {
    let values = match (schema.get("const"), schema.get("enum").and_then(Value::as_array)) {
        (Some(value), _) => std::slice::from_ref(value),
        (None, Some(values)) => values.as_slice(),
        (None, None) => return None,
    };
    let is_integer = |value: &Value| value.is_i64() || value.is_u64();
    if values.is_empty() || !values.iter().all(is_integer) {
        return None;
    }
    Some(named_integers(schema, values))
}

/// Reads the names of the variants from two keywords that other generators also support. schemars does not write the
/// names.
fn named_integers(schema: &Object, values: &[Value]) -> Result<Vec<IntegerValue>, String> {
    let texts = |keyword: &str| {
        let Some(given) = schema.get(keyword) else { return Ok(None) };
        let given = given.as_array().filter(|given| given.len() == values.len());
        let given = given.and_then(|given| given.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        given.map(Some).ok_or_else(|| format!("`{keyword}` must have a string for each of the {} values", values.len()))
    };
    let (names, descriptions) = (texts("x-enum-varnames")?, texts("x-enum-descriptions")?);
    let value = |(at, value): (usize, &Value)| {
        let value = value.as_i64().filter(|value| value.unsigned_abs() <= SAFE).ok_or_else(|| {
            format!("the enum's value {value} is beyond 2^53 - 1, which JavaScript's numbers do not hold")
        })?;
        let sign = if value < 0 { "minus" } else { "value" };
        let name =
            names.as_ref().map_or_else(|| format!("{sign}_{}", value.unsigned_abs()), |names| names[at].to_owned());
        let description = descriptions.as_ref().map_or("", |descriptions| descriptions[at]).to_owned();
        Ok(IntegerValue { name, value, description })
    };
    values.iter().enumerate().map(value).collect()
}

/// The keys of a map, if schemars described the schema as a map keyed by an enum: one property per value, all of one
/// type and none required. A struct of optional fields looks similar, but its fields have a default or may be null.
/// `sure` is true if the schema cannot be a struct because it has no name.
pub(super) fn keys(schema: &Object, sure: bool) -> Option<(Vec<&str>, &Value)> {
    let properties = schema.get("properties")?.as_object()?;
    let values = properties.values().next()?;
    let others = ["required", "patternProperties", "oneOf", "anyOf", "allOf", "$ref", "unevaluatedProperties"];
    let is_map = schema.get("type").and_then(Value::as_str) == Some("object")
        && schema.get("additionalProperties") == Some(&Value::Bool(false))
        && !others.iter().any(|keyword| schema.contains_key(*keyword))
        && properties.values().all(|other| other == values)
        && (sure || values.get("default").is_none() && values.get("description").is_none() && !may_be_null(values));
    is_map.then(|| (properties.keys().map(String::as_str).collect(), values))
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|ty| ty == "null");
    let in_types =
        schema.get("type").and_then(Value::as_array).is_some_and(|types| types.iter().any(|one| one == "null"));
    let in_members = schema.get("anyOf").and_then(Value::as_array).is_some_and(|members| members.iter().any(is_null));
    is_null(schema) || in_types || in_members
}
