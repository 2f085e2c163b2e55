//! Makes up values of types.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{Json, Members};
use crate::codegen::ir::{Api, Body, Key, Shape, Struct, Tagging, Type, Union, Variant};

/// Strings to try: a type that is text in JSON may accept only one of these forms.
pub(super) const TEXTS: [&str; 8] =
    ["a", "1", "2024-01-01", "https://a.example/", "127.0.0.1", "12:00:00", "2024-01-01T00:00:00", "a@b.example"];

pub(super) struct Samples<'a> {
    api: &'a Api,
    /// The value of every string.
    text: &'static str,
    /// The values of types that were made up already, if they are the same everywhere.
    known: RefCell<BTreeMap<String, Option<Json>>>,
    /// The number of types so far that had no value because they would have to contain themselves.
    cut: Cell<usize>,
}

impl<'a> Samples<'a> {
    pub(super) fn new(api: &'a Api, text: &'static str) -> Self {
        Self { api, text, known: RefCell::default(), cut: Cell::new(0) }
    }

    /// A value of a type. None if the type has no values, or if the value would have to contain itself.
    pub(super) fn of(&self, ty: &Type) -> Option<Json> {
        self.nested(ty, &mut Vec::new())
    }

    /// The required members of a struct.
    pub(super) fn fields(&self, fields: &Struct) -> Option<Members> {
        self.fields_without(fields, None)
    }

    /// The required members of a struct, without one of them: the field or the union with this name.
    pub(super) fn fields_without(&self, fields: &Struct, without: Option<&str>) -> Option<Members> {
        self.members(fields, without, &mut Vec::new())
    }

    fn nested(&self, ty: &Type, open: &mut Vec<String>) -> Option<Json> {
        let plain: Value = match ty {
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
                return Some(Json::array(&vec![item; *len]));
            }
            Type::Tuple(items) => {
                let items = items.iter().map(|item| self.nested(item, open)).collect::<Option<Vec<_>>>()?;
                return Some(Json::array(&items));
            }
            Type::Named(name) => return self.named(name, open),
        };
        Some(plain.into())
    }

    fn named(&self, name: &str, open: &mut Vec<String>) -> Option<Json> {
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        if open.iter().any(|open| open == name) {
            self.cut.set(self.cut.get() + 1);
            return None;
        }
        let shape = &self.api.get(name)?.shape;
        let cut = self.cut.get();
        open.push(name.to_owned());
        let value = self.shape(shape, open);
        open.pop();
        // Otherwise, the value depends on the types around it.
        if self.cut.get() == cut {
            self.known.borrow_mut().insert(name.to_owned(), value.clone());
        }
        value
    }

    fn shape(&self, shape: &Shape, open: &mut Vec<String>) -> Option<Json> {
        match shape {
            Shape::Alias(ty) => self.nested(ty, open),
            Shape::Enum(values) => values.first().map(|value| Value::from(value.value.as_str()).into()),
            Shape::Integers(values) => values.first().map(|value| Value::from(value.value).into()),
            Shape::Struct(fields) => self.members(fields, None, open).map(Json::from),
            Shape::Union(union) => union.variants.iter().find_map(|variant| self.variant(union, variant, open)),
        }
    }

    fn members(&self, fields: &Struct, without: Option<&str>, open: &mut Vec<String>) -> Option<Members> {
        let mut members = Members::default();
        for field in fields.fields.iter().filter(|field| field.required && without != Some(&field.name)) {
            members.insert(&field.name, self.nested(&field.ty, open)?);
        }
        for union in fields.flattened.iter().filter(|union| !union.optional && without != Some(&union.name)) {
            let value = self.named(&union.name, open)?;
            // A flattened enum that consists only of units has its values as members.
            match (value.members(), value.as_str()) {
                (Some(others), _) => members.extend(others),
                (None, Some(unit)) => members.insert(unit, Value::Null.into()),
                (None, None) => return None,
            }
        }
        Some(members)
    }

    fn variant(&self, union: &Union, variant: &Variant, open: &mut Vec<String>) -> Option<Json> {
        let content = match &variant.body {
            Body::Unit => None,
            Body::Newtype(ty) => Some(self.nested(ty, open)?),
            Body::Struct(fields) => Some(self.members(fields, None, open)?.into()),
        };
        let name = || Json::from(Value::from(variant.name.as_str()));
        let mut members = Members::default();
        match (&union.tagging, content) {
            (Tagging::External, None) => return Some(name()),
            (Tagging::External, Some(content)) => members.insert(&variant.name, content),
            (Tagging::Internal { tag }, content) => {
                members.insert(tag, name());
                content.iter().filter_map(Json::members).for_each(|content| members.extend(content));
            }
            (Tagging::Untagged, content) => return Some(content.unwrap_or_else(|| Value::Null.into())),
        }
        Some(members.into())
    }
}

/// A key of a map.
pub(super) fn key(api: &Api, key: &Key) -> Option<String> {
    match key {
        Key::String => Some("a".to_owned()),
        Key::Signed | Key::Unsigned => Some(super::INTEGER_KEY.to_owned()),
        Key::Enum(ty) => Samples::new(api, "").of(ty)?.as_str().map(ToOwned::to_owned),
    }
}
