//! Types that come before and after the types that contain them: generators sort types by name. The types in the middle
//! have members of their own and members of other types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CORNER, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    MiddleFlat: "zoo.get_middle_flat" "zoo.check_middle_flat" "zoo.refused_middle_flat";
    MiddleClosed: "zoo.get_middle_closed" "zoo.check_middle_closed" "zoo.refused_middle_closed";
    MiddleUnion: "zoo.get_middle_union" "zoo.check_middle_union" "zoo.refused_middle_union";
}

/// Sorted first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Aardvark {
    z: i32,
}

/// Sorted last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct ZebraFinch {
    z: i32,
}

/// An enum that is sorted last and is flattened into another type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
enum ZooWay {
    #[serde(rename = "return")]
    Back(ZebraFinch),
    Ahead {
        r#while: ZebraFinch,
    },
}

const FIRST: Aardvark = Aardvark { z: 1 };
const LAST: ZebraFinch = ZebraFinch { z: 2 };

/// Its members have names that other languages reserve.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct MiddleFlat {
    #[serde(rename = "class")]
    first: Aardvark,
    from: Option<ZebraFinch>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    import: Vec<ZebraFinch>,
    #[serde(flatten)]
    way: Option<ZooWay>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Sample for MiddleFlat {
    fn samples() -> Vec<Self> {
        let rest = || BTreeMap::from([("is".to_owned(), serde_json::json!({ "z": 3 }))]);
        vec![
            Self { first: FIRST, from: None, import: vec![], way: None, rest: BTreeMap::new() },
            Self { first: FIRST, from: Some(LAST), import: vec![LAST], way: Some(ZooWay::Back(LAST)), rest: rest() },
            Self {
                first: FIRST,
                from: Some(LAST),
                import: vec![],
                way: Some(ZooWay::Ahead { r#while: LAST }),
                rest: rest(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"from":{"z":1}}"#, r#"{"class":{"z":1},"from":1}"#, r#"{"class":{"z":1},"from":null,"import":[{}]}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MiddleClosed {
    class: Aardvark,
    from: ZebraFinch,
    import: Option<ZebraFinch>,
}

impl Sample for MiddleClosed {
    fn samples() -> Vec<Self> {
        vec![
            Self { class: FIRST, from: LAST, import: None },
            Self { class: Aardvark { z: i32::MIN }, from: LAST, import: Some(LAST) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"class":{"z":1},"import":null}"#,
            r#"{"class":{"z":1},"from":{"z":1},"import":null,"class_":{"z":1}}"#,
            r#"{"class":{"z":1},"from":{"z":null},"import":null}"#,
        ]
    }
}

/// A list of anything, or a single value.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum MiddleUnion {
    Many(Vec<serde_json::Value>),
    Pair(Aardvark, bool),
    One(ZebraFinch),
    Closed(MiddleClosed),
    Anything { point: Point },
}

impl Sample for MiddleUnion {
    fn samples() -> Vec<Self> {
        vec![
            Self::Many(vec![]),
            Self::Many(vec![serde_json::json!({ "z": 1 }), serde_json::json!(["z", 1])]),
            Self::One(LAST),
            Self::Closed(MiddleClosed { class: FIRST, from: LAST, import: None }),
            Self::Anything { point: CORNER },
            Self::Anything { point: ORIGIN },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["1", "null", "{}", r#"{"z":"1"}"#, r#""z""#]
    }
}
