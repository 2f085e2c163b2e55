//! Lowers schemas of enums.

use serde_json::Value;

use super::enums::texts;
use super::{Lowering, Object, Place, enums, objects, text};
use crate::codegen::ir::{Body, Shape, Struct, Tagging, Type, Union, Variant};
use crate::codegen::names;

/// The unions of a schema: each keyword with its members.
pub(super) fn members(schema: &Object) -> impl Iterator<Item = (&'static str, &Vec<Value>)> {
    ["oneOf", "anyOf"].into_iter().filter_map(|keyword| Some((keyword, schema.get(keyword)?.as_array()?)))
}

/// The other member of a union that consists of one schema and null. Members with titles are the variants of an
/// untagged enum instead.
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

/// Keywords that schemas of objects never have.
const OF_SCALARS: [&str; 12] = [
    "const",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "prefixItems",
];

/// Error for variants whose content has no members.
const UNTAGGABLE: &str = "a variant of an internally tagged enum holds something without members, which serde fails to \
                                     write: tag the enum adjacently, `#[serde(tag = \"…\", content = \"…\")]`, or make the \
                                     variant one with named fields";

/// Error for variants whose content is an enum with variants that are text elsewhere.
const UNITS: &str = "a variant of an internally tagged enum holds an enum with unit variants, which serde writes as members here, \
                     and which schemars describes as text: tag one of the two adjacently, `#[serde(tag = \"…\", content = \"…\")]`";

impl Lowering {
    pub(super) fn lower_union(&mut self, schema: &Object, place: &Place, name: &str) -> Union {
        let Some((keyword, members)) = members(schema).next() else {
            return Union { tagging: Tagging::Untagged, variants: Vec::new() };
        };
        let place = place.at(keyword);
        if let Some(tag) = common_tag(members) {
            return self.lower_internal(tag, members, &place, name);
        }
        if keyword == "oneOf" && members.iter().all(is_external) {
            return self.lower_external(members, &place, name);
        }
        self.lower_untagged(members, &place, name)
    }

    /// Lowers `{"<tag>": "Variant", …}`, or the same with one content field beside the tag.
    fn lower_internal(&mut self, tag: &str, members: &[Value], place: &Place, name: &str) -> Union {
        let variants = members.iter().enumerate().filter_map(|(index, member)| {
            let place = place.at(&index.to_string());
            let schema = member.as_object()?;
            let variant = tag_of(member, tag)?;
            let base = format!("{name}{}", names::pascal(variant));
            self.check_tagged(schema, &place);
            let body = if let Some(reference) = schema.get("$ref") {
                let ty = self.lower_ref(reference, &place);
                self.tagged.push((place.clone(), ty.clone()));
                Body::Newtype(ty)
            } else {
                self.check_keywords(schema, &place);
                let fields = self.lower_object(schema, &place, &base, Some(tag));
                if fields == Struct::default() { Body::Unit } else { Body::Struct(fields) }
            };
            Some(named(variant, member, body))
        });
        Union { tagging: Tagging::Internal { tag: tag.to_owned() }, variants: variants.collect() }
    }

    /// Checks that the content of a tagged variant has members: serde writes a tag only beside members or alone.
    /// schemars describes every content as an object. The remaining keywords of a list or a number still reveal it;
    /// text and booleans leave no trace.
    fn check_tagged(&mut self, schema: &Object, place: &Place) {
        let is_optional = members(schema).any(|union| nullable(union).is_some());
        let mut members = members(schema).flat_map(|(_, members)| members).filter_map(Value::as_object);
        if is_optional || OF_SCALARS.iter().any(|keyword| schema.contains_key(*keyword)) {
            self.problem(place, UNTAGGABLE);
        } else if members.any(|member| texts(member).is_some()) {
            self.problem(place, UNITS);
        }
    }

    /// Checks contents that have a definition of their own, once all definitions are known.
    pub(super) fn check_tagged_references(&mut self) {
        for (place, ty) in std::mem::take(&mut self.tagged) {
            if let Some(problem) = self.untaggable(&ty) {
                self.problem(&place, problem);
            }
        }
    }

    fn untaggable(&self, ty: &Type) -> Option<&'static str> {
        let Type::Named(name) = ty else {
            return (!matches!(ty, Type::Any | Type::Never | Type::Null | Type::Map(..))).then_some(UNTAGGABLE);
        };
        match &self.types.get(name)?.shape {
            Shape::Struct(_) => None,
            Shape::Alias(ty) => self.untaggable(ty),
            Shape::Enum(_) => Some(UNITS),
            Shape::Integers(_) => Some(UNTAGGABLE),
            Shape::Union(Union { tagging, variants }) => {
                let has_units = variants.iter().any(|variant| variant.body == Body::Unit);
                (*tagging == Tagging::External && has_units).then_some(UNITS)
            }
        }
    }

    /// Lowers `"Unit"` or `{"Variant": …}`.
    fn lower_external(&mut self, members: &[Value], place: &Place, name: &str) -> Union {
        let mut variants = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let place = place.at(&index.to_string());
            let Some(schema) = member.as_object() else { continue };
            if let Some(units) = texts(schema) {
                variants.extend(units.iter().map(|unit| named(unit, member, Body::Unit)));
            } else if let Some((variant, content)) = only_property(schema) {
                let place = place.at("properties").at(variant);
                let body = self.lower_content(content, &place, &format!("{name}{}", names::pascal(variant)));
                variants.push(named(variant, member, body));
            }
        }
        Union { tagging: Tagging::External, variants }
    }

    /// Lowers variants that are only their content. If some members have titles, those without one are the tagged
    /// variants of the same enum.
    fn lower_untagged(&mut self, members: &[Value], place: &Place, name: &str) -> Union {
        let has_titles = members.iter().any(|member| member.get("title").is_some());
        let tagged: Vec<_> =
            members.iter().filter(|member| has_titles && member.get("title").is_none()).cloned().collect();
        let mut variants = Vec::new();
        if !tagged.is_empty() {
            let schema = Value::Object([("oneOf".to_owned(), tagged.into())].into_iter().collect());
            let inner = self.lower_type(&schema, place, &format!("{name}Tagged"));
            variants.push(named("Tagged", &Value::Null, Body::Newtype(inner)));
        }
        for (index, member) in members.iter().enumerate() {
            let title = match member.get("title").and_then(Value::as_str) {
                Some(title) => title.to_owned(),
                None if has_titles => continue,
                None => format!("Variant{}", index + 1),
            };
            let body =
                self.lower_content(member, &place.at(&index.to_string()), &format!("{name}{}", names::pascal(&title)));
            variants.push(named(&title, member, body));
        }
        Union { tagging: Tagging::Untagged, variants }
    }

    /// Lowers the content of a variant.
    fn lower_content(&mut self, schema: &Value, place: &Place, name: &str) -> Body {
        let is_struct = |object: &&Object| objects::is_struct(object) && enums::keys(object, false).is_none();
        match schema.as_object().filter(is_struct) {
            Some(object) => {
                self.check_keywords(object, place);
                Body::Struct(self.lower_object(object, place, name, None))
            }
            None => Body::Newtype(self.lower_type(schema, place, name)),
        }
    }
}

/// Creates a variant without a type name, which is assigned [once all types have names](super::name_variants).
fn named(name: &str, schema: &Value, body: Body) -> Variant {
    Variant { name: name.to_owned(), type_name: String::new(), description: text(schema, "description"), body }
}

/// The tag: a property that is a different constant string in each member.
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

/// The only member of an object, if it is required.
fn only_property(schema: &Object) -> Option<(&str, &Value)> {
    let mut properties = schema.get("properties")?.as_object()?.iter();
    let (name, content) = properties.next()?;
    let required = schema.get("required")?.as_array()?.iter().any(|required| required == name);
    (properties.next().is_none() && required).then_some((name, content))
}
