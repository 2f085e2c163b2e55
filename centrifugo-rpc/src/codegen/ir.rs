//! The model that clients are generated from: a closed set of methods and types. A generator meets nothing else.
//!
//! Names are those of the wire and of Rust; [`names`](super::names) turns them into identifiers.

use serde_json::Value;

use crate::service::method::MethodKind;

mod visit;

/// A contract, lowered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Api {
    /// The contract's hash.
    pub hash: String,
    /// Sorted by name.
    pub methods: Vec<Method>,
    /// Sorted by name. [`Type::Named`] refers to them.
    pub types: Vec<TypeDef>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Method {
    pub name: String,
    pub description: String,
    /// The replacement, as text.
    pub deprecated: Option<String>,
    pub kind: MethodKind,
    pub idempotent: bool,
    /// None for methods without params.
    pub params: Option<Type>,
    /// [`Type::Null`] for methods that return nothing and only confirm completion.
    pub result: Type,
}

impl Method {
    /// Whether the method has no reply.
    pub(crate) fn is_notification(&self) -> bool {
        self.kind == MethodKind::Notification
    }
}

/// A named type: a Rust type, or a type that has no name in Rust and is named after its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeDef {
    /// Unique, even if case is ignored.
    pub name: String,
    pub description: String,
    pub deprecated: bool,
    pub shape: Shape,
    /// Only set for the `…Input` half of a type that has different shapes in params and in results: the name of the
    /// original type, if the only difference is that params may omit fields that may also be null. See
    /// [`unified`](super::lower::unified).
    pub same_as: Option<String>,
    /// Set for every such `…Input`: the name of the original type.
    pub input_of: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Struct(Struct),
    /// One of a fixed set of strings.
    Enum(Vec<EnumValue>),
    /// One of a fixed set of integers.
    Integers(Vec<IntegerValue>),
    Union(Union),
    Alias(Type),
}

/// A JSON object with known members.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Struct {
    /// In the order of declaration.
    pub fields: Vec<Field>,
    /// Flattened enums: unions whose members stand among the fields.
    pub flattened: Vec<Flattened>,
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// The name on the wire.
    pub name: String,
    pub description: String,
    pub deprecated: bool,
    /// Whether the field must be present. Its type decides whether it may be null.
    pub required: bool,
    /// The meaning of an absent field, if the contract declares one; otherwise null.
    pub default: Value,
    pub ty: Type,
}

/// A union whose members are members of the enclosing object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flattened {
    /// The name of its [`TypeDef`], a [`Shape::Union`] whose variants are all objects. A unit variant of an externally
    /// tagged enum becomes a variant with [`Type::Null`] here, because serde writes it that way.
    pub name: String,
    /// Whether the whole union may be absent.
    pub optional: bool,
}

/// The treatment of members that a struct does not name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Rest {
    /// Unknown members are ignored.
    #[default]
    Ignored,
    /// Unknown members are an error (`deny_unknown_fields`).
    Denied,
    /// Unknown members are entries of a flattened map.
    Map(Key, Box<Type>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EnumValue {
    pub value: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntegerValue {
    /// The variant's name if the schema has it; otherwise derived from the value.
    pub name: String,
    pub value: i64,
    pub description: String,
}

/// One of several variants. An adjacently tagged enum is also a [`Tagging::Internal`] union: its variants on the wire
/// are objects with the tag and one more field, the content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Union {
    pub tagging: Tagging,
    /// In the order in which serde tries them if nothing else distinguishes them.
    pub variants: Vec<Variant>,
}

impl Union {
    /// The variants of an externally tagged enum that are objects on the wire.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(|variant| !matches!(variant.body, Body::Unit))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tagging {
    /// `"Unit"` or `{"Variant": content}`.
    External,
    /// `{"<tag>": "Variant", …members of the content}`.
    Internal { tag: String },
    /// Only the content. Serde uses the first variant that fits.
    Untagged,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    /// The name on the wire; for untagged unions, the name in Rust.
    pub name: String,
    /// The name of the variant's own type. Unique among all variants and [`TypeDef`]s, even if case is ignored.
    pub type_name: String,
    pub description: String,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Unit,
    /// Under [`Tagging::Internal`], a [`Type::Named`] whose values are objects.
    Newtype(Type),
    Struct(Struct),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Any JSON value.
    Any,
    /// No value at all.
    Never,
    Null,
    Bool,
    String,
    /// A string of one Unicode scalar value.
    Char,
    /// A timestamp as in RFC 3339, with up to nanosecond precision, in any year.
    DateTime,
    /// The date part of a [`Type::DateTime`].
    Date,
    Uuid,
    /// A decimal number in a string.
    Decimal,
    Integer(Integer),
    F32,
    F64,
    /// A JSON number of any size.
    Number,
    Nullable(Box<Type>),
    /// An array of any length; `unique` for sets.
    Array {
        items: Box<Type>,
        unique: bool,
    },
    /// An array of exactly `len` items.
    FixedArray {
        items: Box<Type>,
        len: usize,
    },
    Tuple(Vec<Type>),
    Map(Key, Box<Type>),
    /// The name of a [`TypeDef`].
    Named(String),
}

/// The type of a map's keys. In JSON all keys are strings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    String,
    Signed,
    Unsigned,
    /// A [`Type::Named`] whose shape is [`Shape::Enum`].
    Enum(Box<Type>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Integer {
    pub width: Width,
    /// The declared minimum, if it is narrower than the width. Neither serde nor the clients check it.
    pub min: Option<i128>,
    /// The declared maximum, if it is narrower than the width.
    pub max: Option<i128>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
}

impl Width {
    pub(crate) fn lowest(self) -> i128 {
        match self {
            Self::I8 => i8::MIN.into(),
            Self::I16 => i16::MIN.into(),
            Self::I32 => i32::MIN.into(),
            Self::I64 => i64::MIN.into(),
            Self::I128 => i128::MIN,
            Self::U8 | Self::U16 | Self::U32 | Self::U64 | Self::U128 => 0,
        }
    }

    pub(crate) fn highest(self) -> u128 {
        match self {
            Self::I8 => i8::MAX as u128,
            Self::I16 => i16::MAX as u128,
            Self::I32 => i32::MAX as u128,
            Self::I64 => i64::MAX as u128,
            Self::I128 => i128::MAX as u128,
            Self::U8 => u8::MAX.into(),
            Self::U16 => u16::MAX.into(),
            Self::U32 => u32::MAX.into(),
            Self::U64 => u64::MAX.into(),
            Self::U128 => u128::MAX,
        }
    }
}

impl Integer {
    /// The lowest value that the declaration allows.
    pub(crate) fn lowest(self) -> i128 {
        let lowest = self.width.lowest();
        self.min.map_or(lowest, |min| min.max(lowest))
    }

    /// The highest value that the declaration allows.
    pub(crate) fn highest(self) -> u128 {
        let highest = self.width.highest();
        self.max.and_then(|max| u128::try_from(max).ok()).map_or(highest, |max| max.min(highest))
    }

    /// Whether the declaration allows values that JavaScript numbers cannot represent exactly.
    pub(crate) fn is_wide(self) -> bool {
        const SAFE: u128 = (1 << 53) - 1;
        self.highest() > SAFE || self.lowest().unsigned_abs() > SAFE
    }
}

impl Api {
    /// The type with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&TypeDef> {
        self.types.binary_search_by(|def| def.name.as_str().cmp(name)).ok().map(|at| &self.types[at])
    }

    /// Whether the API uses integers that JavaScript numbers cannot represent exactly.
    pub(crate) fn has_wide_integers(&self) -> bool {
        let mut wide = false;
        self.visit(&mut |ty| wide |= matches!(ty, Type::Integer(integer) if integer.is_wide()));
        wide
    }

    fn visit(&self, f: &mut impl FnMut(&Type)) {
        for method in &self.methods {
            method.params.iter().for_each(|params| params.visit(f));
            method.result.visit(f);
        }
        self.types.iter().for_each(|def| def.shape.visit(f));
    }
}
