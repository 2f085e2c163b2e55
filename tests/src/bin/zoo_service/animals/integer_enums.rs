//! Enums that are integers in JSON.

use std::collections::BTreeMap;

use schemars::{JsonSchema, JsonSchema_repr};
use serde::{Deserialize, Serialize};
use serde_repr::{Deserialize_repr, Serialize_repr};

use crate::animal::{Sample, zoo};

zoo! {
    Priority: "zoo.get_bare_priority" "zoo.check_bare_priority" "zoo.refused_bare_priority";
    Level: "zoo.get_level" "zoo.check_level" "zoo.refused_level";
    PrioritiesEverywhere: "zoo.get_priorities" "zoo.check_priorities" "zoo.refused_priorities";
    Ranked: "zoo.get_ranked" "zoo.check_ranked" "zoo.refused_ranked";
    PriorityOrText: "zoo.get_priority_or_text" "zoo.check_priority_or_text" "zoo.refused_priority_or_text";
}

/// The urgency
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize_repr, Deserialize_repr, JsonSchema_repr)]
#[repr(u8)]
enum Priority {
    Low = 1,
    Middle = 2,
    High = 255,
}

impl Sample for Priority {
    fn samples() -> Vec<Self> {
        vec![Self::Low, Self::Middle, Self::High]
    }

    fn refusals() -> &'static [&'static str] {
        &["3", "0", "-1", r#""1""#, r#""Low""#, "1.5", "true", "null", "[]", "256"]
    }
}

/// Has names for its values, among them 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize_repr, Deserialize_repr, JsonSchema_repr)]
#[schemars(extend("x-enum-varnames" = ["Below", "Zero", "class", "größer"]))]
#[schemars(extend("x-enum-descriptions" = ["Too little", "Just right", "A word of some languages", "Not ASCII"]))]
#[repr(i64)]
enum Level {
    Below = -9_007_199_254_740_991,
    Zero = 0,
    Above = 1,
    FarAbove = 9_007_199_254_740_991,
}

impl Sample for Level {
    fn samples() -> Vec<Self> {
        vec![Self::Below, Self::Zero, Self::Above, Self::FarAbove]
    }

    fn refusals() -> &'static [&'static str] {
        &["2", "-1", "9007199254740992", r#""0""#, "false", "null"]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct PrioritiesEverywhere {
    /// With a description beside the reference
    one: Priority,
    maybe: Option<Priority>,
    list: Vec<Priority>,
    pair: (Priority, Level),
    by_name: BTreeMap<String, Level>,
    by_priority: BTreeMap<Priority, bool>,
}

impl Sample for PrioritiesEverywhere {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                one: Priority::Low,
                maybe: None,
                list: vec![],
                pair: (Priority::High, Level::Zero),
                by_name: BTreeMap::new(),
                by_priority: BTreeMap::new(),
            },
            Self {
                one: Priority::High,
                maybe: Some(Priority::Middle),
                list: Priority::samples(),
                pair: (Priority::Low, Level::Below),
                by_name: [("a".to_owned(), Level::Above)].into(),
                by_priority: [(Priority::Low, true), (Priority::High, false)].into(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"one":null,"maybe":null,"list":[],"pair":[1,0],"by_name":{},"by_priority":{}}"#,
            r#"{"one":1,"maybe":3,"list":[],"pair":[1,0],"by_name":{},"by_priority":{}}"#,
            r#"{"one":1,"maybe":null,"list":[1,3],"pair":[1,0],"by_name":{},"by_priority":{}}"#,
            r#"{"one":1,"maybe":null,"list":[],"pair":[1,7],"by_name":{},"by_priority":{}}"#,
            r#"{"one":1,"maybe":null,"list":[],"pair":[1,0],"by_name":{"a":7},"by_priority":{}}"#,
            r#"{"one":1,"maybe":null,"list":[],"pair":[1,0],"by_name":{},"by_priority":{"Low":true}}"#,
        ]
    }
}

/// Contains an integer enum behind a tag, and among the members of another struct.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Ranked {
    Task { priority: Priority },
    Note(Note),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Note {
    #[serde(flatten)]
    rank: Rank,
    text: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Rank {
    level: Level,
}

impl Sample for Ranked {
    fn samples() -> Vec<Self> {
        vec![
            Self::Task { priority: Priority::High },
            Self::Note(Note { rank: Rank { level: Level::Below }, text: String::new() }),
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"kind":"Task","priority":3}"#, r#"{"kind":"Note","level":"0","text":""}"#]
    }
}

/// An integer outside of the enum is the next variant.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum PriorityOrText {
    Priority(Priority),
    Number(u8),
    Text(String),
}

impl Sample for PriorityOrText {
    fn samples() -> Vec<Self> {
        vec![Self::Priority(Priority::Low), Self::Number(3), Self::Number(0), Self::Text("1".to_owned())]
    }

    fn refusals() -> &'static [&'static str] {
        &["256", "-1", "null", "true"]
    }
}
