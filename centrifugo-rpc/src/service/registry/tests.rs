//! Tests of problems with registered methods.
// Methods are built in one expression beside the assertion about them.
#![allow(clippy::items_after_statements, clippy::needless_pass_by_value)]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::service::macro_support::boxed;
use crate::service::method::{Location, MethodOptions, Type};
use crate::{FromCall, RpcError, State};

/// A method that is not registered.
const fn method(name: &'static str, line: u32) -> Method {
    Method::new(
        name,
        "",
        MethodOptions::new(),
        || None,
        Type::of::<()>,
        |_| {},
        |_| boxed(async { Err(RpcError::internal("never called")) }),
        Location::new("src/tasks.rs", line),
    )
}

const fn taking<P: JsonSchema>(method: Method) -> Method {
    Method { params: || Some(Type::of::<P>()), ..method }
}

const fn returning<R: JsonSchema>(method: Method) -> Method {
    Method { result: Type::of::<R>, ..method }
}

const fn needing<T: FromCall>(method: Method) -> Method {
    Method { needs: T::needs, ..method }
}

fn problem(methods: &[&'static Method]) -> String {
    problem_with(methods, &States::default())
}

fn problem_with(methods: &[&'static Method], states: &States) -> String {
    let error = Registry::of(methods.iter().copied(), states).expect_err("a problem");
    assert_eq!(error.kind(), ErrorKind::Registry);
    error.to_string()
}

fn names(methods: &[&'static Method]) -> Vec<&'static str> {
    let registry = Registry::of(methods.iter().copied(), &States::default()).expect("no problem");
    assert_eq!(registry.len(), methods.len());
    registry.methods.keys().copied().collect()
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Page {
    number: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Page2 {
    numbers: Vec<u32>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Set{T}")]
struct Set<T> {
    items: Vec<T>,
}

mod other {
    use super::{Deserialize, JsonSchema, Serialize};

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Page {
        next: Option<String>,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Book {
        pages: Vec<Page>,
    }
}

struct Database;

struct Mailer;

#[test]
fn methods_are_sorted_by_name() {
    static METHODS: [Method; 3] = [method("tasks.list", 1), method("a.b", 2), method("tasks.get", 3)];
    assert_eq!(names(&[&METHODS[0], &METHODS[1], &METHODS[2]]), ["a.b", "tasks.get", "tasks.list"]);
    let registry = Registry::of(METHODS.iter(), &States::default()).expect("no problem");
    assert!(std::ptr::eq(registry.get("a.b").expect("it is there"), &raw const METHODS[1]));
    assert!(registry.get("a.c").is_none());
}

#[test]
fn an_empty_registry_says_how_handlers_are_linked() {
    let problem = problem(&[]);
    assert!(problem.contains("no method is registered"), "{problem}");
    assert!(problem.contains("`use my_handlers as _;`"), "{problem}");
}

#[test]
fn a_name_that_is_taken_names_both_places() {
    static FIRST: Method = method("tasks.get", 7);
    static SECOND: Method = method("tasks.get", 42);
    let expected = "the registered methods cannot be served, 1 problem:\n  - method `tasks.get` is registered twice, at \
                    src/tasks.rs:7 and at src/tasks.rs:42: rename one of them";
    assert_eq!(problem(&[&FIRST, &SECOND]), expected);
    assert_eq!(problem(&[&SECOND, &FIRST]), expected);
}

#[test]
fn a_state_that_is_missing_names_type_method_and_fix() {
    static METHOD: Method = needing::<State<Database>>(method("tasks.get", 7));
    assert_eq!(
        problem(&[&METHOD]),
        format!(
            "the registered methods cannot be served, 1 problem:\n  - method `tasks.get` (src/tasks.rs:7): there is no \
             `State<{}>`: give the server one with `.state(…)`",
            std::any::type_name::<Database>()
        )
    );
    let mut states = States::default();
    states.insert(Mailer);
    assert!(problem_with(&[&METHOD], &states).contains("::Database>"));
    states.insert(Database);
    assert!(Registry::of([&METHOD].into_iter(), &states).is_ok());
}

#[test]
fn two_types_of_one_name_are_refused_with_their_users() {
    static HERE: Method = taking::<Page>(method("here.get", 1));
    static THERE: Method = taking::<other::Book>(method("there.get", 2));
    let expected = "the registered methods cannot be served, 1 problem:\n  - different types are called `Page` (in the \
                    params of `here.get`, `there.get`): give one another name with `#[schemars(rename = \"…\")]`; a generic \
                    type takes its argument's name with `#[schemars(rename = \"Page{T}\")]`";
    assert_eq!(problem(&[&HERE, &THERE]), expected);
    assert_eq!(problem(&[&THERE, &HERE]), expected);
}

#[test]
fn two_results_of_one_name_are_refused() {
    static HERE: Method = returning::<Vec<Page>>(method("here.get", 1));
    static THERE: Method = returning::<Option<other::Page>>(method("there.get", 2));
    let problem = problem(&[&HERE, &THERE]);
    assert!(problem.contains("called `Page` (in the result of `here.get`, `there.get`)"), "{problem}");
}

#[test]
fn params_and_results_that_share_a_name_are_refused() {
    static HERE: Method = taking::<Page>(method("here.get", 1));
    static THERE: Method = returning::<other::Page>(method("there.get", 2));
    let problem = problem(&[&HERE, &THERE]);
    assert!(
        problem.contains("called `Page` (in the params of `here.get` and in the result of `there.get`)"),
        "{problem}"
    );

    static BOTH: Method = taking::<Page>(returning::<Page>(method("here.get", 1)));
    static LIST: Method = returning::<List<Page>>(method("there.get", 2));
    assert_eq!(names(&[&BOTH, &LIST]), ["here.get", "there.get"]);
}

#[test]
fn a_generic_type_at_two_types_is_refused_unless_its_name_tells_them_apart() {
    static LISTS: [Method; 2] = [returning::<List<u8>>(method("a.a", 1)), returning::<List<String>>(method("a.b", 2))];
    let problem = problem(&[&LISTS[0], &LISTS[1]]);
    assert!(problem.contains("called `List`"), "{problem}");
    assert!(problem.contains("#[schemars(rename = \"List{T}\")]"), "{problem}");

    static SETS: [Method; 2] = [returning::<Set<Page>>(method("a.a", 1)), returning::<Set<Page2>>(method("a.b", 2))];
    assert_eq!(names(&[&SETS[0], &SETS[1]]), ["a.a", "a.b"]);
}

#[test]
fn names_that_end_in_a_number_are_no_collision() {
    static METHODS: [Method; 4] = [
        taking::<Page2>(method("a.a", 1)),
        taking::<Page>(method("a.b", 2)),
        returning::<Page>(method("a.c", 3)),
        returning::<(Page2, Page)>(method("a.d", 4)),
    ];
    assert_eq!(names(&[&METHODS[0], &METHODS[1], &METHODS[2], &METHODS[3]]), ["a.a", "a.b", "a.c", "a.d"]);
    assert_eq!(names(&[&METHODS[1], &METHODS[0]]), ["a.a", "a.b"]);
}

#[test]
fn a_name_that_ends_in_a_number_can_collide_too() {
    mod renamed {
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        pub(super) struct Page2 {
            #[allow(dead_code)]
            other: bool,
        }
    }
    static METHODS: [Method; 3] = [
        taking::<Page>(method("a.a", 1)),
        taking::<Page2>(method("a.b", 2)),
        taking::<renamed::Page2>(method("a.c", 3)),
    ];
    let problem = problem(&[&METHODS[0], &METHODS[1], &METHODS[2]]);
    assert!(problem.contains("different types are called `Page2`"), "{problem}");
    assert!(!problem.contains("called `Page`"), "{problem}");
}

#[test]
fn a_real_name_that_looks_like_the_number_of_a_number_hides_nothing() {
    #[derive(Deserialize, JsonSchema)]
    struct Page22 {
        #[allow(dead_code)]
        other: bool,
    }
    static METHODS: [Method; 3] =
        [taking::<Page>(method("a.a", 1)), taking::<other::Page>(method("a.b", 2)), taking::<Page22>(method("a.c", 3))];
    let problem = problem(&[&METHODS[0], &METHODS[1], &METHODS[2]]);
    assert!(problem.contains("1 problem:"), "{problem}");
    assert!(problem.contains("different types are called `Page` (in the params of `a.a`, `a.b`)"), "{problem}");
}

#[test]
fn one_type_in_many_places_is_no_collision() {
    static METHODS: [Method; 3] = [
        taking::<Page>(returning::<Page>(method("a.a", 1))),
        taking::<Vec<Page>>(returning::<List<Page>>(method("a.b", 2))),
        returning::<List<Page>>(method("a.c", 3)),
    ];
    assert_eq!(names(&[&METHODS[0], &METHODS[1], &METHODS[2]]), ["a.a", "a.b", "a.c"]);
}

#[test]
fn all_problems_are_listed_at_once_in_the_same_order_every_time() {
    static METHODS: [Method; 5] = [
        needing::<State<Mailer>>(method("tasks.mail", 3)),
        taking::<Page>(method("tasks.get", 9)),
        needing::<State<Database>>(taking::<other::Page>(method("tasks.get", 2))),
        returning::<List<u8>>(method("a.a", 5)),
        returning::<List<u16>>(method("a.b", 6)),
    ];
    let mut order = [0, 1, 2, 3, 4];
    let mut problems = Vec::new();
    for _ in 0..order.len() {
        order.rotate_left(1);
        problems.push(problem(&order.map(|i| &METHODS[i])));
        let reversed: Vec<_> = order.iter().rev().map(|i| &METHODS[*i]).collect();
        problems.push(problem(&reversed));
    }
    assert!(problems.windows(2).all(|pair| pair[0] == pair[1]));

    let lines: Vec<&str> = problems[0].lines().collect();
    let expected = [
        "5 problems:",
        "method `tasks.get` (src/tasks.rs:2): there is no `State<",
        "method `tasks.get` is registered twice, at src/tasks.rs:2 and at src/tasks.rs:9",
        "method `tasks.mail` (src/tasks.rs:3): there is no `State<",
        "called `List` (in the result of `a.a`, `a.b`)",
        "called `Page` (in the params of `tasks.get`",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(expected), "{line}: {expected}");
    }
}
