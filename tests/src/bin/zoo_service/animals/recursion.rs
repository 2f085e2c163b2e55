//! Types that contain themselves, in every possible way.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CORNER, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Node: "zoo.get_recursive" "zoo.check_recursive" "zoo.refused_recursive";
    Folder: "zoo.get_recursive_map" "zoo.check_recursive_map" "zoo.refused_recursive_map";
    Chicken: "zoo.get_mutual" "zoo.check_mutual" "zoo.refused_mutual";
    Forest: "zoo.get_recursive_alias" "zoo.check_recursive_alias" "zoo.refused_recursive_alias";
    Directory: "zoo.get_recursive_map_alias" "zoo.check_recursive_map_alias" "zoo.refused_recursive_map_alias";
    Row: "zoo.get_recursive_flat" "zoo.check_recursive_flat" "zoo.refused_recursive_flat";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Node {
    value: u64,
    next: Option<Box<Node>>,
    children: Vec<Node>,
    pair: Option<Box<(Node, Node)>>,
}

fn leaf(value: u64) -> Node {
    Node { value, next: None, children: vec![], pair: None }
}

impl Sample for Node {
    fn samples() -> Vec<Self> {
        let list = (0..20).fold(leaf(u64::MAX), |next, value| Self { next: Some(Box::new(next)), ..leaf(value) });
        let tree = Self { children: vec![leaf(1), list.clone(), leaf(2)], ..leaf(3) };
        let pair = Self { pair: Some(Box::new((tree.clone(), leaf(4)))), ..leaf(5) };
        vec![leaf(0), list, tree, pair]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"value":1,"next":{},"children":[],"pair":null}"#,
            r#"{"value":1,"next":null,"children":[{"value":-1,"next":null,"children":[],"pair":null}],"pair":null}"#,
            r#"{"value":1,"next":null,"children":[null],"pair":null}"#,
            r#"{"value":1,"next":null,"children":[],"pair":[{"value":1,"next":null,"children":[],"pair":null}]}"#,
        ]
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Folder {
    files: BTreeMap<String, u64>,
    folders: BTreeMap<String, Folder>,
    by_number: BTreeMap<i32, Option<Folder>>,
}

impl Sample for Folder {
    fn samples() -> Vec<Self> {
        let inner = Self { files: [("f".to_owned(), u64::MAX)].into(), ..Self::default() };
        let outer = Self {
            folders: [(String::new(), inner.clone()), ("folders".to_owned(), Self::default())].into(),
            by_number: [(-1, None), (1, Some(inner))].into(),
            ..Self::default()
        };
        vec![Self::default(), outer]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"files":{},"folders":{"a":{}},"by_number":{}}"#,
            r#"{"files":{},"folders":{"a":null},"by_number":{}}"#,
            r#"{"files":{},"folders":{},"by_number":{"a":null}}"#,
        ]
    }
}

/// Contains eggs, which contain chickens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Chicken {
    name: String,
    eggs: Vec<Egg>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Egg {
    Fresh,
    Hatched(Box<Chicken>),
    Nest { of: BTreeMap<String, Egg>, hen: Option<Box<Chicken>> },
}

impl Sample for Chicken {
    fn samples() -> Vec<Self> {
        let chicken = |eggs| Self { name: "c".to_owned(), eggs };
        let hatched = Egg::Hatched(Box::new(chicken(vec![Egg::Fresh])));
        let nest = Egg::Nest { of: [("e".to_owned(), hatched.clone())].into(), hen: Some(Box::new(chicken(vec![]))) };
        vec![chicken(vec![]), chicken(vec![Egg::Fresh, hatched, nest])]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"name":"","eggs":[{"Hatched":{"name":""}}]}"#,
            r#"{"name":"","eggs":[{"Nest":{"of":{"a":"Boiled"},"hen":null}}]}"#,
            r#"{"name":"","eggs":["Hatched"]}"#,
        ]
    }
}

/// Is a list of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Forest(Vec<Forest>);

impl Sample for Forest {
    fn samples() -> Vec<Self> {
        let tree = Self(vec![Self(vec![]), Self(vec![Self(vec![])])]);
        vec![Self(vec![]), Self(vec![tree.clone(), tree])]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "{}", "[[[1]]]", "[[null]]"]
    }
}

/// Is a map of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Directory(BTreeMap<String, Option<Directory>>);

impl Sample for Directory {
    fn samples() -> Vec<Self> {
        let empty = Self(BTreeMap::new());
        let inner = Self([("a".to_owned(), None), (String::new(), Some(empty.clone()))].into());
        vec![empty, Self([("b".to_owned(), Some(inner))].into())]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "[]", r#"{"a":[]}"#, r#"{"a":{"b":{"c":1}}}"#]
    }
}

/// Contains itself through a flattened member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Row {
    id: u64,
    #[serde(flatten)]
    cells: Cells,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Cells {
    point: Point,
    rows: Vec<Row>,
}

impl Sample for Row {
    fn samples() -> Vec<Self> {
        let row = |point, rows| Self { id: u64::MAX, cells: Cells { point, rows } };
        vec![row(ORIGIN, vec![]), row(CORNER, vec![row(ORIGIN, vec![row(CORNER, vec![])])])]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"id":1,"point":{"x":1,"y":1},"rows":[{"id":1}]}"#, r#"{"id":1,"point":{"x":1,"y":1}}"#]
    }
}
