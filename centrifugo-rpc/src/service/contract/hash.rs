//! The contract's hash. It covers names and shapes, regardless of their documentation and of the order of JSON members.

use std::fmt::Write;

use ring::digest::{Context, SHA256};
use serde_json::{Map, Value, json};

use super::Contract;

/// Keywords that document a schema and do not shape it. Examples and defaults show values that no caller depends on.
const ANNOTATIONS: [&str; 9] =
    ["$comment", "$schema", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"];

pub(super) fn of(contract: &Contract) -> String {
    let methods: Vec<_> = contract
        .methods
        .iter()
        .map(|method| {
            json!({
                "name": method.name,
                "no_wait": method.no_wait,
                "idempotent": method.idempotent,
                "params": method.params.as_ref().map(shape),
                "result": shape(&method.result),
            })
        })
        .collect();
    let [params, results] = [&contract.params, &contract.results]
        .map(|types| types.iter().map(|(name, schema)| (name.clone(), shape(schema))).collect::<Map<_, _>>());
    let all = json!({ "version": contract.version, "methods": methods, "params": params, "results": results });
    let mut context = Context::new(&SHA256);
    context.update(sorted(all).to_string().as_bytes());
    context.finish().as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A schema without its documentation.
fn shape(schema: &Value) -> Value {
    let Value::Object(schema) = schema else { return schema.clone() };
    let mut shaped = Map::new();
    for (keyword, value) in schema {
        let value = match (keyword.as_str(), value) {
            (keyword, _) if ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-") => continue,
            ("properties" | "patternProperties", Value::Object(properties)) => {
                Value::Object(properties.iter().map(|(name, schema)| (name.clone(), shape(schema))).collect())
            }
            ("oneOf", Value::Array(members)) => one_of(members),
            // Keeps the order in which serde tries the members, and the names of untagged variants.
            ("anyOf", Value::Array(members)) => members.iter().map(titled).collect(),
            ("allOf" | "prefixItems", Value::Array(members)) => members.iter().map(shape).collect(),
            ("enum" | "required" | "type", Value::Array(names)) => set(names.clone()),
            ("additionalProperties" | "items" | "not" | "unevaluatedProperties", schema) => shape(schema),
            (_, value) => value.clone(),
        };
        shaped.insert(keyword.clone(), value);
    }
    match only_strings(&shaped) {
        Some(names) => json!({ "type": "string", "enum": names }),
        None => Value::Object(shaped),
    }
}

fn titled(schema: &Value) -> Value {
    json!([schema.get("title"), shape(schema)])
}

/// Sorts the members: exactly one of them matches, so their order is irrelevant. All strings become one member, because
/// documentation of a variant separates it from the others.
fn one_of(members: &[Value]) -> Value {
    let mut strings = Vec::new();
    let mut others = Vec::new();
    for member in members {
        match strings_of(member) {
            Some(names) => strings.extend(names),
            None => others.push(shape(member)),
        }
    }
    if !strings.is_empty() {
        others.push(json!({ "type": "string", "enum": set(strings) }));
    }
    set(others)
}

/// The strings that a schema allows, if it allows only strings.
fn strings_of(schema: &Value) -> Option<Vec<Value>> {
    if let Some(value) = schema.get("const").filter(|value| value.is_string()) {
        return Some(vec![value.clone()]);
    }
    schema.get("enum")?.as_array().filter(|values| values.iter().all(Value::is_string)).cloned()
}

/// Reduces `{"oneOf": [{"enum": …}]}` to that enum.
fn only_strings(schema: &Map<String, Value>) -> Option<Value> {
    let members = schema.get("oneOf").filter(|_| schema.len() == 1)?.as_array()?;
    let [member] = members.as_slice() else { return None };
    strings_of(member).map(set)
}

fn set(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(|value| sorted(value.clone()).to_string());
    values.dedup();
    Value::Array(values)
}

/// Sorts the members of all objects by name.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect())
        }
        value => value,
    }
}
