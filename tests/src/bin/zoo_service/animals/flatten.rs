//! Members of one type among those of another. Serde buffers them: numbers of 128 bits and maps with integers as keys
//! are excluded, since they do not survive that in Rust itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::internal::Event;
use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    FlatStructs: "zoo.get_flat_structs" "zoo.check_flat_structs" "zoo.refused_flat_structs";
    FlatMap: "zoo.get_flat_map" "zoo.check_flat_map" "zoo.refused_flat_map";
    FlatAnything: "zoo.get_flat_anything" "zoo.check_flat_anything" "zoo.refused_flat_anything";
    FlatExternal: "zoo.get_flat_external" "zoo.check_flat_external" "zoo.refused_flat_external";
    FlatInternal: "zoo.get_flat_internal" "zoo.check_flat_internal" "zoo.refused_flat_internal";
    FlatAdjacent: "zoo.get_flat_adjacent" "zoo.check_flat_adjacent" "zoo.refused_flat_adjacent";
    FlatUntagged: "zoo.get_flat_untagged" "zoo.check_flat_untagged" "zoo.refused_flat_untagged";
    FlatMaybe: "zoo.get_flat_maybe" "zoo.check_flat_maybe" "zoo.refused_flat_maybe";
    FlatSeveral: "zoo.get_flat_several" "zoo.check_flat_several" "zoo.refused_flat_several";
    FlatInVariant: "zoo.get_flat_in_variant" "zoo.check_flat_in_variant" "zoo.refused_flat_in_variant";
    FlatDeep: "zoo.get_flat_deep" "zoo.check_flat_deep" "zoo.refused_flat_deep";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Stamp {
    /// The author
    author: String,
    at: Option<u64>,
}

fn stamp(at: Option<u64>) -> Stamp {
    Stamp { author: "me".to_owned(), at }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatStructs {
    id: u64,
    #[serde(flatten)]
    point: Point,
    #[serde(flatten)]
    stamp: Stamp,
    last: Color,
}

impl Sample for FlatStructs {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: u64::MAX, point: CORNER, stamp: stamp(None), last: Color::Red },
            Self { id: 0, point: ORIGIN, stamp: stamp(Some(u64::MAX)), last: Color::Blue },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"id":1,"x":1,"author":"","at":null,"last":"red"}"#,
            r#"{"id":1,"x":1,"y":1,"author":1,"at":null,"last":"red"}"#,
            r#"{"id":1,"point":{"x":1,"y":1},"stamp":{"author":"","at":null},"last":"red"}"#,
        ]
    }
}

/// Every member without a name of its own is a number.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatMap {
    name: String,
    maybe: Option<Point>,
    #[serde(flatten)]
    counts: BTreeMap<String, u64>,
}

impl Sample for FlatMap {
    fn samples() -> Vec<Self> {
        let counts = ["", "a b", "__proto__", "counts", "model_config", "Name", "日本", "\"\u{2028}"];
        vec![
            Self { name: String::new(), maybe: None, counts: BTreeMap::new() },
            Self {
                name: "n".to_owned(),
                maybe: Some(ORIGIN),
                counts: counts.into_iter().map(|key| (key.to_owned(), u64::MAX)).collect(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"name":"","maybe":null,"a":"1"}"#,
            r#"{"name":"","maybe":null,"a":-1}"#,
            r#"{"name":"","maybe":null,"counts":{}}"#,
            r#"{"maybe":null,"a":1}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatAnything {
    id: u8,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Sample for FlatAnything {
    fn samples() -> Vec<Self> {
        let more = json!({ "a": null, "b": [1, { "c": u64::MAX }], "": "", "more": {}, "toString": 1 });
        let more = more.as_object().cloned().unwrap_or_default();
        vec![Self { id: 1, more: Map::new() }, Self { id: 2, more }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"a":1}"#, r#"{"id":null,"a":1}"#, "[]", "null"]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatExternal {
    id: u64,
    #[serde(flatten)]
    kind: Kind,
}

/// When flattened, a unit variant is written as a member that is null.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Kind {
    Plain,
    /// With documentation
    Point(Point),
    Sized {
        width: u64,
    },
    Tuple(u8, u8),
    List(Vec<u64>),
}

impl Sample for FlatExternal {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: 0, kind: Kind::Plain },
            Self { id: u64::MAX, kind: Kind::Point(CORNER) },
            Self { id: 1, kind: Kind::Sized { width: u64::MAX } },
            Self { id: 2, kind: Kind::Tuple(1, 2) },
            Self { id: 3, kind: Kind::List(vec![u64::MAX]) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"id":1}"#,
            r#"{"Plain":null}"#,
            r#"{"id":1,"Point":null}"#,
            r#"{"id":1,"Tuple":[1]}"#,
            r#"{"id":1,"Other":1}"#,
            r#"{"id":1,"kind":"Plain"}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatInternal {
    /// The ID
    id: u64,
    #[serde(flatten)]
    event: Event,
    note: Option<String>,
}

impl Sample for FlatInternal {
    fn samples() -> Vec<Self> {
        let event = |event| Self { id: u64::MAX, event, note: None };
        let noted = Self { id: 1, event: Event::Created, note: Some("n".to_owned()) };
        Event::samples().into_iter().map(event).chain([noted]).collect()
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"id":1,"note":null}"#,
            r#"{"id":1,"note":null,"type":"lost"}"#,
            r#"{"id":1,"note":null,"type":"moved","x":1}"#,
            r#"{"type":"created","note":null}"#,
            r#"{"id":1,"note":null,"event":{"type":"created"}}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatAdjacent {
    id: u8,
    #[serde(flatten)]
    value: Content,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Content {
    Number(u64),
    Point(Point),
    Nothing,
}

impl Sample for FlatAdjacent {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: 1, value: Content::Number(u64::MAX) },
            Self { id: 2, value: Content::Point(ORIGIN) },
            Self { id: 3, value: Content::Nothing },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"id":1}"#, r#"{"id":1,"t":"Number"}"#, r#"{"id":1,"t":"Point","c":1}"#, r#"{"id":1,"t":"Other","c":1}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatUntagged {
    id: u8,
    #[serde(flatten)]
    by: By,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum By {
    Name { name: String },
    Number { number: u64, exact: Option<bool> },
    Place(Point),
}

impl Sample for FlatUntagged {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: 1, by: By::Name { name: String::new() } },
            Self { id: 2, by: By::Number { number: u64::MAX, exact: None } },
            Self { id: 3, by: By::Number { number: 0, exact: Some(false) } },
            Self { id: 4, by: By::Place(CORNER) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"id":1}"#, r#"{"id":1,"name":1}"#, r#"{"id":1,"x":1}"#, r#"{"name":"a"}"#]
    }
}

/// Excludes a flattened `Option` whose members do not decode: serde reads it as `None`.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatMaybe {
    id: u8,
    #[serde(flatten)]
    point: Option<Point>,
    #[serde(flatten)]
    event: Option<Event3>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event")]
enum Event3 {
    Started { by: String },
    Ended,
}

impl Sample for FlatMaybe {
    fn samples() -> Vec<Self> {
        vec![
            Self { id: 1, point: None, event: None },
            Self { id: 2, point: Some(CORNER), event: None },
            Self { id: 3, point: None, event: Some(Event3::Ended) },
            Self { id: 4, point: Some(ORIGIN), event: Some(Event3::Started { by: "me".to_owned() }) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"id":null}"#]
    }
}

/// Two flattened enums, before and after a member.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatSeveral {
    #[serde(flatten)]
    first: First,
    id: u8,
    #[serde(flatten)]
    second: Second,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "first")]
enum First {
    A { a: u8 },
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "second", content = "content")]
enum Second {
    A(u64),
    B,
}

impl Sample for FlatSeveral {
    fn samples() -> Vec<Self> {
        vec![
            Self { first: First::A { a: 1 }, id: 1, second: Second::A(u64::MAX) },
            Self { first: First::B, id: 2, second: Second::B },
            Self { first: First::B, id: 3, second: Second::A(0) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"id":1,"first":"B"}"#, r#"{"id":1,"second":"B"}"#, r#"{"id":1,"first":"A","second":"B"}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum FlatInVariant {
    Struct {
        id: u8,
        #[serde(flatten)]
        stamp: Stamp,
    },
    Map {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, u64>,
    },
    Enum {
        id: u8,
        #[serde(flatten)]
        content: Content2,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "content")]
enum Content2 {
    One { one: u64 },
    Two,
}

impl Sample for FlatInVariant {
    fn samples() -> Vec<Self> {
        vec![
            Self::Struct { id: 1, stamp: stamp(Some(u64::MAX)) },
            Self::Map { id: 2, rest: BTreeMap::new() },
            Self::Map { id: 3, rest: [("a".to_owned(), u64::MAX)].into() },
            Self::Enum { id: 4, content: Content2::One { one: u64::MAX } },
            Self::Enum { id: 5, content: Content2::Two },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"t":"Struct","id":1}"#, r#"{"t":"Map","id":1,"a":-1}"#, r#"{"t":"Enum","id":1}"#, r#"{"id":1}"#]
    }
}

/// Flattens types that flatten others. Excludes a map of the remaining members: serde also puts members of deeper
/// flattened types into it.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatDeep {
    #[serde(flatten)]
    one: FlatOne,
    rest: BTreeMap<String, Vec<u64>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatOne {
    one: u8,
    #[serde(flatten)]
    two: FlatTwo,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlatTwo {
    two: Vec<u64>,
    #[serde(flatten)]
    kind: First,
}

impl Sample for FlatDeep {
    fn samples() -> Vec<Self> {
        let one = |kind| FlatOne { one: 1, two: FlatTwo { two: vec![u64::MAX], kind } };
        vec![
            Self { one: one(First::B), rest: BTreeMap::new() },
            Self { one: one(First::A { a: 1 }), rest: [("two".to_owned(), vec![u64::MAX])].into() },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"one":1,"two":[],"rest":{}}"#,
            r#"{"one":1,"first":"B","rest":{}}"#,
            r#"{"one":1,"two":[],"first":"C","rest":{}}"#,
            r#"{"one":1,"two":[],"first":"B"}"#,
        ]
    }
}
