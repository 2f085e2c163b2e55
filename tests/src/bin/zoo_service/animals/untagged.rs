//! Enums that are their content alone: serde picks the first variant that fits, and clients must pick the same.
//! Excludes whole floats beside integers, which are the same to JavaScript, and values that serde itself reads as
//! another variant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::external::Shape;
use super::internal::Event;
use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Scalar: "zoo.get_untagged" "zoo.check_untagged" "zoo.refused_untagged";
    Width: "zoo.get_untagged_widths" "zoo.check_untagged_widths" "zoo.refused_untagged_widths";
    Written: "zoo.get_untagged_texts" "zoo.check_untagged_texts" "zoo.refused_untagged_texts";
    Overlap: "zoo.get_untagged_overlap" "zoo.check_untagged_overlap" "zoo.refused_untagged_overlap";
    Listed: "zoo.get_untagged_lists" "zoo.check_untagged_lists" "zoo.refused_untagged_lists";
    Mixed: "zoo.get_untagged_mixed" "zoo.check_untagged_mixed" "zoo.refused_untagged_mixed";
    Json: "zoo.get_untagged_recursive" "zoo.check_untagged_recursive" "zoo.refused_untagged_recursive";
    OneOrMany: "zoo.get_one_or_many" "zoo.check_one_or_many" "zoo.refused_one_or_many";
    PartlyExternal: "zoo.get_partly_external" "zoo.check_partly_external" "zoo.refused_partly_external";
    PartlyInternal: "zoo.get_partly_internal" "zoo.check_partly_internal" "zoo.refused_partly_internal";
    UntaggedEverywhere: "zoo.get_untagged_everywhere" "zoo.check_untagged_everywhere" "zoo.refused_untagged_everywhere";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Scalar {
    /// Null
    Nothing,
    Flag(bool),
    Number(i64),
    /// A number too large for the variant before
    Big(u64),
    Fraction(f64),
    Text(String),
}

impl Sample for Scalar {
    fn samples() -> Vec<Self> {
        vec![
            Self::Nothing,
            Self::Flag(false),
            Self::Number(i64::MIN),
            Self::Number(0),
            Self::Number(9_007_199_254_740_993),
            Self::Big(u64::MAX),
            Self::Fraction(0.5),
            Self::Fraction(-1.5e300),
            Self::Text(String::new()),
            Self::Text("1".to_owned()),
            Self::Text("null".to_owned()),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["[]", "{}", "[1]", r#"{"Number":1}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Width {
    Small(u8),
    Middle(i32),
    Wide(u64),
    Signed(i64),
}

impl Sample for Width {
    fn samples() -> Vec<Self> {
        vec![
            Self::Small(0),
            Self::Small(255),
            Self::Middle(256),
            Self::Middle(-1),
            Self::Middle(i32::MIN),
            Self::Wide(2_147_483_648),
            Self::Wide(u64::MAX),
            Self::Signed(-2_147_483_649),
            Self::Signed(i64::MIN),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["18446744073709551616", "-9223372036854775809", "0.5", r#""1""#, "null"]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Time(DateTime<Utc>),
    Id(Uuid),
    Letter(char),
    Color(Color),
    Text(String),
}

impl Sample for Written {
    fn samples() -> Vec<Self> {
        vec![
            Self::Time("2024-02-29T12:34:56.123456789Z".parse().unwrap_or_default()),
            Self::Id(Uuid::max()),
            Self::Letter('\u{1f980}'),
            Self::Letter('1'),
            Self::Color(Color::Red),
            Self::Text(String::new()),
            Self::Text("2024-13-01T00:00:00Z".to_owned()),
            Self::Text("Red".to_owned()),
            Self::Text("e\u{301}".to_owned()),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["1", "null", r#"["a"]"#]
    }
}

/// Objects with overlapping members.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Overlap {
    Full {
        a: u8,
        b: u64,
        c: Option<u8>,
    },
    Exact(Exact),
    Two {
        a: u8,
        d: String,
    },
    Point(Point),
    /// Matches objects that the other variants refuse
    Loose {
        a: i64,
    },
    Entries(BTreeMap<String, i16>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Exact {
    a: u8,
}

impl Sample for Overlap {
    fn samples() -> Vec<Self> {
        vec![
            Self::Full { a: 1, b: u64::MAX, c: None },
            Self::Full { a: 1, b: 2, c: Some(3) },
            Self::Exact(Exact { a: 1 }),
            Self::Two { a: 1, d: String::new() },
            Self::Point(CORNER),
            Self::Loose { a: -1 },
            Self::Loose { a: i64::MAX },
            Self::Entries(BTreeMap::new()),
            Self::Entries([("x".to_owned(), 1), ("b".to_owned(), -2)].into()),
        ]
    }

    // Excludes lists: serde reads structs of an untagged enum from lists, too.
    fn refusals() -> &'static [&'static str] {
        &["null", "1", r#"{"x":1,"y":""}"#, r#"{"a":"1"}"#, r#"{"q":32768}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Listed {
    Pair(u8, u8),
    Named(u8, String),
    Three([i16; 3]),
    Numbers(Vec<u64>),
    Texts(Vec<String>),
    Points(Vec<Point>),
}

impl Sample for Listed {
    fn samples() -> Vec<Self> {
        vec![
            Self::Pair(1, 2),
            Self::Named(1, String::new()),
            Self::Three([1, 2, -3]),
            Self::Numbers(vec![]),
            Self::Numbers(vec![1, 256]),
            Self::Numbers(vec![1, 2, u64::MAX]),
            Self::Texts(vec![String::new()]),
            Self::Points(vec![ORIGIN]),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "1", r#"[1,"",1]"#, "[[]]", "[null]", "[true]"]
    }
}

/// Enums of all other kinds, as alternatives.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Mixed {
    Color(Color),
    Shape(Shape),
    Event(Event),
    Scalar(Scalar),
}

impl Sample for Mixed {
    fn samples() -> Vec<Self> {
        let shapes = Shape::samples().into_iter().map(Self::Shape);
        let events = Event::samples().into_iter().map(Self::Event);
        let scalars = Scalar::samples().into_iter().map(Self::Scalar);
        [Self::Color(Color::Green)].into_iter().chain(shapes).chain(events).chain(scalars).collect()
    }

    fn refusals() -> &'static [&'static str] {
        &["[]", r#"{"Square":1}"#, r#"{"type":"lost"}"#, r#"{"pink":null}"#]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Json {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Sample for Json {
    fn samples() -> Vec<Self> {
        let deep = (0..20).fold(Self::Unsigned(u64::MAX), |inner, _| Self::List(vec![inner]));
        let object = Self::Object([(String::new(), deep.clone()), ("a".to_owned(), Self::Null)].into());
        vec![
            Self::Null,
            Self::List(vec![]),
            Self::Object(BTreeMap::new()),
            deep,
            Self::List(vec![object.clone(), Self::Signed(i64::MIN), Self::Bool(true), Self::Text(String::new())]),
            object,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["0.5", "[[[0.5]]]", r#"{"a":{"b":[18446744073709551616]}}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Sample for OneOrMany {
    fn samples() -> Vec<Self> {
        vec![Self::One("a".to_owned()), Self::Many(vec![]), Self::Many(vec!["a".to_owned()])]
    }

    fn refusals() -> &'static [&'static str] {
        &["1", "[1]", "null", "{}"]
    }
}

/// Tagged variants first, then one for all other values.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum PartlyExternal {
    Unit,
    Newtype(Point),
    #[serde(untagged)]
    Number(u64),
    #[serde(untagged)]
    Other(String),
}

impl Sample for PartlyExternal {
    fn samples() -> Vec<Self> {
        vec![Self::Unit, Self::Newtype(ORIGIN), Self::Number(u64::MAX), Self::Other("Newtype".to_owned())]
    }

    fn refusals() -> &'static [&'static str] {
        &["-1", r#"{"Newtype":null}"#, r#"{"Other":""}"#, "[]"]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum PartlyInternal {
    A {
        a: u8,
    },
    B(Point),
    #[serde(untagged)]
    Untagged(Point),
    #[serde(untagged)]
    Rest {
        z: String,
    },
}

impl Sample for PartlyInternal {
    fn samples() -> Vec<Self> {
        vec![Self::A { a: 1 }, Self::B(ORIGIN), Self::Untagged(CORNER), Self::Rest { z: "B".to_owned() }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"t":"A"}"#, r#"{"a":1}"#, "1", r#"{"t":"C","z":1}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct UntaggedEverywhere {
    one: Scalar,
    maybe: Option<OneOrMany>,
    list: Vec<Scalar>,
    map: BTreeMap<String, Json>,
    by_number: BTreeMap<i32, Width>,
    pair: (OneOrMany, Overlap),
    array: [Written; 2],
}

impl Sample for UntaggedEverywhere {
    fn samples() -> Vec<Self> {
        let text = || Written::Text(String::new());
        vec![
            Self {
                one: Scalar::Nothing,
                maybe: None,
                list: vec![],
                map: BTreeMap::new(),
                by_number: BTreeMap::new(),
                pair: (OneOrMany::Many(vec![]), Overlap::Loose { a: -1 }),
                array: [text(), Written::Id(Uuid::nil())],
            },
            Self {
                one: Scalar::Big(u64::MAX),
                maybe: Some(OneOrMany::Many(vec![])),
                list: Scalar::samples(),
                map: Json::samples().into_iter().enumerate().map(|(at, json)| (at.to_string(), json)).collect(),
                by_number: [(-1, Width::Wide(u64::MAX)), (0, Width::Small(0))].into(),
                pair: (OneOrMany::One(String::new()), Overlap::Exact(Exact { a: 0 })),
                array: [Written::Letter('a'), text()],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"one":[],"maybe":null,"list":[],"map":{},"by_number":{},"pair":["",{"a":1}],"array":["",""]}"#,
            r#"{"one":1,"maybe":1,"list":[],"map":{},"by_number":{},"pair":["",{"a":1}],"array":["",""]}"#,
            r#"{"one":1,"maybe":null,"list":[],"map":{},"by_number":{"1":0.5},"pair":["",{"a":1}],"array":["",""]}"#,
            r#"{"one":1,"maybe":null,"list":[],"map":{},"by_number":{},"pair":["",1],"array":["",""]}"#,
        ]
    }
}
