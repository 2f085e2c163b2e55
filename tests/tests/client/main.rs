//! The promises of the Rust caller, against a real Centrifugo and a worker that the test plays by hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use centrifugo_rpc::{BoxError, CallError, CallOptions, Client, ClientBuilder, Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};
use tests::tokens::in_seconds;
use tests::{Api, Centrifugo, Raw, Server, TcpProxy, config, eventually, unique, within};
use tokio::task::JoinHandle;

mod connecting;
mod losses;
mod together;

const REQUESTS: &str = "rpc:requests";

/// A worker that does only what the test does with it.
struct Worker {
    raw: Raw,
    api: Api,
}

impl Worker {
    async fn start(server: &Server) -> Self {
        let mut raw = server.connect("worker").await;
        let token = server.tokens().subscription("worker", REQUESTS);
        raw.subscribe(REQUESTS, Some(&token)).await.expect("a worker may subscribe");
        Self { raw, api: server.api() }
    }

    /// Waits for the next request, notification or cancellation.
    async fn request(&mut self) -> Value {
        self.raw.publication(REQUESTS).await["data"].take()
    }

    /// Returns the requests that have arrived.
    async fn requests(&mut self) -> Vec<Value> {
        let pushes = self.raw.pushes().await.into_iter();
        pushes.filter_map(|mut push| push.get_mut("pub").map(|publication| publication["data"].take())).collect()
    }

    async fn reply(&self, request: &Value, mut reply: Value) {
        reply["correlation_id"] = request["correlation_id"].clone();
        self.api.publish(request["reply_to"].as_str().expect("a reply channel"), &reply).await;
    }

    async fn answer(&self, request: &Value, result: Value) {
        self.reply(request, json!({ "result": result })).await;
    }

    /// Waits for the cancellation of `request`.
    async fn cancelled(&mut self, request: &Value) {
        let cancel = self.request().await;
        assert_eq!(cancel, json!({ "cancel": request["correlation_id"], "reply_to": request["reply_to"] }));
    }
}

fn client(server: &Server, user: &str) -> ClientBuilder {
    Client::builder(&server.url).token(server.tokens().connection(user))
}

async fn connect(server: &Server, user: &str) -> Client {
    within("a client to connect", client(server, user).connect()).await.expect("a client")
}

fn call(client: &Client, method: &'static str, params: Value) -> JoinHandle<Result<Value, CallError>> {
    let client = client.clone();
    tokio::spawn(async move { client.call(method, &params).await })
}

async fn outcome(call: JoinHandle<Result<Value, CallError>>) -> Result<Value, CallError> {
    within("the call to end", call).await.expect("the call does not panic")
}

fn seconds(seconds: u64) -> CallOptions {
    CallOptions::new().timeout(Duration::from_secs(seconds))
}

fn millis(millis: u64) -> CallOptions {
    CallOptions::new().timeout(Duration::from_millis(millis))
}

/// Returns the options of the protocol with `changes`; namespace 0 is `rpc`, namespace 1 is `reply`.
fn changed(changes: &[(usize, &str, Value)]) -> Value {
    let mut namespaces = config::protocol()["channel"]["namespaces"].clone();
    for (index, option, value) in changes {
        namespaces[*index][*option] = value.clone();
    }
    config::with(config::protocol(), json!({ "channel": { "namespaces": namespaces } }))
}

/// Waits until `clients` are connected to the reply channel of `request`. Centrifugo must have presence there.
async fn connected(api: &Api, request: &Value, clients: u64) {
    eventually("the connection to end", async || {
        let stats = api.ok("presence_stats", json!({ "channel": request["reply_to"] })).await;
        (stats["num_clients"].as_u64() == Some(clients)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_call_sends_the_documented_request_and_gets_its_result() {
    #[derive(Debug, Deserialize)]
    struct TaskStats {
        total: u32,
        note: String,
    }

    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = {
        let client = client.clone();
        tokio::spawn(async move {
            let options = seconds(5).traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            client.call_with::<TaskStats>("tasks.get_stats", &json!({ "user_id": "é\u{2028}\"" }), options).await
        })
    };
    let request = worker.request().await;
    let reply_to = request["reply_to"].as_str().expect("a reply channel");
    let session = reply_to.strip_prefix("reply:").and_then(|rest| rest.strip_suffix("#42")).expect("the caller's own");
    assert_eq!(uuid::Uuid::parse_str(session).expect("a UUID").get_version_num(), 4);
    let correlation_id = request["correlation_id"].as_str().expect("an id");
    assert_eq!(uuid::Uuid::parse_str(correlation_id).expect("a UUID").get_version_num(), 4);
    let rest = json!({
        "method": "tasks.get_stats",
        "correlation_id": correlation_id,
        "reply_to": reply_to,
        "params": { "user_id": "é\u{2028}\"" },
        "timeout_ms": 5000,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "batch": true,
    });
    assert_eq!(request, rest);
    worker.answer(&request, json!({ "total": 100, "note": "日本 🎉 \u{0}", "more": 1 })).await;
    let stats = within("the result", calling).await.expect("no panic").expect("a result");
    assert_eq!((stats.total, stats.note.as_str()), (100, "日本 🎉 \u{0}"));
}

#[tokio::test]
async fn a_method_without_params_and_result_is_called_with_units() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = tokio::spawn(async move { client.call::<()>("a.b", &()).await });
    let request = worker.request().await;
    assert!(request.get("params").is_none(), "{request}");
    assert_eq!(request["timeout_ms"], 30_000);
    worker.answer(&request, Value::Null).await;
    within("the result", calling).await.expect("no panic").expect("nothing");
}

#[tokio::test]
async fn an_error_arrives_with_code_message_and_data() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    for code in [400, 401, 403, 404, 408, 413, 429, 499, 500, 503, 504, 1000, 1999] {
        let calling = call(&client, "a.b", json!({}));
        let request = worker.request().await;
        worker.reply(&request, json!({ "error": { "code": code, "message": "nö", "data": { "path": ["x"] } } })).await;
        let error = outcome(calling).await.expect_err("an error");
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.is_retryable(), [429, 503].contains(&code));
        let CallError::Rpc(error) = error else { panic!("answered: {error}") };
        assert_eq!(
            (error.message(), error.data()),
            ("nö", Some(HashMap::from([("path".to_owned(), ["x".to_owned()])])))
        );
    }
}

#[tokio::test]
async fn a_result_of_another_shape_names_the_field() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = tokio::spawn(async move { client.call::<HashMap<String, Vec<u8>>>("a.b", &()).await });
    let request = worker.request().await;
    worker.answer(&request, json!({ "ids": [1, 300] })).await;
    let error = within("an error", calling).await.expect("no panic").expect_err("of another shape");
    assert!(matches!(error, CallError::Decode { .. }));
    assert!(error.to_string().contains("`a.b`") && error.to_string().contains("ids[1]"), "{error}");
}

#[tokio::test]
async fn two_thousand_calls_at_once_each_get_their_own_answer() {
    const CALLS: u64 = 2000;
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calls: Vec<_> = (0..CALLS).map(|i| call(&client, "a.double", json!(i))).collect();
    let mut commands = Vec::new();
    for _ in 0..CALLS {
        let request = worker.request().await;
        let double = request["params"].as_u64().expect("a number") * 2;
        let reply = json!({ "correlation_id": request["correlation_id"], "result": double });
        commands.push(json!({ "publish": { "channel": request["reply_to"], "data": reply } }));
    }
    // Replies in another order than the requests.
    commands.reverse();
    worker.api.post("batch", json!({ "commands": commands }).to_string()).await;
    for (i, call) in (0..).zip(calls) {
        assert_eq!(outcome(call).await.expect("a result"), json!(i * 2));
    }
}

#[tokio::test]
async fn a_call_without_an_answer_times_out_and_is_cancelled() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let started = Instant::now();
    let error = client.call_with::<Value>("a.b", &(), millis(300)).await.expect_err("no answer");
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(matches!(error, CallError::Timeout { published: true, .. }), "{error:?}");
    assert_eq!(error.to_string(), "no answer to `a.b` within 300ms");
    assert!(!error.is_retryable());
    let request = worker.request().await;
    assert_eq!(request["timeout_ms"], 300);
    worker.cancelled(&request).await;
}

#[tokio::test]
async fn the_last_word_of_the_worker_on_the_deadline_still_arrives() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = tokio::spawn(async move { client.call_with::<Value>("a.b", &(), seconds(1)).await });
    let request = worker.request().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    worker.reply(&request, json!({ "error": { "code": 408, "message": "deadline exceeded" } })).await;
    let error = within("the answer", calling).await.expect("no panic").expect_err("too late");
    assert_eq!(error.code(), Some(408), "{error}");
}

#[tokio::test]
async fn dropping_a_call_cancels_it_unless_it_is_answered() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;

    let dropped = call(&client, "a.slow", json!({}));
    let request = worker.request().await;
    dropped.abort();
    worker.cancelled(&request).await;

    let answered = call(&client, "a.quick", json!({}));
    let request = worker.request().await;
    worker.answer(&request, json!(1)).await;
    outcome(answered).await.expect("a result");
    drop(client.call::<Value>("a.unpolled", &()));

    let mark = unique("mark");
    client.notify("a.mark", &mark).await.expect("taken");
    assert_eq!(worker.request().await["params"], mark, "neither call is cancelled");
}

#[tokio::test]
async fn late_duplicate_foreign_and_malformed_replies_change_nothing() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    let reply_to = request["reply_to"].as_str().expect("a channel");
    for nonsense in [
        json!(null),
        json!([1]),
        json!({}),
        json!({ "correlation_id": 7, "result": 1 }),
        json!({ "correlation_id": "unknown", "result": 1 }),
        json!({ "correlation_id": uuid::Uuid::new_v4().to_string(), "result": 1 }),
        json!({ "correlation_id": request["correlation_id"], "error": "no" }),
    ] {
        worker.api.publish(reply_to, &nonsense).await;
    }
    worker.answer(&request, json!("right")).await;
    worker.answer(&request, json!("twice")).await;
    assert_eq!(outcome(calling).await.expect("a result"), "right");
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    worker.answer(&request, json!("next")).await;
    assert_eq!(outcome(calling).await.expect("a result"), "next");
}

#[tokio::test]
async fn two_clients_of_one_user_do_not_see_each_others_replies() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let (one, two) = (connect(&centrifugo, "42").await, connect(&centrifugo, "42").await);
    let calls = [call(&one, "a.b", json!("one")), call(&two, "a.b", json!("two"))];
    let requests = [worker.request().await, worker.request().await];
    assert_ne!(requests[0]["reply_to"], requests[1]["reply_to"]);
    for request in &requests {
        worker.answer(request, request["params"].clone()).await;
    }
    for (call, own) in calls.into_iter().zip(["one", "two"]) {
        assert_eq!(outcome(call).await.expect("a result"), own);
    }
}

#[tokio::test]
async fn a_notification_has_no_return_address() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    client.notify("demo.notify", &json!({ "text": "hi" })).await.expect("taken");
    let request = worker.request().await;
    assert_eq!(request, json!({ "method": "demo.notify", "params": { "text": "hi" }, "timeout_ms": 30_000 }));
}

#[tokio::test]
async fn a_request_over_the_message_limit_is_refused_without_losing_the_connection() {
    let centrifugo = Centrifugo::start_default().await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let kept = call(&client, "a.kept", json!({}));
    let kept_request = worker.request().await;

    let error = client.call::<Value>("a.big", &"x".repeat(64 * 1024)).await.expect_err("too large");
    assert_eq!(error.code(), Some(413));
    assert!(error.to_string().contains("limit of 65536"), "{error}");
    let error = client.notify("a.big", &"x".repeat(64 * 1024)).await.expect_err("too large");
    assert_eq!(error.code(), Some(413));

    // Centrifugo accepts the largest params that the client lets through, to the byte.
    let mut accepted = 0;
    for size in (65_100..65_536).rev() {
        match client.notify("a.big", &"x".repeat(size)).await {
            Ok(()) => {
                accepted = size;
                break;
            }
            Err(error) => assert_eq!(error.code(), Some(413), "{error}"),
        }
    }
    assert!(accepted > 65_300, "{accepted}");
    assert_eq!(worker.request().await["params"].as_str().map(str::len), Some(accepted));
    worker.answer(&kept_request, json!(1)).await;
    outcome(kept).await.expect("the connection was never lost");
}

#[tokio::test]
async fn closing_ends_calls_and_cancels_them() {
    let centrifugo = Centrifugo::start(changed(&[(1, "presence", json!(true))])).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let calling = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    within("the client to close", client.close()).await;
    let error = outcome(calling).await.expect_err("closed");
    assert!(matches!(error, CallError::Connection(_)));
    assert_eq!(error.to_string(), "the client is closed");
    worker.cancelled(&request).await;
    let error = client.call::<Value>("a.b", &()).await.expect_err("closed");
    assert_eq!(error.to_string(), "the client is closed");
    assert!(!client.is_connected());
    assert_eq!(client.ended().await.to_string(), "the client is closed");
    within("the client to close again", client.close()).await;
    connected(&worker.api, &request, 0).await;
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let centrifugo = Centrifugo::start(changed(&[(1, "presence", json!(true))])).await;
    let mut worker = Worker::start(&centrifugo).await;
    let client = connect(&centrifugo, "42").await;
    let dropped = call(&client, "a.b", json!({}));
    let request = worker.request().await;
    connected(&worker.api, &request, 1).await;
    drop(client);
    dropped.abort();
    worker.cancelled(&request).await;
    connected(&worker.api, &request, 0).await;
}
