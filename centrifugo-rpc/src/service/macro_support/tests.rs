//! Runs handlers as the server does: from a call to a reply.

use std::cell::RefCell;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::*;
use crate::service::call::Call;
use crate::service::extract::FromCall;
use crate::service::method::Method;
use crate::service::params::decode;
use crate::service::states::{Needs, States};
use crate::{Caller, Connection, State, websocket_rpc};

#[derive(Debug, Deserialize)]
struct Filter {
    #[allow(dead_code)]
    limit: u32,
}

#[derive(Debug, Deserialize)]
struct Search {
    #[allow(dead_code)]
    filter: Filter,
}

fn message<T: DeserializeOwned + std::fmt::Debug>(params: Option<&[u8]>) -> String {
    decode::<T>(params).expect_err("invalid").message().to_owned()
}

#[test]
fn invalid_params_name_the_field() {
    assert_eq!(message::<Filter>(None), "invalid params: missing field `limit`");
    assert_eq!(message::<Filter>(Some(b"null")), "invalid params: missing field `limit`");
    assert_eq!(
        message::<Search>(Some(br#"{"filter":{"limit":"x"}}"#)),
        "invalid params: filter.limit: invalid type: string \"x\", expected u32"
    );
}

#[test]
fn invalid_params_never_echo_the_input() {
    let long = format!(r#"{{"filter":{{"limit":"{}"}}}}"#, "x".repeat(60_000));
    assert!(message::<Search>(Some(long.as_bytes())).len() < 300);
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    assert!(message::<serde_json::Value>(Some(deep.as_bytes())).contains("recursion limit"));
}

#[test]
fn absent_params_are_what_the_type_takes_them_for() {
    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Page {
        number: u32,
    }
    assert_eq!(decode::<Page>(None).expect("defaults").number, 0);
    assert_eq!(decode::<Option<u8>>(None).expect("null"), None);
    decode::<()>(None).expect("nothing");
}

fn call(name: &str, caller: Caller, params: Option<&'static str>) -> Result<String, RpcError> {
    let method = inventory::iter::<Method>.into_iter().find(|method| method.name() == name).expect("it is registered");
    let connection = Connection::new(caller, method.name(), None, None, Instant::now());
    let mut states = States::default();
    states.insert("a state".to_owned());
    let call = Call::new(method, connection, params.map(|json| Bytes::from_static(json.as_bytes())), states);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let reply = runtime.block_on((method.handle)(call))?;
    Ok(String::from_utf8(reply.json().to_vec()).expect("JSON"))
}

fn answer(name: &str, params: Option<&'static str>) -> String {
    call(name, Caller::user("42"), params).expect("an answer")
}

fn refusal(name: &str, params: Option<&'static str>) -> (u16, String) {
    let error = call(name, Caller::anonymous(), params).expect_err("refused");
    (error.code(), error.message().to_owned())
}

#[derive(Debug)]
struct TooMany;

impl From<TooMany> for RpcError {
    fn from(_: TooMany) -> Self {
        Self::application(1001, "too many")
    }
}

type Outcome<T> = Result<T, TooMany>;

#[websocket_rpc("handler_tests.value")]
async fn value(conn: Connection, limit: u32) -> String {
    format!("{} {limit}", conn.user())
}

#[websocket_rpc("handler_tests.result")]
async fn result(limit: u32) -> Result<u32, RpcError> {
    (limit > 0).then_some(limit).ok_or_else(|| RpcError::permission_denied("nothing"))
}

#[websocket_rpc("handler_tests.own_error")]
async fn own_error() -> Result<(), TooMany> {
    Err(TooMany)
}

#[websocket_rpc("handler_tests.alias")]
async fn alias(limit: u32) -> Outcome<u32> {
    if limit > 9 { Err(TooMany) } else { Ok(limit) }
}

#[websocket_rpc("handler_tests.nothing")]
async fn nothing_at_all() {}

#[websocket_rpc("handler_tests.unencodable")]
async fn unencodable() -> Option<Unencodable> {
    Some(Unencodable)
}

#[derive(JsonSchema)]
struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a secret reason"))
    }
}

thread_local! {
    static STEPS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

struct First;

impl FromCall for First {
    async fn from_call(_: &Call) -> Result<Self, RpcError> {
        STEPS.with_borrow_mut(|steps| steps.push("first"));
        Ok(Self)
    }
}

struct User(String);

impl FromCall for User {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        STEPS.with_borrow_mut(|steps| steps.push("user"));
        tokio::task::yield_now().await;
        call.connection().require_user().map(|user| Self(user.to_owned()))
    }
}

#[derive(JsonSchema)]
struct Watched;

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: serde::Deserializer<'de>>(params: D) -> Result<Self, D::Error> {
        STEPS.with_borrow_mut(|steps| steps.push("params"));
        u32::deserialize(params).map(|_| Self)
    }
}

#[websocket_rpc("handler_tests.order")]
async fn order(_: First, user: User, _: Watched) -> String {
    STEPS.with_borrow_mut(|steps| steps.push("handler"));
    user.0
}

#[websocket_rpc("handler_tests.extractor_last")]
async fn extractor_last(_: First, user: User) -> String {
    user.0
}

#[test]
fn values_results_and_aliases_become_replies() {
    assert_eq!(answer("handler_tests.value", Some("7")), "\"42 7\"");
    assert_eq!(answer("handler_tests.result", Some("7")), "7");
    assert_eq!(answer("handler_tests.alias", Some("7")), "7");
    assert_eq!(answer("handler_tests.nothing", None), "null");
}

#[test]
fn errors_become_refusals() {
    assert_eq!(refusal("handler_tests.result", Some("0")), (403, "nothing".to_owned()));
    assert_eq!(refusal("handler_tests.own_error", None), (1001, "too many".to_owned()));
    assert_eq!(refusal("handler_tests.alias", Some("10")), (1001, "too many".to_owned()));
    assert_eq!(refusal("handler_tests.unencodable", None), (500, "internal error".to_owned()));
}

#[test]
fn extractors_run_in_order_and_before_the_params_are_decoded() {
    STEPS.take();
    assert_eq!(answer("handler_tests.order", Some("7")), "\"42\"");
    assert_eq!(STEPS.take(), ["first", "user", "params", "handler"]);

    assert_eq!(refusal("handler_tests.order", Some("\"not a number\"")).0, 401);
    assert_eq!(STEPS.take(), ["first", "user"]);
}

#[test]
fn a_method_without_params_takes_none() {
    for name in ["handler_tests.nothing", "handler_tests.extractor_last"] {
        for none in [None, Some("null"), Some(" {\"unknown\": 1}")] {
            answer(name, none);
        }
        for some in ["[]", "7", "\"text\""] {
            let error = call(name, Caller::user("42"), Some(some)).expect_err("refused");
            assert_eq!(error.message(), "invalid params: this method takes none");
        }
    }
    // The refusal of an extractor takes precedence over the error about params.
    assert_eq!(refusal("handler_tests.extractor_last", Some("[]")).0, 401);
}

#[test]
fn the_contract_knows_params_and_result() {
    let shapes = |name: &str| {
        let method = inventory::iter::<Method>.into_iter().find(|method| method.name() == name).expect("registered");
        let mut generator = schemars::SchemaGenerator::default();
        let params = (method.params)().map(|kind| kind.describe(&mut generator).to_value());
        (
            params.map(|schema| schema["type"].clone()),
            (method.result)().describe(&mut generator).to_value()["type"].clone(),
        )
    };
    assert_eq!(shapes("handler_tests.value"), (Some("integer".into()), "string".into()));
    assert_eq!(shapes("handler_tests.alias"), (Some("integer".into()), "integer".into()));
    assert_eq!(shapes("handler_tests.extractor_last"), (None, "string".into()));
    assert_eq!(shapes("handler_tests.nothing"), (None, "null".into()));
}

/// No method is registered here: every other test of this crate would fail on the missing state.
#[test]
fn the_needs_of_extractors_are_known_wherever_they_stand() {
    let missing = |needs: &Needs| needs.missing_in(&States::default()).count();
    let mut needs = Needs::default();
    let probe = Probe::<State<String>>::new();
    probe.extractor(probe.extracts()).needs(&mut needs);
    assert_eq!(missing(&needs), 1);
    probe.argument(probe.extracts(), probe.decodes(), probe.described()).needs(&mut needs);
    assert_eq!(missing(&needs), 2);
    let probe = Probe::<u32>::new();
    probe.argument(probe.extracts(), probe.decodes(), probe.described()).needs(&mut needs);
    assert_eq!(missing(&needs), 2);
}
