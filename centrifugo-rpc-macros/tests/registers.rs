//! Tests of the expansion: the function stays a function, and its registration has the data that was written.

#![deny(warnings, clippy::all, clippy::pedantic, missing_docs)]
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::time::Duration;

use centrifugo_rpc::__private::inventory;
use centrifugo_rpc::{Call, Connection, FromCall, Method, MethodKind, RpcError, State, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
// A crate of handlers is linked only if the program refers to it.
use {fixture_reexported as _, fixture_renamed as _};

fn methods() -> BTreeMap<&'static str, &'static Method> {
    inventory::iter::<Method>.into_iter().map(|method| (method.name(), method)).collect()
}

fn method(name: &str) -> &'static Method {
    methods().get(name).copied().unwrap_or_else(|| panic!("`{name}` is not registered"))
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Params {
    user_id: String,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Stats {
    total: usize,
}

#[derive(Debug, PartialEq)]
struct TooMany(usize);

impl From<TooMany> for RpcError {
    fn from(error: TooMany) -> Self {
        Self::application(1001, format!("{} are too many", error.0))
    }
}

type Outcome<T> = Result<T, TooMany>;

struct Admin;

impl FromCall for Admin {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        call.connection().require_user().map(|_| Self)
    }
}

struct Pair(u8, u8);

impl FromCall for Pair {
    async fn from_call(_: &Call) -> Result<Self, RpcError> {
        Ok(Self(1, 2))
    }
}

/// Counts.
#[websocket_rpc("shapes.value")]
async fn value(params: Params) -> Stats {
    Stats { total: params.user_id.len() }
}

#[websocket_rpc("shapes.result")]
async fn result(Params { user_id }: Params) -> Result<Stats, RpcError> {
    Err(RpcError::permission_denied(user_id))
}

#[websocket_rpc("shapes.own_error")]
async fn own_error(mut limit: usize) -> Result<Stats, TooMany> {
    limit += 1;
    Err(TooMany(limit))
}

#[websocket_rpc("shapes.alias")]
async fn alias() -> Outcome<()> {
    Err(TooMany(0))
}

#[websocket_rpc("shapes.nothing", no_wait)]
async fn nothing(_: Connection) {}

#[websocket_rpc("shapes.result_of_nothing", no_wait)]
async fn result_of_nothing() -> Outcome<()> {
    Ok(())
}

#[websocket_rpc("shapes.text")]
async fn text() -> &'static str {
    "text"
}

#[websocket_rpc("shapes.extractors")]
async fn extractors(_: Admin, Pair(a, b): Pair, State(_names): State<Vec<&'static str>>, _: Connection) -> u8 {
    a + b
}

#[websocket_rpc("shapes.many_arguments")]
#[allow(clippy::too_many_arguments)]
async fn many_arguments(
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    _: Pair,
    last: u8,
) -> u8 {
    last
}

#[websocket_rpc("shapes.awaits")]
async fn awaits(params: Params) -> Stats {
    value(params).await
}

#[websocket_rpc("options.none")]
async fn no_options() {}

#[websocket_rpc(
    "options.all",
    idempotent,
    no_wait,
    timeout = "1m 30s 5ms",
    max_concurrency = 16,
    deprecated = "use options.none",
    crate = ::centrifugo_rpc,
)]
async fn all_options() {}

#[websocket_rpc("options.largest", timeout = "24h", max_concurrency = 4_294_967_295)]
async fn largest_options() {}

/// The first line.
///
/// - an item
///   that goes on
#[websocket_rpc("docs.above")]
/// And the last, \ with "signs" in {it}.
#[doc = ""]
async fn documented() {}

/**
 * A block
 *   of lines.
 */
#[websocket_rpc("docs.block")]
async fn documented_by_a_block() {}

/// Before.
#[doc = concat!("Put ", "together")]
/// After.
#[websocket_rpc("docs.built")]
#[doc(alias = "nothing of this")]
async fn documented_by_an_expression() {}

/// Runs everywhere.
#[websocket_rpc("cfg.is_there")]
#[cfg(test)]
async fn is_there() {}

#[cfg(not(test))]
#[websocket_rpc("cfg.before")]
async fn is_not_there(_: NoSuchType) {}

#[websocket_rpc("cfg.after")]
#[cfg(not(test))]
async fn is_not_there_either(_: NoSuchType) {}

#[websocket_rpc("cfg.attr")]
#[cfg_attr(test, cfg(not(test)))]
async fn is_not_there_at_all(_: NoSuchType) {}

/// A deprecated function.
#[deprecated = "call `value`"]
#[websocket_rpc("lints.deprecated")]
async fn deprecated() {}

#[deprecated = "use `Stats`"]
type Old = Stats;

#[allow(deprecated)]
#[websocket_rpc("lints.deprecated_type")]
async fn deprecated_type() -> Old {
    Old { total: 0 }
}

#[websocket_rpc("lints.raw")]
#[expect(non_snake_case, reason = "of its own")]
async fn r#type(Camel: String) -> usize {
    Camel.len()
}

/// Handlers in modules, with names that are also used elsewhere.
pub mod inner {
    use super::websocket_rpc;

    /// Is public, and documented.
    #[websocket_rpc("inner.value")]
    pub async fn value(user_id: String) -> usize {
        user_id.len()
    }

    mod innermost {
        use super::super::{Stats, websocket_rpc};

        #[websocket_rpc("inner.innermost.value")]
        pub(in super::super) async fn value() -> Option<Stats> {
            None
        }
    }

    pub(super) use innermost::value as innermost_value;
}

macro_rules! handlers {
    ($($name:ident: $method:literal, $params:ty => $result:ty;)*) => {
        $(
            #[websocket_rpc($method)]
            async fn $name(params: $params) -> $result {
                params.into()
            }
        )*
    };
}

handlers! {
    widen: "generated.widen", u8 => u32;
    wrap: "generated.wrap", Vec<u8> => Vec<u8>;
}

#[tokio::test]
async fn the_function_is_still_there_to_be_called() {
    let params = || Params { user_id: "42".to_owned() };
    assert_eq!(value(params()).await, Stats { total: 2 });
    assert_eq!(awaits(params()).await, Stats { total: 2 });
    assert_eq!(result(params()).await.expect_err("refused").code(), 403);
    assert_eq!(own_error(7).await, Err(TooMany(8)));
    assert_eq!(alias().await, Err(TooMany(0)));
    assert_eq!(result_of_nothing().await, Ok(()));
    assert_eq!(text().await, "text");
    assert_eq!(inner::value("42".to_owned()).await, 2);
    assert_eq!(inner::innermost_value().await, None);
    assert_eq!(r#type("abc".to_owned()).await, 3);
    assert_eq!(widen(7).await, 7);
    assert_eq!(wrap(vec![7]).await, [7]);
    no_options().await;
    assert!(fixture_renamed::without_arguments().await);
    assert!(fixture_reexported::without_arguments().await);
}

#[test]
fn every_shape_is_registered_once() {
    let all: Vec<&str> = inventory::iter::<Method>.into_iter().map(Method::name).collect();
    assert_eq!(all.len(), methods().len());
    for name in ["value", "result", "own_error", "alias", "nothing", "text", "extractors", "many_arguments", "awaits"] {
        method(&format!("shapes.{name}"));
    }
    for name in ["inner.value", "inner.innermost.value", "generated.widen", "generated.wrap", "lints.raw"] {
        method(name);
    }
}

#[test]
fn a_renamed_or_re_exported_library_is_found() {
    for name in ["renamed", "renamed_without_arguments", "reexported", "reexported_here"] {
        method(&format!("fixtures.{name}"));
    }
}

#[test]
fn a_function_that_is_not_compiled_is_not_registered() {
    let methods = methods();
    assert!(methods.contains_key("cfg.is_there"));
    assert_eq!(methods.keys().filter(|name| name.starts_with("cfg.")).count(), 1);
}

#[test]
fn options_are_what_was_written() {
    let none = method("options.none").options();
    assert!(none.kind == MethodKind::Unary && !none.idempotent);
    assert_eq!((none.timeout, none.max_concurrency, none.deprecated), (None, None, None));

    let all = method("options.all").options();
    assert!(all.kind == MethodKind::Notification && all.idempotent);
    assert_eq!(all.timeout, Some(Duration::from_millis(90_005)));
    assert_eq!((all.max_concurrency, all.deprecated), (Some(16), Some("use options.none")));

    let largest = method("options.largest").options();
    assert_eq!((largest.timeout, largest.max_concurrency), (Some(Duration::from_secs(86_400)), Some(u32::MAX)));
}

#[test]
fn the_doc_comment_is_the_description() {
    for (name, description) in [
        ("options.none", ""),
        ("shapes.value", "Counts."),
        ("docs.above", "The first line.\n\n- an item\n  that goes on\nAnd the last, \\ with \"signs\" in {it}."),
        ("docs.block", "A block\n  of lines."),
        ("docs.built", "Before.\nPut together\nAfter."),
    ] {
        assert_eq!(method(name).description(), description, "{name}");
    }
}
