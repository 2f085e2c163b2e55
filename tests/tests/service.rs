//! A complete service in one program: annotated functions, a worker and the Rust caller, on the hub and on a real
//! Centrifugo.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use centrifugo_rpc::hub::Hub;
use centrifugo_rpc::{
    Call, CallError, CallOptions, CallService, Caller, Client, Config, Connection, RpcError, Server, State, Worker,
    websocket_rpc,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tests::{Centrifugo, TcpProxy, eventually, unique, within};
use tokio::sync::watch;
use tower::ServiceExt;
use tower::layer::layer_fn;

#[path = "service/shared_crates.rs"]
mod shared_crates;

#[derive(Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
struct Sum {
    of: Vec<i64>,
}

/// Adds numbers.
#[websocket_rpc("test.add")]
async fn add(params: Sum) -> i64 {
    params.of.iter().sum()
}

/// The state that a test and its worker share.
#[derive(Clone, Default)]
struct Gate {
    open: watch::Sender<bool>,
    /// The number of calls that wait at the gate.
    waiting: watch::Sender<usize>,
}

/// Returns its number once the gate is open.
#[websocket_rpc("test.wait")]
async fn wait(conn: Connection, gate: State<Gate>, number: u32) -> Result<u32, RpcError> {
    struct Waiting(Arc<Gate>);
    impl Drop for Waiting {
        fn drop(&mut self) {
            self.0.waiting.send_modify(|waiting| *waiting -= 1);
        }
    }
    conn.require_user()?;
    gate.waiting.send_modify(|waiting| *waiting += 1);
    let _waiting = Waiting(Arc::clone(&gate.0));
    gate.open.subscribe().wait_for(|open| *open).await.map_err(RpcError::internal)?;
    Ok(number)
}

/// Fails with the code in its params.
#[websocket_rpc("test.fail")]
async fn fail(code: u16) -> Result<(), RpcError> {
    Err(RpcError::application(code, "as asked").with_data(&json!({ "code": code })))
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
struct Info {
    role: String,
}

/// Returns the info in the caller's token.
#[websocket_rpc("test.info")]
async fn info(conn: Connection) -> Result<Option<Info>, RpcError> {
    conn.info()
}

fn config() -> Config {
    Config::new(unique("key"), unique("a-secret-of-this-test-alone"))
}

async fn start(config: &Config, gate: &Gate) -> Worker {
    within("the worker to start", Server::new(config.clone()).state(gate.clone()).start()).await.expect("a worker")
}

async fn connect(config: &Config) -> Client {
    let token = config.connection_token("42", Duration::from_secs(60)).expect("a token");
    let client = Client::builder(&config.centrifugo_url).token(token).connect();
    within("the client to connect", client).await.expect("a client")
}

/// Checks the promises to callers that hold on every server.
async fn a_service_answers(config: &Config) {
    let gate = Gate::default();
    let worker = start(config, &gate).await;
    let client = connect(config).await;
    assert_eq!(
        client.call::<i64>("test.add", &Sum { of: vec![1, -2, i64::MAX - 7] }).await.expect("a sum"),
        i64::MAX - 8
    );
    let error = client.call::<()>("test.fail", &1234).await.expect_err("it fails");
    let CallError::Rpc(error) = error else { panic!("{error:?}") };
    assert_eq!(
        (error.code(), error.message(), error.data::<Value>()),
        (1234, "as asked", Some(json!({ "code": 1234 })))
    );
    let error = client.call::<()>("test.add", &json!({ "of": [1, "x"] })).await.expect_err("refused");
    assert_eq!(error.code(), Some(400));
    assert!(error.to_string().contains("of[1]"), "it names the place: {error}");

    let calls: Vec<_> = (0..100).map(|number| call(&client, number)).collect();
    let mut waiting = gate.waiting.subscribe();
    within("all calls to run", waiting.wait_for(|waiting| *waiting == 100)).await.expect("counted");
    gate.open.send_replace(true);
    for (number, call) in (0..).zip(calls) {
        assert_eq!(within("a result", call).await.expect("no panic").expect("a result"), number);
    }
    client.close().await;
    within("the worker to stop", worker.stop()).await;
}

fn call(client: &Client, number: u32) -> tokio::task::JoinHandle<Result<u32, CallError>> {
    let client = client.clone();
    tokio::spawn(async move { client.call("test.wait", &number).await })
}

#[tokio::test]
async fn a_service_answers_on_the_hub() {
    let config = config();
    let hub = Hub::start(config.centrifugo_config()).await.expect("a hub");
    a_service_answers(&config.centrifugo_url(hub.url()).centrifugo_api_url(hub.api_url())).await;
    within("the hub to stop", hub.shutdown()).await;
}

#[tokio::test]
async fn a_service_answers_on_a_real_centrifugo() {
    let (_server, config) = real().await;
    a_service_answers(&config).await;
}

async fn real() -> (Centrifugo, Config) {
    let config = config();
    let server = Centrifugo::start(serde_json::to_value(config.centrifugo_config()).expect("JSON")).await;
    let config = config.centrifugo_url(&server.url).centrifugo_api_url(&server.api_url);
    (server, config)
}

#[tokio::test]
async fn calls_under_way_survive_reconnects_of_the_caller_and_of_the_worker() {
    let (server, config) = real().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let gate = Gate::default();
    // The worker's WebSocket goes through the proxy; the caller's does not.
    let worker = start(&config.clone().centrifugo_url(&far.url), &gate).await;
    let client = connect(&config).await;
    let calls: Vec<_> = (0..100).map(|number| call(&client, number)).collect();
    let mut waiting = gate.waiting.subscribe();
    within("all calls to run", waiting.wait_for(|waiting| *waiting == 100)).await.expect("counted");

    let caller = json!({"user": "42", "disconnect": {"code": 3010, "reason": "a test"}});
    server.api().ok("disconnect", caller).await;
    proxy.cut();
    gate.open.send_replace(true);
    for (number, call) in (0..).zip(calls) {
        assert_eq!(within("a result", call).await.expect("no panic").expect("a result"), number);
    }
    let sum = within("another call", client.call::<i64>("test.add", &Sum { of: vec![1, 2] })).await;
    assert_eq!(sum.expect("a sum"), 3);
    worker.stop().await;
}

#[tokio::test]
async fn dropping_a_call_and_its_timeout_stop_the_handler() {
    let (_server, config) = real().await;
    let gate = Gate::default();
    let worker = start(&config, &gate).await;
    let client = connect(&config).await;
    let running = async |count: usize| {
        eventually("the handlers to run", async || (*gate.waiting.borrow() == count).then_some(())).await;
    };
    let dropped = call(&client, 1);
    running(1).await;
    dropped.abort();
    running(0).await;
    let options = CallOptions::new().timeout(Duration::from_millis(100));
    let error = client.call_with::<u32>("test.wait", &2, options).await.expect_err("it takes too long");
    assert!(matches!(&error, CallError::Rpc(error) if error.code() == 408), "{error:?}");
    running(0).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_stopping_worker_finishes_what_runs() {
    let (_server, config) = real().await;
    let gate = Gate::default();
    let worker = start(&config, &gate).await;
    let client = connect(&config).await;
    let running = call(&client, 7);
    let mut waiting = gate.waiting.subscribe();
    within("the call to run", waiting.wait_for(|waiting| *waiting == 1)).await.expect("counted");
    let stopping = tokio::spawn(worker.stop());
    // The worker has left the group once a call waits for the next worker.
    let waits = eventually("a call that waits", async || {
        let options = CallOptions::new().timeout(Duration::from_millis(300));
        client.call_with::<i64>("test.add", &Sum { of: vec![] }, options).await.err()
    });
    assert_eq!(waits.await.code(), None, "no answer");
    let later = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64>("test.add", &Sum { of: vec![20, 22] }).await }
    });
    gate.open.send_replace(true);
    assert_eq!(within("its result", running).await.expect("no panic").expect("a result"), 7);
    within("the end", stopping).await.expect("no panic");
    let next = start(&config, &gate).await;
    assert_eq!(within("the next worker's result", later).await.expect("no panic").expect("a result"), 42);
    next.stop().await;
}

#[tokio::test]
async fn a_method_runs_in_process_as_it_does_from_outside() {
    let server = Server::new(config()).state(Gate::default());
    let sum: i64 = server.call(Caller::anonymous(), "test.add", &Sum { of: vec![20, 22] }).await.expect("a sum");
    assert_eq!(sum, 42);
    let code = async |caller: Caller, method: &str, params: Value| {
        server.call::<Value>(caller, method, &params).await.expect_err("refused").code()
    };
    assert_eq!(code(Caller::anonymous(), "test.wait", json!(1)).await, 401);
    assert_eq!(code(Caller::user("42"), "test.add", json!({})).await, 400);
    assert_eq!(code(Caller::user("42"), "test.nothing", json!({})).await, 404);
    assert_eq!(code(Caller::user("42"), "test.fail", json!(1500)).await, 1500);
}

#[tokio::test]
async fn what_is_refused_reaches_the_hook_and_no_layer() {
    let (_server, config) = real().await;
    let (gate, seen, refused) = (Gate::default(), Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
    let layer = {
        let seen = Arc::clone(&seen);
        layer_fn(move |inner: CallService| {
            let seen = Arc::clone(&seen);
            inner.map_request(move |call: Call| {
                seen.lock().expect("seen").push(call.connection().method());
                call
            })
        })
    };
    let server = Server::new(config.clone().max_concurrent_calls_per_user(1).max_params_bytes(100)).state(gate.clone());
    let told = Arc::clone(&refused);
    let server = server.layer(layer).on_refused(move |call| {
        let what = (call.user().to_owned(), call.method().to_owned(), call.known_method(), call.error().code());
        told.lock().expect("told").push(what);
    });
    // A hook that panics affects neither callers nor the other hook.
    let server = server.on_refused(|call| assert_eq!(call.error().code(), 429, "a hook that panics"));
    let worker = within("the worker to start", server.start()).await.expect("a worker");
    let client = connect(&config).await;

    let running = call(&client, 1);
    let mut waiting = gate.waiting.subscribe();
    within("the call to run", waiting.wait_for(|waiting| *waiting == 1)).await.expect("counted");
    let code =
        async |method: &str, params: &Value| client.call::<Value>(method, params).await.expect_err("refused").code();
    assert_eq!(code("test.wait", &json!(2)).await, Some(429));
    assert_eq!(code("test.nothing", &json!({})).await, Some(404));
    assert_eq!(code("test.add", &json!({ "of": vec![1; 100] })).await, Some(413));
    client.notify("test.nothing", &()).await.expect("published");
    gate.open.send_replace(true);
    assert_eq!(within("a result", running).await.expect("no panic").expect("a result"), 1);
    assert_eq!(client.call::<i64>("test.add", &Sum { of: vec![20, 22] }).await.expect("a sum"), 42);

    let expected = [
        ("42".to_owned(), "test.wait".to_owned(), Some("test.wait"), 429),
        ("42".to_owned(), "test.nothing".to_owned(), None, 404),
        ("42".to_owned(), "test.add".to_owned(), Some("test.add"), 413),
        ("42".to_owned(), "test.nothing".to_owned(), None, 404),
    ];
    assert_eq!(*refused.lock().expect("refused"), expected);
    assert_eq!(*seen.lock().expect("seen"), ["test.wait", "test.add"]);
    client.close().await;
    worker.stop().await;
}

#[tokio::test]
async fn the_info_of_a_token_is_any_type_as_it_is_in_process() {
    let (_server, config) = real().await;
    let worker = start(&config, &Gate::default()).await;
    let admin = Info { role: "admin".to_owned() };
    // A token may also be valid for ever.
    for (info, ttl) in [(Some(&admin), Duration::MAX), (None, Duration::from_secs(60))] {
        let token = config.connection_token_with("42", ttl, &info).expect("a token");
        let client =
            Client::builder(&config.centrifugo_url).token(token).connect_timeout(Duration::MAX).timeout(Duration::MAX);
        let client = within("the client to connect", client.connect()).await.expect("a client");
        let caller = Caller::user("42").info(&info).expect("JSON");
        let server = Server::new(config.clone()).state(Gate::default());
        for said in [
            client.call::<Option<Info>>("test.info", &()).await.expect("an answer"),
            server.call(caller, "test.info", &()).await.expect("an answer"),
        ] {
            assert_eq!(said.as_ref(), info);
        }
        client.close().await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn two_services_on_one_centrifugo_have_callers_of_their_own() {
    let one = config();
    let server =
        Centrifugo::start(serde_json::to_value(one.centrifugo_config().also_for("billing")).expect("JSON")).await;
    let one = one.centrifugo_url(&server.url).centrifugo_api_url(&server.api_url);
    let billing = one.clone().service("billing");
    let (gate, billing_gate) = (Gate::default(), Gate::default());
    let (worker, billing_worker) = (start(&one, &gate).await, start(&billing, &billing_gate).await);
    let client = connect(&one).await;
    let token = one.connection_token("42", Duration::from_secs(60)).expect("a token");
    let builder = Client::builder(&one.centrifugo_url).token(token).service("billing");
    let billing_client = within("the client to connect", builder.connect()).await.expect("a client");

    let calls = [call(&client, 1), call(&billing_client, 2), call(&client, 3)];
    for (gate, count) in [(&gate, 2), (&billing_gate, 1)] {
        let mut waiting = gate.waiting.subscribe();
        within("each has its own calls", waiting.wait_for(|waiting| *waiting == count)).await.expect("counted");
        gate.open.send_replace(true);
    }
    for (number, call) in (1..).zip(calls) {
        assert_eq!(within("a result", call).await.expect("no panic").expect("a result"), number);
    }
    billing_worker.stop().await;
    let options = CallOptions::new().timeout(Duration::from_millis(300));
    let error = billing_client.call_with::<i64>("test.add", &Sum { of: vec![] }, options).await;
    assert_eq!(error.expect_err("no service is there").code(), None);
    assert_eq!(client.call::<i64>("test.add", &Sum { of: vec![20, 22] }).await.expect("a sum"), 42);
    worker.stop().await;
}
