//! Maps the types of the model to Go types.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Import, Imports};
use super::names::Names;
use crate::codegen::Api;
use crate::codegen::ir::{Body, Field, Integer, Key, Rest, Shape, Struct, Tagging, Type, TypeDef, Width};

/// A type in Go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoType {
    /// The type expression.
    name: String,
    /// The imports that the type expression needs.
    imports: BTreeSet<Import>,
    /// The expression of its codec.
    pub codec: String,
    pub nil: Nil,
}

impl GoType {
    /// The type expression. Records its imports.
    pub(super) fn print(&self, imports: &Imports) -> &str {
        self.imports.iter().for_each(|import| imports.record(*import));
        &self.name
    }

    pub(super) fn is_pointer(&self) -> bool {
        self.name.starts_with('*')
    }

    /// The same type with another expression around its own.
    fn around(&self, name: String, codec: String, nil: Nil) -> Self {
        Self { name, imports: self.imports.clone(), codec, nil }
    }
}

/// The meaning of nil in a Go type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nil {
    /// The type has no nil.
    None,
    /// An empty list.
    List,
    /// An empty map.
    Table,
    /// An error: a wide integer that has not been set.
    Wide,
    /// JSON null.
    Null,
}

/// A field in Go.
pub(super) struct GoField {
    pub ty: GoType,
    pub presence: Presence,
}

/// The meaning of nil in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// The same as in its type: the field is always present.
    Required,
    /// The field is absent.
    Absent,
    /// The field is absent, or null if `SetNull` was called for it.
    AbsentOrNull,
}

pub(super) struct Types<'a> {
    pub api: &'a Api,
    pub names: &'a Names,
    /// Aliases that need a Go type of their own because they contain themselves.
    recursive: BTreeSet<String>,
    /// Types that stand among the members of an object.
    members: BTreeSet<String>,
    /// Types that stand alone.
    values: BTreeSet<String>,
}

impl<'a> Types<'a> {
    pub(super) fn new(api: &'a Api, names: &'a Names) -> Self {
        let mut types =
            Self { api, names, recursive: recursive(api), members: BTreeSet::new(), values: BTreeSet::new() };
        let (mut members, mut values) = (Vec::new(), Vec::new());
        for method in &api.methods {
            method.params.iter().chain([&method.result]).for_each(|ty| see(ty, &mut values));
        }
        for def in &api.types {
            match &def.shape {
                Shape::Alias(ty) if types.recursive.contains(&def.name) => see(ty, &mut values),
                // The target of the alias is resolved at each use.
                Shape::Alias(Type::Named(_)) | Shape::Enum(_) | Shape::Integers(_) => {}
                Shape::Alias(ty) => see(ty, &mut values),
                Shape::Struct(fields) => see_struct(fields, &mut members, &mut values),
                Shape::Union(union) => {
                    let internal = matches!(union.tagging, Tagging::Internal { .. });
                    for variant in &union.variants {
                        match &variant.body {
                            Body::Unit => {}
                            Body::Newtype(Type::Named(name)) if internal => members.push(name.clone()),
                            Body::Newtype(ty) => see(ty, &mut values),
                            Body::Struct(fields) => see_struct(fields, &mut members, &mut values),
                        }
                    }
                }
            }
        }
        let resolve = |names: Vec<String>| {
            names.iter().filter_map(|name| types.resolve(name)).map(|def| def.name.clone()).collect::<BTreeSet<_>>()
        };
        let (members, values) = (resolve(members), resolve(values));
        types.members = members;
        types.values = values;
        types
    }

    /// Follows transparent aliases to a definition.
    pub(super) fn resolve(&self, name: &str) -> Option<&'a TypeDef> {
        let def = self.api.get(name)?;
        match &def.shape {
            Shape::Alias(Type::Named(other)) if !self.recursive.contains(name) => self.resolve(other),
            _ => Some(def),
        }
    }

    pub(super) fn is_recursive_alias(&self, name: &str) -> bool {
        self.recursive.contains(name)
    }

    /// Whether a union is read and written among the members of an object.
    pub(super) fn is_among_members(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    /// Whether a union is read and written only among the members of an object.
    pub(super) fn is_only_among_members(&self, name: &str) -> bool {
        self.members.contains(name) && !self.values.contains(name)
    }

    pub(super) fn go_type(&self, ty: &Type) -> GoType {
        match ty {
            Type::Any => imported("json.RawMessage", Import::Json, "anything", Nil::Null),
            Type::Never => plain("Never", "nevers", Nil::None),
            Type::Null => plain("Null", "nulls", Nil::None),
            Type::Bool => plain("bool", "bools", Nil::None),
            Type::String | Type::Date => plain("string", "texts", Nil::None),
            Type::Char => plain("Char", "chars", Nil::None),
            Type::DateTime => imported("time.Time", Import::Time, "times", Nil::None),
            Type::Uuid => plain("string", "uuids", Nil::None),
            Type::Decimal => plain("string", "decimals", Nil::None),
            Type::Number => imported("json.Number", Import::Json, "numbers", Nil::None),
            Type::F32 => plain("float32", "floats[float32]", Nil::None),
            Type::F64 => plain("float64", "floats[float64]", Nil::None),
            Type::Integer(integer) => integer_type(*integer),
            Type::Nullable(inner) => self.nullable(inner),
            Type::Array { items, .. } => {
                let items = self.go_type(items);
                items.around(format!("[]{}", items.name), format!("list({})", items.codec), Nil::List)
            }
            Type::FixedArray { items, len } => {
                let items = self.go_type(items);
                items.around(format!("[{len}]{}", items.name), format!("array{len}({})", items.codec), Nil::None)
            }
            Type::Tuple(items) if items.is_empty() => plain("Tuple0", "tuple0", Nil::None),
            Type::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.go_type(item)).collect();
                let join = |part: fn(&GoType) -> &str| items.iter().map(part).collect::<Vec<_>>().join(", ");
                let name = format!("Tuple{}[{}]", items.len(), join(|item| &item.name));
                let codec = format!("tuple{}({})", items.len(), join(|item| &item.codec));
                let imports = items.iter().flat_map(|item| &item.imports).copied().collect();
                GoType { name, imports, codec, nil: Nil::None }
            }
            Type::Map(key, values) => {
                let values = self.go_type(values);
                let (key, keys) = self.key(key);
                let (name, codec) = (format!("map[{key}]{}", values.name), format!("table({keys}, {})", values.codec));
                values.around(name, codec, Nil::Table)
            }
            Type::Named(name) => {
                let own = self.names.of_type(name);
                match self.api.get(name).map(|def| &def.shape) {
                    Some(Shape::Alias(target)) if !self.recursive.contains(name) => {
                        let target = self.go_type(target);
                        plain(own, &target.codec, target.nil)
                    }
                    _ => plain(own, &format!("(*{own}).code"), Nil::None),
                }
            }
        }
    }

    /// The Go type of a map's keys, and the codec of the keys. It needs no imports.
    pub(super) fn key(&self, key: &Key) -> (String, String) {
        let (name, keys) = match key {
            Key::String => ("string", "textKeys"),
            Key::Signed => ("int64", "signedKeys"),
            Key::Unsigned => ("uint64", "unsignedKeys"),
            Key::Enum(ty) => {
                let ty = self.go_type(ty);
                return (ty.name, format!("enumKeys({})", ty.codec));
            }
        };
        (name.to_owned(), keys.to_owned())
    }

    fn nullable(&self, inner: &Type) -> GoType {
        let ty = self.go_type(inner);
        let (name, wrapper) = match ty.nil {
            Nil::List => (ty.name.clone(), "nullList"),
            Nil::Table => (ty.name.clone(), "nullTable"),
            Nil::Wide => (ty.name.clone(), "nullWide"),
            Nil::None | Nil::Null => (format!("*{}", ty.name), "pointer"),
        };
        ty.around(name, format!("{wrapper}({})", ty.codec), Nil::Null)
    }

    /// The Go type of a field. Its nil means absent if the field may be absent.
    pub(super) fn field(&self, field: &Field) -> GoField {
        let ty = self.go_type(&field.ty);
        let presence = match (field.required, ty.nil) {
            (true, _) => Presence::Required,
            // Raw JSON can hold null itself.
            (false, Nil::Null) if ty.codec != "anything" => Presence::AbsentOrNull,
            (false, Nil::None) => {
                let ty = ty.around(format!("*{}", ty.name), format!("present({})", ty.codec), ty.nil);
                return GoField { ty, presence: Presence::Absent };
            }
            (false, _) => Presence::Absent,
        };
        GoField { ty, presence }
    }
}

/// A type that needs no import.
fn plain(name: &str, codec: &str, nil: Nil) -> GoType {
    GoType { name: name.to_owned(), imports: BTreeSet::new(), codec: codec.to_owned(), nil }
}

fn imported(name: &str, import: Import, codec: &str, nil: Nil) -> GoType {
    GoType { imports: BTreeSet::from([import]), ..plain(name, codec, nil) }
}

fn integer_type(integer: Integer) -> GoType {
    let (name, codecs) = match integer.width {
        Width::I8 => ("int8", "integers"),
        Width::I16 => ("int16", "integers"),
        Width::I32 => ("int32", "integers"),
        Width::I64 => ("int64", "integers"),
        Width::U8 => ("uint8", "naturals"),
        Width::U16 => ("uint16", "naturals"),
        Width::U32 => ("uint32", "naturals"),
        Width::U64 => ("uint64", "naturals"),
        Width::I128 => return imported("*big.Int", Import::Big, "signed128", Nil::Wide),
        Width::U128 => return imported("*big.Int", Import::Big, "unsigned128", Nil::Wide),
    };
    plain(name, &format!("{codecs}[{name}]"), Nil::None)
}

fn see(ty: &Type, names: &mut Vec<String>) {
    ty.visit(&mut |ty| {
        if let Type::Named(name) = ty {
            names.push(name.clone());
        }
    });
}

fn see_struct(fields: &Struct, members: &mut Vec<String>, values: &mut Vec<String>) {
    fields.fields.iter().for_each(|field| see(&field.ty, values));
    members.extend(fields.flattened.iter().map(|flattened| flattened.name.clone()));
    if let Rest::Map(_, ty) = &fields.rest {
        see(ty, values);
    }
}

/// Aliases that contain themselves through nothing but aliases.
fn recursive(api: &Api) -> BTreeSet<String> {
    let aliases: BTreeMap<&str, Vec<String>> = api
        .types
        .iter()
        .filter_map(|def| {
            let Shape::Alias(ty) = &def.shape else { return None };
            let mut names = Vec::new();
            see(ty, &mut names);
            Some((def.name.as_str(), names))
        })
        .collect();
    let contains_itself = |name: &str| {
        let (mut open, mut seen) = (aliases[name].clone(), BTreeSet::new());
        while let Some(next) = open.pop() {
            if next == name {
                return true;
            }
            if seen.insert(next.clone()) {
                open.extend(aliases.get(next.as_str()).cloned().unwrap_or_default());
            }
        }
        false
    };
    aliases.keys().filter(|name| contains_itself(name)).map(|name| (*name).to_owned()).collect()
}
