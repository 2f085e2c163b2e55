//! A small contract with an example of everything, for the tests of lowering and of the generators. Further cases are
//! in the zoo of the `tests` member, where serde is the referee.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ir::Api;
use crate::error::RpcError;
use crate::service::contract::Contract;
use crate::service::macro_support::boxed;
use crate::service::method::{Location, Method, MethodOptions, Type};
use crate::service::registry::Registry;
use crate::service::states::States;

/// A method that is not registered.
pub(crate) const fn method(name: &'static str, description: &'static str, options: MethodOptions) -> Method {
    Method::new(
        name,
        description,
        options,
        || None,
        Type::of::<()>,
        |_| {},
        |_| boxed(async { Err(RpcError::internal("never called")) }),
        Location::new("src/tasks.rs", 1),
    )
}

pub(crate) const PLAIN: MethodOptions = MethodOptions::new();

/// The contract of these methods.
pub(crate) fn contract(methods: &[&'static Method]) -> Contract {
    let registry = Registry::of(methods.iter().copied(), &States::default());
    Contract::of(&registry.expect("no problem"))
}

/// The contract of one method that takes a `P` and returns an `R`.
pub(crate) fn contract_of<P: JsonSchema + 'static, R: JsonSchema + 'static>() -> Contract {
    let method = Method { params: || Some(Type::of::<P>()), result: Type::of::<R>, ..method("tasks.do", "", PLAIN) };
    contract(&[Box::leak(Box::new(method))])
}

pub(crate) fn api() -> Api {
    static PUT: Method = Method {
        params: || Some(Type::of::<Task>()),
        result: Type::of::<Task>,
        ..method("tasks.put", "Puts a task.\n\nWith `*/`, \"\"\" and \\ in its docs.", PLAIN)
    };
    static LIST: Method = Method {
        params: || Some(Type::of::<Filter>()),
        result: Type::of::<Vec<Task>>,
        ..method("tasks.list", "", PLAIN.deprecated("use `tasks.search`").idempotent())
    };
    static TOUCH: Method = method("tasks.touch", "Touches.", PLAIN.notification());
    static COUNT: Method = Method { result: Type::of::<u32>, ..method("tasks.count", "Counts.", PLAIN) };
    super::lower(&contract(&[&PUT, &LIST, &TOUCH, &COUNT])).expect("no problem")
}

/// A thing to do.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Task {
    /// Its number
    id: u64,
    title: String,
    /// May be left out
    due: Option<String>,
    state: State,
    shape: Shape,
    event: Event,
    value: Value,
    by_id: BTreeMap<u32, Point>,
    tags: BTreeSet<String>,
    pair: (i32, String),
    triple: [u8; 3],
    children: Vec<Task>,
    #[serde(rename = "class")]
    class: bool,
    anything: serde_json::Value,
    #[serde(flatten)]
    more: BTreeMap<String, f64>,
}

/// How far it is
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Nobody began
    Open,
    InProgress,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Shape {
    Empty,
    /// Around a point
    Circle {
        center: Point,
        radius: f64,
    },
    Polygon(Vec<Point>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum Event {
    Created,
    Moved(Point),
    Renamed { from: String, to: Option<String> },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Value {
    Nothing,
    Number(i64),
    Text(String),
    Point(Point),
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Filter {
    #[serde(default = "ten")]
    limit: u32,
    #[serde(flatten)]
    by: Option<By>,
}

fn ten() -> u32 {
    10
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", content = "what")]
enum By {
    Title(String),
    Everything,
}
