//! Types that differ between results and params. Excludes members with one name in results and another in params: such
//! a result is not valid as params, whatever a client does.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CORNER, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Settings: "zoo.get_split" "zoo.check_split" "zoo.refused_split";
    Profile: "zoo.get_split_inside" "zoo.check_split_inside" "zoo.refused_split_inside";
    Change: "zoo.get_split_union" "zoo.check_split_union" "zoo.refused_split_union";
    OneWay: "zoo.get_one_way" "zoo.check_one_way" "zoo.refused_one_way";
    Person: "zoo.get_nearly_split" "zoo.check_nearly_split" "zoo.refused_nearly_split";
    Converted: "zoo.get_converted" "zoo.check_converted" "zoo.refused_converted";
    Vec<Settings>: "zoo.get_split_list" "zoo.check_split_list" "zoo.refused_split_list";
}

/// Its members are always present in results and optional in params.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    size: u64,
    place: Point,
    title: Option<String>,
    inner: Option<Box<Settings>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { size: u64::MAX, place: CORNER, title: None, inner: None }
    }
}

impl Sample for Settings {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        let inner = Self { size: 0, place: ORIGIN, title: Some(String::new()), inner: None };
        vec![Self::default(), Self { inner: Some(Box::new(inner)), ..Self::default() }]
    }

    // A client may accept an object without members that are always present in results, as serde does.
    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"size":1,"place":{"x":1,"y":1},"title":null,"inner":null,"more":1}"#,
            r#"{"size":1,"place":null,"title":null,"inner":null}"#,
            r#"{"size":1,"place":{"x":1,"y":1},"title":1,"inner":null}"#,
        ]
    }
}

/// Contains a type that differs, in all possible places.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Profile {
    name: String,
    settings: Settings,
    list: Vec<Settings>,
    map: BTreeMap<u32, Settings>,
    pair: (Settings, u8),
    maybe: Option<Settings>,
}

impl Sample for Profile {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        let settings = Settings::default;
        vec![
            Self {
                name: String::new(),
                settings: settings(),
                list: vec![],
                map: BTreeMap::new(),
                pair: (settings(), 1),
                maybe: None,
            },
            Self {
                name: "n".to_owned(),
                settings: settings(),
                list: Settings::samples(),
                map: [(0, settings())].into(),
                pair: (settings(), 2),
                maybe: Some(settings()),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"name":"","settings":null,"list":[],"map":{},"pair":[{},1],"maybe":null}"#,
            r#"{"name":"","settings":{"size":-1},"list":[],"map":{},"pair":[{},1],"maybe":null}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change")]
enum Change {
    All(Settings2),
    Size {
        #[serde(default)]
        size: u64,
    },
    None,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Settings2 {
    #[serde(default)]
    a: u8,
    b: Option<u64>,
}

impl Sample for Change {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        vec![
            Self::All(Settings2::default()),
            Self::All(Settings2 { a: 1, b: Some(u64::MAX) }),
            Self::Size { size: u64::MAX },
            Self::None,
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"change":"All","a":null}"#, r#"{"change":"Size","size":""}"#, "{}"]
    }
}

/// Members that exist on one side only.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct OneWay {
    both: u8,
    #[serde(skip_deserializing)]
    answered: u64,
    #[serde(skip_serializing, default)]
    asked: u64,
    #[serde(skip)]
    neither: u64,
}

impl Sample for OneWay {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        vec![Self { both: 1, answered: 0, asked: 0, neither: 0 }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"both":null,"answered":0}"#, r#"{"answered":0}"#]
    }
}

/// Differs in one respect: members that may be null may be absent in params. To most languages that is one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Person {
    name: String,
    nick: Option<String>,
    born: Option<u64>,
    parents: Vec<Person>,
    spouse: Option<Box<Person>>,
}

impl Sample for Person {
    fn samples() -> Vec<Self> {
        let person = |nick| Self { name: "p".to_owned(), nick, born: Some(u64::MAX), parents: vec![], spouse: None };
        let parents = vec![person(None), person(Some(String::new()))];
        vec![person(None), Self { parents, spouse: Some(Box::new(person(None))), ..person(None) }]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"name":"","nick":1,"born":null,"parents":[],"spouse":null}"#,
            r#"{"name":"","nick":null,"born":null,"parents":[{}],"spouse":null}"#,
            r#"{"name":"","nick":null,"born":null,"parents":null,"spouse":null}"#,
        ]
    }
}

/// Has another type on the wire. Only the service can check further rules for the values of that type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(!try_from, !into, with = "String")]
struct Email {
    user: String,
    host: String,
}

impl TryFrom<String> for Email {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (user, host) = text.split_once('@').ok_or("an address has an @")?;
        Ok(Self { user: user.to_owned(), host: host.to_owned() })
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        format!("{}@{}", email.user, email.host)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Converted {
    email: Email,
    emails: Vec<Email>,
}

impl Sample for Converted {
    fn samples() -> Vec<Self> {
        let email = Email { user: "a".to_owned(), host: "b".to_owned() };
        vec![Self { email: email.clone(), emails: vec![email] }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"email":{"user":"a","host":"b"},"emails":[]}"#, r#"{"email":"a@b","emails":[null]}"#]
    }
}

impl Sample for Vec<Settings> {
    const SPLIT: bool = true;

    fn samples() -> Vec<Self> {
        vec![vec![], Settings::samples()]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "[1]", r#"[{"more":1}]"#]
    }
}
