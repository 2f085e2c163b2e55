//! Enums with a tag beside their content.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Adjacent: "zoo.get_adjacent" "zoo.check_adjacent" "zoo.refused_adjacent";
    AdjacentOdd: "zoo.get_adjacent_odd" "zoo.check_adjacent_odd" "zoo.refused_adjacent_odd";
    AdjacentUnits: "zoo.get_adjacent_units" "zoo.check_adjacent_units" "zoo.refused_adjacent_units";
    AdjacentTree: "zoo.get_adjacent_recursive" "zoo.check_adjacent_recursive" "zoo.refused_adjacent_recursive";
    AdjacentEverywhere: "zoo.get_adjacent_everywhere" "zoo.check_adjacent_everywhere" "zoo.refused_adjacent_everywhere";
}

/// One variant of each kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    /// No content at all
    Unit,
    Newtype(Point),
    /// With documentation
    Tuple(u64, Option<String>),
    Struct {
        /// The width
        width: u64,
        height: Option<u64>,
    },
    List(Vec<i64>),
    Map(BTreeMap<String, Color>),
    Text(String),
    Color(Color),
    Maybe(Option<u8>),
    Any(Value),
}

impl Sample for Adjacent {
    fn samples() -> Vec<Self> {
        vec![
            Self::Unit,
            Self::Newtype(CORNER),
            Self::Tuple(u64::MAX, None),
            Self::Struct { width: u64::MAX, height: None },
            Self::Struct { width: 0, height: Some(u64::MAX) },
            Self::List(vec![i64::MIN, i64::MAX]),
            Self::Map([("a".to_owned(), Color::Red)].into()),
            Self::Text("Unit".to_owned()),
            Self::Color(Color::Blue),
            Self::Maybe(None),
            Self::Maybe(Some(1)),
            Self::Any(json!({ "t": "Unit" })),
            Self::Any(json!(null)),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            "{}",
            "null",
            r#""Unit""#,
            r#"{"t":"unit"}"#,
            r#"{"t":"Newtype"}"#,
            r#"{"t":"Newtype","x":1,"y":1}"#,
            r#"{"t":"Newtype","c":null}"#,
            r#"{"t":"Tuple","c":[1]}"#,
            r#"{"t":"Struct","c":{}}"#,
            r#"{"t":"List","c":{}}"#,
            r#"{"t":"Map","c":{"a":"pink"}}"#,
            r#"{"c":{"x":1,"y":1}}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "class", content = "a b,\"c\"")]
enum AdjacentOdd {
    #[serde(rename = "")]
    Empty(u8),
    #[serde(rename = "import")]
    Import { r#type: u8 },
    #[serde(rename = "__proto__")]
    Proto,
}

impl Sample for AdjacentOdd {
    fn samples() -> Vec<Self> {
        vec![Self::Empty(1), Self::Import { r#type: 2 }, Self::Proto]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"class":""}"#, r#"{"class":"import","a b":{"type":1}}"#, r#"{"class":"export"}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "tag", content = "content")]
enum AdjacentUnits {
    On,
    Off,
}

impl Sample for AdjacentUnits {
    fn samples() -> Vec<Self> {
        vec![Self::On, Self::Off]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""On""#, r#"{"tag":"on"}"#, "{}"]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "node", content = "of")]
enum AdjacentTree {
    Leaf(u64),
    Two(Box<AdjacentTree>, Box<AdjacentTree>),
    Many(BTreeMap<String, AdjacentTree>),
    Nothing,
}

impl Sample for AdjacentTree {
    fn samples() -> Vec<Self> {
        let two = Self::Two(Box::new(Self::Nothing), Box::new(Self::Leaf(u64::MAX)));
        vec![Self::Leaf(0), two.clone(), Self::Many([("a".to_owned(), two), ("b".to_owned(), Self::Nothing)].into())]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"node":"Two","of":[{"node":"Nothing"}]}"#,
            r#"{"node":"Many","of":{"a":{"node":"Leaf","of":-1}}}"#,
            r#"{"node":"Many","of":{"a":null}}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct AdjacentEverywhere {
    one: Adjacent,
    maybe: Option<Adjacent>,
    list: Vec<Adjacent>,
    map: BTreeMap<u8, Adjacent>,
    pair: (Adjacent, Point),
}

impl Sample for AdjacentEverywhere {
    fn samples() -> Vec<Self> {
        let map = [(0, Adjacent::Unit), (255, Adjacent::Newtype(ORIGIN))];
        vec![
            Self {
                one: Adjacent::Unit,
                maybe: None,
                list: vec![],
                map: BTreeMap::new(),
                pair: (Adjacent::Unit, ORIGIN),
            },
            Self {
                one: Adjacent::Maybe(None),
                maybe: Some(Adjacent::Unit),
                list: Adjacent::samples(),
                map: map.into(),
                pair: (Adjacent::List(vec![]), CORNER),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"one":{"t":"Unit"},"maybe":null,"list":[{}],"map":{},"pair":[{"t":"Unit"},{"x":1,"y":1}]}"#,
            r#"{"one":{"t":"Unit"},"maybe":null,"list":[],"map":{"a":{"t":"Unit"}},"pair":[{"t":"Unit"},{"x":1,"y":1}]}"#,
        ]
    }
}
