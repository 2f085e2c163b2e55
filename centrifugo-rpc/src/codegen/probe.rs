//! Checks with serde itself whether it reads the params that the contract describes.
//!
//! Serde reads the contents of internally tagged, untagged and flattened types from a buffer. Some values that it
//! writes cannot be read back from there: integers as map keys, 128-bit integers, raw JSON. It reads only one of two
//! members with the same name. A schema does not distinguish flattened members from others, nor an adjacent tag, which needs no buffer, from an internal one. The
//! probe therefore makes up values, each with one doubtful part, and passes them to the decoder of the method's params.
//! Only an error about that part counts.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use super::ir::{Api, Body, Key, Rest, Shape, Struct, Tagging, Type, Union, Width};
use crate::service::method::Read;

mod json;
mod sample;

use json::{Json, Members};
use sample::Samples;

/// The maximum number of values tried for the params of one method. Types with many references to each other have more
/// paths than this.
const MOST: usize = 1000;

/// The maximum number of types entered on the way to these values.
const MOST_TYPES: usize = 20_000;

/// A map key whose number occurs nowhere else.
const INTEGER_KEY: &str = "73";

/// A map key that text, booleans and nothing else can be.
const TEXT_KEY: &str = "true";

/// One sentence for each part of the params of `method` that serde does not read.
pub(crate) fn problems(api: &Api, method: &str, params: &Type, read: Read) -> Vec<String> {
    let mut walk = Walk {
        api,
        samples: sample::TEXTS.map(|text| Samples::new(api, text)).into(),
        read,
        left: MOST,
        types_left: MOST_TYPES,
        turns: Vec::new(),
        open: Vec::new(),
        met: BTreeSet::new(),
        clean: BTreeSet::new(),
        doubts: 0,
        found: BTreeSet::new(),
    };
    walk.visit_type(params);
    walk.found.into_iter().map(|(place, what)| format!("method `{method}`: {place}: {what}")).collect()
}

/// A part that serde may not be able to read.
#[derive(Debug, Clone, Copy)]
enum Doubt<'a> {
    IntegerKeys,
    /// Keys that are text according to the schema.
    TextKeys,
    Wide,
    Raw,
    /// A value that looks like a variant without content.
    Unit,
    /// Fields that serde may not find: absent ones that the schema calls optional, and those whose name is taken.
    Missing(&'a Struct),
}

/// One step from the params to a part of them: the enclosing value, and the position of the part in it.
struct Turn<'a> {
    place: String,
    around: Around<'a>,
    is_untagged: bool,
}

/// A tag and its value.
type Tag<'a> = Option<(&'a str, &'a str)>;

enum Around<'a> {
    /// The part is the whole value.
    Nothing,
    Item,
    /// The items of a tuple, and the index of the part.
    Items(Vec<&'a Type>, usize),
    /// A member with this name, beside the tag and the required fields of a struct.
    Member(Tag<'a>, Option<&'a Struct>, String),
    /// All members of the part, beside the tag and the required fields of a struct.
    Members(Tag<'a>, Option<&'a Struct>, Option<&'a str>),
}

struct Walk<'a> {
    api: &'a Api,
    /// One for each text to try.
    samples: Rc<[Samples<'a>]>,
    read: Read,
    left: usize,
    types_left: usize,
    turns: Vec<Turn<'a>>,
    /// The types entered so far, which contain the current part.
    open: Vec<&'a str>,
    /// Structs that have already been read once with their required fields alone.
    met: BTreeSet<&'a str>,
    /// Types without a doubtful part, which need no second visit: a type that refers to the next one twice, and so on, has
    /// twice as many paths with each.
    clean: BTreeSet<&'a str>,
    /// The number of doubtful parts so far, and of types that were not entered because they are open.
    doubts: usize,
    found: BTreeSet<(String, String)>,
}

impl<'a> Walk<'a> {
    fn within(&mut self, place: impl Into<String>, around: Around<'a>, then: impl FnOnce(&mut Self)) {
        self.turns.push(Turn { place: place.into(), around, is_untagged: false });
        then(self);
        self.turns.pop();
    }

    fn visit_type(&mut self, ty: &'a Type) {
        match ty {
            Type::Any => self.doubt(Doubt::Raw, |_| Some(json!(1).into())),
            Type::Integer(integer) if matches!(integer.width, Width::I128 | Width::U128) => {
                self.doubt(Doubt::Wide, |samples| samples.of(ty));
            }
            Type::Nullable(inner) => self.visit_type(inner),
            Type::Array { items, .. } => self.within("[]", Around::Item, |walk| walk.visit_type(items)),
            Type::FixedArray { items, len } => {
                let all = vec![&**items; *len];
                self.within("[]", Around::Items(all, 0), |walk| walk.visit_type(items));
            }
            Type::Tuple(items) => {
                for (index, item) in items.iter().enumerate() {
                    let around = Around::Items(items.iter().collect(), index);
                    self.within(format!("[{index}]"), around, |walk| walk.visit_type(item));
                }
            }
            Type::Map(key, values) => self.visit_entries(None, None, key, values),
            Type::Named(name) => self.visit_named(name),
            _ => {}
        }
    }

    fn visit_named(&mut self, name: &'a str) {
        let Some(def) = self.api.get(name).filter(|_| !self.clean.contains(name)) else { return };
        if self.open.contains(&name) {
            self.doubts += 1;
            return;
        }
        let Some(left) = self.types_left.checked_sub(1) else { return };
        self.types_left = left;
        let doubts = self.doubts;
        self.open.push(name);
        match &def.shape {
            Shape::Alias(ty) => self.visit_type(ty),
            Shape::Struct(fields) => {
                if self.met.insert(name) {
                    self.doubt(Doubt::Missing(fields), |samples| samples.fields(fields).map(Json::from));
                }
                self.visit_struct(None, fields);
            }
            Shape::Union(union) => self.visit_union(union),
            Shape::Enum(_) | Shape::Integers(_) => {}
        }
        self.open.pop();
        if self.doubts == doubts {
            self.clean.insert(name);
        }
    }

    fn visit_union(&mut self, union: &'a Union) {
        for variant in &union.variants {
            let name = variant.name.as_str();
            match (&union.tagging, &variant.body) {
                (Tagging::Internal { tag }, Body::Unit) => {
                    let around = Around::Members(Some((tag, name)), None, None);
                    self.within(format!(".{name}"), around, |walk| walk.doubt(Doubt::Unit, |_| Some(json!({}).into())));
                }
                (_, Body::Unit) => {}
                (Tagging::External, body) => {
                    self.within(format!(".{name}"), Around::Member(None, None, name.to_owned()), |walk| {
                        walk.visit_body(body);
                    });
                }
                (Tagging::Internal { tag }, Body::Struct(fields)) => {
                    self.within(format!(".{name}"), Around::Nothing, |walk| {
                        walk.visit_struct(Some((tag, name)), fields);
                    });
                }
                (Tagging::Internal { tag }, Body::Newtype(ty)) => {
                    if self.has_field(ty, tag) {
                        let what =
                            "it is the tag of the enum as well, and serde reads only one: rename the field or the tag";
                        self.found.insert((format!("{}.{name}.{tag}", self.place()), what.to_owned()));
                        continue;
                    }
                    let around = Around::Members(Some((tag, name)), None, None);
                    self.within(format!(".{name}"), around, |walk| walk.visit_type(ty));
                }
                (Tagging::Untagged, body) => self.within(format!(".{name}"), Around::Nothing, |walk| {
                    walk.turns.last_mut().into_iter().for_each(|turn| turn.is_untagged = true);
                    walk.visit_body(body);
                }),
            }
        }
    }

    /// Whether values of this type have a member with this name.
    fn has_field(&self, ty: &Type, name: &str) -> bool {
        let Type::Named(def) = ty else { return false };
        match self.api.get(def).map(|def| &def.shape) {
            Some(Shape::Struct(fields)) => fields.fields.iter().any(|field| field.name == name),
            _ => false,
        }
    }

    /// The path from the params to the current part.
    fn place(&self) -> String {
        self.turns.iter().fold("params".to_owned(), |place, turn| place + &turn.place)
    }

    fn visit_body(&mut self, body: &'a Body) {
        match body {
            Body::Unit => {}
            Body::Newtype(ty) => self.visit_type(ty),
            Body::Struct(fields) => self.visit_struct(None, fields),
        }
    }

    /// Visits the fields of a struct, beside a tag.
    fn visit_struct(&mut self, tag: Tag<'a>, fields: &'a Struct) {
        for field in &fields.fields {
            let around = Around::Member(tag, Some(fields), field.name.clone());
            self.within(format!(".{}", field.name), around, |walk| walk.visit_type(&field.ty));
        }
        for flattened in &fields.flattened {
            let around = Around::Members(tag, Some(fields), Some(&flattened.name));
            self.within("", around, |walk| walk.visit_named(&flattened.name));
        }
        if let Rest::Map(key, values) = &fields.rest {
            self.visit_entries(tag, Some(fields), key, values);
        }
    }

    /// Visits the entries of a map, which may stand beside other members.
    fn visit_entries(&mut self, tag: Tag<'a>, fields: Option<&'a Struct>, key: &'a Key, values: &'a Type) {
        let doubt = match key {
            Key::Signed | Key::Unsigned => Some((Doubt::IntegerKeys, INTEGER_KEY)),
            Key::String => Some((Doubt::TextKeys, TEXT_KEY)),
            Key::Enum(_) => None,
        };
        if let Some((doubt, key)) = doubt {
            let around = Around::Member(tag, fields, key.to_owned());
            self.within("", around, |walk| walk.doubt(doubt, |samples| samples.of(values)));
        }
        if let Some(key) = sample::key(self.api, key) {
            self.within("{}", Around::Member(tag, fields, key), |walk| walk.visit_type(values));
        }
    }

    /// Passes `part`, wrapped in everything around it, to serde.
    fn doubt(&mut self, doubt: Doubt<'a>, part: impl Fn(&Samples<'a>) -> Option<Json>) {
        self.doubts += 1;
        let place = self.place();
        for samples in Rc::clone(&self.samples).iter() {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            let Some(tried) = part(samples).and_then(|part| self.tried(samples, part)) else { return };
            let Err(message) = tried else { return };
            let is_untagged = self.turns.iter().any(|turn| turn.is_untagged);
            let Some((field, what)) = doubt.confirmed(&message, is_untagged) else { continue };
            // The field of a struct around this one may have the same name: it was tried first.
            if !field.is_empty() && self.found.iter().any(|(place, _)| place.ends_with(&field)) {
                return;
            }
            // Another 128-bit integer in the params gives the same error. This part is at fault if the error stays the
            // same with text in its place, because a part that is read directly reports the wrong type then; or if serde
            // reads the text, as another variant, because then it reads all the rest.
            let at_fault = || match self.tried(samples, Value::from("x").into()) {
                Some(Err(message)) => doubt.confirmed(&message, is_untagged).is_some(),
                Some(Ok(())) => true,
                None => false,
            };
            if !matches!(doubt, Doubt::Wide) || at_fault() {
                self.found.insert((place + &field, what));
            }
            return;
        }
    }

    /// Serde's verdict on params with this part. None if no such params exist.
    fn tried(&self, samples: &Samples<'a>, part: Json) -> Option<Result<(), String>> {
        let whole = self.turns.iter().rev().try_fold(part, |inner, turn| turn.around(samples, inner))?;
        Some((self.read)(whole.text().as_bytes()).map_err(|error| error.message().to_owned()))
    }
}

impl<'a> Turn<'a> {
    fn around(&self, samples: &Samples<'a>, part: Json) -> Option<Json> {
        let beside = |tag: Tag<'_>, fields: Option<&'a Struct>, without: Option<&str>| {
            let mut members = Members::default();
            if let Some((tag, variant)) = tag {
                members.insert(tag, Value::from(variant).into());
            }
            if let Some(fields) = fields {
                members.extend(&samples.fields_without(fields, without)?);
            }
            Some(members)
        };
        Some(match &self.around {
            Around::Nothing => part,
            Around::Item => Json::array(&[part]),
            Around::Items(items, index) => {
                let mut items = items.iter().map(|item| samples.of(item)).collect::<Option<Vec<_>>>()?;
                *items.get_mut(*index)? = part;
                Json::array(&items)
            }
            Around::Member(tag, fields, name) => {
                let mut members = beside(*tag, *fields, Some(name))?;
                members.insert(name, part);
                members.into()
            }
            Around::Members(tag, fields, flattened) => {
                let mut members = beside(*tag, *fields, *flattened)?;
                members.extend(part.members()?);
                members.into()
            }
        })
    }
}

impl Doubt<'_> {
    /// The place and the problem to report, if serde's message confirms this doubt.
    fn confirmed(self, message: &str, is_untagged: bool) -> Option<(String, String)> {
        // For untagged enums serde reports no reason. It certainly cannot read integer keys or 128-bit integers there.
        let by_itself = is_untagged && message.contains("did not match any variant of untagged enum");
        let (is_so, what, cure) = match self {
            Self::IntegerKeys => (
                by_itself || message.contains(&format!("invalid type: string \"{INTEGER_KEY}\"")),
                "a map with integers for keys",
                "use text for keys",
            ),
            Self::TextKeys => {
                let (_, expected) = message.split_once(&format!("invalid type: string \"{TEXT_KEY}\", expected "))?;
                if !expected.starts_with("a boolean") {
                    let what = "a map has keys that have no form as text, which serde neither writes nor reads: use text or \
                                integers for keys, or a list of pairs";
                    return Some((String::new(), what.to_owned()));
                }
                (true, "a map with booleans for keys", "use text for keys")
            }
            Self::Wide => (
                by_itself || message.contains("u128 is not supported") || message.contains("i128 is not supported"),
                "an integer of 128 bits",
                "write it as text",
            ),
            Self::Raw => (
                message.contains("expected any valid JSON value"),
                "raw JSON, here or in a field beside it,",
                "use a `serde_json::Value`",
            ),
            Self::Unit => {
                let what = "a variant of an internally tagged enum holds something without members, which serde neither writes nor \
                            reads: tag the enum adjacently, `#[serde(tag = \"…\", content = \"…\")]`, or make the variant one with \
                            named fields";
                return message.contains("invalid type: map, expected ").then(|| (String::new(), what.to_owned()));
            }
            Self::Missing(fields) => {
                let missing = |name: &str| message.contains(&format!("missing field `{name}`"));
                let field = fields.fields.iter().find(|field| missing(&field.name))?;
                let what = if field.required {
                    "two fields have this name, one of them in a flattened struct, and serde reads only one: rename one of them"
                } else {
                    "its schema says that it may be absent, and serde, that it may not: say `#[serde(default)]` as well"
                };
                return Some((format!(".{}", field.name), what.to_owned()));
            }
        };
        let what = format!(
            "{what} inside of an internally tagged, untagged or flattened type: serde writes it and does not read it, so each \
             call with it would get 400; tag the enum externally, or adjacently with `#[serde(tag = \"…\", content = \"…\")]`, do \
             not flatten the struct, or {cure}"
        );
        is_so.then(|| (String::new(), what))
    }
}

#[cfg(test)]
mod tests;
