//! Lowers schemas of JSON objects: structs, flattened members, maps.

use serde_json::Value;

use super::unions::members;
use super::{Lowering, Object, Place, described, is_anything, is_true};
use crate::codegen::ir::{Field, Flattened, Key, Rest, Struct};
use crate::codegen::names;

/// Whether a schema describes an object with named members rather than a map.
pub(super) fn is_struct(schema: &Object) -> bool {
    let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
    let has_members = ["properties", "allOf", "oneOf", "anyOf"].iter().any(|keyword| schema.contains_key(*keyword));
    let is_map = ["additionalProperties", "patternProperties", "unevaluatedProperties"]
        .iter()
        .any(|keyword| schema.get(*keyword).is_some_and(|values| *values != Value::Bool(false)));
    is_object && (has_members || !is_map)
}

/// The type of the keys of unnamed members, the keyword with the schema of their values, and that schema.
pub(super) fn entries(schema: &Object) -> Result<Option<(Key, &str, &Value)>, String> {
    if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
        let mut patterns = patterns.iter();
        return match (patterns.next(), patterns.next()) {
            (Some((pattern, values)), None) if pattern == r"^-?\d+$" => Ok(Some((Key::Signed, "patternProperties", values))),
            (Some((pattern, values)), None) if pattern == r"^\d+$" => Ok(Some((Key::Unsigned, "patternProperties", values))),
            _ => Err("keys of a map may be any strings or integers, other `patternProperties` have no counterpart in clients".to_owned()),
        };
    }
    let found = ["additionalProperties", "unevaluatedProperties"].into_iter().find_map(|keyword| {
        let values = schema.get(keyword)?;
        (*values != Value::Bool(false)).then_some((Key::String, keyword, values))
    });
    Ok(found)
}

impl Lowering {
    /// The members of an object, without its tag.
    pub(super) fn lower_object(&mut self, schema: &Object, place: &Place, name: &str, tag: Option<&str>) -> Struct {
        if schema.contains_key("$ref") {
            self.problem(place, "a `$ref` beside other members has no counterpart in clients");
        }
        let required = |field: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|name| name == field))
        };
        let mut fields = Vec::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (field, schema) in properties.iter().filter(|(field, _)| Some(field.as_str()) != tag) {
                let place = place.at("properties").at(field);
                fields.push(Field {
                    name: field.clone(),
                    description: described(schema),
                    deprecated: is_true(schema, "deprecated"),
                    required: required(field),
                    default: schema.get("default").cloned().unwrap_or_default(),
                    ty: self.lower_type(schema, &place, &format!("{name}{}", names::pascal(field))),
                });
            }
        }
        let flattened = self.lower_flattened(schema, place, name);
        Struct { fields, flattened, rest: self.lower_rest(schema, place, name) }
    }

    /// The unions among the members. A single `oneOf` or `anyOf` stands beside the members; several of one keyword
    /// stand in `allOf`.
    fn lower_flattened(&mut self, schema: &Object, place: &Place, name: &str) -> Vec<Flattened> {
        let mut unions: Vec<_> = members(schema).map(|union| (union, place.clone())).collect();
        if let Some(Value::Array(all)) = schema.get("allOf") {
            for (index, member) in all.iter().enumerate() {
                let place = place.at("allOf").at(&index.to_string());
                let before = unions.len();
                unions.extend(member.as_object().into_iter().flat_map(members).map(|union| (union, place.clone())));
                if unions.len() == before {
                    self.problem(&place, "only flattened enums may stand in `allOf`");
                }
            }
        }
        let mut flattened = Vec::new();
        for ((keyword, all), place) in unions {
            // The schema of an optional flattened enum allows the enum or anything.
            let optional = keyword == "anyOf" && all.iter().any(is_anything);
            let union = match all.as_slice() {
                [union, other] if optional && is_anything(other) => union.clone(),
                _ => Value::Object([(keyword.to_owned(), all.clone().into())].into_iter().collect()),
            };
            let name = self.hoist(&union, &place, &format!("{name}Variant"));
            flattened.push(Flattened { name, optional });
        }
        flattened
    }

    fn lower_rest(&mut self, schema: &Object, place: &Place, name: &str) -> Rest {
        match entries(schema) {
            Ok(Some((key, keyword, values))) => {
                let values = self.lower_type(values, &place.at(keyword), &format!("{name}Value"));
                Rest::Map(key, Box::new(values))
            }
            Ok(None) if schema.get("additionalProperties") == Some(&Value::Bool(false)) => Rest::Denied,
            Ok(None) => Rest::Ignored,
            Err(what) => {
                self.problem(place, what);
                Rest::Ignored
            }
        }
    }
}
