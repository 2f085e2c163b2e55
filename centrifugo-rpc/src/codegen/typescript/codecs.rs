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
            Shape::Enum(_) | Shape::Integers(_) => format!("{}({})", self.schema("oneOf"), self.constant(name)),
            Shape::Union(union) => self.union_codec(union),
            Shape::Alias(ty) => self.codec(ty),
        };
        format!("export const {name} = /* @__PURE__ */ {}(() => {codec});\n", self.schema("define"))
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
        format!("{}({})", self.schema(function), arguments.join(", "))
    }

    fn members<'f>(&self, fields: impl Iterator<Item = &'f Field>, indent: &str) -> String {
        let members: Vec<_> =
            fields.map(|field| format!("{}: {}", member(&field.name), self.codec(&field.ty))).collect();
        block('{', &members, '}', indent)
    }

    fn union_codec(&self, union: &Union) -> String {
        let body = |body: &Body| match body {
            Body::Unit if union.tagging == Tagging::Untagged => self.schema("nothing"),
            Body::Unit => self.schema("struct({})"),
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
                format!("{}([{}], {})", self.schema("external"), units.join(", "), block('{', &named(), '}', ""))
            }
            Tagging::Internal { tag } => {
                format!("{}({}, {})", self.schema("internal"), literal(tag), block('{', &named(), '}', ""))
            }
            Tagging::Untagged => {
                let variants: Vec<_> = union.variants.iter().map(|variant| body(&variant.body)).collect();
                format!("{}{}", self.schema("untagged"), block('(', &variants, ')', ""))
            }
        }
    }

    /// The codec expression of a type.
    pub(super) fn codec(&self, ty: &Type) -> String {
        match ty {
            Type::Any => self.schema("any"),
            Type::Never => self.schema("never"),
            Type::Null => self.schema("nothing"),
            Type::Bool => self.schema("bool"),
            Type::String | Type::Date => self.schema("string"),
            Type::Char => self.schema("char"),
            Type::DateTime => self.schema("dateTime"),
            Type::Uuid => self.schema("uuid"),
            Type::Decimal => self.schema("decimal"),
            Type::Integer(integer) => self.integer_codec(*integer),
            Type::Number if self.is_exact() => self.schema("number"),
            Type::F32 => self.schema("f32"),
            Type::F64 | Type::Number => self.schema("float"),
            Type::Nullable(inner) => format!("{}({})", self.schema("nullable"), self.codec(inner)),
            Type::Array { items, .. } => format!("{}({})", self.schema("array"), self.codec(items)),
            Type::FixedArray { items, len } => format!("{}({}, {len})", self.schema("fixed"), self.codec(items)),
            Type::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.codec(item)).collect();
                format!("{}({})", self.schema("tuple"), items.join(", "))
            }
            Type::Map(key, values) => self.map_codec(key, values),
            Type::Named(name) => self.codec_name(name),
        }
    }

    fn map_codec(&self, key: &Key, values: &Type) -> String {
        let key = match key {
            Key::String => "'string'".to_owned(),
            Key::Signed => "'signed'".to_owned(),
            Key::Unsigned => "'unsigned'".to_owned(),
            Key::Enum(ty) => self.codec(ty),
        };
        format!("{}({key}, {})", self.schema("map"), self.codec(values))
    }

    fn integer_codec(&self, integer: Integer) -> String {
        match integer.width {
            // JavaScript numbers represent the declared range exactly.
            Width::I64 | Width::I128 if !integer.is_wide() => self.schema(&format!("integer(-{SAFE}, {SAFE})")),
            Width::U64 | Width::U128 if !integer.is_wide() => self.schema(&format!("integer(0, {SAFE})")),
            Width::I64 => self.integers("i64"),
            Width::I128 => self.integers("i128"),
            Width::U64 => self.integers("u64"),
            Width::U128 => self.integers("u128"),
            Width::I8 => self.schema("i8"),
            Width::I16 => self.schema("i16"),
            Width::I32 => self.schema("i32"),
            Width::U8 => self.schema("u8"),
            Width::U16 => self.schema("u16"),
            Width::U32 => self.schema("u32"),
        }
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
