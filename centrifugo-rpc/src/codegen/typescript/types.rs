//! Prints `types`: the types of values.

use std::collections::BTreeSet;

use super::text::{doc, key, literal};
use super::{Context, Int64, names};
use crate::codegen::ir::{Body, Field, Flattened, Key, Rest, Shape, Struct, Tagging, Type, TypeDef, Union, Variant};
use crate::codegen::wording;

/// The maximum width of a line.
const WIDTH: usize = 110;
/// The maximum length of an array that is written as a tuple. Only codecs check the length of longer arrays.
const MOST_ITEMS: usize = 32;

/// The member that identifies the variant of an object.
#[derive(Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    /// The value as a literal.
    value: &'a str,
}

impl Context<'_> {
    /// Prints all types.
    pub(super) fn types(&self) -> String {
        let types: Vec<_> = self.api.types.iter().map(|def| self.definition(def)).collect();
        types.join("\n")
    }

    /// Prints the constants of enums.
    pub(super) fn constants(&self) -> String {
        let constants = self.api.types.iter().filter_map(|def| {
            if !matches!(def.shape, Shape::Enum(_) | Shape::Integers(_)) {
                return None;
            }
            let members = values_of(&def.shape);
            let members = members.iter().map(|Member { name, value, .. }| format!("  {name}: {value},\n"));
            let members: String = members.collect();
            let members = if members.is_empty() { "{}".to_owned() } else { format!("{{\n{members}}}") };
            Some(format!("export const {} = {members};\n", self.names.of_type(&def.name)))
        });
        constants.collect::<Vec<_>>().join("\n")
    }

    fn definition(&self, def: &TypeDef) -> String {
        let name = self.names.of_type(&def.name);
        let doc = doc("", &[&def.description], def.deprecated.then_some(""));
        let text = match &def.shape {
            Shape::Struct(fields) => self.object(name, fields, None),
            Shape::Enum(_) | Shape::Integers(_) => enumeration(name, &values_of(&def.shape), &doc),
            Shape::Union(union) => self.union(&def.name, union),
            Shape::Alias(ty) => format!("export type {name} = {};\n", self.type_expr(ty)),
        };
        format!("{doc}{text}")
    }

    /// An interface if possible, otherwise a type alias.
    fn object(&self, name: &str, fields: &Struct, tag: Option<Tag<'_>>) -> String {
        let body = self.body(fields, tag, "");
        if fields.flattened.is_empty() {
            format!("export interface {name} {body}\n")
        } else {
            format!("export type {name} = {body};\n")
        }
    }

    /// An object type: its members in braces, followed by the unions flattened into it.
    fn body(&self, fields: &Struct, tag: Option<Tag<'_>>, indent: &str) -> String {
        let inner = format!("{indent}  ");
        let mut lines: Vec<String> =
            tag.iter().map(|tag| format!("{inner}{}: {};\n", key(tag.name), tag.value)).collect();
        lines.extend(fields.fields.iter().map(|field| self.field(field, &inner)));
        if let Rest::Map(key, values) = &fields.rest {
            lines.push(format!("{inner}{}\n", self.index(key, values, fields, tag)));
        }
        let own = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}{indent}}}", lines.concat()) };
        let unions = fields.flattened.iter().map(|flattened| self.flattened(flattened));
        std::iter::once(own).chain(unions).collect::<Vec<_>>().join(" & ")
    }

    fn field(&self, field: &Field, indent: &str) -> String {
        let default = wording::default(field).unwrap_or_default();
        let doc = doc(indent, &[&field.description, &default], field.deprecated.then_some(""));
        let mark = if field.required { "" } else { "?" };
        format!("{doc}{indent}{}{mark}: {};\n", key(&field.name), self.type_expr(&field.ty))
    }

    /// The index signature for members without a name. Named members must match it too if their names could be such
    /// keys, so it includes their types.
    fn index(&self, key: &Key, values: &Type, fields: &Struct, tag: Option<Tag<'_>>) -> String {
        match key {
            Key::String | Key::Enum(_) => {
                let mut types = vec![self.type_expr(values)];
                if !fields.flattened.is_empty() {
                    types.push("unknown".to_owned());
                }
                types.extend(tag.map(|tag| tag.value.to_owned()));
                types.extend(fields.fields.iter().map(|field| self.type_expr(&field.ty)));
                if fields.fields.iter().any(|field| !field.required) {
                    types.push("undefined".to_owned());
                }
                let mut seen = BTreeSet::new();
                types.retain(|ty| seen.insert(ty.clone()));
                format!("[key: string]: {};", alternatives(&types))
            }
            Key::Signed | Key::Unsigned => format!("[key: number]: {};", self.type_expr(values)),
        }
    }

    fn flattened(&self, flattened: &Flattened) -> String {
        let name = self.names.of_type(&flattened.name);
        if !flattened.optional {
            return name.to_owned();
        }
        let absent: Vec<_> = self.keys(&flattened.name).iter().map(|name| format!("{}?: never", key(name))).collect();
        format!("({name} | {{ {} }})", absent.join("; "))
    }

    fn union(&self, type_name: &str, union: &Union) -> String {
        let name = self.names.of_type(type_name);
        let keys = self.names.keys_of(type_name);
        let mut alternatives = Vec::new();
        let mut definitions = Vec::new();
        for variant in &union.variants {
            let (alternative, definition) = self.variant(variant, union, keys);
            alternatives.push(alternative);
            definitions.extend(definition);
        }
        let list = alternatives.join(" | ");
        let head = if alternatives.is_empty() {
            format!("export type {name} = never;\n")
        } else if list.len() + name.len() <= WIDTH {
            format!("export type {name} = {list};\n")
        } else {
            format!("export type {name} =\n  | {};\n", alternatives.join("\n  | "))
        };
        let keys = keys.map(|keys| {
            let absent = union.objects().map(|variant| format!("  {}?: never;\n", key(&variant.name)));
            let absent: String = absent.collect();
            format!("/** The members of a `{name}`, of which each variant has one. */\nexport interface {keys} {{\n{absent}}}\n")
        });
        std::iter::once(head).chain(keys).chain(definitions).collect::<Vec<_>>().join("\n")
    }

    /// The reference to a variant in its union, and the definition behind that reference.
    fn variant(&self, variant: &Variant, union: &Union, keys: Option<&str>) -> (String, Option<String>) {
        let name = self.names.of_variant(variant);
        let described = |definition: String| {
            let doc = doc("", &[&variant.description], None);
            (name.to_owned(), Some(doc + &definition))
        };
        match (&union.tagging, &variant.body) {
            (Tagging::External, Body::Unit) => (literal(&variant.name), None),
            (Tagging::External, body) => {
                let content = match body {
                    Body::Struct(fields) => self.body(fields, None, "  "),
                    Body::Newtype(ty) => self.type_expr(ty),
                    Body::Unit => String::new(),
                };
                // The keys of other variants are not written into each variant: their number would grow with the square
                // of the variants.
                let others = keys.map(|keys| format!("extends Omit<{keys}, {}> ", literal(&variant.name)));
                let others = others.unwrap_or_default();
                described(format!("export interface {name} {others}{{\n  {}: {content};\n}}\n", key(&variant.name)))
            }
            (Tagging::Internal { tag }, body) => {
                let value = literal(&variant.name);
                let tag = Tag { name: tag, value: &value };
                match body {
                    Body::Unit => described(self.object(name, &Struct::default(), Some(tag))),
                    Body::Struct(fields) => described(self.object(name, fields, Some(tag))),
                    Body::Newtype(ty) => {
                        let own = self.body(&Struct::default(), Some(tag), "");
                        described(format!("export type {name} = {own} & {};\n", self.operand(ty)))
                    }
                }
            }
            (Tagging::Untagged, Body::Unit) => ("null".to_owned(), None),
            (Tagging::Untagged, Body::Struct(fields)) => described(self.object(name, fields, None)),
            (Tagging::Untagged, Body::Newtype(ty)) => (self.type_expr(ty), None),
        }
    }

    /// A type as written at its place of use.
    pub(super) fn type_expr(&self, ty: &Type) -> String {
        match ty {
            Type::Any => "unknown".to_owned(),
            Type::Never => "never".to_owned(),
            Type::Null => "null".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::String | Type::Char | Type::DateTime | Type::Date | Type::Uuid | Type::Decimal => "string".to_owned(),
            Type::Integer(integer) if integer.is_wide() => match self.int64 {
                Int64::Bigint => "bigint".to_owned(),
                Int64::Number => "number".to_owned(),
            },
            Type::Number if self.is_exact() => "number | bigint".to_owned(),
            Type::Integer(_) | Type::F32 | Type::F64 | Type::Number => "number".to_owned(),
            Type::Nullable(inner) => format!("{} | null", self.type_expr(inner)),
            Type::FixedArray { items, len } if *len > MOST_ITEMS => format!("{}[]", self.operand(items)),
            Type::Array { items, .. } => format!("{}[]", self.operand(items)),
            Type::FixedArray { items, len } => format!("[{}]", vec![self.type_expr(items); *len].join(", ")),
            Type::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.type_expr(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Type::Map(Key::String, values) => format!("{{ [key: string]: {} }}", self.type_expr(values)),
            Type::Map(Key::Signed | Key::Unsigned, values) => {
                format!("{{ [key: number]: {} }}", self.type_expr(values))
            }
            Type::Map(Key::Enum(key), values) => {
                format!("{{ [key in {}]?: {} }}", self.type_expr(key), self.type_expr(values))
            }
            Type::Named(name) => self.type_name(name),
        }
    }

    /// A type next to an operator that binds tighter than `|`.
    fn operand(&self, ty: &Type) -> String {
        let text = self.type_expr(ty);
        let is_union = matches!(ty, Type::Nullable(_)) || matches!(ty, Type::Number if self.is_exact());
        if is_union { format!("({text})") } else { text }
    }

    /// The members that values of a flattened union may have.
    pub(super) fn keys(&self, union: &str) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        self.collect_keys(union, &mut BTreeSet::new(), &mut keys);
        keys
    }

    fn collect_keys(&self, name: &str, seen: &mut BTreeSet<String>, keys: &mut BTreeSet<String>) {
        let Some(def) = self.api.get(name).filter(|_| seen.insert(name.to_owned())) else { return };
        let mut bodies = Vec::new();
        match &def.shape {
            Shape::Struct(fields) => bodies.push(fields),
            Shape::Alias(Type::Named(other)) => self.collect_keys(other, seen, keys),
            Shape::Enum(_) | Shape::Integers(_) | Shape::Alias(_) => {}
            Shape::Union(union) => {
                if let Tagging::Internal { tag } = &union.tagging {
                    keys.insert(tag.clone());
                }
                for variant in &union.variants {
                    match (&union.tagging, &variant.body) {
                        (Tagging::External, _) => {
                            keys.insert(variant.name.clone());
                        }
                        (_, Body::Struct(fields)) => bodies.push(fields),
                        (_, Body::Newtype(Type::Named(other))) => self.collect_keys(other, seen, keys),
                        (_, Body::Newtype(_) | Body::Unit) => {}
                    }
                }
            }
        }
        for fields in bodies {
            keys.extend(fields.fields.iter().map(|field| field.name.clone()));
            for flattened in &fields.flattened {
                self.collect_keys(&flattened.name, seen, keys);
            }
        }
    }
}

/// A value of an enumeration.
struct Member<'a> {
    /// The identifier.
    name: String,
    /// The literal.
    value: String,
    description: &'a str,
}

/// The values of an enumeration. Empty for all other shapes.
fn values_of(shape: &Shape) -> Vec<Member<'_>> {
    let mut scope = names::constants();
    let mut member = |name: &str, value: String, description| {
        let name = names::constant(&mut scope, name);
        Member { name, value, description }
    };
    match shape {
        Shape::Enum(values) => {
            values.iter().map(|one| member(&one.value, literal(&one.value), &*one.description)).collect()
        }
        Shape::Integers(values) => {
            values.iter().map(|one| member(&one.name, one.value.to_string(), &*one.description)).collect()
        }
        Shape::Struct(_) | Shape::Union(_) | Shape::Alias(_) => Vec::new(),
    }
}

/// A constant for each value, and the union of all values.
fn enumeration(name: &str, members: &[Member<'_>], doc_of_type: &str) -> String {
    let members: String = members
        .iter()
        .map(|Member { name, value, description }| {
            let doc = doc("  ", &[description], None);
            format!("{doc}  readonly {name}: {value};\n")
        })
        .collect();
    let members = if members.is_empty() { "{}".to_owned() } else { format!("{{\n{members}}}") };
    format!(
        "export declare const {name}: {members};\n\n{doc_of_type}export type {name} = (typeof {name})[keyof typeof {name}];\n"
    )
}

fn alternatives(types: &[String]) -> String {
    // `unknown` already includes every other type.
    if types.iter().any(|ty| ty == "unknown") { "unknown".to_owned() } else { types.join(" | ") }
}
