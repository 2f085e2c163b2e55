//! Enums with a tag among the members of their content. Serde buffers its input until it has the tag: numbers of 128
//! bits and maps with integers as keys are excluded, since they do not survive that in Rust itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::external::Shape;
use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Event: "zoo.get_internal" "zoo.check_internal" "zoo.refused_internal";
    Payment: "zoo.get_internal_wide" "zoo.check_internal_wide" "zoo.refused_internal_wide";
    Message: "zoo.get_internal_references" "zoo.check_internal_references" "zoo.refused_internal_references";
    Phase: "zoo.get_internal_units" "zoo.check_internal_units" "zoo.refused_internal_units";
    Single: "zoo.get_internal_single" "zoo.check_internal_single" "zoo.refused_internal_single";
    OddTag: "zoo.get_internal_odd_tag" "zoo.check_internal_odd_tag" "zoo.refused_internal_odd_tag";
    KeywordTag: "zoo.get_internal_keyword_tag" "zoo.check_internal_keyword_tag" "zoo.refused_internal_keyword_tag";
    Strict: "zoo.get_internal_strict" "zoo.check_internal_strict" "zoo.refused_internal_strict";
    Tagged: "zoo.get_tagged_struct" "zoo.check_tagged_struct" "zoo.refused_tagged_struct";
    Tree: "zoo.get_internal_recursive" "zoo.check_internal_recursive" "zoo.refused_internal_recursive";
    Layers: "zoo.get_internal_layers" "zoo.check_internal_layers" "zoo.refused_internal_layers";
    InternalEverywhere: "zoo.get_internal_everywhere" "zoo.check_internal_everywhere" "zoo.refused_internal_everywhere";
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    /// It began
    Created,
    /// It is elsewhere
    Moved(Point),
    Renamed {
        /// The earlier name
        from: String,
        to: Option<String>,
    },
    Painted {
        color: Color,
        shapes: Vec<Shape>,
    },
    Deleted {},
}

impl Sample for Event {
    fn samples() -> Vec<Self> {
        vec![
            Self::Created,
            Self::Moved(CORNER),
            Self::Renamed { from: String::new(), to: None },
            Self::Renamed { from: "created".to_owned(), to: Some("deleted".to_owned()) },
            Self::Painted { color: Color::Red, shapes: Shape::samples() },
            Self::Deleted {},
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            "{}",
            "null",
            r#""created""#,
            r#"{"type":"Created"}"#,
            r#"{"type":"lost"}"#,
            r#"{"type":null}"#,
            r#"{"type":"moved"}"#,
            r#"{"type":"moved","x":1,"y":null}"#,
            r#"{"type":"renamed","to":"a"}"#,
            r#"{"type":"painted","color":"pink","shapes":[]}"#,
            r#"{"x":1,"y":1}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Payment {
    Card { number: u64, refund: Option<i64> },
    Cash { coins: Vec<u64>, by_name: BTreeMap<String, i64> },
    Voucher(Voucher),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Voucher {
    code: u64,
    worth: i64,
    pair: (u64, f64),
}

impl Sample for Payment {
    fn samples() -> Vec<Self> {
        vec![
            Self::Card { number: u64::MAX, refund: None },
            Self::Card { number: 0, refund: Some(i64::MIN) },
            Self::Cash { coins: vec![9_007_199_254_740_993], by_name: [("a".to_owned(), i64::MAX)].into() },
            Self::Voucher(Voucher { code: u64::MAX, worth: -9_007_199_254_740_993, pair: (u64::MAX, 0.5) }),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"kind":"Card","number":-1,"refund":null}"#,
            r#"{"kind":"Card","number":18446744073709551616,"refund":null}"#,
            r#"{"kind":"Voucher","code":1,"worth":1}"#,
        ]
    }
}

/// Variants that share a type, one of them in a box, and one that is a map.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Message {
    /// Differs from the documentation of the type
    Sent(Letter),
    Received(Letter),
    Boxed(Box<Letter>),
    Headers(BTreeMap<String, String>),
    Anything(Page),
}

/// A written message.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Letter {
    text: String,
    reply: Option<Box<Message>>,
}

/// Has members that the enum does not declare.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Page {
    #[serde(default)]
    number: u32,
    #[serde(flatten)]
    more: BTreeMap<String, u8>,
}

impl Sample for Message {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        let letter = |reply| Letter { text: "text".to_owned(), reply };
        let inner = Box::new(Self::Received(letter(None)));
        vec![
            Self::Sent(letter(None)),
            Self::Sent(letter(Some(inner))),
            Self::Received(letter(None)),
            Self::Boxed(Box::new(letter(None))),
            Self::Headers([("a".to_owned(), "b".to_owned())].into()),
            Self::Anything(Page { number: 7, more: [("x".to_owned(), 1)].into() }),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"kind":"Sent"}"#,
            r#"{"kind":"Sent","text":1,"reply":null}"#,
            r#"{"kind":"Sent","text":"","reply":{"kind":"Nothing"}}"#,
            r#"{"kind":"Headers","a":1}"#,
            r#"{"kind":"Anything","number":1,"x":256}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "phase")]
enum Phase {
    Waiting,
    /// With documentation
    Running,
    Done,
}

impl Sample for Phase {
    fn samples() -> Vec<Self> {
        vec![Self::Waiting, Self::Running, Self::Done]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""Waiting""#, "{}", r#"{"phase":"waiting"}"#, r#"{"phase":1}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum Single {
    Only { value: u8 },
}

impl Sample for Single {
    fn samples() -> Vec<Self> {
        vec![Self::Only { value: 1 }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"value":1}"#, r#"{"t":"Other","value":1}"#, r#"{"t":"Only"}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "@odd tag,\"1\"")]
enum OddTag {
    #[serde(rename = "a b")]
    Space { r#type: u8 },
    #[serde(rename = "")]
    Empty,
    #[serde(rename = "\"\\\u{2028}")]
    Quoted { class: u8, odd_tag: u8 },
}

impl Sample for OddTag {
    fn samples() -> Vec<Self> {
        vec![Self::Space { r#type: 1 }, Self::Empty, Self::Quoted { class: 2, odd_tag: 3 }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"odd_tag":""}"#, r#"{"@odd tag,\"1\"":"a  b","type":1}"#, r#"{"@odd tag,\"1\"":"a b"}"#]
    }
}

/// The tag is a keyword of all three languages, and fields are named after the enum's own words.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "class")]
enum KeywordTag {
    #[serde(rename = "class")]
    Class { value: u8, kind: u8 },
    #[serde(rename = "None")]
    Nothing,
    #[serde(rename = "value")]
    Value(Point),
}

impl Sample for KeywordTag {
    fn samples() -> Vec<Self> {
        vec![Self::Class { value: 1, kind: 2 }, Self::Nothing, Self::Value(ORIGIN)]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"class":"class","value":1}"#, r#"{"class_":"None"}"#, r#"{"class":null}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", deny_unknown_fields)]
enum Strict {
    Data { a: u8, b: Option<u8> },
    More { c: u64 },
}

impl Sample for Strict {
    fn samples() -> Vec<Self> {
        vec![Self::Data { a: 1, b: None }, Self::Data { a: 1, b: Some(2) }, Self::More { c: u64::MAX }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"t":"Data","a":1,"c":1}"#, r#"{"t":"More","c":1,"T":""}"#]
    }
}

/// Writes the name of the struct, and accepts any name.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "struct")]
struct Tagged {
    value: u8,
    point: Point,
}

impl Sample for Tagged {
    fn samples() -> Vec<Self> {
        vec![Self { value: 1, point: ORIGIN }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"struct":"Tagged","value":1}"#, r#"{"struct":"Tagged","value":"","point":{"x":1,"y":1}}"#]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op")]
enum Tree {
    Leaf { value: u64 },
    Not { of: Box<Tree> },
    And { left: Box<Tree>, right: Box<Tree> },
    All { of: Vec<Tree> },
    Named { by_name: BTreeMap<String, Tree>, other: Option<Box<Tree>> },
}

impl Sample for Tree {
    fn samples() -> Vec<Self> {
        let leaf = |value| Box::new(Self::Leaf { value });
        let deep = (0..20).fold(Self::Leaf { value: u64::MAX }, |inner, _| Self::Not { of: Box::new(inner) });
        let all = Self::All { of: vec![deep.clone(), Self::All { of: vec![] }] };
        let by_name = [("a".to_owned(), all.clone()), (String::new(), deep.clone())].into();
        vec![
            deep,
            Self::And { left: leaf(1), right: leaf(2) },
            all,
            Self::Named { by_name, other: None },
            Self::Named { by_name: BTreeMap::new(), other: Some(leaf(3)) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"op":"Not","of":null}"#,
            r#"{"op":"Not","of":{"op":"Not","of":{"op":"Leaf","value":-1}}}"#,
            r#"{"op":"All","of":[{}]}"#,
            r#"{"op":"Named","by_name":{"a":{"op":"Or"}},"other":null}"#,
        ]
    }
}

/// A tag in a tag in a tag, and an enum of another kind inside.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outer")]
enum Layers {
    First(Middle),
    Second(Event),
    Third(Shapes),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "middle")]
enum Middle {
    A(Inner),
    B { b: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "inner")]
enum Inner {
    C { c: u64 },
    D,
}

/// Has no unit variant: serde cannot write one inside of a tag.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Shapes {
    Dots(Vec<Point>),
    Size { width: u8 },
}

impl Sample for Layers {
    fn samples() -> Vec<Self> {
        vec![
            Self::First(Middle::A(Inner::C { c: u64::MAX })),
            Self::First(Middle::A(Inner::D)),
            Self::First(Middle::B { b: 1 }),
            Self::Second(Event::Created),
            Self::Second(Event::Moved(CORNER)),
            Self::Third(Shapes::Dots(vec![ORIGIN])),
            Self::Third(Shapes::Size { width: 3 }),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"outer":"First"}"#,
            r#"{"outer":"First","middle":"A"}"#,
            r#"{"outer":"First","middle":"A","inner":"E"}"#,
            r#"{"outer":"Second","middle":"B","b":1}"#,
            r#"{"outer":"Third","Dots":null}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct InternalEverywhere {
    /// With a description beside the reference
    event: Event,
    maybe: Option<Event>,
    list: Vec<Event>,
    map: BTreeMap<String, Event>,
    pair: (Event, Option<Event>),
    array: [Event; 1],
}

impl Sample for InternalEverywhere {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                event: Event::Created,
                maybe: None,
                list: vec![],
                map: BTreeMap::new(),
                pair: (Event::Created, None),
                array: [Event::Deleted {}],
            },
            Self {
                event: Event::Moved(ORIGIN),
                maybe: Some(Event::Deleted {}),
                list: Event::samples(),
                map: [("type".to_owned(), Event::Moved(CORNER))].into(),
                pair: (Event::Created, Some(Event::Renamed { from: String::new(), to: None })),
                array: [Event::Moved(ORIGIN)],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        const CREATED: &str =
            r#"{"event":"created","maybe":null,"list":[],"map":{},"pair":[{"type":"created"},null],"array":[]}"#;
        &[
            CREATED,
            r#"{"event":{"type":"created"},"maybe":{},"list":[],"map":{},"pair":[{"type":"created"},null],"array":[{"type":"created"}]}"#,
        ]
    }
}
