//! Schemas of enums.

use serde_json::Value;

use super::{Lowering, Object, Place, objects, text};
use crate::codegen::ir::{Body, EnumValue, Struct, Tagging, Union, Variant};
use crate::codegen::names;

/// The values of an enum of strings alone: in one list, or, where variants are documented, one by one.
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

/// The strings that a schema allows, if it allows nothing else.
fn texts(schema: &Object) -> Option<Vec<String>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value.as_str()?.to_owned()]);
    }
    let values = schema.get("enum")?.as_array()?;
    values.iter().map(|value| value.as_str().map(ToOwned::to_owned)).collect()
}

/// The unions that a schema consists of: the keywords, and their members.
pub(super) fn members(schema: &Object) -> impl Iterator<Item = (&'static str, &Vec<Value>)> {
    ["oneOf", "anyOf"].into_iter().filter_map(|keyword| Some((keyword, schema.get(keyword)?.as_array()?)))
}

/// What may be null besides, if a union is nothing but that. An untagged enum with such variants has their names as titles.
pub(super) fn nullable<'a>((keyword, members): (&'static str, &'a Vec<Value>)) -> Option<(&'static str, &'a Value)> {
    let is_null =
        |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("null") && schema.get("title").is_none();
    match members.as_slice() {
        [inner, null] | [null, inner] if is_null(null) && !is_null(inner) && inner.get("title").is_none() => {
            Some((keyword, inner))
        }
        _ => None,
    }
}

impl Lowering {
    pub(super) fn union(&mut self, schema: &Object, place: &Place, name: &str) -> Union {
        let Some((keyword, members)) = members(schema).next() else {
            return Union { tagging: Tagging::Untagged, variants: Vec::new() };
        };
        let place = place.at(keyword);
        if let Some(tag) = common_tag(members) {
            return self.internal(tag, members, &place, name);
        }
        if keyword == "oneOf" && members.iter().all(is_external) {
            return self.external(members, &place, name);
        }
        self.untagged(members, &place, name)
    }

    /// `{"<tag>": "Variant", …}`, or with all else in a content.
    fn internal(&mut self, tag: &str, members: &[Value], place: &Place, name: &str) -> Union {
        let variants = members.iter().enumerate().filter_map(|(index, member)| {
            let place = place.at(&index.to_string());
            let schema = member.as_object()?;
            let variant = tag_of(member, tag)?;
            let base = format!("{name}{}", names::pascal(variant));
            let body = if let Some(reference) = schema.get("$ref") {
                Body::Newtype(self.reference(reference, &place))
            } else {
                self.check_keywords(schema, &place);
                let fields = self.fields(schema, &place, &base, Some(tag));
                if fields == Struct::default() { Body::Unit } else { Body::Struct(fields) }
            };
            Some(named(variant, member, body))
        });
        Union { tagging: Tagging::Internal { tag: tag.to_owned() }, variants: variants.collect() }
    }

    /// `"Unit"` or `{"Variant": …}`.
    fn external(&mut self, members: &[Value], place: &Place, name: &str) -> Union {
        let mut variants = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let place = place.at(&index.to_string());
            let Some(schema) = member.as_object() else { continue };
            if let Some(units) = texts(schema) {
                variants.extend(units.iter().map(|unit| named(unit, member, Body::Unit)));
            } else if let Some((variant, content)) = only_property(schema) {
                let place = place.at("properties").at(variant);
                let body = self.content(content, &place, &format!("{name}{}", names::pascal(variant)));
                variants.push(named(variant, member, body));
            }
        }
        Union { tagging: Tagging::External, variants }
    }

    /// The content alone. Members without a title are the tagged variants of an enum that has untagged ones too.
    fn untagged(&mut self, members: &[Value], place: &Place, name: &str) -> Union {
        let has_titles = members.iter().any(|member| member.get("title").is_some());
        let tagged: Vec<_> =
            members.iter().filter(|member| has_titles && member.get("title").is_none()).cloned().collect();
        let mut variants = Vec::new();
        if !tagged.is_empty() {
            let schema = Value::Object([("oneOf".to_owned(), tagged.into())].into_iter().collect());
            let inner = self.kind(&schema, place, &format!("{name}Tagged"));
            variants.push(named("Tagged", &Value::Null, Body::Newtype(inner)));
        }
        for (index, member) in members.iter().enumerate() {
            let title = match member.get("title").and_then(Value::as_str) {
                Some(title) => title.to_owned(),
                None if has_titles => continue,
                None => format!("Variant{}", index + 1),
            };
            let body = self.content(member, &place.at(&index.to_string()), &format!("{name}{}", names::pascal(&title)));
            variants.push(named(&title, member, body));
        }
        Union { tagging: Tagging::Untagged, variants }
    }

    /// What a variant holds.
    fn content(&mut self, schema: &Value, place: &Place, name: &str) -> Body {
        match schema.as_object().filter(|object| objects::is_struct(object)) {
            Some(object) => {
                self.check_keywords(object, place);
                Body::Struct(self.fields(object, place, name, None))
            }
            None => Body::Newtype(self.kind(schema, place, name)),
        }
    }
}

/// Its type gets a name [once all types have theirs](super::name_variants).
fn named(name: &str, schema: &Value, body: Body) -> Variant {
    Variant { name: name.to_owned(), type_name: String::new(), description: text(schema, "description"), body }
}

/// The property that all members have as a constant string, another one each: the tag.
fn common_tag(members: &[Value]) -> Option<&str> {
    let first = members.first()?.get("properties")?.as_object()?;
    first.keys().map(String::as_str).find(|tag| {
        let values: Vec<_> = members.iter().map_while(|member| tag_of(member, tag)).collect();
        let distinct: std::collections::BTreeSet<_> = values.iter().collect();
        values.len() == members.len() && distinct.len() == members.len()
    })
}

fn tag_of<'a>(member: &'a Value, tag: &str) -> Option<&'a str> {
    let required = member.get("required")?.as_array()?.iter().any(|name| name == tag);
    member.get("properties")?.get(tag)?.get("const")?.as_str().filter(|_| required)
}

fn is_external(member: &Value) -> bool {
    member.as_object().is_some_and(|schema| texts(schema).is_some() || only_property(schema).is_some())
}

/// The only member of an object, if it must be there.
fn only_property(schema: &Object) -> Option<(&str, &Value)> {
    let mut properties = schema.get("properties")?.as_object()?.iter();
    let (name, content) = properties.next()?;
    let required = schema.get("required")?.as_array()?.iter().any(|required| required == name);
    (properties.next().is_none() && required).then_some((name, content))
}
