//! Prints `codecs`: the checks and conversions of values at run time.

use super::Context;
use super::text::{literal, member};
use crate::codegen::ir::{Body, Field, Integer, Key, Rest, Shape, Struct, Tagging, Type, TypeDef, Union, Width};

/// The maximum width of a call on one line.
const WIDTH: usize = 100;
/// The highest integer up to which JavaScript numbers represent every integer exactly.
const SAFE: u64 = (1 << 53) - 1;

impl Context<'_> {
    /// A codec for each type, under its name.
    pub(super) fn codecs(&self) -> String {
        let codecs: Vec<_> = self.api.types.iter().map(|def| self.definition_codec(def)).collect();
        codecs.join("\n")
    }

    fn definition_codec(&self, def: &TypeDef) -> String {
        let name = self.names.of_type(&def.name);
        let codec = match &def.shape {
            Shape::Struct(fields) => self.struct_codec(fields, ""),
            Shape::Enum(_) | Shape::Integers(_) => format!("c.oneOf(types.{name})"),
            Shape::Union(union) => self.union_codec(union),
            Shape::Alias(ty) => self.codec(ty),
        };
        format!("export const {name} = /* @__PURE__ */ c.define(() => {codec});\n")
    }

    fn struct_codec(&self, fields: &Struct, indent: &str) -> String {
        let inner = format!("{indent}  ");
        let object = |required: bool| {
            let of_type = fields.fields.iter().filter(|field| field.required == required);
            self.members(of_type, indent)
        };
        let mut arguments = vec![object(true), object(false)];
        if !fields.flattened.is_empty() {
            let unions: Vec<_> = fields
                .flattened
                .iter()
                .map(|flattened| {
                    let keys: Vec<_> = self.keys(&flattened.name).iter().map(|key| literal(key)).collect();
                    let optional = if flattened.optional { ", optional: true" } else { "" };
                    let union = self.names.of_type(&flattened.name);
                    format!("{inner}{{ union: {union}, keys: [{}]{optional} }},\n", keys.join(", "))
                })
                .collect();
            arguments.push(format!("[\n{}{indent}]", unions.concat()));
        }
        match &fields.rest {
            Rest::Ignored => {}
            Rest::Denied => arguments.push("'denied'".to_owned()),
            Rest::Map(key, values) => arguments.push(self.map_codec(key, values)),
        }
        if arguments.len() == 2 && arguments[1] == "{}" {
            arguments.pop();
        }
        let function = if fields.flattened.is_empty() { "struct" } else { "flat" };
        format!("c.{function}({})", arguments.join(", "))
    }

    fn members<'f>(&self, fields: impl Iterator<Item = &'f Field>, indent: &str) -> String {
        let members: Vec<_> =
            fields.map(|field| format!("{}: {}", member(&field.name), self.codec(&field.ty))).collect();
        block('{', &members, '}', indent)
    }

    fn union_codec(&self, union: &Union) -> String {
        let body = |body: &Body| match body {
            Body::Unit if union.tagging == Tagging::Untagged => "c.nothing".to_owned(),
            Body::Unit => "c.struct({})".to_owned(),
            Body::Newtype(ty) => self.codec(ty),
            Body::Struct(fields) => self.struct_codec(fields, "  "),
        };
        let has_content = |variant: &&crate::codegen::ir::Variant| {
            union.tagging != Tagging::External || !matches!(variant.body, Body::Unit)
        };
        let named = || {
            let variants = union.variants.iter().filter(has_content);
            variants.map(|variant| format!("{}: {}", member(&variant.name), body(&variant.body))).collect::<Vec<_>>()
        };
        match &union.tagging {
            Tagging::External => {
                let units = union.variants.iter().filter(|variant| !has_content(variant));
                let units: Vec<_> = units.map(|variant| literal(&variant.name)).collect();
                format!("c.external([{}], {})", units.join(", "), block('{', &named(), '}', ""))
            }
            Tagging::Internal { tag } => format!("c.internal({}, {})", literal(tag), block('{', &named(), '}', "")),
            Tagging::Untagged => {
                let variants: Vec<_> = union.variants.iter().map(|variant| body(&variant.body)).collect();
                format!("c.untagged{}", block('(', &variants, ')', ""))
            }
        }
    }

    /// The codec expression of a type.
    pub(super) fn codec(&self, ty: &Type) -> String {
        match ty {
            Type::Any => "c.any".to_owned(),
            Type::Never => "c.never".to_owned(),
            Type::Null => "c.nothing".to_owned(),
            Type::Bool => "c.bool".to_owned(),
            Type::String | Type::Date => "c.string".to_owned(),
            Type::Char => "c.char".to_owned(),
            Type::DateTime => "c.dateTime".to_owned(),
            Type::Uuid => "c.uuid".to_owned(),
            Type::Decimal => "c.decimal".to_owned(),
            Type::Integer(integer) => integer_codec(*integer),
            Type::Number if self.is_exact() => "c.number".to_owned(),
            Type::F32 => "c.f32".to_owned(),
            Type::F64 | Type::Number => "c.float".to_owned(),
            Type::Nullable(inner) => format!("c.nullable({})", self.codec(inner)),
            Type::Array { items, .. } => format!("c.array({})", self.codec(items)),
            Type::FixedArray { items, len } => format!("c.fixed({}, {len})", self.codec(items)),
            Type::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.codec(item)).collect();
                format!("c.tuple({})", items.join(", "))
            }
            Type::Map(key, values) => self.map_codec(key, values),
            Type::Named(name) => format!("{}{}", self.codec_prefix, self.names.of_type(name)),
        }
    }

    fn map_codec(&self, key: &Key, values: &Type) -> String {
        let key = match key {
            Key::String => "'string'".to_owned(),
            Key::Signed => "'signed'".to_owned(),
            Key::Unsigned => "'unsigned'".to_owned(),
            Key::Enum(ty) => self.codec(ty),
        };
        format!("c.map({key}, {})", self.codec(values))
    }
}

fn integer_codec(integer: Integer) -> String {
    match integer.width {
        // JavaScript numbers represent the declared range exactly.
        Width::I64 | Width::I128 if !integer.is_wide() => format!("c.integer(-{SAFE}, {SAFE})"),
        Width::U64 | Width::U128 if !integer.is_wide() => format!("c.integer(0, {SAFE})"),
        Width::I64 => "w.i64".to_owned(),
        Width::I128 => "w.i128".to_owned(),
        Width::U64 => "w.u64".to_owned(),
        Width::U128 => "w.u128".to_owned(),
        Width::I8 => "c.i8".to_owned(),
        Width::I16 => "c.i16".to_owned(),
        Width::I32 => "c.i32".to_owned(),
        Width::U8 => "c.u8".to_owned(),
        Width::U16 => "c.u16".to_owned(),
        Width::U32 => "c.u32".to_owned(),
    }
}

/// Prints the items on one line if they fit.
fn block(open: char, items: &[String], close: char, indent: &str) -> String {
    let space = if open == '{' { " " } else { "" };
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let line = items.join(", ");
    if line.len() + indent.len() <= WIDTH && !line.contains('\n') {
        return format!("{open}{space}{line}{space}{close}");
    }
    let separator = format!(",\n{indent}  ");
    format!("{open}\n{indent}  {},\n{indent}{close}", items.join(&separator))
}
