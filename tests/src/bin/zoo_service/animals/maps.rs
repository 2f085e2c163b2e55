//! Maps, with every kind of key that JSON can have.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::text::HOSTILE;
use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    TextMaps: "zoo.get_text_maps" "zoo.check_text_maps" "zoo.refused_text_maps";
    NumberMaps: "zoo.get_number_maps" "zoo.check_number_maps" "zoo.refused_number_maps";
    WideKeys: "zoo.get_wide_keys" "zoo.check_wide_keys" "zoo.refused_wide_keys";
    OddMaps: "zoo.get_odd_maps" "zoo.check_odd_maps" "zoo.refused_odd_maps";
    BTreeMap<i64, Point>: "zoo.get_bare_map" "zoo.check_bare_map" "zoo.refused_bare_map";
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct TextMaps {
    points: BTreeMap<String, Point>,
    wide: HashMap<String, u64>,
    deep: BTreeMap<String, BTreeMap<String, Vec<Option<u8>>>>,
    colors: BTreeMap<String, Color>,
}

impl Sample for TextMaps {
    fn samples() -> Vec<Self> {
        let keys = || HOSTILE.into_iter().chain(["__proto__", "constructor", "toString", "a.b", "0", "length"]);
        let keys = || keys().map(ToOwned::to_owned);
        vec![
            Self::default(),
            Self {
                points: keys().map(|key| (key, CORNER)).collect(),
                wide: keys().map(|key| (key, u64::MAX)).collect(),
                deep: keys().map(|key| (key.clone(), [(key, vec![None, Some(1)])].into())).collect(),
                colors: keys().map(|key| (key, Color::Green)).collect(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"points":null,"wide":{},"deep":{},"colors":{}}"#,
            r#"{"points":[],"wide":{},"deep":{},"colors":{}}"#,
            r#"{"points":{"a":null},"wide":{},"deep":{},"colors":{}}"#,
            r#"{"points":{},"wide":{"a":-1},"deep":{},"colors":{}}"#,
            r#"{"points":{},"wide":{},"deep":{"a":{"b":{}}},"colors":{}}"#,
            r#"{"points":{},"wide":{},"deep":{},"colors":{"red":"pink"}}"#,
        ]
    }
}

/// Excludes keys of 128 bits, which schemars describes like other keys (see [`WideKeys`]), and, for the same
/// reason, keys that are too wide for their type.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct NumberMaps {
    small: BTreeMap<u8, String>,
    signed: BTreeMap<i64, Point>,
    unsigned: BTreeMap<u64, u64>,
    hashed: HashMap<i32, Vec<Color>>,
    nested: BTreeMap<u16, BTreeMap<i16, bool>>,
}

impl Sample for NumberMaps {
    fn samples() -> Vec<Self> {
        vec![
            Self::default(),
            Self {
                small: [(0, String::new()), (255, "255".to_owned())].into(),
                signed: [(i64::MIN, ORIGIN), (-1, ORIGIN), (0, CORNER), (i64::MAX, CORNER)].into(),
                unsigned: [(0, 0), (9_007_199_254_740_993, 1), (u64::MAX, u64::MAX)].into(),
                hashed: [(i32::MIN, vec![]), (7, vec![Color::Red])].into(),
                nested: [(1, [(-1, true)].into()), (2, BTreeMap::new())].into(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"small":{"a":""},"signed":{},"unsigned":{},"hashed":{},"nested":{}}"#,
            r#"{"small":{"":""},"signed":{},"unsigned":{},"hashed":{},"nested":{}}"#,
            r#"{"small":{"-1":""},"signed":{},"unsigned":{},"hashed":{},"nested":{}}"#,
            r#"{"small":{},"signed":{"1.5":{"x":0,"y":0}},"unsigned":{},"hashed":{},"nested":{}}"#,
            r#"{"small":{},"signed":{"1":null},"unsigned":{},"hashed":{},"nested":{}}"#,
            r#"{"small":{},"signed":{},"unsigned":{"0x1":1},"hashed":{},"nested":{}}"#,
            r#"{"small":{},"signed":{},"unsigned":{},"hashed":{},"nested":{"1":{"true":true}}}"#,
        ]
    }
}

/// Keys of 128 bits, which not every language has as numbers: they are described as text.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct WideKeys {
    #[schemars(with = "BTreeMap<String, u8>")]
    unsigned: BTreeMap<u128, u8>,
    #[schemars(with = "BTreeMap<String, u8>")]
    signed: BTreeMap<i128, u8>,
}

impl Sample for WideKeys {
    fn samples() -> Vec<Self> {
        vec![Self {
            unsigned: [(0, 0), (u128::from(u64::MAX) + 1, 1), (u128::MAX, 2)].into(),
            signed: [(i128::MIN, 0), (-1, 1), (i128::MAX, 2)].into(),
        }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"unsigned":{"1":"x"},"signed":{}}"#, r#"{"unsigned":{},"signed":[]}"#]
    }
}

/// A text key with a type name of its own.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
struct Name(String);

/// A key with documentation: schemars does not list its values for keys.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
enum Size {
    /// Not much
    Small,
    /// Much
    Large,
}

/// Schemars names each key of `colors`. A wrong key of another map is still text, so it is not refused.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct OddMaps {
    colors: BTreeMap<Color, Point>,
    sizes: BTreeMap<Size, u64>,
    names: BTreeMap<Name, u8>,
    ids: BTreeMap<Uuid, u8>,
    letters: BTreeMap<char, u8>,
    flags: BTreeMap<bool, u8>,
}

impl Sample for OddMaps {
    fn samples() -> Vec<Self> {
        vec![
            Self::default(),
            Self {
                colors: [(Color::Red, ORIGIN), (Color::Blue, CORNER)].into(),
                sizes: [(Size::Small, 0), (Size::Large, u64::MAX)].into(),
                names: [(Name(String::new()), 0), (Name("a b".to_owned()), 1)].into(),
                ids: [(Uuid::nil(), 0), (Uuid::max(), 255)].into(),
                letters: [('"', 0), ('\u{1f980}', 1)].into(),
                flags: [(false, 0), (true, 1)].into(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"colors":{"pink":{"x":0,"y":0}},"sizes":{},"names":{},"ids":{},"letters":{},"flags":{}}"#,
            r#"{"colors":{"red":null},"sizes":{},"names":{},"ids":{},"letters":{},"flags":{}}"#,
            r#"{"colors":{},"sizes":{"Small":-1},"names":{},"ids":{},"letters":{},"flags":{}}"#,
            r#"{"colors":{},"sizes":{},"names":{},"ids":{},"letters":{},"flags":{"true":256}}"#,
        ]
    }
}

impl Sample for BTreeMap<i64, Point> {
    fn samples() -> Vec<Self> {
        vec![Self::new(), [(i64::MIN, ORIGIN), (i64::MAX, CORNER)].into()]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "[]", r#"{"a":{"x":0,"y":0}}"#, r#"{"1":{"x":0}}"#]
    }
}
