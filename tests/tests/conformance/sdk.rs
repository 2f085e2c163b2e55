//! The official JavaScript SDK, in both its builds.

use serde_json::{Value, json};
use tests::{Node, Process, Server, TcpProxy, unique};

use crate::backend::{Backend, REQUESTS, Running, request_of};

const SCRIPT: &str = "sdk.mjs";

pub(crate) async fn the_javascript_sdk_calls_and_is_answered(backend: Backend) {
    calls_and_is_answered(backend, "json").await;
}

pub(crate) async fn the_javascript_sdk_in_protobuf_calls_and_is_answered(backend: Backend) {
    calls_and_is_answered(backend, "protobuf").await;
}

pub(crate) async fn the_javascript_sdk_recovers_after_a_disconnect(backend: Backend) {
    recovers_after_a_disconnect(backend, "json").await;
}

pub(crate) async fn the_javascript_sdk_in_protobuf_recovers_after_a_disconnect(backend: Backend) {
    recovers_after_a_disconnect(backend, "protobuf").await;
}

pub(crate) async fn the_javascript_sdk_is_refused_what_is_not_its_own(backend: Backend) {
    let server = backend.shared().await;
    let caller = start(&server, "json", &unique("alice"), REQUESTS, &[]);
    assert_eq!(next(&caller, "unsubscribed").await["code"], 103);
}

async fn calls_and_is_answered(backend: Backend, format: &str) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut worker = server.worker(&unique("worker")).await;
    let replies = Running::replies(&alice);
    let request = json!({"method": "tasks.get_stats", "reply_to": replies, "params": {"text": "ü"}});
    let publish = [("PUBLISH_INTO", REQUESTS), ("PUBLISH", &request.to_string())];
    let caller = start(&server, format, &alice, &replies, &publish);

    let seen = request_of(&mut worker, &alice).await;
    assert_eq!(seen["data"], request);
    assert_eq!(seen["info"]["user"], alice.as_str());
    next(&caller, "published").await;
    let reply = json!({"correlation_id": "1", "result": {"total": 100, "text": "ü"}});
    server.api().publish(&replies, &reply).await;
    let publication = next(&caller, "publication").await;
    assert_eq!((&publication["data"], &publication["offset"]), (&reply, &json!(1)));
}

async fn recovers_after_a_disconnect(backend: Backend, format: &str) {
    let server = backend.own().await;
    let api = server.api();
    let (proxy, through) = TcpProxy::before(&server).await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let worker = start(&through, format, "worker", REQUESTS, &[("SUBSCRIPTION_TOKEN", &token)]);
    let subscribed = next(&worker, "subscribed").await;
    assert_eq!(subscribed, json!({"wasRecovering": false, "recovered": false}));
    api.publish(REQUESTS, &json!("seen")).await;
    assert_eq!(next(&worker, "publication").await["data"], "seen");

    proxy.refuse().await;
    api.ok("disconnect", json!({"user": "worker", "disconnect": {"code": 3001, "reason": "shutdown"}})).await;
    assert_eq!(next(&worker, "connecting").await["code"], 3001);
    for n in 2..=10 {
        api.publish(REQUESTS, &json!(n)).await;
    }
    proxy.accept().await;

    let subscribed = next(&worker, "subscribed").await;
    assert_eq!(subscribed, json!({"wasRecovering": true, "recovered": true}));
    for n in 2..=10 {
        let publication = next(&worker, "publication").await;
        assert_eq!((&publication["data"], &publication["offset"]), (&json!(n), &json!(n)));
    }
}

fn start(server: &Server, format: &str, user: &str, channel: &str, env: &[(&str, &str)]) -> Process {
    let token = server.tokens().connection(user);
    let mut all = vec![("URL", server.url.as_str()), ("TOKEN", &token), ("CHANNEL", channel)];
    all.extend_from_slice(env);
    Node::install().start(SCRIPT, &[format], &all)
}

/// Waits for the script's next event of this kind, and returns its data.
async fn next(script: &Process, event: &str) -> Value {
    let start = format!("{event} {{");
    let line = script.next_line(&start).await;
    serde_json::from_str(&line[event.len()..]).unwrap_or_else(|error| panic!("{error} in {line:?}"))
}
