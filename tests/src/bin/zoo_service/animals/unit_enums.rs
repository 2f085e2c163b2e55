//! Enums that are strings in JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Color;
use crate::animal::{Sample, zoo};

zoo! {
    Color: "zoo.get_bare_enum" "zoo.check_bare_enum" "zoo.refused_bare_enum";
    Documented: "zoo.get_documented_enum" "zoo.check_documented_enum" "zoo.refused_documented_enum";
    PartlyDocumented: "zoo.get_partly_documented" "zoo.check_partly_documented" "zoo.refused_partly_documented";
    HostileValues: "zoo.get_hostile_values" "zoo.check_hostile_values" "zoo.refused_hostile_values";
    Keywords: "zoo.get_keyword_values" "zoo.check_keyword_values" "zoo.refused_keyword_values";
    OnlyOne: "zoo.get_only_one" "zoo.check_only_one" "zoo.refused_only_one";
    Tolerant: "zoo.get_tolerant" "zoo.check_tolerant" "zoo.refused_tolerant";
    EnumsEverywhere: "zoo.get_enums_everywhere" "zoo.check_enums_everywhere" "zoo.refused_enums_everywhere";
}

impl Sample for Color {
    fn samples() -> Vec<Self> {
        vec![Self::Red, Self::Green, Self::Blue]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""Red""#, r#""""#, r#""pink""#, "0", "null", "[]"]
    }
}

/// Documentation makes each variant a schema of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Documented {
    /// Nothing happened yet
    NotStarted,
    /// Something happens
    InProgress,
    /// Everything happened.
    ///
    /// With a second paragraph.
    Done,
}

impl Sample for Documented {
    fn samples() -> Vec<Self> {
        vec![Self::NotStarted, Self::InProgress, Self::Done]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""NotStarted""#, r#""done""#, r#"{"DONE":null,"IN-PROGRESS":null}"#]
    }
}

/// Undocumented variants come first, in one schema.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
enum PartlyDocumented {
    /// The first
    First,
    Second,
    /// The third
    Third,
    Fourth,
}

impl Sample for PartlyDocumented {
    fn samples() -> Vec<Self> {
        vec![Self::First, Self::Second, Self::Third, Self::Fourth]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""fifth""#, r#""first""#, "false"]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
enum HostileValues {
    #[serde(rename = "")]
    Empty,
    #[serde(rename = " ")]
    Space,
    #[serde(rename = "a b")]
    TwoWords,
    #[serde(rename = "a-b")]
    Dash,
    #[serde(rename = "a_b")]
    Underscore,
    #[serde(rename = "A_B")]
    Shouting,
    #[serde(rename = "aB")]
    Camel,
    #[serde(rename = "1st")]
    Digit,
    #[serde(rename = "日本")]
    Japanese,
    #[serde(rename = "ｄｏｎｅ")]
    Wide,
    #[serde(rename = "\"quoted\" \\ `ticked` ${x} */ \r\n\u{2028}\u{0}")]
    Quoted,
    #[serde(rename = "+1")]
    Plus,
    #[serde(rename = "-1")]
    Minus,
}

impl Sample for HostileValues {
    fn samples() -> Vec<Self> {
        vec![
            Self::Empty,
            Self::Space,
            Self::TwoWords,
            Self::Dash,
            Self::Underscore,
            Self::Shouting,
            Self::Camel,
            Self::Digit,
            Self::Japanese,
            Self::Wide,
            Self::Quoted,
            Self::Plus,
            Self::Minus,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""ab""#, r#""a B""#, r#""done""#, r#""Empty""#, "1"]
    }
}

/// Words with a meaning in one of the languages, or in the base class of its enums.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keywords {
    None,
    True,
    Self_,
    Class,
    Def,
    Import,
    Default,
    Delete,
    Func,
    Type,
    Range,
    Name,
    Value,
    Values,
    Title,
    Count,
    Index,
    Mro,
    Format,
    Join,
    #[serde(rename = "__init__")]
    Init,
    #[serde(rename = "__proto__")]
    Proto,
    Constructor,
    ToString,
    Prototype,
    String,
}

impl Sample for Keywords {
    fn samples() -> Vec<Self> {
        vec![
            Self::None,
            Self::True,
            Self::Self_,
            Self::Class,
            Self::Def,
            Self::Import,
            Self::Default,
            Self::Delete,
            Self::Func,
            Self::Type,
            Self::Range,
            Self::Name,
            Self::Value,
            Self::Values,
            Self::Title,
            Self::Count,
            Self::Index,
            Self::Mro,
            Self::Format,
            Self::Join,
            Self::Init,
            Self::Proto,
            Self::Constructor,
            Self::ToString,
            Self::Prototype,
            Self::String,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""None""#, r#""hasOwnProperty""#, r#""self_2""#, r#""__class__""#, "null", "true"]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
enum OnlyOne {
    TheOne,
}

impl Sample for OnlyOne {
    fn samples() -> Vec<Self> {
        vec![Self::TheOne]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""TheOther""#, "null", "1"]
    }
}

/// Reads more values than it writes. Schemars, and so clients, know only the written values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Tolerant {
    #[serde(alias = "grey")]
    Gray,
    #[serde(other)]
    Unknown,
}

impl Sample for Tolerant {
    fn samples() -> Vec<Self> {
        vec![Self::Gray, Self::Unknown]
    }

    fn refusals() -> &'static [&'static str] {
        &["1", "null"]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct EnumsEverywhere {
    /// With a description of its own, beside the reference
    color: Color,
    documented: Documented,
    maybe: Option<Documented>,
    list: Vec<Color>,
    map: BTreeMap<String, PartlyDocumented>,
    pair: (Color, Documented),
    pairs: [Color; 2],
    lists: Option<Vec<Option<OnlyOne>>>,
}

impl Sample for EnumsEverywhere {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                color: Color::Red,
                documented: Documented::Done,
                maybe: None,
                list: vec![Color::Green, Color::Green],
                map: [("a".to_owned(), PartlyDocumented::Third)].into(),
                pair: (Color::Blue, Documented::InProgress),
                pairs: [Color::Red, Color::Blue],
                lists: None,
            },
            Self {
                color: Color::Blue,
                documented: Documented::NotStarted,
                maybe: Some(Documented::Done),
                list: vec![],
                map: BTreeMap::new(),
                pair: (Color::Red, Documented::Done),
                pairs: [Color::Green; 2],
                lists: Some(vec![None, Some(OnlyOne::TheOne)]),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"color":"pink","documented":"DONE","maybe":null,"list":[],"map":{},"pair":["red","DONE"],"pairs":["red","red"],"lists":null}"#,
            r#"{"color":"red","documented":"DONE","maybe":"","list":[],"map":{},"pair":["red","DONE"],"pairs":["red","red"],"lists":null}"#,
            r#"{"color":"red","documented":"DONE","maybe":null,"list":[null],"map":{},"pair":["red","DONE"],"pairs":["red","red"],"lists":null}"#,
            r#"{"color":"red","documented":"DONE","maybe":null,"list":[],"map":{"a":"red"},"pair":["red","DONE"],"pairs":["red","red"],"lists":null}"#,
            r#"{"color":"red","documented":"DONE","maybe":null,"list":[],"map":{},"pair":["DONE","red"],"pairs":["red","red"],"lists":null}"#,
        ]
    }
}
