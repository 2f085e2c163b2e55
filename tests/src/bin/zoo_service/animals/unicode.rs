//! Names that are not ASCII, and names that are hard to turn into identifiers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Color;
use crate::animal::{Sample, zoo};

zoo! {
    Größe: "zoo.get_unicode_fields" "zoo.check_unicode_fields" "zoo.refused_unicode_fields";
    Japanese: "zoo.get_unicode_type" "zoo.check_unicode_type" "zoo.refused_unicode_type";
    Cyrillic: "zoo.get_unicode_variants" "zoo.check_unicode_variants" "zoo.refused_unicode_variants";
    Values: "zoo.get_unicode_values" "zoo.check_unicode_values" "zoo.refused_unicode_values";
    Alike: "zoo.get_alike_names" "zoo.check_alike_names" "zoo.refused_alike_names";
    Recent: "zoo.get_recent_letters" "zoo.check_recent_letters" "zoo.refused_recent_letters";
    KeyedMaps: "zoo.get_keyed_maps" "zoo.check_keyed_maps" "zoo.refused_keyed_maps";
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Größe {
    #[serde(rename = "имя")]
    cyrillic: String,
    #[serde(rename = "名前")]
    japanese: Option<String>,
    #[serde(rename = "größe")]
    latin: u8,
    #[serde(rename = "Ä")]
    capital: u8,
    #[serde(rename = "हिन्दी")]
    with_marks: Option<u64>,
    #[serde(rename = "น้ำ")]
    with_tones: u8,
    #[serde(rename = "العربية")]
    right_to_left: u8,
    #[serde(rename = "🦀")]
    crab: u8,
    #[serde(rename = "naïve-ü_x")]
    words: u8,
}

impl Sample for Größe {
    fn samples() -> Vec<Self> {
        let sample = |cyrillic: &str, japanese: Option<&str>, with_marks| Self {
            cyrillic: cyrillic.to_owned(),
            japanese: japanese.map(ToOwned::to_owned),
            latin: 255,
            capital: 1,
            with_marks,
            with_tones: 2,
            right_to_left: 3,
            crab: 4,
            words: 5,
        };
        vec![sample("", None, None), sample("имя", Some("名前"), Some(u64::MAX))]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            "{}",
            r#"{"имя":1,"名前":null,"größe":0,"Ä":1,"हिन्दी":null,"น้ำ":2,"العربية":3,"🦀":4,"naïve-ü_x":5}"#,
            r#"{"имя":"","名前":null,"größe":256,"Ä":1,"हिन्दी":null,"น้ำ":2,"العربية":3,"🦀":4,"naïve-ü_x":5}"#,
        ]
    }
}

/// Names with characters that identifiers have only in newer versions of some languages.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Recent {
    /// With a middle dot
    #[serde(rename = "ジョン・スミス")]
    dotted: u8,
    /// With an invisible character
    #[serde(rename = "می\u{200c}شود")]
    joined: u8,
    #[serde(rename = "\u{1c89}\u{10d50}")]
    letters: Option<u8>,
    #[serde(rename = "\u{31350}")]
    ideograph: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

impl Sample for Recent {
    fn samples() -> Vec<Self> {
        let rest = || BTreeMap::from([("ジョン".to_owned(), 5)]);
        vec![
            Self { dotted: 1, joined: 2, letters: None, ideograph: 3, rest: BTreeMap::new() },
            Self { dotted: 1, joined: 2, letters: Some(4), ideograph: 3, rest: rest() },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", "{\"ジョン・スミス\":256,\"می\u{200c}شود\":0,\"\u{1c89}\u{10d50}\":0,\"\u{31350}\":0}"]
    }
}

/// The name of the type has no upper case.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "日本")]
struct Japanese {
    #[serde(rename = "都市")]
    cities: Vec<City>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "都市")]
struct City {
    #[serde(rename = "名")]
    name: String,
}

impl Sample for Japanese {
    fn samples() -> Vec<Self> {
        vec![Self { cities: vec![] }, Self { cities: vec![City { name: "東京".to_owned() }] }]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"都市":[{}]}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "фигура")]
#[serde(tag = "вид")]
enum Cyrillic {
    #[serde(rename = "круг")]
    Circle {
        #[serde(rename = "радиус")]
        radius: u8,
    },
    #[serde(rename = "точка")]
    Point,
}

impl Sample for Cyrillic {
    fn samples() -> Vec<Self> {
        vec![Self::Circle { radius: 1 }, Self::Point]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"вид":"круг"}"#, r#"{"вид":"Point"}"#, "{}"]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Farbe")]
enum Values {
    #[serde(rename = "rot")]
    Red,
    #[serde(rename = "grün")]
    Green,
    #[serde(rename = "青")]
    Blue,
    #[serde(rename = "жёлтый")]
    Yellow,
}

impl Sample for Values {
    fn samples() -> Vec<Self> {
        vec![Self::Red, Self::Green, Self::Blue, Self::Yellow]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#""Green""#, r#""grun""#, r#""""#]
    }
}

/// Python treats each pair as one name. On the wire they are two names.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Alike {
    #[serde(rename = "é")]
    composed: u8,
    #[serde(rename = "e\u{301}")]
    decomposed: u8,
    #[serde(rename = "ﬁt")]
    ligature: u8,
    #[serde(rename = "fit")]
    plain: u8,
    #[serde(rename = "ｃｌａｓｓ")]
    wide: u8,
    #[serde(rename = "class")]
    keyword: u8,
    #[serde(rename = "µ")]
    micro: u8,
    #[serde(rename = "μ")]
    mu: u8,
}

impl Sample for Alike {
    fn samples() -> Vec<Self> {
        vec![Self { composed: 1, decomposed: 2, ligature: 3, plain: 4, wide: 5, keyword: 6, micro: 7, mu: 8 }]
    }

    fn refusals() -> &'static [&'static str] {
        &["{}", r#"{"é":1,"e\u0301":2,"fit":4,"ｃｌａｓｓ":5,"class":6,"µ":7,"μ":8}"#]
    }
}

/// Maps with enum values as keys: one enum is also used elsewhere, one only for keys.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct KeyedMaps {
    values: BTreeMap<Values, u64>,
    colors: Option<BTreeMap<Color, Option<String>>>,
    weekdays: BTreeMap<Weekday, Vec<BTreeMap<Weekday, u8>>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
enum Weekday {
    #[serde(rename = "mon")]
    Monday,
    #[serde(rename = "sun")]
    Sunday,
}

impl Sample for KeyedMaps {
    fn samples() -> Vec<Self> {
        let day = || [(Weekday::Monday, 1)].into();
        vec![
            Self::default(),
            Self {
                values: [(Values::Green, u64::MAX), (Values::Blue, 0)].into(),
                colors: Some([(Color::Red, None), (Color::Blue, Some(String::new()))].into()),
                weekdays: [(Weekday::Monday, vec![]), (Weekday::Sunday, vec![day(), BTreeMap::new()])].into(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"values":{"blau":1},"colors":null,"weekdays":{}}"#,
            r#"{"values":{"":1},"colors":null,"weekdays":{}}"#,
            r#"{"values":{"rot":-1},"colors":null,"weekdays":{}}"#,
            r#"{"values":{},"colors":{"pink":null},"weekdays":{}}"#,
            r#"{"values":{},"colors":null,"weekdays":{"mon":[{"tue":1}]}}"#,
        ]
    }
}
