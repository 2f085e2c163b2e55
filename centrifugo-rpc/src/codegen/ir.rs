//! What clients are generated from: a closed model of methods and types. Everything that a generator may meet is here.
//!
//! Names are those of the wire and of Rust; [`names`](super::names) makes identifiers of them.

use serde_json::Value;

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
    /// What to use instead.
    pub deprecated: Option<String>,
    pub no_wait: bool,
    pub idempotent: bool,
    /// None for methods without params.
    pub params: Option<Type>,
    /// [`Type::Null`] for methods that only say that they are done.
    pub result: Type,
}

/// A type with a name: a type of Rust, or one that Rust has no name for and that takes it from where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeDef {
    /// Unique, also without regard to case.
    pub name: String,
    pub description: String,
    pub deprecated: bool,
    pub shape: Shape,
    /// For the `…Input` of a type that looks different from both sides: the name of that type, if the only difference is that params
    /// may leave out fields that may be null as well. See [`Api::unified`].
    pub same_as: Option<String>,
    /// For every such `…Input`: the name of that type.
    pub input_of: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Struct(Struct),
    /// One of some strings.
    Enum(Vec<EnumValue>),
    /// One of some integers.
    Integers(Vec<IntegerValue>),
    Union(Union),
    Alias(Type),
}

/// A JSON object with known members.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Struct {
    /// As declared.
    pub fields: Vec<Field>,
    /// Unions whose members stand among the fields: flattened enums.
    pub flattened: Vec<Flattened>,
    pub rest: Rest,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// On the wire.
    pub name: String,
    pub description: String,
    pub deprecated: bool,
    /// May not be absent. Whether it may be null says its type.
    pub required: bool,
    /// What an absent field stands for, where the contract says it. Null where it does not.
    pub default: Value,
    pub kind: Type,
}

/// A union whose members are members of the object around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flattened {
    /// Its [`TypeDef`], a [`Shape::Union`] of variants that are all objects. A unit variant of an externally tagged enum is a variant
    /// with [`Type::Null`] here, as serde writes it.
    pub name: String,
    /// It may be absent altogether.
    pub optional: bool,
}

/// What else a JSON object may hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Rest {
    /// Unknown members are ignored.
    #[default]
    Ignored,
    /// Unknown members are an error (`deny_unknown_fields`).
    Denied,
    /// All other members are entries of a flattened map.
    Map(Key, Box<Type>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EnumValue {
    pub value: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntegerValue {
    /// Of the variant, where the schema names it; else made of the value.
    pub name: String,
    pub value: i64,
    pub description: String,
}

/// One of several variants. An adjacently tagged enum is [`Tagging::Internal`]: on the wire its variants are objects
/// with the tag and one more field, the content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Union {
    pub tagging: Tagging,
    /// In the order in which serde tries them where nothing else tells them apart.
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
    /// The content alone. Serde takes the first variant that fits.
    Untagged,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    /// On the wire; of untagged unions, in Rust.
    pub name: String,
    /// For a type of its own: unique among these and the names of [`TypeDef`]s, also without regard to case.
    pub type_name: String,
    pub description: String,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Unit,
    /// Under [`Tagging::Internal`] a [`Type::Named`], whose values are objects.
    Newtype(Type),
    Struct(Struct),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Any JSON.
    Any,
    /// No value at all.
    Never,
    Null,
    Bool,
    String,
    /// A string of one Unicode scalar value.
    Char,
    /// RFC 3339, with up to nanoseconds, and in any year.
    DateTime,
    /// The day of such a moment.
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
    /// Of any length; `unique` for sets.
    Array {
        items: Box<Type>,
        unique: bool,
    },
    /// An array of exactly this many.
    FixedArray {
        items: Box<Type>,
        len: usize,
    },
    Tuple(Vec<Type>),
    Map(Key, Box<Type>),
    /// A [`TypeDef`].
    Named(String),
}

/// The keys of a map: in JSON they are strings all the same.
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
    /// Declared, where it is narrower than the width. Serde does not check it, and neither do clients.
    pub min: Option<i128>,
    /// Declared, where it is narrower than the width.
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
    /// The lowest value that is declared.
    pub(crate) fn lowest(self) -> i128 {
        let lowest = self.width.lowest();
        self.min.map_or(lowest, |min| min.max(lowest))
    }

    /// The highest value that is declared.
    pub(crate) fn highest(self) -> u128 {
        let highest = self.width.highest();
        self.max.and_then(|max| u128::try_from(max).ok()).map_or(highest, |max| max.min(highest))
    }

    /// Whether JavaScript's numbers cannot hold all values that are declared.
    pub(crate) fn is_wide(self) -> bool {
        const SAFE: u128 = (1 << 53) - 1;
        self.highest() > SAFE || self.lowest().unsigned_abs() > SAFE
    }
}

impl Api {
    /// The type of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&TypeDef> {
        self.types.binary_search_by(|def| def.name.as_str().cmp(name)).ok().map(|at| &self.types[at])
    }

    /// Whether integers occur that JavaScript's numbers cannot hold.
    pub(crate) fn has_wide_integers(&self) -> bool {
        let mut wide = false;
        self.visit(&mut |kind| wide |= matches!(kind, Type::Integer(integer) if integer.is_wide()));
        wide
    }

    /// For languages in which a field that may be absent and null is the same type as one that may only be null: the types that differ
    /// in nothing else are one again, and `…Input` is another name for it. What a call answered can then be sent back.
    pub(crate) fn unified(mut self) -> Self {
        let same: Vec<_> = self.types.iter().filter_map(|def| Some((def.name.clone(), def.same_as.clone()?))).collect();
        let original = |name: &str| same.iter().find(|(input, _)| input == name).map(|(_, output)| output.clone());
        for (input, output) in &same {
            let alias = Shape::Alias(Type::Named(output.clone()));
            let Some(def) = self.types.iter_mut().find(|def| def.name == *input) else { continue };
            let shape = std::mem::replace(&mut def.shape, alias);
            if let Some(def) = self.types.iter_mut().find(|def| def.name == *output) {
                def.shape = shape;
            }
        }
        for def in &mut self.types {
            if def.same_as.is_none() {
                def.shape.rename(&original);
            }
        }
        for method in &mut self.methods {
            if let Some(params) = &mut method.params {
                params.rename(&original);
            }
        }
        super::lower::name_variants(&mut self.types);
        self
    }

    fn visit(&self, f: &mut impl FnMut(&Type)) {
        for method in &self.methods {
            method.params.iter().for_each(|params| params.visit(f));
            method.result.visit(f);
        }
        self.types.iter().for_each(|def| def.shape.visit(f));
    }
}
