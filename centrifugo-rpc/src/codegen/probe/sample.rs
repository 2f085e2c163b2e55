//! Makes up values of types.

use serde_json::{Map, Value, json};

use crate::codegen::ir::{Api, Body, Key, Shape, Struct, Tagging, Type, Union, Variant};

/// Strings to try: a type that is text in JSON may accept only one of these forms.
pub(super) const TEXTS: [&str; 8] =
    ["a", "1", "2024-01-01", "https://a.example/", "127.0.0.1", "12:00:00", "2024-01-01T00:00:00", "a@b.example"];

pub(super) struct Samples<'a> {
    pub api: &'a Api,
    /// The value of every string.
    pub text: &'static str,
}

impl Samples<'_> {
    /// A value of a type. None if the type has no values, or if the value would have to contain itself.
    pub(super) fn of(&self, ty: &Type) -> Option<Value> {
        self.nested(ty, &mut Vec::new())
    }

    /// The required members of a struct.
    pub(super) fn fields(&self, fields: &Struct) -> Option<Map<String, Value>> {
        self.fields_without(fields, None)
    }

    /// The required members of a struct, without one of them: the field or the union with this name.
    pub(super) fn fields_without(&self, fields: &Struct, without: Option<&str>) -> Option<Map<String, Value>> {
        self.members(fields, without, &mut Vec::new())
    }

    fn nested(&self, ty: &Type, open: &mut Vec<String>) -> Option<Value> {
        Some(match ty {
            Type::Never => return None,
            Type::Any | Type::Null | Type::Nullable(_) => Value::Null,
            Type::Bool => false.into(),
            Type::String => self.text.into(),
            Type::Char => "a".into(),
            Type::DateTime => "2024-01-01T00:00:00Z".into(),
            Type::Date => "2024-01-01".into(),
            Type::Uuid => "00000000-0000-0000-0000-000000000000".into(),
            Type::Decimal => "1".into(),
            Type::Integer(integer) => {
                let least = integer.lowest().max(1);
                if u128::try_from(least).is_ok_and(|least| least <= integer.highest()) {
                    Value::from(i64::try_from(least).ok()?)
                } else {
                    Value::from(i64::try_from(integer.lowest()).ok()?)
                }
            }
            Type::F32 | Type::F64 | Type::Number => json!(1.5),
            Type::Array { .. } => json!([]),
            Type::Map(..) => json!({}),
            Type::FixedArray { items, len } => {
                let item = self.nested(items, open)?;
                Value::Array(vec![item; *len])
            }
            Type::Tuple(items) => items.iter().map(|item| self.nested(item, open)).collect::<Option<_>>()?,
            Type::Named(name) => {
                if open.contains(name) {
                    return None;
                }
                open.push(name.clone());
                let value = self.shape(&self.api.get(name)?.shape, open);
                open.pop();
                value?
            }
        })
    }

    fn shape(&self, shape: &Shape, open: &mut Vec<String>) -> Option<Value> {
        match shape {
            Shape::Alias(ty) => self.nested(ty, open),
            Shape::Enum(values) => values.first().map(|value| value.value.as_str().into()),
            Shape::Integers(values) => values.first().map(|value| value.value.into()),
            Shape::Struct(fields) => self.members(fields, None, open).map(Value::Object),
            Shape::Union(union) => union.variants.iter().find_map(|variant| self.variant(union, variant, open)),
        }
    }

    fn members(&self, fields: &Struct, without: Option<&str>, open: &mut Vec<String>) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        for field in fields.fields.iter().filter(|field| field.required && without != Some(&field.name)) {
            members.insert(field.name.clone(), self.nested(&field.ty, open)?);
        }
        for union in fields.flattened.iter().filter(|union| !union.optional && without != Some(&union.name)) {
            let value = self.nested(&Type::Named(union.name.clone()), open)?;
            // A flattened enum that consists only of units has its values as members.
            match value {
                Value::Object(others) => members.extend(others),
                Value::String(unit) => drop(members.insert(unit, Value::Null)),
                _ => return None,
            }
        }
        Some(members)
    }

    fn variant(&self, union: &Union, variant: &Variant, open: &mut Vec<String>) -> Option<Value> {
        let content = match &variant.body {
            Body::Unit => None,
            Body::Newtype(ty) => Some(self.nested(ty, open)?),
            Body::Struct(fields) => Some(Value::Object(self.members(fields, None, open)?)),
        };
        Some(match (&union.tagging, content) {
            (Tagging::External, None) => variant.name.as_str().into(),
            (Tagging::External, Some(content)) => {
                Value::Object([(variant.name.clone(), content)].into_iter().collect())
            }
            (Tagging::Internal { tag }, content) => {
                let mut members: Map<_, _> = [(tag.clone(), Value::from(variant.name.as_str()))].into_iter().collect();
                members.extend(content.and_then(|content| content.as_object().cloned()).unwrap_or_default());
                Value::Object(members)
            }
            (Tagging::Untagged, content) => content.unwrap_or_default(),
        })
    }
}

/// A key of a map.
pub(super) fn key(api: &Api, key: &Key) -> Option<String> {
    match key {
        Key::String => Some("a".to_owned()),
        Key::Signed | Key::Unsigned => Some(super::INTEGER_KEY.to_owned()),
        Key::Enum(ty) => Samples { api, text: "" }.of(ty)?.as_str().map(ToOwned::to_owned),
    }
}
