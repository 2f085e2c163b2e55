//! Generic types: each use is a type of its own.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CORNER, Color, ORIGIN, Point};
use crate::animal::{Sample, zoo};

zoo! {
    Page<Point>: "zoo.get_page_of_points" "zoo.check_page_of_points" "zoo.refused_page_of_points";
    Page<u64>: "zoo.get_page_of_integers" "zoo.check_page_of_integers" "zoo.refused_page_of_integers";
    Page<Page<Color>>: "zoo.get_page_of_pages" "zoo.check_page_of_pages" "zoo.refused_page_of_pages";
    Either<Point, Vec<u64>>: "zoo.get_generic_union" "zoo.check_generic_union" "zoo.refused_generic_union";
    Sized<3>: "zoo.get_generic_array" "zoo.check_generic_array" "zoo.refused_generic_array";
    Inlined: "zoo.get_inlined" "zoo.check_inlined" "zoo.refused_inlined";
    Tagged<Point>: "zoo.get_generic_tagged" "zoo.check_generic_tagged" "zoo.refused_generic_tagged";
}

/// A page of a list.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
struct Page<T> {
    items: Vec<T>,
    first: Option<T>,
    by_name: BTreeMap<String, T>,
    total: u64,
}

impl<T> Page<T> {
    fn of(items: Vec<T>, first: Option<T>, named: Option<T>) -> Self {
        Self { items, first, by_name: named.into_iter().map(|item| ("a".to_owned(), item)).collect(), total: u64::MAX }
    }
}

impl Sample for Page<Point> {
    fn samples() -> Vec<Self> {
        vec![Self::of(vec![], None, None), Self::of(vec![ORIGIN, CORNER], Some(CORNER), Some(ORIGIN))]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"items":[1],"first":null,"by_name":{},"total":1}"#, r#"{"items":[],"first":1,"by_name":{},"total":1}"#]
    }
}

impl Sample for Page<u64> {
    fn samples() -> Vec<Self> {
        vec![Self::of(vec![0, u64::MAX], Some(u64::MAX), Some(u64::MAX))]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"items":[{"x":1,"y":1}],"first":null,"by_name":{},"total":1}"#]
    }
}

impl Sample for Page<Page<Color>> {
    fn samples() -> Vec<Self> {
        let page = |color| Page::of(vec![color], Some(color), None);
        vec![Self::of(vec![page(Color::Red), page(Color::Blue)], None, Some(page(Color::Green)))]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"items":["red"],"first":null,"by_name":{},"total":1}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EitherOf{A}Or{B}")]
enum Either<A, B> {
    Left(A),
    Right(B),
    Both { left: A, right: Option<B> },
}

impl Sample for Either<Point, Vec<u64>> {
    fn samples() -> Vec<Self> {
        vec![
            Self::Left(ORIGIN),
            Self::Right(vec![u64::MAX]),
            Self::Both { left: CORNER, right: None },
            Self::Both { left: CORNER, right: Some(vec![]) },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"Left":[]}"#, r#"{"Right":{"x":1,"y":1}}"#]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SizedBy{N}", bound = "[u64; N]: JsonSchema")]
#[serde(bound(serialize = "[u64; N]: Serialize", deserialize = "[u64; N]: Deserialize<'de>"))]
struct Sized<const N: usize> {
    items: [u64; N],
}

impl Sample for Sized<3> {
    fn samples() -> Vec<Self> {
        vec![Self { items: [0, 1, u64::MAX] }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"items":[1,2]}"#, r#"{"items":[1,2,3,4]}"#]
    }
}

/// Contains types without a name in the contract, nested.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Inlined {
    wrapper: Wrapper<Point>,
    wrappers: Vec<Wrapper<Option<u64>>>,
    maybe: Option<Wrapper<Kind>>,
    map: BTreeMap<String, Wrapper<Vec<Kind>>>,
    pair: (Wrapper<u8>, Kind),
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Wrapper<T> {
    /// The subject
    inner: T,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, rename = "InlinedKind")]
enum Kind {
    Empty,
    Wrapped(Wrapper<u64>),
    Struct { a: u8 },
}

impl Sample for Inlined {
    fn samples() -> Vec<Self> {
        vec![
            Self {
                wrapper: Wrapper { inner: ORIGIN },
                wrappers: vec![],
                maybe: None,
                map: BTreeMap::new(),
                pair: (Wrapper { inner: 1 }, Kind::Empty),
            },
            Self {
                wrapper: Wrapper { inner: CORNER },
                wrappers: vec![Wrapper { inner: None }, Wrapper { inner: Some(u64::MAX) }],
                maybe: Some(Wrapper { inner: Kind::Wrapped(Wrapper { inner: u64::MAX }) }),
                map: [("a".to_owned(), Wrapper { inner: vec![Kind::Empty, Kind::Struct { a: 1 }] })].into(),
                pair: (Wrapper { inner: 1 }, Kind::Struct { a: 1 }),
            },
        ]
    }

    fn refusals() -> &'static [&'static str] {
        &[
            r#"{"wrapper":{"x":1,"y":1},"wrappers":[],"maybe":null,"map":{},"pair":[{"inner":1},"Empty"]}"#,
            r#"{"wrapper":{"inner":{"x":1,"y":1}},"wrappers":[1],"maybe":null,"map":{},"pair":[{"inner":1},"Empty"]}"#,
            r#"{"wrapper":{"inner":{"x":1,"y":1}},"wrappers":[],"maybe":null,"map":{},"pair":[{"inner":1},"Full"]}"#,
        ]
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
#[schemars(rename = "TaggedOf{T}")]
enum Tagged<T> {
    One(T),
    Many { of: Vec<T> },
}

impl Sample for Tagged<Point> {
    fn samples() -> Vec<Self> {
        vec![Self::One(ORIGIN), Self::Many { of: vec![CORNER] }]
    }

    fn refusals() -> &'static [&'static str] {
        &[r#"{"kind":"One"}"#, r#"{"kind":"Many","of":[1]}"#]
    }
}
