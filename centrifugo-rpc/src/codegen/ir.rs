//! What clients are generated from: a closed model of methods and types. Everything that a generator may meet is here.
//!
//! Names are those of the wire and of Rust; [`names`](super::names) makes identifiers of them.

use serde_json::Value;

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

/// One of several variants. An adjacently tagged enum is [`Tagging::Internal`]: on the wire its variants are objects
/// with the tag and one more field, the content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Union {
    pub tagging: Tagging,
    /// In the order in which serde tries them where nothing else tells them apart.
    pub variants: Vec<Variant>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    String,
    Signed,
    Unsigned,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Integer {
    pub width: Width,
    /// Where it is narrower than the width.
    pub min: Option<i128>,
    /// Where it is narrower than the width.
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

impl Integer {
    /// The lowest value.
    pub(crate) fn lowest(self) -> i128 {
        let lowest = match self.width {
            Width::I8 => i8::MIN.into(),
            Width::I16 => i16::MIN.into(),
            Width::I32 => i32::MIN.into(),
            Width::I64 => i64::MIN.into(),
            Width::I128 => i128::MIN,
            Width::U8 | Width::U16 | Width::U32 | Width::U64 | Width::U128 => 0,
        };
        self.min.map_or(lowest, |min| min.max(lowest))
    }

    /// The highest value.
    pub(crate) fn highest(self) -> u128 {
        let highest = match self.width {
            Width::I8 => i8::MAX as u128,
            Width::I16 => i16::MAX as u128,
            Width::I32 => i32::MAX as u128,
            Width::I64 => i64::MAX as u128,
            Width::I128 => i128::MAX as u128,
            Width::U8 => u8::MAX.into(),
            Width::U16 => u16::MAX.into(),
            Width::U32 => u32::MAX.into(),
            Width::U64 => u64::MAX.into(),
            Width::U128 => u128::MAX,
        };
        self.max.and_then(|max| u128::try_from(max).ok()).map_or(highest, |max| max.min(highest))
    }

    /// Whether JavaScript's numbers cannot hold all its values.
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

impl Shape {
    /// Calls `f` with every type in it, outer ones first.
    pub(crate) fn visit(&self, f: &mut impl FnMut(&Type)) {
        match self {
            Self::Struct(fields) => fields.visit(f),
            Self::Enum(_) => {}
            Self::Union(union) => union.variants.iter().for_each(|variant| match &variant.body {
                Body::Unit => {}
                Body::Newtype(kind) => kind.visit(f),
                Body::Struct(fields) => fields.visit(f),
            }),
            Self::Alias(kind) => kind.visit(f),
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        match self {
            Self::Struct(fields) => fields.visit_mut(f),
            Self::Enum(_) => {}
            Self::Union(union) => union.variants.iter_mut().for_each(|variant| match &mut variant.body {
                Body::Unit => {}
                Body::Newtype(kind) => kind.visit_mut(f),
                Body::Struct(fields) => fields.visit_mut(f),
            }),
            Self::Alias(kind) => kind.visit_mut(f),
        }
    }

    /// All structs in it.
    fn structs(&self) -> Vec<&Struct> {
        match self {
            Self::Struct(fields) => vec![fields],
            Self::Enum(_) | Self::Alias(_) => Vec::new(),
            Self::Union(union) => union.variants.iter().filter_map(|variant| variant.body.fields()).collect(),
        }
    }

    pub(super) fn structs_mut(&mut self) -> Vec<&mut Struct> {
        match self {
            Self::Struct(fields) => vec![fields],
            Self::Enum(_) | Self::Alias(_) => Vec::new(),
            Self::Union(union) => union.variants.iter_mut().filter_map(|variant| variant.body.fields_mut()).collect(),
        }
    }

    /// Renames what it refers to, where `new` has another name for it.
    pub(super) fn rename(&mut self, new: &impl Fn(&str) -> Option<String>) {
        self.visit_mut(&mut |kind| rename(kind, new));
        for fields in self.structs_mut() {
            for flattened in &mut fields.flattened {
                if let Some(name) = new(&flattened.name) {
                    flattened.name = name;
                }
            }
        }
    }

    /// The names it refers to.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.visit(&mut |kind| {
            if let Type::Named(name) = kind {
                names.push(name.clone());
            }
        });
        names.extend(self.structs().into_iter().flat_map(|fields| &fields.flattened).map(|union| union.name.clone()));
        names
    }
}

impl Body {
    fn fields(&self) -> Option<&Struct> {
        if let Self::Struct(fields) = self { Some(fields) } else { None }
    }

    fn fields_mut(&mut self) -> Option<&mut Struct> {
        if let Self::Struct(fields) = self { Some(fields) } else { None }
    }
}

impl Struct {
    fn visit(&self, f: &mut impl FnMut(&Type)) {
        self.fields.iter().for_each(|field| field.kind.visit(f));
        if let Rest::Map(_, values) = &self.rest {
            values.visit(f);
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        self.fields.iter_mut().for_each(|field| field.kind.visit_mut(f));
        if let Rest::Map(_, values) = &mut self.rest {
            values.visit_mut(f);
        }
    }
}

impl Type {
    /// Calls `f` with this and every type in it, outer ones first.
    pub(crate) fn visit(&self, f: &mut impl FnMut(&Type)) {
        f(self);
        match self {
            Self::Nullable(inner)
            | Self::Array { items: inner, .. }
            | Self::FixedArray { items: inner, .. }
            | Self::Map(_, inner) => inner.visit(f),
            Self::Tuple(items) => items.iter().for_each(|item| item.visit(f)),
            _ => {}
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        f(self);
        match self {
            Self::Nullable(inner)
            | Self::Array { items: inner, .. }
            | Self::FixedArray { items: inner, .. }
            | Self::Map(_, inner) => inner.visit_mut(f),
            Self::Tuple(items) => items.iter_mut().for_each(|item| item.visit_mut(f)),
            _ => {}
        }
    }

    pub(super) fn rename(&mut self, new: &impl Fn(&str) -> Option<String>) {
        self.visit_mut(&mut |kind| rename(kind, new));
    }
}

fn rename(kind: &mut Type, new: &impl Fn(&str) -> Option<String>) {
    if let Type::Named(name) = kind
        && let Some(other) = new(name)
    {
        *name = other;
    }
}
