//! The changes that old callers notice. The first test compares its verdicts with serde's behaviour.

// Methods and types are defined beside the assertions about them.
#![allow(clippy::items_after_statements)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::*;
use crate::codegen::lower;
use crate::codegen::sample::{PLAIN, contract, contract_of, method};
use crate::service::method::{Method, MethodOptions};

/// Compares two versions of one type: the breaking changes in params and in results.
fn versions<Old: JsonSchema + 'static, New: JsonSchema + 'static>() -> (Vec<String>, Vec<String>) {
    let broken = |old: &Api, new: &Api| {
        let changes = between(old, new).into_iter().filter(|change| change.breaks);
        changes.map(|change| change.what).collect::<Vec<_>>()
    };
    let api = |contract| lower(&contract).expect("no problem");
    let params = broken(&api(contract_of::<Old, ()>()), &api(contract_of::<New, ()>()));
    let results = broken(&api(contract_of::<(), Old>()), &api(contract_of::<(), New>()));
    (params, results)
}

/// Does the same as [`versions`] and checks that serde agrees: the new worker reads the values of an old caller exactly
/// if params are not broken, and an old caller reads the values of the new worker exactly if results are not broken.
fn agree<Old, New>(old: &[Old], new: &[New]) -> (Vec<String>, Vec<String>)
where
    Old: JsonSchema + Serialize + DeserializeOwned + 'static,
    New: JsonSchema + Serialize + DeserializeOwned + 'static,
{
    fn reads<Writer: Serialize, Reader: DeserializeOwned>(values: &[Writer]) -> bool {
        values.iter().all(|value| serde_json::from_value::<Reader>(serde_json::to_value(value).expect("JSON")).is_ok())
    }
    let (params, results) = versions::<Old, New>();
    assert_eq!(params.is_empty(), reads::<Old, New>(old), "params: {params:#?}");
    assert_eq!(results.is_empty(), reads::<New, Old>(new), "results: {results:#?}");
    (params, results)
}

fn says(problems: &[String], expected: impl Debug + AsRef<str>) {
    let expected = expected.as_ref();
    assert!(problems.iter().any(|problem| problem.contains(expected)), "{problems:#?} do not say {expected:?}");
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct One<T> {
    a: T,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Two<T> {
    a: T,
    b: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Maybe {
    a: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    a: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Color {
    Red,
    Green,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum MoreColor {
    Red,
    Green,
    Blue,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum Event {
    Made,
    Moved { x: u8 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum MoreEvent {
    Made,
    Moved { x: u8, y: u8 },
    Gone,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Value {
    Number(u8),
    Text(String),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum MoreValue {
    Flag(bool),
    Text(String),
    Number(u16),
}

#[test]
fn serde_agrees() {
    let (params, results) = agree(&[One { a: 1_u8 }], &[Two { a: 1_u8, b: 2 }]);
    says(&params, "`tasks.do`: params.b: must be there, and is not written");
    assert!(results.is_empty());

    let (params, results) = agree(&[Two { a: 1_u8, b: 2 }], &[One { a: 1_u8 }]);
    assert!(params.is_empty());
    says(&results, "result.b: must be there");

    let old = [Maybe { a: 1, b: None }, Maybe { a: 1, b: Some(2) }];
    let (params, _) = agree(&old, &[Two { a: 1_u8, b: 2 }]);
    says(&params, "params.b: must be there, and may be absent on the other side");
    let (params, _) = agree(&old, &[Strict { a: 1 }]);
    says(&params, "params.b: is written, and unknown fields are an error");

    let (params, _) = agree(&[One { a: Some(1_u8) }, One { a: None }], &[One { a: 1_u8 }]);
    says(&params, "params.a: may be null");
    agree(&[One { a: 1_u8 }], &[One { a: Some(1_u8) }, One { a: None }]);

    let (params, results) = agree(&[One { a: 1_u8 }], &[One { a: 1_000_u16 }]);
    assert!(params.is_empty());
    says(&results, "result.a: 0 to 65535 are written, 0 to 255 are read");
    agree(&[One { a: -1_i8 }], &[One { a: 255_u8 }]);
    agree(&[One { a: 1_u8 }], &[One { a: 1.5_f64 }]);
    agree(&[One { a: 1_u8 }], &[One { a: "x".to_owned() }]);
    agree(&[One { a: [1_u8, 2] }], &[One { a: vec![1_u8, 2, 3] }]);
    agree(&[One { a: (1_u8, 2_u8) }], &[One { a: (1_u8, 2_u8, 3_u8) }]);
    agree(&[One { a: vec![Strict { a: 1 }] }], &[One { a: vec![Two { a: 1_u8, b: 2 }] }]);
    agree(&[BTreeMap::from([(1_u8, 1_u8)])], &[BTreeMap::from([(-1_i8, 1_u8)])]);
    agree(&[BTreeMap::from([(1_u8, 1_u8)])], &[BTreeMap::from([("x".to_owned(), 1_u8)])]);

    let (_, results) = agree(&[Color::Red, Color::Green], &[MoreColor::Red, MoreColor::Green, MoreColor::Blue]);
    says(&results, "`Blue` is written and not known where it is read");
    let new = [MoreEvent::Made, MoreEvent::Moved { x: 1, y: 2 }, MoreEvent::Gone];
    let (params, results) = agree(&[Event::Made, Event::Moved { x: 1 }], &new);
    says(&params, "params.Moved.y: must be there");
    says(&results, "the variant `Gone` is written");
    let new = [MoreValue::Flag(true), MoreValue::Text(String::new()), MoreValue::Number(1_000)];
    let (_, results) = agree(&[Value::Number(1), Value::Text(String::new())], &new);
    says(&results, "the variant `Flag` is written");
    says(&results, "the variant `Number` is written");
}

#[test]
fn types_that_contain_themselves_come_to_an_end() {
    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Tree {
        kids: Vec<Tree>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Tree")]
    struct Labelled {
        label: String,
        kids: BTreeMap<String, Labelled>,
    }
    assert_eq!(versions::<Tree, Tree>(), (Vec::new(), Vec::new()));
    let (params, _) = versions::<Tree, Labelled>();
    says(&params, "params.label: must be there");
    says(&params, "params.kids: another type");
}

#[test]
fn methods_and_their_options() {
    const fn with(name: &'static str, options: MethodOptions) -> Method {
        method(name, "", options)
    }
    static GONE: Method = with("a.gone", PLAIN);
    static NEW: Method = with("a.new", PLAIN);
    static BEFORE: Method = with("b", PLAIN.idempotent());
    static AFTER: Method = with("b", PLAIN.notification().deprecated("use c"));
    static SILENT: Method = with("c", PLAIN.notification());
    static ANSWERS: Method = with("c", PLAIN);
    let api = |methods: &[&'static Method]| lower(&contract(methods)).expect("no problem");
    let changes = between(&api(&[&GONE, &BEFORE, &SILENT]), &api(&[&NEW, &AFTER, &ANSWERS]));
    let changes: Vec<_> = changes.iter().map(|change| (change.breaks, &*change.what)).collect();
    assert_eq!(
        changes,
        [
            (true, "`a.gone` is gone"),
            (true, "`b` answers no more: it is `no_wait` now"),
            (true, "`b` is not `idempotent` any more: who repeats calls may run it twice"),
            (false, "`b` is deprecated"),
            (false, "`c` answers now: it was `no_wait`"),
            (false, "`a.new` is new"),
        ]
    );
}

#[test]
fn params_that_come_and_go() {
    let api = |contract| lower(&contract).expect("no problem");
    let without = api(contract(&[&NONE]));
    let with = api(contract_of::<One<u8>, ()>());
    static NONE: Method = method("tasks.do", "", PLAIN);
    says(&texts(&between(&without, &with)), "`tasks.do`: params: it takes some now");
    says(&texts(&between(&with, &without)), "`tasks.do`: params: it takes none any more");
    assert!(between(&with, &with).is_empty());
}

fn texts(changes: &[Change]) -> Vec<String> {
    changes.iter().filter(|change| change.breaks).map(|change| change.what.clone()).collect()
}

#[test]
fn changes_that_break_no_caller_are_listed_too() {
    let api = |contract| lower(&contract).expect("no problem");
    let changes = between(&api(contract_of::<One<u8>, ()>()), &api(contract_of::<Maybe, ()>()));
    let expected = "`tasks.do`: params: changed, in a way that callers of before can live with";
    assert_eq!(changes, [Change { breaks: false, what: expected.to_owned() }]);
}
