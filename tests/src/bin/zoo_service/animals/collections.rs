//! Lists, sets and tuples.

use std::collections::{BTreeMap, BTreeSet, HashSet, LinkedList, VecDeque};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::HOSTILE;
use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Lists: "zoo.get_lists" "zoo.check_lists" "zoo.refused_lists";
    Sets: "zoo.get_sets" "zoo.check_sets" "zoo.refused_sets";
    Arrays: "zoo.get_arrays" "zoo.check_arrays" "zoo.refused_arrays";
    Tuples: "zoo.get_tuples" "zoo.check_tuples" "zoo.refused_tuples";
    LongTuple: "zoo.get_long_tuple" "zoo.check_long_tuple" "zoo.refused_long_tuple";
    TupleStructs: "zoo.get_tuple_structs" "zoo.check_tuple_structs" "zoo.refused_tuple_structs";
    Indirect: "zoo.get_indirect" "zoo.check_indirect" "zoo.refused_indirect";
    Vec<Point>: "zoo.get_bare_list" "zoo.check_bare_list" "zoo.refused_bare_list";
    Vec<u8>: "zoo.get_bare_bytes" "zoo.check_bare_bytes" "zoo.refused_bare_bytes";
    (u8, String): "zoo.get_bare_tuple" "zoo.check_bare_tuple" "zoo.refused_bare_tuple";
    [i64; 2]: "zoo.get_bare_array" "zoo.check_bare_array" "zoo.refused_bare_array";
    Meters: "zoo.get_bare_newtype" "zoo.check_bare_newtype" "zoo.refused_bare_newtype";
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Lists {
    wide: Vec<u64>,
    deep: Vec<Vec<Vec<Point>>>,
    queue: VecDeque<Option<String>>,
    #[expect(clippy::linkedlist, reason = "people who have one may send it")]
    linked: LinkedList<bool>,
    maps: Vec<BTreeMap<String, Vec<u8>>>,
    units: Vec<()>,
}

impl Sample for Lists {
    fn samples() -> Vec<Self> {
        vec![
            Self::default(),
            Self {
                wide: vec![u64::MAX, 0],
                deep: vec![vec![], vec![vec![], vec![ORIGIN, CORNER]]],
                queue: [None, Some(String::new())].into(),
                linked: [true, false].into(),
                maps: vec![BTreeMap::new(), [("a".to_owned(), vec![])].into()],
                units: vec![(), ()],
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"wide":null,"deep":[],"queue":[],"linked":[],"maps":[],"units":[]}"#,
            r#"{"wide":{},"deep":[],"queue":[],"linked":[],"maps":[],"units":[]}"#,
            r#"{"wide":"","deep":[],"queue":[],"linked":[],"maps":[],"units":[]}"#,
            r#"{"wide":[],"deep":[[{}]],"queue":[],"linked":[],"maps":[],"units":[]}"#,
            r#"{"wide":[],"deep":[],"queue":[],"linked":[null],"maps":[],"units":[]}"#,
            r#"{"wide":[],"deep":[],"queue":[],"linked":[],"maps":[{"a":null}],"units":[]}"#,
        ]
    }
}

/// Serde accepts a repeated item.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sets {
    texts: BTreeSet<String>,
    wide: BTreeSet<u64>,
    hashed: HashSet<u8>,
    points: BTreeSet<Point>,
    colors: BTreeSet<Color>,
}

impl Sample for Sets {
    fn samples() -> Vec<Self> {
        vec![
            Self::default(),
            Self {
                texts: HOSTILE.map(ToOwned::to_owned).into(),
                wide: [0, u64::MAX].into(),
                hashed: [1, 2, 255].into(),
                points: [ORIGIN, CORNER].into(),
                colors: [Color::Red, Color::Green].into(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"texts":null,"wide":[],"hashed":[],"points":[],"colors":[]}"#,
            r#"{"texts":[],"wide":[],"hashed":[256],"points":[],"colors":[]}"#,
            r#"{"texts":[],"wide":[],"hashed":[],"points":[],"colors":["pink"]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Arrays {
    three: [u16; 3],
    matrix: [[f64; 2]; 2],
    one: [Point; 1],
    none: [u8; 0],
    texts: [String; 2],
}

impl Sample for Arrays {
    fn samples() -> Vec<Self> {
        vec![Self {
            three: [0, 1, u16::MAX],
            matrix: [[0.5, -0.5], [1.5, 2.5]],
            one: [CORNER],
            none: [],
            texts: ["a".to_owned(), String::new()],
        }]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"three":[0,1],"matrix":[[0,0],[0,0]],"one":[{"x":0,"y":0}],"none":[],"texts":["",""]}"#,
            r#"{"three":[0,1,2,3],"matrix":[[0,0],[0,0]],"one":[{"x":0,"y":0}],"none":[],"texts":["",""]}"#,
            r#"{"three":[0,1,65536],"matrix":[[0,0],[0,0]],"one":[{"x":0,"y":0}],"none":[],"texts":["",""]}"#,
            r#"{"three":[0,1,2],"matrix":[[0,0],[0]],"one":[{"x":0,"y":0}],"none":[],"texts":["",""]}"#,
            r#"{"three":[0,1,2],"matrix":[[0,0],[0,0]],"one":[],"none":[],"texts":["",""]}"#,
            r#"{"three":[0,1,2],"matrix":[[0,0],[0,0]],"one":[{"x":0,"y":0}],"none":[0],"texts":["",""]}"#,
            r#"{"three":[0,1,2],"matrix":[[0,0],[0,0]],"one":[{"x":0,"y":0}],"none":[],"texts":null}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Tuples {
    one: (u8,),
    pair: (i32, String),
    nested: ((u64, u64), Vec<(String, Point)>),
    maybe: Option<(Color, [u8; 2])>,
    twins: (Point, Point),
}

impl Sample for Tuples {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                one: (1,),
                pair: (-1, String::new()),
                nested: ((u64::MAX, 0), vec![("a".to_owned(), ORIGIN)]),
                maybe: None,
                twins: (ORIGIN, CORNER),
            },
            Self {
                one: (0,),
                pair: (0, "b".to_owned()),
                nested: ((0, 0), vec![]),
                maybe: Some((Color::Red, [1, 2])),
                twins: (CORNER, ORIGIN),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"one":1,"pair":[1,""],"nested":[[1,1],[]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[],"pair":[1,""],"nested":[[1,1],[]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1,1],"pair":[1,""],"nested":[[1,1],[]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1],"pair":["",1],"nested":[[1,1],[]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1],"pair":[1,""],"nested":[[1,-1],[]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1],"pair":[1,""],"nested":[[1,1],[""]],"maybe":null,"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1],"pair":[1,""],"nested":[[1,1],[]],"maybe":[],"twins":[{"x":0,"y":0},{"x":0,"y":0}]}"#,
            r#"{"one":[1],"pair":[1,""],"nested":[[1,1],[]],"maybe":null,"twins":[{"x":0,"y":0}]}"#,
        ]
    }
}

/// One type of each kind.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct LongTuple(u8, u16, u32, u64, i8, i16, i32, i64, bool, String, f32, f64, Point, Color, Option<Point>, Vec<Color>);

impl Sample for LongTuple {
    fn samples() -> Vec<Self> {
        let text = "x".to_owned();
        let colors = vec![Color::Red];
        vec![Self(1, 2, 3, u64::MAX, -1, -2, -3, i64::MIN, true, text, 0.5, -0.5, CORNER, Color::Blue, None, colors)]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"[1,2,3,4,5,6,7,8,true,"",1,1,{"x":1,"y":1},"red",null]"#,
            r#"[1,2,3,4,5,6,7,8,true,"",1,1,{"x":1,"y":1},"red",null,[],1]"#,
            r#"[1,2,3,4,5,6,7,8,true,"",1,1,{"x":1,"y":1},"pink",null,[]]"#,
            r#"[1,2,3,4,5,6,7,8,1,"",1,1,{"x":1,"y":1},"red",null,[]]"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Pair(i32, String);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Path(Vec<Point>);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Meters(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Label {
    text: String,
}

/// An alias of an alias.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Height(Meters);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Around(Option<Pair>);

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct TupleStructs {
    pair: Pair,
    path: Path,
    height: Height,
    label: Label,
    around: Around,
    labels: Vec<Label>,
    maybe: Option<Meters>,
    by_label: BTreeMap<String, Meters>,
}

impl Sample for TupleStructs {
    fn samples() -> Vec<Self> {
        let label = |text: &str| Label { text: text.to_owned() };
        vec![
            Self {
                pair: Pair(-1, "a".to_owned()),
                path: Path(vec![ORIGIN, CORNER]),
                height: Height(Meters(u64::MAX)),
                label: label(""),
                around: Around(None),
                labels: vec![label("a"), label("b")],
                maybe: None,
                by_label: [("a".to_owned(), Meters(1))].into(),
            },
            Self {
                pair: Pair(i32::MAX, String::new()),
                path: Path(vec![]),
                height: Height(Meters(0)),
                label: label("label"),
                around: Around(Some(Pair(0, String::new()))),
                labels: vec![],
                maybe: Some(Meters(5)),
                by_label: BTreeMap::new(),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"pair":[1],"path":[],"height":1,"label":"","around":null,"labels":[],"maybe":null,"by_label":{}}"#,
            r#"{"pair":[1,"",1],"path":[],"height":1,"label":"","around":null,"labels":[],"maybe":null,"by_label":{}}"#,
            r#"{"pair":["",1],"path":[],"height":1,"label":"","around":null,"labels":[],"maybe":null,"by_label":{}}"#,
            r#"{"pair":[1,""],"path":[],"height":[1],"label":"","around":null,"labels":[],"maybe":null,"by_label":{}}"#,
            r#"{"pair":[1,""],"path":[],"height":1,"label":{"text":""},"around":null,"labels":[],"maybe":null,"by_label":{}}"#,
        ]
    }
}

/// Pointers, which are invisible in JSON.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Indirect {
    boxed: Box<Point>,
    shared: Arc<Point>,
    list: Box<[Arc<Point>]>,
    maybe: Option<Box<Option<Box<u64>>>>,
}

impl Sample for Indirect {
    fn samples() -> Vec<Self> {
        vec![
            Self { boxed: Box::new(ORIGIN), shared: Arc::new(CORNER), list: [].into(), maybe: None },
            Self {
                boxed: Box::new(CORNER),
                shared: Arc::new(ORIGIN),
                list: [Arc::new(ORIGIN)].into(),
                maybe: Some(Box::new(Some(Box::new(u64::MAX)))),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"boxed":null,"shared":{"x":1,"y":1},"list":[],"maybe":null}"#]
    }
}

impl Sample for Vec<Point> {
    fn samples() -> Vec<Self> {
        vec![vec![], vec![ORIGIN, CORNER, ORIGIN]]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", "{}", "[null]", "[[]]", r#"[{"x":0}]"#]
    }
}

impl Sample for Vec<u8> {
    fn samples() -> Vec<Self> {
        vec![vec![], vec![0, 127, 128, 255]]
    }

    fn refusals() -> &'static [&'static str] {
        &["null", r#""AAA=""#, "[-1]", "[256]", "1"]
    }
}

impl Sample for (u8, String) {
    fn samples() -> Vec<Self> {
        vec![(0, String::new()), (255, "1".to_owned())]
    }

    fn refusals() -> &'static [&'static str] {
        &["[]", "[1]", r#"[1,"",null]"#, r#"["",1]"#, "null", r#"{"0":1,"1":""}"#]
    }
}

impl Sample for [i64; 2] {
    fn samples() -> Vec<Self> {
        vec![[0, 0], [i64::MIN, i64::MAX]]
    }

    fn refusals() -> &'static [&'static str] {
        &["[]", "[1]", "[1,2,3]", "null", "[1,null]", "12"]
    }
}

impl Sample for Meters {
    fn samples() -> Vec<Self> {
        vec![Self(0), Self(u64::MAX)]
    }

    fn refusals() -> &'static [&'static str] {
        &["-1", "null", "[1]"]
    }
}
