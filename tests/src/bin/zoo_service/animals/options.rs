//! Members that may be null, that may be absent, or that may be one but not the other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Maybe: "zoo.get_maybe" "zoo.check_maybe" "zoo.refused_maybe";
    Absent: "zoo.get_absent" "zoo.check_absent" "zoo.refused_absent";
    Patch: "zoo.get_patch" "zoo.check_patch" "zoo.refused_patch";
    Nested: "zoo.get_nested_options" "zoo.check_nested_options" "zoo.refused_nested_options";
    Defaults: "zoo.get_defaults" "zoo.check_defaults" "zoo.refused_defaults";
    AllDefault: "zoo.get_all_default" "zoo.check_all_default" "zoo.refused_all_default";
    Sparse: "zoo.get_sparse" "zoo.check_sparse" "zoo.refused_sparse";
    NeverThere: "zoo.get_never_there" "zoo.check_never_there" "zoo.refused_never_there";
    Option<Point>: "zoo.get_bare_option" "zoo.check_bare_option" "zoo.refused_bare_option";
    Option<u64>: "zoo.get_bare_optional_integer" "zoo.check_bare_optional_integer" "zoo.refused_bare_optional_integer";
}

/// Always present in results, if only as null; may be absent in params.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Maybe {
    number: Option<u64>,
    text: Option<String>,
    flag: Option<bool>,
    point: Option<Point>,
    color: Option<Color>,
    required: u8,
}

impl Sample for Maybe {
    fn samples() -> Vec<Self> {
        vec![
            Self { number: None, text: None, flag: None, point: None, color: None, required: 0 },
            Self {
                number: Some(u64::MAX),
                text: Some(String::new()),
                flag: Some(false),
                point: Some(ORIGIN),
                color: Some(Color::Blue),
                required: 1,
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"number":null,"text":null,"flag":null,"point":null,"color":null,"required":null}"#,
            r#"{"number":null,"text":null,"flag":null,"point":null,"color":null}"#,
            r#"{"number":"","text":null,"flag":null,"point":null,"color":null,"required":1}"#,
            r#"{"number":null,"text":null,"flag":null,"point":{},"color":null,"required":1}"#,
            r#"{"number":null,"text":null,"flag":null,"point":null,"color":"","required":1}"#,
        ]
    }
}

/// Absent instead of null, in both directions.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Absent {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    points: Option<Vec<Point>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    itself: Option<Box<Absent>>,
}

impl Sample for Absent {
    fn samples() -> Vec<Self> {
        let full = Self {
            number: Some(0),
            text: Some(String::new()),
            points: Some(vec![]),
            itself: Some(Box::new(Self::default())),
        };
        vec![Self::default(), full]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"number":-1}"#, r#"{"points":[null]}"#, r#"{"itself":[]}"#, r#"{"itself":{"text":1}}"#]
    }
}

/// Absent, null and a value are three different things, as a patch of a record needs.
#[expect(clippy::option_option, reason = "it is what this is about")]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Patch {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    name: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    size: Option<Option<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    place: Option<Option<Point>>,
}

#[expect(clippy::option_option, reason = "it is what this is about")]
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Sample for Patch {
    fn samples() -> Vec<Self> {
        vec![
            Self::default(),
            Self { name: Some(None), size: Some(None), place: Some(None) },
            Self { name: Some(Some(String::new())), size: Some(Some(0)), place: Some(Some(ORIGIN)) },
            Self { name: Some(None), size: None, place: Some(Some(CORNER)) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"name":1}"#, r#"{"size":-1}"#, r#"{"place":[]}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Nested {
    list: Vec<Option<u8>>,
    maybe_list: Option<Vec<Option<Point>>>,
    map: BTreeMap<String, Option<Color>>,
    maybe_map: Option<BTreeMap<u32, Option<u64>>>,
    pair: (Option<u8>, Option<String>),
    array: [Option<Point>; 2],
}

impl Sample for Nested {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                list: vec![None, Some(0)],
                maybe_list: None,
                map: [("a".to_owned(), None), ("b".to_owned(), Some(Color::Red))].into(),
                maybe_map: None,
                pair: (None, None),
                array: [None, Some(ORIGIN)],
            },
            Self {
                list: vec![],
                maybe_list: Some(vec![None]),
                map: BTreeMap::new(),
                maybe_map: Some([(0, None), (u32::MAX, Some(u64::MAX))].into()),
                pair: (Some(1), Some(String::new())),
                array: [None, None],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"list":null,"maybe_list":null,"map":{},"maybe_map":null,"pair":[null,null],"array":[null,null]}"#,
            r#"{"list":[],"maybe_list":null,"map":null,"maybe_map":null,"pair":[null,null],"array":[null,null]}"#,
            r#"{"list":[],"maybe_list":null,"map":{},"maybe_map":null,"pair":[null],"array":[null,null]}"#,
            r#"{"list":[],"maybe_list":null,"map":{},"maybe_map":null,"pair":[null,null],"array":[null]}"#,
        ]
    }
}

/// Always present in results; absent params get default values.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Defaults {
    #[serde(default)]
    number: u64,
    #[serde(default = "ten")]
    ten: u8,
    #[serde(default = "hostile")]
    text: String,
    #[serde(default)]
    list: Vec<Point>,
    #[serde(default = "corner")]
    point: Point,
    #[serde(default = "blue")]
    color: Color,
    #[serde(default = "widest")]
    wide: u64,
    #[serde(default)]
    maybe: Option<u8>,
}

fn ten() -> u8 {
    10
}

fn hostile() -> String {
    "\"\\\r\n\u{2028}*/ \"\"\" ${x} `".to_owned()
}

fn corner() -> Point {
    CORNER
}

fn blue() -> Color {
    Color::Blue
}

fn widest() -> u64 {
    u64::MAX
}

impl Sample for Defaults {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        vec![
            Self {
                number: 0,
                ten: 10,
                text: hostile(),
                list: vec![],
                point: CORNER,
                color: Color::Blue,
                wide: u64::MAX,
                maybe: None,
            },
            Self {
                number: u64::MAX,
                ten: 0,
                text: String::new(),
                list: vec![ORIGIN],
                point: ORIGIN,
                color: Color::Red,
                wide: 0,
                maybe: Some(1),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"number":null,"ten":1,"text":"","list":[],"point":{"x":1,"y":1},"color":"red","wide":1,"maybe":null}"#,
            r#"{"number":1,"ten":1,"text":"","list":[],"point":{},"color":"red","wide":1,"maybe":null}"#,
            r#"{"number":1,"ten":1,"text":"","list":[],"point":{"x":1,"y":1},"color":"pink","wide":1,"maybe":null}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct AllDefault {
    size: u32,
    name: String,
}

impl Default for AllDefault {
    fn default() -> Self {
        Self { size: 3, name: "three".to_owned() }
    }
}

impl Sample for AllDefault {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        vec![Self::default(), Self { size: 0, name: String::new() }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"size":"3","name":""}"#, r#"{"size":1,"name":null}"#]
    }
}

/// Left out if they hold the default of an absent member; never null.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sparse {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    list: Vec<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    map: BTreeMap<String, Point>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    flag: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
}

impl Sample for Sparse {
    fn samples() -> Vec<Self> {
        let full = Self { list: vec![0], map: [(String::new(), ORIGIN)].into(), flag: true, text: "null".to_owned() };
        vec![Self::default(), full]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"list":null}"#, r#"{"map":null}"#, r#"{"flag":null}"#, r#"{"text":null}"#, r#"{"map":[]}"#]
    }
}

/// Members of a type without values.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct NeverThere {
    maybe: Option<No>,
    list: Vec<No>,
    id: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum No {}

impl Sample for NeverThere {
    fn samples() -> Vec<Self> {
        vec![Self { maybe: None, list: vec![], id: 1 }]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"maybe":{},"list":[],"id":1}"#,
            r#"{"maybe":null,"list":[0],"id":1}"#,
            r#"{"maybe":null,"list":[null],"id":1}"#,
        ]
    }
}

impl Sample for Option<Point> {
    fn samples() -> Vec<Self> {
        vec![None, Some(CORNER)]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#""null""#, "false", r#"{"x":null,"y":null}"#]
    }
}

impl Sample for Option<u64> {
    fn samples() -> Vec<Self> {
        vec![None, Some(0), Some(u64::MAX)]
    }

    fn refusals() -> &'static [&'static str] {
        &["-1", r#""""#, "false"]
    }
}
