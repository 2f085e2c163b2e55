//! Names types in Python.

use std::collections::BTreeMap;

use super::imports::{Import, Name, model, typing};
use super::layout::{Expr, literal};
use super::names;
use crate::codegen::ir::{Api, Body, Integer, Key, Shape, Struct, Tagging, Type, TypeDef, Union, Width};

/// The maximum length of a fixed-length array that becomes a tuple. Longer arrays become lists.
const LONGEST_TUPLE: usize = 16;

/// The types of a contract and their names in Python.
pub(super) struct Types<'a> {
    api: &'a Api,
    names: BTreeMap<&'a str, String>,
}

impl<'a> Types<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        let mut scope = names::types();
        let mut all = BTreeMap::new();
        for def in &api.types {
            all.insert(def.name.as_str(), names::type_name(&mut scope, &def.name));
        }
        for union in api.types.iter().filter_map(union_of) {
            for variant in union.variants.iter().filter(|variant| has_class(&union.tagging, &variant.body)) {
                all.insert(variant.type_name.as_str(), names::type_name(&mut scope, &variant.type_name));
            }
        }
        Self { api, names: all }
    }

    /// All names that the module of the models defines.
    pub(super) fn all(&self) -> Vec<&str> {
        self.names.values().map(String::as_str).collect()
    }

    /// The name of a definition, or of a variant's class.
    pub(super) fn name(&self, name: &str) -> String {
        self.names.get(name).cloned().unwrap_or_default()
    }

    /// The same name in code. Outside of the module of the models it is imported.
    pub(super) fn reference(&self, name: &str) -> Name {
        let name = self.name(name);
        Name::imported(name.clone(), Import::Type(name))
    }

    pub(super) fn expr(&self, ty: &Type) -> Expr {
        match ty {
            Type::Any => Expr::name(model("AnyJson")),
            Type::Never => Expr::name(model("Never")),
            Type::Null => Expr::name("None"),
            Type::Bool => Expr::name(model("Bool")),
            Type::String => Expr::name("str"),
            Type::Char => Expr::name(model("Char")),
            Type::DateTime => Expr::name(model("DateTime")),
            Type::Date => Expr::name(model("Date")),
            Type::Uuid => Expr::name(model("Uuid")),
            Type::Decimal => Expr::name(model("Dec")),
            Type::Integer(integer) => integer_of(*integer),
            Type::F32 => Expr::name(model("F32")),
            Type::F64 => Expr::name(model("Float")),
            Type::Number => Expr::name(model("Number")),
            // `None | None` is an error.
            Type::Nullable(inner) if self.is_nullable(inner) => self.expr(inner),
            Type::Nullable(inner) => self.expr(inner).or_none(),
            Type::Array { items, .. } => Expr::subscript("list", vec![self.expr(items)]),
            Type::FixedArray { items, len } if *len <= LONGEST_TUPLE => {
                Expr::subscript("tuple", vec![self.expr(items); *len])
            }
            Type::FixedArray { items, len } => {
                let list = Expr::subscript("list", vec![self.expr(items)]);
                let length = Expr::call(model("length"), vec![Expr::name(len.to_string())]);
                Expr::subscript(typing("Annotated"), vec![list, length])
            }
            Type::Tuple(items) if items.is_empty() => Expr::name("tuple[()]"),
            Type::Tuple(items) => Expr::subscript("tuple", items.iter().map(|item| self.expr(item)).collect()),
            Type::Map(key, values) => Expr::subscript("dict", vec![self.key(key), self.expr(values)]),
            Type::Named(name) => Expr::name(self.reference(name)),
        }
    }

    fn key(&self, key: &Key) -> Expr {
        match key {
            Key::String => Expr::name("str"),
            Key::Signed => Expr::name(model("SignedKey")),
            Key::Unsigned => Expr::name(model("UnsignedKey")),
            Key::Enum(ty) => self.expr(ty),
        }
    }

    /// Whether null is one of the type's values.
    pub(super) fn is_nullable(&self, ty: &Type) -> bool {
        self.is_nullable_within(ty, &mut Vec::new())
    }

    /// `seen` are the types already visited: types may contain each other.
    fn is_nullable_within<'t>(&'t self, ty: &'t Type, seen: &mut Vec<&'t str>) -> bool {
        let name = match ty {
            Type::Any | Type::Null | Type::Nullable(_) => return true,
            Type::Named(name) if !seen.contains(&name.as_str()) => name,
            _ => return false,
        };
        seen.push(name);
        match self.api.get(name).map(|def| &def.shape) {
            Some(Shape::Alias(ty)) => self.is_nullable_within(ty, seen),
            Some(Shape::Union(Union { tagging: Tagging::Untagged, variants })) => {
                variants.iter().any(|variant| match &variant.body {
                    Body::Unit => true,
                    Body::Newtype(ty) => self.is_nullable_within(ty, seen),
                    Body::Struct(_) => false,
                })
            }
            _ => false,
        }
    }

    /// Whether null is the type's only value.
    pub(super) fn is_null(&self, ty: &Type) -> bool {
        match ty {
            Type::Null => true,
            Type::Named(name) => self.resolve(name).is_some_and(|def| def.shape == Shape::Alias(Type::Null)),
            _ => false,
        }
    }

    /// Whether the type has no values at all.
    pub(super) fn is_never(&self, ty: &Type) -> bool {
        match ty {
            Type::Never => true,
            Type::Named(name) => self.resolve(name).is_some_and(|def| match &def.shape {
                Shape::Alias(ty) => *ty == Type::Never,
                Shape::Union(union) => union.variants.is_empty(),
                Shape::Enum(_) | Shape::Integers(_) | Shape::Struct(_) => false,
            }),
            _ => false,
        }
    }

    /// The definition behind a name, through aliases.
    pub(super) fn resolve(&self, name: &str) -> Option<&'a TypeDef> {
        let def = self.api.get(name)?;
        match &def.shape {
            Shape::Alias(Type::Named(other)) if other != name => self.resolve(other),
            _ => Some(def),
        }
    }

    /// The struct behind a type, if it is one.
    pub(super) fn struct_of(&self, ty: &Type) -> Option<(&'a str, &'a Struct)> {
        let Type::Named(name) = ty else { return None };
        let def = self.resolve(name)?;
        if let Shape::Struct(fields) = &def.shape { Some((&def.name, fields)) } else { None }
    }

    /// The union with this name.
    pub(super) fn union_of(&self, name: &str) -> Option<&'a Union> {
        union_of(self.api.get(name)?)
    }

    /// The names of the members that a flattened type claims.
    pub(super) fn variants_of(&self, name: &str) -> Expr {
        let union = self.resolve(name).and_then(union_of).filter(|union| union.tagging == Tagging::External);
        let variants = union.map(|union| union.variants.as_slice()).unwrap_or_default();
        Expr::call("", variants.iter().map(|variant| Expr::name(literal(&variant.name))).collect())
    }
}

fn union_of(def: &TypeDef) -> Option<&Union> {
    if let Shape::Union(union) = &def.shape { Some(union) } else { None }
}

/// Whether a variant needs a class of its own.
pub(super) fn has_class(tagging: &Tagging, body: &Body) -> bool {
    match tagging {
        Tagging::External => *body != Body::Unit,
        Tagging::Internal { .. } => true,
        Tagging::Untagged => matches!(body, Body::Struct(_)),
    }
}

fn integer_of(integer: Integer) -> Expr {
    Expr::name(model(match integer.width {
        Width::I8 => "I8",
        Width::I16 => "I16",
        Width::I32 => "I32",
        Width::I64 => "I64",
        Width::I128 => "I128",
        Width::U8 => "U8",
        Width::U16 => "U16",
        Width::U32 => "U32",
        Width::U64 => "U64",
        Width::U128 => "U128",
    }))
}
