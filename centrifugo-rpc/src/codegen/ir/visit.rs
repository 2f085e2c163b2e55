//! Traversals of the model: every type in a shape, and every name.

use super::{Body, Key, Rest, Shape, Struct, Type};

impl Shape {
    /// Calls `f` with every type in the shape, outer types first.
    pub(crate) fn visit(&self, f: &mut impl FnMut(&Type)) {
        match self {
            Self::Struct(fields) => fields.visit(f),
            Self::Enum(_) | Self::Integers(_) => {}
            Self::Union(union) => union.variants.iter().for_each(|variant| match &variant.body {
                Body::Unit => {}
                Body::Newtype(ty) => ty.visit(f),
                Body::Struct(fields) => fields.visit(f),
            }),
            Self::Alias(ty) => ty.visit(f),
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        match self {
            Self::Struct(fields) => fields.visit_mut(f),
            Self::Enum(_) | Self::Integers(_) => {}
            Self::Union(union) => union.variants.iter_mut().for_each(|variant| match &mut variant.body {
                Body::Unit => {}
                Body::Newtype(ty) => ty.visit_mut(f),
                Body::Struct(fields) => fields.visit_mut(f),
            }),
            Self::Alias(ty) => ty.visit_mut(f),
        }
    }

    /// All structs in the shape.
    fn structs(&self) -> Vec<&Struct> {
        match self {
            Self::Struct(fields) => vec![fields],
            Self::Enum(_) | Self::Integers(_) | Self::Alias(_) => Vec::new(),
            Self::Union(union) => union.variants.iter().filter_map(|variant| variant.body.fields()).collect(),
        }
    }

    pub(in crate::codegen) fn structs_mut(&mut self) -> Vec<&mut Struct> {
        match self {
            Self::Struct(fields) => vec![fields],
            Self::Enum(_) | Self::Integers(_) | Self::Alias(_) => Vec::new(),
            Self::Union(union) => union.variants.iter_mut().filter_map(|variant| variant.body.fields_mut()).collect(),
        }
    }

    /// Renames the types that the shape refers to and for which `new` returns another name.
    pub(in crate::codegen) fn rename(&mut self, new: &impl Fn(&str) -> Option<String>) {
        self.visit_mut(&mut |ty| rename(ty, new));
        for fields in self.structs_mut() {
            for flattened in &mut fields.flattened {
                if let Some(name) = new(&flattened.name) {
                    flattened.name = name;
                }
            }
        }
    }

    /// The names of the types that the shape refers to.
    pub(in crate::codegen) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.visit(&mut |ty| {
            if let Type::Named(name) = ty {
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
        self.fields.iter().for_each(|field| field.ty.visit(f));
        if let Rest::Map(key, values) = &self.rest {
            key.visit(f);
            values.visit(f);
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        self.fields.iter_mut().for_each(|field| field.ty.visit_mut(f));
        if let Rest::Map(key, values) = &mut self.rest {
            key.visit_mut(f);
            values.visit_mut(f);
        }
    }
}

impl Key {
    fn visit(&self, f: &mut impl FnMut(&Type)) {
        if let Self::Enum(named) = self {
            named.visit(f);
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        if let Self::Enum(named) = self {
            named.visit_mut(f);
        }
    }
}

impl Type {
    /// Calls `f` with this type and every type in it, outer types first.
    pub(crate) fn visit(&self, f: &mut impl FnMut(&Type)) {
        f(self);
        match self {
            Self::Nullable(inner) | Self::Array { items: inner, .. } | Self::FixedArray { items: inner, .. } => {
                inner.visit(f);
            }
            Self::Map(key, values) => {
                key.visit(f);
                values.visit(f);
            }
            Self::Tuple(items) => items.iter().for_each(|item| item.visit(f)),
            _ => {}
        }
    }

    fn visit_mut(&mut self, f: &mut impl FnMut(&mut Type)) {
        f(self);
        match self {
            Self::Nullable(inner) | Self::Array { items: inner, .. } | Self::FixedArray { items: inner, .. } => {
                inner.visit_mut(f);
            }
            Self::Map(key, values) => {
                key.visit_mut(f);
                values.visit_mut(f);
            }
            Self::Tuple(items) => items.iter_mut().for_each(|item| item.visit_mut(f)),
            _ => {}
        }
    }

    pub(in crate::codegen) fn rename(&mut self, new: &impl Fn(&str) -> Option<String>) {
        self.visit_mut(&mut |ty| rename(ty, new));
    }
}

fn rename(ty: &mut Type, new: &impl Fn(&str) -> Option<String>) {
    if let Type::Named(name) = ty
        && let Some(other) = new(name)
    {
        *name = other;
    }
}
