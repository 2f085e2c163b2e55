//! Lists the changes between two contracts and decides which of them break callers whose clients were generated from
//! the old contract.
//!
//! An old caller keeps writing the old params and reading results by the old contract. The new params must therefore
//! accept every value that the old params allow, and the old result must be able to read every value that the new
//! result allows.

use std::collections::BTreeSet;

use super::ir::{Api, Body, Integer, Key, Method, Rest, Shape, Struct, Tagging, Type, Union, Variant};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Whether a call of an old caller may fail.
    pub breaks: bool,
    pub what: String,
}

/// All changes of methods, sorted by the method's name.
pub(crate) fn between(old: &Api, new: &Api) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut change = |breaks, what| changes.push(Change { breaks, what });
    for before in &old.methods {
        let name = &before.name;
        let Some(now) = find(new, name) else {
            change(true, format!("`{name}` is gone"));
            continue;
        };
        if before.is_notification() != now.is_notification() {
            let what = if now.is_notification() {
                "answers no more: it is `no_wait` now"
            } else {
                "answers now: it was `no_wait`"
            };
            // A method with a result accepts notifications too, so only the change to `no_wait` breaks callers.
            change(now.is_notification(), format!("`{name}` {what}"));
        }
        if before.idempotent != now.idempotent {
            let what = if now.idempotent {
                "is `idempotent` now"
            } else {
                "is not `idempotent` any more: who repeats calls may run it twice"
            };
            change(before.idempotent, format!("`{name}` {what}"));
        }
        if before.deprecated.is_none() && now.deprecated.is_some() {
            change(false, format!("`{name}` is deprecated"));
        }
        for (what, breaks) in params(old, before, new, now).into_iter().chain(result(old, before, new, now)) {
            change(breaks, format!("`{name}`: {what}"));
        }
    }
    for now in &new.methods {
        if find(old, &now.name).is_none() {
            change(false, format!("`{}` is new", now.name));
        }
    }
    changes
}

fn find<'a>(api: &'a Api, name: &str) -> Option<&'a Method> {
    api.methods.iter().find(|method| method.name == name)
}

fn params(old: &Api, before: &Method, new: &Api, now: &Method) -> Vec<(String, bool)> {
    match (&before.params, &now.params) {
        (None, None) => Vec::new(),
        // A method without params accepts no params, `null` and `{}`.
        (Some(Type::Named(name)), None) if is_empty_struct(old, name) => Vec::new(),
        (Some(_), None) => vec![("params: it takes none any more".to_owned(), true)],
        (None, Some(_)) => vec![("params: it takes some now".to_owned(), true)],
        (Some(written), Some(read)) => compare(Side { writer: old, reader: new }, "params", written, read),
    }
}

fn is_empty_struct(api: &Api, name: &str) -> bool {
    matches!(api.get(name).map(|def| &def.shape), Some(Shape::Struct(fields)) if *fields == Struct::default())
}

fn result(old: &Api, before: &Method, new: &Api, now: &Method) -> Vec<(String, bool)> {
    compare(Side { writer: new, reader: old }, "result", &now.result, &before.result)
}

/// The breaking differences, each with `true`. If the types differ and nothing breaks, a single entry with `false`.
fn compare(side: Side<'_>, part: &str, written: &Type, read: &Type) -> Vec<(String, bool)> {
    let mut check = Check { side, seen: BTreeSet::new(), breaks: Vec::new(), differs: false };
    check.compare_types(part, written, read);
    if check.breaks.is_empty() && check.differs {
        return vec![(format!("{part}: changed, in a way that callers of before can live with"), false)];
    }
    check.breaks.into_iter().map(|what| (what, true)).collect()
}

/// The writer and the reader of a value: the old callers and the new worker, or the other way round.
#[derive(Clone, Copy)]
struct Side<'a> {
    writer: &'a Api,
    reader: &'a Api,
}

struct Check<'a> {
    side: Side<'a>,
    /// Pairs of types already compared. Types may contain themselves.
    seen: BTreeSet<(String, String)>,
    breaks: Vec<String>,
    differs: bool,
}

impl Check<'_> {
    fn breaks(&mut self, at: &str, what: impl std::fmt::Display) {
        self.breaks.push(format!("{at}: {what}"));
    }

    fn compare_types(&mut self, at: &str, written: &Type, read: &Type) {
        if let (Type::Named(writer), Type::Named(reader)) = (written, read)
            && !self.seen.insert((writer.clone(), reader.clone()))
        {
            return;
        }
        match (resolve(self.side.writer, written), resolve(self.side.reader, read)) {
            (Resolved::Shape(written), Resolved::Shape(read)) => self.compare_shapes(at, written, read),
            (Resolved::Type(written), Resolved::Type(read)) => self.compare_plain(at, written, read),
            (_, Resolved::Type(Type::Any)) => self.differs = true,
            (Resolved::Shape(Shape::Integers(values)), Resolved::Type(Type::Integer(read)))
                if values.iter().all(|value| holds(*read, value.value)) =>
            {
                self.differs = true;
            }
            (written, Resolved::Type(Type::Nullable(read))) => {
                self.differs = true;
                let Resolved::Shape(shape) = written else { return };
                match resolve(self.side.reader, read) {
                    Resolved::Shape(read) => self.compare_shapes(at, shape, read),
                    Resolved::Type(_) => self.breaks(at, "another type"),
                }
            }
            _ => self.breaks(at, "another type"),
        }
    }

    fn compare_plain(&mut self, at: &str, written: &Type, read: &Type) {
        self.differs |= written != read;
        match (written, read) {
            (written, read) if is_read_as(written, read) => {}
            (Type::Nullable(written), Type::Nullable(read)) => self.compare_types(at, written, read),
            (Type::Nullable(_), _) => self.breaks(at, "may be null where it may not be null on the other side"),
            (written, Type::Nullable(read)) => self.compare_types(at, written, read),
            (Type::Integer(written), Type::Integer(read)) => self.compare_integers(at, *written, *read),
            (
                Type::Array { items: written, .. } | Type::FixedArray { items: written, .. },
                Type::Array { items: read, .. },
            ) => {
                self.compare_types(&format!("{at}[]"), written, read);
            }
            (Type::FixedArray { items: written, len: a }, Type::FixedArray { items: read, len: b }) if a == b => {
                self.compare_types(&format!("{at}[]"), written, read);
            }
            (Type::Tuple(written), Type::Tuple(read)) if written.len() == read.len() => {
                for (index, (written, read)) in written.iter().zip(read).enumerate() {
                    self.compare_types(&format!("{at}[{index}]"), written, read);
                }
            }
            (Type::Map(a, written), Type::Map(b, read)) if reads_keys(a, b) => {
                self.compare_keys(at, a, b);
                self.compare_types(&format!("{at}{{}}"), written, read);
            }
            _ => self.breaks(at, "another type"),
        }
    }

    /// Compares the values of the keys if both are enums.
    fn compare_keys(&mut self, at: &str, written: &Key, read: &Key) {
        if let (Key::Enum(written), Key::Enum(read)) = (written, read) {
            self.compare_types(&format!("{at}{{}}"), written, read);
        }
    }

    fn compare_integers(&mut self, at: &str, written: Integer, read: Integer) {
        if written.lowest() < read.lowest() || written.highest() > read.highest() {
            let range = |integer: Integer| format!("{} to {}", integer.lowest(), integer.highest());
            self.breaks(at, format_args!("{} are written, {} are read", range(written), range(read)));
        }
    }

    fn compare_shapes(&mut self, at: &str, written: &Shape, read: &Shape) {
        self.differs |= written != read;
        match (written, read) {
            (Shape::Struct(written), Shape::Struct(read)) => self.compare_structs(at, written, read),
            (Shape::Enum(written), Shape::Enum(read)) => {
                for value in written.iter().filter(|value| !read.iter().any(|read| read.value == value.value)) {
                    self.breaks(at, format_args!("`{}` is written and not known where it is read", value.value));
                }
            }
            (Shape::Integers(written), Shape::Integers(read)) => {
                for value in written.iter().filter(|value| !read.iter().any(|read| read.value == value.value)) {
                    self.breaks(at, format_args!("{} is written and not known where it is read", value.value));
                }
            }
            (Shape::Union(written), Shape::Union(read)) => self.compare_unions(at, written, read),
            _ => self.breaks(at, "another type"),
        }
    }

    fn compare_structs(&mut self, at: &str, written: &Struct, read: &Struct) {
        for field in &read.fields {
            let at = format!("{at}.{}", field.name);
            match written.fields.iter().find(|written| written.name == field.name) {
                Some(writer) => {
                    if field.required && !writer.required {
                        self.breaks(&at, "must be there, and may be absent on the other side");
                    }
                    self.compare_types(&at, &writer.ty, &field.ty);
                }
                None if field.required => self.breaks(&at, "must be there, and is not written"),
                None => {}
            }
        }
        for field in written.fields.iter().filter(|field| !read.fields.iter().any(|read| read.name == field.name)) {
            let at = format!("{at}.{}", field.name);
            match &read.rest {
                Rest::Ignored => {}
                Rest::Denied => self.breaks(&at, "is written, and unknown fields are an error where it is read"),
                Rest::Map(_, values) => self.compare_types(&at, &field.ty, values),
            }
        }
        match (&written.rest, &read.rest) {
            (Rest::Map(a, written), Rest::Map(b, read)) if reads_keys(a, b) => {
                self.compare_types(&format!("{at}.*"), written, read);
            }
            (Rest::Map(..), Rest::Denied | Rest::Map(..)) => self.breaks(at, "has fields that are not read"),
            _ => {}
        }
        if written.flattened.len() == read.flattened.len() {
            for (written, read) in written.flattened.iter().zip(&read.flattened) {
                if written.optional && !read.optional {
                    self.breaks(at, "a flattened enum must be there, and may be absent on the other side");
                }
                self.compare_types(at, &Type::Named(written.name.clone()), &Type::Named(read.name.clone()));
            }
        } else if !read.flattened.iter().all(|union| union.optional) || !written.flattened.is_empty() {
            self.breaks(at, "other flattened enums");
        }
    }

    fn compare_unions(&mut self, at: &str, written: &Union, read: &Union) {
        if written.tagging != read.tagging {
            return self.breaks(at, "another representation of the enum");
        }
        let untagged = read.tagging == Tagging::Untagged;
        for (index, variant) in written.variants.iter().enumerate() {
            let reader = if untagged {
                // The names of untagged variants are not on the wire. If the variants moved, the first one that fits is
                // used.
                read.variants
                    .get(index)
                    .filter(|read| self.fits(variant, read))
                    .or_else(|| read.variants.iter().find(|read| self.fits(variant, read)))
            } else {
                read.variants.iter().find(|read| read.name == variant.name)
            };
            match reader {
                Some(reader) => self.compare_bodies(&format!("{at}.{}", variant.name), &variant.body, &reader.body),
                None => self.breaks(
                    at,
                    format_args!("the variant `{}` is written and not known where it is read", variant.name),
                ),
            }
        }
    }

    fn fits(&self, written: &Variant, read: &Variant) -> bool {
        let mut check = Check { side: self.side, seen: self.seen.clone(), breaks: Vec::new(), differs: false };
        check.compare_bodies("", &written.body, &read.body);
        check.breaks.is_empty()
    }

    fn compare_bodies(&mut self, at: &str, written: &Body, read: &Body) {
        match (written, read) {
            (Body::Unit, Body::Unit) => {}
            (Body::Newtype(written), Body::Newtype(read)) => self.compare_types(at, written, read),
            (Body::Struct(written), Body::Struct(read)) => self.compare_structs(at, written, read),
            // A unit variant is an object with only the tag. It is compared like an empty struct.
            (Body::Unit, Body::Struct(read)) => self.compare_structs(at, &Struct::default(), read),
            (Body::Struct(written), Body::Unit) => self.compare_structs(at, written, &Struct::default()),
            _ => self.breaks(at, "another content"),
        }
    }
}

enum Resolved<'a> {
    Shape(&'a Shape),
    Type(&'a Type),
}

/// Whether every value of one type is also a value of the other, judged by the two types alone.
fn is_read_as(written: &Type, read: &Type) -> bool {
    match (written, read) {
        (_, Type::Any)
        | (Type::Never, _)
        | (Type::Null, Type::Nullable(_))
        | (Type::Integer(_) | Type::F32, Type::F64)
        | (Type::Integer(_) | Type::F32 | Type::F64, Type::Number)
        | (Type::Char | Type::DateTime | Type::Date | Type::Uuid | Type::Decimal, Type::String) => true,
        // The inner types may have changed under the same name.
        (Type::Nullable(_) | Type::Array { .. } | Type::FixedArray { .. } | Type::Tuple(_) | Type::Map(..), _) => false,
        (written, read) => written == read,
    }
}

/// Follows aliases to the type itself.
fn resolve<'a>(api: &'a Api, ty: &'a Type) -> Resolved<'a> {
    let mut ty = ty;
    loop {
        let Type::Named(name) = ty else { return Resolved::Type(ty) };
        match api.get(name).map(|def| &def.shape) {
            Some(Shape::Alias(other)) if other != ty => ty = other,
            Some(shape) => return Resolved::Shape(shape),
            None => return Resolved::Type(&Type::Any),
        }
    }
}

fn holds(integer: Integer, value: i64) -> bool {
    i128::from(value) >= integer.lowest() && u128::try_from(value).map_or(true, |value| value <= integer.highest())
}

fn reads_keys(written: &Key, read: &Key) -> bool {
    match (written, read) {
        (_, Key::String) | (Key::Unsigned, Key::Signed) | (Key::Enum(_), Key::Enum(_)) => true,
        (written, read) => written == read,
    }
}

#[cfg(test)]
mod tests;
