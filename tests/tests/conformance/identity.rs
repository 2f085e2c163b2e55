//! The server, not the caller, determines the caller's identity.

use serde_json::json;
use tests::tokens::in_seconds;
use tests::{Raw, Tokens, unique};

use crate::backend::{Backend, REQUESTS, Running, request_of};

const TOKEN_EXPIRED: u32 = 109;
const INVALID_TOKEN: u32 = 3500;
const BAD_REQUEST: u32 = 3501;
const EXPIRED: u32 = 3005;

pub(crate) async fn a_request_says_who_sent_it(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut worker = server.worker(&unique("worker")).await;
    let token = server.tokens().connection_with_info(&alice, &json!({"role": "admin"}));
    let mut caller = Raw::connect(&server, &token).await;
    let data = json!({"method": "tasks.get_stats", "params": {"a": [1, "ü", null]}});
    caller.publish(REQUESTS, &data).await.expect("published");

    let request = request_of(&mut worker, &alice).await;
    assert_eq!(request["data"], data);
    let info = json!({"user": alice, "client": caller.client(), "conn_info": {"role": "admin"}});
    assert_eq!(request["info"], info);
}

pub(crate) async fn what_a_caller_writes_about_itself_changes_nothing(backend: Backend) {
    let server = backend.shared().await;
    let mallory = unique("mallory");
    let mut worker = server.worker(&unique("worker")).await;
    let mut caller = server.connect(&mallory).await;
    let info = json!({"user": "alice", "client": "1", "conn_info": {"role": "admin"}});
    let publish = json!({"channel": REQUESTS, "data": {"info": info}, "info": info});
    caller.ok("publish", publish).await;

    let request = request_of(&mut worker, &mallory).await;
    // Without info in the token, `conn_info` is absent.
    assert_eq!(request["info"], json!({"user": mallory, "client": caller.client()}));
}

pub(crate) async fn a_publication_of_the_api_has_no_sender(backend: Backend) {
    let server = backend.shared().await;
    let mut worker = server.worker(&unique("worker")).await;
    let control = json!({"control": unique("c")});
    server.api().publish(REQUESTS, &control).await;
    let push = worker.push("the control message", |push| push["pub"]["data"] == control).await;
    assert_eq!(push["pub"].get("info"), None, "{push}");
}

pub(crate) async fn a_connection_needs_a_token(backend: Backend) {
    let server = backend.shared().await;
    let mut anonymous = Raw::open(&server).await;
    assert_eq!(anonymous.refused("connect", json!({})).await, BAD_REQUEST);
}

pub(crate) async fn a_token_with_a_wrong_signature_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut mallory = Raw::open(&server).await;
    let token = Tokens::new("guessed").connection("alice");
    assert_eq!(mallory.refused("connect", json!({"token": token})).await, INVALID_TOKEN);
}

pub(crate) async fn an_unsigned_token_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut mallory = Raw::open(&server).await;
    // {"alg":"none","typ":"JWT"}.{"sub":"alice"}.
    let token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhbGljZSJ9.";
    assert_eq!(mallory.refused("connect", json!({"token": token})).await, INVALID_TOKEN);
}

pub(crate) async fn a_token_that_is_no_token_is_refused(backend: Backend) {
    let server = backend.shared().await;
    for token in ["garbage", "a.b.c", "...."] {
        let mut mallory = Raw::open(&server).await;
        assert_eq!(mallory.refused("connect", json!({"token": token})).await, INVALID_TOKEN, "{token}");
    }
}

pub(crate) async fn an_expired_token_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut late = Raw::open(&server).await;
    let token = server.tokens().of(&json!({"sub": unique("alice"), "exp": in_seconds(-60)}));
    assert_eq!(late.refused("connect", json!({"token": token})).await, TOKEN_EXPIRED);
}

pub(crate) async fn a_token_is_refreshed(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = Raw::open(&server).await;
    let short = server.tokens().of(&json!({"sub": alice, "exp": in_seconds(60)}));
    let connected = caller.ok("connect", json!({"token": short})).await;
    assert_eq!(connected["expires"], true, "{connected}");
    assert!(connected["ttl"].as_u64().is_some_and(|ttl| (50..=60).contains(&ttl)), "{connected}");

    let long = server.tokens().connection(&alice);
    let refreshed = caller.ok("refresh", json!({"token": long})).await;
    assert_eq!(refreshed["expires"], true, "{refreshed}");
    assert!(refreshed["ttl"].as_u64().is_some_and(|ttl| ttl > 3500), "{refreshed}");

    let expired = server.tokens().of(&json!({"sub": alice, "exp": in_seconds(-60)}));
    assert_eq!(caller.refused("refresh", json!({"token": expired})).await, EXPIRED);
}

pub(crate) async fn a_refreshed_token_of_another_user_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    let mut mallory = server.connect(&unique("mallory")).await;
    let token = server.tokens().connection(&unique("alice"));
    assert_eq!(mallory.refused("refresh", json!({"token": token})).await, INVALID_TOKEN);
}

pub(crate) async fn a_connection_ends_when_its_token_is_not_refreshed(backend: Backend) {
    let server = backend.with(json!({"client": {"expired_close_delay": "1s"}})).await;
    let mut caller = Raw::open(&server).await;
    let token = server.tokens().of(&json!({"sub": "alice", "exp": in_seconds(1)}));
    caller.ok("connect", json!({"token": token})).await;
    let close = caller.closed().await;
    assert_eq!((close.code, close.reason.as_str()), (EXPIRED, "connection expired"));
}

pub(crate) async fn a_user_without_a_name_has_replies_of_its_own(backend: Backend) {
    let server = backend.shared().await;
    let mut anonymous = server.connect("").await;
    let replies = Running::replies("");
    anonymous.subscribe(&replies, None).await.expect("subscribed");
    server.api().publish(&replies, &json!(1)).await;
    assert_eq!(anonymous.publication(&replies).await["data"], 1);
    assert_eq!(anonymous.refused("subscribe", json!({"channel": Running::replies("alice")})).await, 103);
}
