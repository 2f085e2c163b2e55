//! Enums that are `"Unit"` or `{"Variant": content}`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Shape: "zoo.get_external" "zoo.check_external" "zoo.refused_external";
    Contents: "zoo.get_external_contents" "zoo.check_external_contents" "zoo.refused_external_contents";
    Wide: "zoo.get_external_wide" "zoo.check_external_wide" "zoo.refused_external_wide";
    Lonely: "zoo.get_external_lonely" "zoo.check_external_lonely" "zoo.refused_external_lonely";
    Hostile: "zoo.get_external_hostile" "zoo.check_external_hostile" "zoo.refused_external_hostile";
    Outer: "zoo.get_external_nested" "zoo.check_external_nested" "zoo.refused_external_nested";
    Everywhere: "zoo.get_external_everywhere" "zoo.check_external_everywhere" "zoo.refused_external_everywhere";
    Expression: "zoo.get_external_recursive" "zoo.check_external_recursive" "zoo.refused_external_recursive";
    Result<Point, String>: "zoo.get_external_result" "zoo.check_external_result" "zoo.refused_external_result";
}

/// One variant of each kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) enum Shape {
    Nothing,
    /// Another unit variant, with documentation
    Nowhere,
    Dot(Point),
    /// Around a point
    Circle {
        /// The center
        center: Point,
        radius: f64,
        label: Option<String>,
    },
    Line(Point, Point),
    Polygon(Vec<Point>),
}

impl Sample for Shape {
    fn samples() -> Vec<Self> {
        vec![
            Self::Nothing,
            Self::Nowhere,
            Self::Dot(CORNER),
            Self::Circle { center: ORIGIN, radius: 0.5, label: None },
            Self::Circle { center: ORIGIN, radius: 0.0, label: Some("Nothing".to_owned()) },
            Self::Line(ORIGIN, CORNER),
            Self::Polygon(vec![]),
            Self::Polygon(vec![ORIGIN, CORNER, ORIGIN]),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#""Dot""#,
            r#""nothing""#,
            "null",
            "{}",
            "[]",
            r#"{"Square":1}"#,
            r#"{"Dot":null}"#,
            r#"{"Dot":{"x":1}}"#,
            r#"{"Circle":{"center":{"x":1,"y":1}}}"#,
            r#"{"Line":[{"x":1,"y":1}]}"#,
            r#"{"Polygon":{}}"#,
            r#"{"Dot":{"x":1,"y":1},"Polygon":[]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", rename_all_fields = "camelCase")]
enum Contents {
    Text(String),
    Number(i8),
    Flag(bool),
    Maybe(Option<u8>),
    MaybePoint(Option<Point>),
    Any(Value),
    Color(Color),
    Map(BTreeMap<u8, String>),
    Array([u8; 2]),
    NoFields {},
    NoItems(),
    UnitInside(()),
    ManyWords { first_word: u8, second_word: Option<u8> },
}

impl Sample for Contents {
    fn samples() -> Vec<Self> {
        vec![
            Self::Text("text".to_owned()),
            Self::Number(-1),
            Self::Flag(false),
            Self::Maybe(None),
            Self::Maybe(Some(0)),
            Self::MaybePoint(None),
            Self::MaybePoint(Some(ORIGIN)),
            Self::Any(json!(null)),
            Self::Any(json!({ "text": [1] })),
            Self::Color(Color::Red),
            Self::Map([(0, String::new())].into()),
            Self::Array([1, 2]),
            Self::NoFields {},
            Self::NoItems(),
            Self::UnitInside(()),
            Self::ManyWords { first_word: 1, second_word: None },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"text":1}"#,
            r#"{"number":128}"#,
            r#"{"flag":null}"#,
            r#"{"maybe":""}"#,
            r#"{"color":"pink"}"#,
            r#"{"map":{"a":""}}"#,
            r#"{"array":[1]}"#,
            r#"{"many_words":{"first_word":1}}"#,
            r#""text""#,
        ]
    }
}

/// The widest numbers, inside of a union.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Wide {
    Unsigned(u64),
    Signed(i64),
    Huge(u128),
    Both { unsigned: u64, signed: i64 },
    Pair(u64, i64),
    List(Vec<u64>),
    Maybe(Option<u64>),
}

impl Sample for Wide {
    fn samples() -> Vec<Self> {
        vec![
            Self::Unsigned(u64::MAX),
            Self::Signed(i64::MIN),
            Self::Huge(u128::MAX),
            Self::Both { unsigned: 9_007_199_254_740_993, signed: -9_007_199_254_740_993 },
            Self::Pair(u64::MAX, i64::MAX),
            Self::List(vec![0, u64::MAX]),
            Self::Maybe(Some(u64::MAX)),
            Self::Maybe(None),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"Unsigned":18446744073709551616}"#,
            r#"{"Signed":9223372036854775808}"#,
            r#"{"Pair":[1]}"#,
            r#"{"List":[-1]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Lonely {
    Only(Point),
}

impl Sample for Lonely {
    fn samples() -> Vec<Self> {
        vec![Self::Only(ORIGIN)]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"Other":{"x":0,"y":0}}"#, r#"{"x":0,"y":0}"#, r#""Only""#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Hostile {
    #[serde(rename = "")]
    Empty(u8),
    #[serde(rename = "a b")]
    Space { r#type: u8 },
    #[serde(rename = "a-b")]
    Dash(u8),
    #[serde(rename = "class")]
    Class { class: u8 },
    #[serde(rename = "Class")]
    UpperClass { value: u8 },
    #[serde(rename = "1st")]
    Digit(u8),
    #[serde(rename = "日本")]
    Japanese(u8),
    #[serde(rename = "\"\\`,${x}\u{2028}")]
    Quoted(u8),
    #[serde(rename = "__proto__")]
    Proto(u8),
    #[serde(rename = "Value")]
    Value(u8),
    #[serde(rename = "type")]
    Type,
}

impl Sample for Hostile {
    fn samples() -> Vec<Self> {
        vec![
            Self::Empty(1),
            Self::Space { r#type: 2 },
            Self::Dash(3),
            Self::Class { class: 4 },
            Self::UpperClass { value: 5 },
            Self::Digit(6),
            Self::Japanese(7),
            Self::Quoted(8),
            Self::Proto(9),
            Self::Value(10),
            Self::Type,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"ab":1}"#, r#"{"constructor":1}"#, r#"{"class":{"value":1}}"#, r#"{"":""}"#, r#""a b""#]
    }
}

/// Each variant contains an enum, so that inner and outer values look alike.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Outer {
    Shape(Shape),
    Maybe(Option<Shape>),
    Color(Color),
    Deeper(Box<Outer>),
    Nothing,
}

impl Sample for Outer {
    fn samples() -> Vec<Self> {
        vec![
            Self::Shape(Shape::Nothing),
            Self::Shape(Shape::Dot(ORIGIN)),
            Self::Maybe(None),
            Self::Maybe(Some(Shape::Nowhere)),
            Self::Maybe(Some(Shape::Line(ORIGIN, CORNER))),
            Self::Color(Color::Blue),
            Self::Deeper(Box::new(Self::Deeper(Box::new(Self::Nothing)))),
            Self::Nothing,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"Shape":null}"#,
            r#"{"Shape":{"Shape":"Nothing"}}"#,
            r#"{"Deeper":{"Deeper":{"Deeper":"Something"}}}"#,
            r#"{"Color":"Nothing"}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Everywhere {
    shape: Shape,
    maybe: Option<Shape>,
    list: Vec<Shape>,
    map: BTreeMap<String, Shape>,
    by_number: BTreeMap<u32, Option<Shape>>,
    pair: (Shape, Shape),
    array: [Shape; 1],
}

impl Sample for Everywhere {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                shape: Shape::Nothing,
                maybe: None,
                list: vec![],
                map: BTreeMap::new(),
                by_number: BTreeMap::new(),
                pair: (Shape::Nothing, Shape::Dot(ORIGIN)),
                array: [Shape::Polygon(vec![])],
            },
            Self {
                shape: Shape::Dot(CORNER),
                maybe: Some(Shape::Nothing),
                list: Shape::samples(),
                map: Shape::samples().into_iter().enumerate().map(|(at, shape)| (at.to_string(), shape)).collect(),
                by_number: [(0, None), (1, Some(Shape::Nowhere))].into(),
                pair: (Shape::Line(ORIGIN, ORIGIN), Shape::Nowhere),
                array: [Shape::Circle { center: ORIGIN, radius: 1.5, label: None }],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"shape":null,"maybe":null,"list":[],"map":{},"by_number":{},"pair":["Nothing","Nothing"],"array":["Nothing"]}"#,
            r#"{"shape":"Nothing","maybe":"","list":[],"map":{},"by_number":{},"pair":["Nothing","Nothing"],"array":["Nothing"]}"#,
            r#"{"shape":"Nothing","maybe":null,"list":["Dot"],"map":{},"by_number":{},"pair":["Nothing","Nothing"],"array":["Nothing"]}"#,
            r#"{"shape":"Nothing","maybe":null,"list":[],"map":{"a":null},"by_number":{},"pair":["Nothing","Nothing"],"array":["Nothing"]}"#,
            r#"{"shape":"Nothing","maybe":null,"list":[],"map":{},"by_number":{},"pair":["Nothing"],"array":["Nothing"]}"#,
        ]
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Expression {
    Number(u64),
    Name(String),
    Not(Box<Expression>),
    Add(Box<Expression>, Box<Expression>),
    Call { name: String, arguments: Vec<Expression>, named: BTreeMap<String, Expression> },
}

impl Sample for Expression {
    fn samples() -> Vec<Self> {
        let number = || Box::new(Self::Number(u64::MAX));
        let deep = (0..20).fold(Self::Name("x".to_owned()), |inner, _| Self::Not(Box::new(inner)));
        let call = Self::Call {
            name: "f".to_owned(),
            arguments: vec![deep.clone(), Self::Number(0)],
            named: [("a".to_owned(), Self::Add(number(), number()))].into(),
        };
        vec![Self::Number(0), Self::Add(number(), Box::new(Self::Not(number()))), deep, call]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"not":{"not":{"number":-1}}}"#,
            r#"{"add":[{"number":1}]}"#,
            r#"{"call":{"name":"f","arguments":[1],"named":{}}}"#,
            r#"{"call":{"name":"f","arguments":[],"named":{"a":null}}}"#,
        ]
    }
}

impl Sample for Result<Point, String> {
    fn samples() -> Vec<Self> {
        vec![Ok(ORIGIN), Err("reason".to_owned())]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"Ok":""}"#, r#"{"Err":{"x":1,"y":1}}"#, r#"{"ok":{"x":1,"y":1}}"#, "null"]
    }
}
