//! Lowers JSON Schema, as schemars writes it, to the [model](super::ir). A schema without a counterpart in the model is
//! an error that names the method and the place; nothing silently becomes `any`. All errors are reported together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::ir::{Api, Key, Method, Shape, Type, TypeDef};
use super::names;
use crate::service::contract::Contract;
use crate::service::method::MethodKind;

mod clashes;
mod constraints;
mod directions;
mod enums;
mod objects;
mod scalars;
mod unify;
mod unions;

use unify::name_variants;
pub(crate) use unify::unified;

/// A schema that is an object.
type Object = Map<String, Value>;

/// Lowers a contract.
///
/// # Errors
///
/// One sentence for each part of the contract that no client can be generated from.
pub(crate) fn lower(contract: &Contract) -> Result<Api, Vec<String>> {
    let taken: BTreeSet<_> = contract.params.keys().chain(contract.results.keys()).cloned().collect();
    let mut params = Lowering::new("params", &taken, [&contract.params, &contract.results]);
    let mut results = Lowering::new("results", &taken, [&contract.results, &contract.params]);
    for (side, definitions) in [(&mut params, &contract.params), (&mut results, &contract.results)] {
        for (name, schema) in definitions {
            side.define(name, schema, &Place::definition(side.side, name));
        }
    }
    let methods = contract.methods.iter().map(|method| {
        let base = names::pascal(&method.name);
        let place = |part| Place::of_method(&method.name, part);
        Method {
            name: method.name.clone(),
            description: method.description.clone(),
            deprecated: method.deprecated.clone(),
            kind: if method.no_wait { MethodKind::Notification } else { MethodKind::Unary },
            idempotent: method.idempotent,
            params: method
                .params
                .as_ref()
                .map(|schema| params.lower_type(schema, &place("params"), &format!("{base}Params"))),
            result: results.lower_type(&method.result, &place("result"), &format!("{base}Result")),
        }
    });
    let methods: Vec<_> = methods.collect();
    params.check_tagged_references();
    results.check_tagged_references();
    let mut problems: Vec<_> = [&params, &results].into_iter().flat_map(|side| side.sentences(contract)).collect();
    let (types, methods) = directions::join(params.types, results.types, methods, &mut problems);
    let mut types: Vec<_> = types.into_values().collect();
    problems.extend(clashes::between(&methods, &types));
    if !problems.is_empty() {
        return Err(problems);
    }
    name_variants(&mut types);
    Ok(Api { hash: contract.hash.clone(), methods, types })
}

/// Returns `wanted`, with a number appended if the name is taken, and marks the name as taken.
fn free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{wanted}{number}"));
    let free = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| taken.insert(names::folded(name)));
    free.unwrap_or_else(|| wanted.to_owned())
}

/// The location of a schema in the contract.
#[derive(Debug, Clone)]
struct Place {
    /// The name of the enclosing definition, if there is one.
    definition: Option<String>,
    method: String,
    /// A JSON pointer into the contract's document.
    pointer: String,
}

impl Place {
    fn definition(side: &str, name: &str) -> Self {
        let pointer = format!("/{side}/{}", escaped(name));
        Self { definition: Some(name.to_owned()), method: String::new(), pointer }
    }

    fn of_method(method: &str, part: &str) -> Self {
        Self { definition: None, method: method.to_owned(), pointer: format!("/methods/{}/{part}", escaped(method)) }
    }

    fn at(&self, step: &str) -> Self {
        Self { pointer: format!("{}/{}", self.pointer, escaped(step)), ..self.clone() }
    }
}

/// Escapes a step of a JSON pointer (RFC 6901, section 3).
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// One direction: params or results.
struct Lowering {
    side: &'static str,
    types: BTreeMap<String, TypeDef>,
    /// Folded names that are taken: the definitions of both sides and the names assigned here.
    taken: BTreeSet<String>,
    /// Enums of strings by their sorted values: the first definition with these values, or the one created for the keys
    /// of a map.
    enums: BTreeMap<Vec<String>, String>,
    /// The types of contents that stand beside a tag.
    tagged: Vec<(Place, Type)>,
    problems: Vec<(Place, String)>,
}

impl Lowering {
    /// `own` are the definitions of this side, `others` the definitions of the other side.
    fn new(side: &'static str, taken: &BTreeSet<String>, [own, others]: [&BTreeMap<String, Value>; 2]) -> Self {
        let taken = taken.iter().map(|name| names::folded(name)).collect();
        let mut enums = BTreeMap::new();
        for (name, schema) in own.iter().chain(others.iter().filter(|(name, _)| !own.contains_key(*name))) {
            let Some(values) = schema.as_object().and_then(enums::strings) else { continue };
            let mut values: Vec<_> = values.into_iter().map(|value| value.value).collect();
            values.sort();
            enums.entry(values).or_insert_with(|| name.clone());
        }
        Self { side, types: BTreeMap::new(), taken, enums, tagged: Vec::new(), problems: Vec::new() }
    }

    fn define(&mut self, name: &str, schema: &Value, place: &Place) {
        let shape = match schema {
            Value::Object(schema) => self.lower_definition(schema, place, name),
            schema => Shape::Alias(self.lower_type(schema, place, name)),
        };
        let def = TypeDef {
            name: name.to_owned(),
            description: described(schema),
            deprecated: is_true(schema, "deprecated"),
            shape,
            same_as: None,
            input_of: None,
        };
        self.types.insert(name.to_owned(), def);
    }

    /// Creates a definition for a schema without one, named after its place.
    fn hoist(&mut self, schema: &Value, place: &Place, wanted: &str) -> String {
        let name = free_name(wanted, &mut self.taken);
        self.define(&name, schema, place);
        name
    }

    fn problem(&mut self, place: &Place, what: impl Into<String>) {
        self.problems.push((place.clone(), what.into()));
    }

    /// Lowers the schema of a definition.
    fn lower_definition(&mut self, schema: &Object, place: &Place, name: &str) -> Shape {
        self.check_keywords(schema, place);
        if let Some(values) = enums::strings(schema) {
            return Shape::Enum(values);
        }
        match enums::integers(schema) {
            Some(Ok(values)) => return Shape::Integers(values),
            Some(Err(what)) => {
                self.problem(place, what);
                return Shape::Integers(Vec::new());
            }
            None => {}
        }
        if let Some(inner) = scalars::nullable(schema) {
            return Shape::Alias(nullable(self.lower_type(&inner, place, &format!("{name}Value"))));
        }
        if objects::is_struct(schema) {
            return Shape::Struct(self.lower_object(schema, place, name, None));
        }
        match unions::members(schema).next() {
            Some(members) if unions::nullable(members).is_none() => Shape::Union(self.lower_union(schema, place, name)),
            _ => Shape::Alias(self.lower_unnamed(schema, place, name)),
        }
    }

    /// Lowers a schema at its place of use. `name` is the name of the definition if the schema needs one.
    fn lower_type(&mut self, schema: &Value, place: &Place, name: &str) -> Type {
        match schema {
            Value::Bool(true) => Type::Any,
            Value::Bool(false) => Type::Never,
            Value::Object(schema) => {
                if let Some(inner) = scalars::nullable(schema) {
                    return nullable(self.lower_type(&inner, place, name));
                }
                if let Some((keys, values)) = enums::keys(schema, true) {
                    return self.lower_map_of_keys(&keys, values, place, name);
                }
                let needs_a_name = enums::strings(schema).is_some()
                    || enums::integers(schema).is_some()
                    || objects::is_struct(schema)
                    || unions::members(schema).next().is_some_and(|members| unions::nullable(members).is_none());
                if needs_a_name {
                    return Type::Named(self.hoist(&Value::Object(schema.clone()), place, name));
                }
                self.check_keywords(schema, place);
                self.lower_unnamed(schema, place, name)
            }
            other => {
                self.problem(place, format!("`{other}` is not a schema"));
                Type::Any
            }
        }
    }

    /// Lowers a map whose keys are the values of an enum. schemars lists only the values, so the key type is the enum
    /// of the contract with exactly these values, or a new enum.
    fn lower_map_of_keys(&mut self, keys: &[&str], values: &Value, place: &Place, name: &str) -> Type {
        let values = self.lower_type(values, &place.at("properties").at(keys[0]), &format!("{name}Value"));
        let mut sorted: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        sorted.sort();
        let found = self.enums.get(&sorted).cloned();
        let key = found.unwrap_or_else(|| {
            let schema = serde_json::json!({ "type": "string", "enum": keys });
            let key = self.hoist(&schema, place, &format!("{name}Key"));
            self.enums.insert(sorted, key.clone());
            key
        });
        Type::Map(Key::Enum(Box::new(Type::Named(key))), Box::new(values))
    }

    fn lower_unnamed(&mut self, schema: &Object, place: &Place, name: &str) -> Type {
        if let Some(reference) = schema.get("$ref") {
            return self.lower_ref(reference, place);
        }
        if let Some((keyword, inner)) = unions::members(schema).next().and_then(unions::nullable) {
            return nullable(self.lower_type(inner, &place.at(keyword), name));
        }
        if schema.get("not").is_some_and(is_anything) {
            return Type::Never;
        }
        self.lower_typed(schema, place, name)
    }

    fn lower_ref(&mut self, reference: &Value, place: &Place) -> Type {
        match reference.as_str().and_then(referred) {
            Some((side, name)) if side == self.side => Type::Named(name),
            _ => {
                self.problem(place, format!("`$ref`: {reference} is not a type of the contract's `{}`", self.side));
                Type::Any
            }
        }
    }

    /// One sentence for each problem, with the affected methods.
    fn sentences(&self, contract: &Contract) -> Vec<String> {
        let sentence = |(place, what): &(Place, String)| {
            let methods = match &place.definition {
                Some(definition) => self.users_of(definition, contract),
                None => place.method.clone(),
            };
            format!("method `{methods}`: {}: {what}", place.pointer)
        };
        self.problems.iter().map(sentence).collect()
    }

    /// The methods whose params or results contain a definition.
    fn users_of(&self, definition: &str, contract: &Contract) -> String {
        let definitions = if self.side == "params" { &contract.params } else { &contract.results };
        let contains = |schema: &Value| {
            let mut reached = BTreeSet::new();
            let mut open = references(schema);
            while let Some(name) = open.pop() {
                if reached.insert(name.clone()) {
                    open.extend(definitions.get(&name).map(references).unwrap_or_default());
                }
            }
            reached.contains(definition)
        };
        let methods = contract.methods.iter().filter(|method| {
            if self.side == "params" { method.params.as_ref().is_some_and(contains) } else { contains(&method.result) }
        });
        methods.map(|method| &*method.name).collect::<Vec<_>>().join("`, `")
    }
}

/// The definitions that a schema refers to directly.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(referred);
            own.map(|(_, name)| name).into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The side and the name in a reference, which is a JSON pointer, percent-encoded as a URI fragment.
fn referred(reference: &str) -> Option<(&str, String)> {
    let (side, name) = reference.strip_prefix("#/")?.split_once('/')?;
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        let code = if byte == b'%' { [rest.next()?, rest.next()?] } else { [b'0'; 2] };
        let code = std::str::from_utf8(&code).ok().and_then(|code| u8::from_str_radix(code, 16).ok())?;
        bytes.push(if byte == b'%' { code } else { byte });
    }
    let name = String::from_utf8(bytes).ok()?;
    Some((side, name.replace("~1", "/").replace("~0", "~")))
}

fn nullable(ty: Type) -> Type {
    match ty {
        // Null is already one of the values of these types.
        Type::Any | Type::Null | Type::Nullable(_) => ty,
        ty => Type::Nullable(Box::new(ty)),
    }
}

fn is_anything(schema: &Value) -> bool {
    *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}

/// The documentation of a schema: its description and the other declared constraints on its values.
fn described(schema: &Value) -> String {
    let description = text(schema, "description");
    let constraints = schema.as_object().map(constraints::sentences).unwrap_or_default();
    match (description.trim().is_empty(), constraints.is_empty()) {
        (_, true) => description,
        (true, false) => constraints,
        (false, false) => format!("{}\n\n{constraints}", description.trim_end()),
    }
}

fn text(schema: &Value, keyword: &str) -> String {
    schema.get(keyword).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_true(schema: &Value, keyword: &str) -> bool {
    schema.get(keyword) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests;
