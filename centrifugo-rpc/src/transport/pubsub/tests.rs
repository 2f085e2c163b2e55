//! The promises of the engine and of this transport, without sockets: publications in, replies out, on paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

use super::endpoint::Endpoint;
use super::replies::pending_reply::PendingReply;
use super::replies::queue::ReplyQueue;
use crate::config::Config;
use crate::engine::dispatcher::Dispatcher;
use crate::engine::layers::LayerStack;
use crate::error::RpcError;
use crate::service::call::HandlerFuture;
use crate::service::call::{Call, Reply};
use crate::service::connection::Caller;
use crate::service::method::Method;
use crate::service::method::{Location, MethodOptions, Type};
use crate::service::registry::Registry;
use crate::service::states::States;
use crate::transport::in_process;

mod batches;

const SESSION: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const PLAIN: MethodOptions = MethodOptions::new();

const fn method(name: &'static str, options: MethodOptions, handle: fn(Call) -> HandlerFuture) -> Method {
    Method::new(name, "", options, || None, Type::of::<()>, |_| {}, handle, Location::new("tests.rs", 1))
}

static ECHO: Method =
    method("t.echo", PLAIN, |call| Box::pin(async move { Ok(Reply::new(call.params().unwrap_or(b"null").to_vec())) }));
static SLEEP: Method = method("t.sleep", PLAIN, |call| {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(Reply::new(format!("{:?}", call.connection().user()).into_bytes()))
    })
});
static BRIEF: Method = method("t.brief", PLAIN.timeout(Duration::from_secs(2)), SLEEP.handle);
static ONCE: Method = method("t.once", PLAIN.max_concurrency(1), SLEEP.handle);
static PANIC: Method = method("t.panic", PLAIN, |_| Box::pin(async { panic!("a secret of the log") }));
static PANIC_IN_DROP: Method = method("t.panic_in_drop", PLAIN, |_| {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    Box::pin(async {
        let bomb = Bomb;
        std::future::pending::<()>().await;
        drop(bomb);
        Ok(Reply::new(Vec::new()))
    })
});
static FAIL: Method = method("t.fail", PLAIN, |_| {
    Box::pin(async { Err(RpcError::application(1007, "no").with_data(&json!({ "why": 1 }))) })
});
static LARGE: Method = method("t.large", PLAIN, |_| Box::pin(async { Ok(Reply::new(vec![b' '; 5000])) }));
static COUNTED: AtomicUsize = AtomicUsize::new(0);
static COUNT: Method = method("t.count", PLAIN, |_| {
    COUNTED.fetch_add(1, Ordering::Relaxed);
    Box::pin(async { Ok(Reply::new(b"null".to_vec())) })
});

static GATE: std::sync::Barrier = std::sync::Barrier::new(2);
static BLOCK: Method = method("t.block", PLAIN, |_| {
    GATE.wait();
    Box::pin(async { Ok(Reply::new(b"null".to_vec())) })
});

struct Worker {
    dispatcher: Arc<Dispatcher>,
    endpoint: Endpoint,
    reply_queue: Arc<ReplyQueue>,
}

impl Worker {
    fn new() -> Self {
        Self::with(Config::new("k", "s"), LayerStack::default())
    }

    fn with(config: Config, stack: LayerStack) -> Self {
        let methods = [&ECHO, &SLEEP, &BRIEF, &ONCE, &PANIC, &PANIC_IN_DROP, &FAIL, &LARGE, &COUNT, &BLOCK];
        let registry = Registry::of(methods.into_iter(), &States::default()).expect("methods without problems");
        Self::of(&config.max_params_bytes(1000).max_result_bytes(1000), registry, stack)
    }

    fn of(config: &Config, registry: Registry, stack: LayerStack) -> Self {
        let reply_queue = Arc::new(ReplyQueue::new(1 << 20, usize::MAX, Arc::default()));
        let dispatcher = Arc::new(Dispatcher::new(config, registry, States::default(), stack, Arc::default()));
        let endpoint = Endpoint::new(Arc::clone(&dispatcher), &config.reply_namespace, Arc::clone(&reply_queue));
        Self { dispatcher, endpoint, reply_queue }
    }

    fn publish(&self, user: &str, request: &Value) {
        self.publish_late(user, request, Duration::ZERO);
    }

    fn publish_late(&self, user: &str, request: &Value, age: Duration) {
        self.endpoint.accept(&request.to_string().into(), Caller::user(user).client("c"), age, None);
    }

    /// Publishes a call of user 42 whose ID is the method's name.
    fn call(&self, method: &str, params: &Value) {
        self.publish("42", &call(method, method, params));
    }

    async fn reply(&self) -> Value {
        let batch = self.reply_queue.next_batch(1, 1).await;
        let [reply] = batch[0].replies() else { panic!("one reply was asked for") };
        serde_json::from_slice(&reply.encoded.json()).expect("replies are JSON")
    }

    async fn error(&self) -> (u64, String) {
        let reply = self.reply().await;
        let error = &reply["error"];
        (error["code"].as_u64().expect("an error"), error["message"].as_str().expect("a message").to_owned())
    }
}

fn call(id: &str, method: &str, params: &Value) -> Value {
    json!({ "method": method, "correlation_id": id, "reply_to": format!("reply:{SESSION}#42"), "params": params })
}

#[tokio::test(start_paused = true)]
async fn every_call_gets_its_own_result_or_error() {
    let worker = Worker::new();
    worker.call("t.echo", &json!({ "x": [1, "ä"] }));
    assert_eq!(worker.reply().await, json!({ "correlation_id": "t.echo", "result": { "x": [1, "ä"] } }));
    worker.call("t.fail", &json!({}));
    let error = json!({ "code": 1007, "message": "no", "data": { "why": 1 } });
    assert_eq!(worker.reply().await, json!({ "correlation_id": "t.fail", "error": error }));
    worker.call("t.nope", &json!({}));
    assert_eq!(worker.error().await, (404, "no such method: `t.nope`".to_owned()));
    worker.call("t.echo", &json!("x".repeat(999)));
    assert_eq!(worker.error().await, (413, "params have 1001 bytes, the limit is 1000".to_owned()));
    worker.call("t.large", &json!({}));
    assert_eq!(worker.error().await, (413, "the result has 5000 bytes, the limit is 1000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_answers_500_without_its_message_and_stops_nothing() {
    let worker = Worker::new();
    worker.call("t.panic", &json!({}));
    assert_eq!(worker.error().await, (500, "internal error".to_owned()));
    worker.publish("42", &json!({
        "method": "t.panic_in_drop", "correlation_id": "d", "reply_to": format!("reply:{SESSION}#42"), "timeout_ms": 5,
    }));
    assert_eq!(worker.error().await, (500, "internal error".to_owned()));
    worker.call("t.echo", &json!(1));
    assert_eq!(worker.reply().await["result"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_without_an_end_is_one_that_never_comes() {
    let worker = Worker::with(Config::new("k", "s").call_timeout(Duration::MAX), LayerStack::default());
    worker.call("t.sleep", &Value::Null);
    assert_eq!(worker.reply().await["result"], "42");
}

#[tokio::test(start_paused = true)]
async fn the_shortest_of_the_deadlines_ends_a_call() {
    let started = Instant::now();
    let worker = Worker::new();
    worker.call("t.brief", &json!({}));
    assert_eq!((worker.error().await.0, started.elapsed().as_secs()), (408, 2));
    let mut short = call("s", "t.brief", &json!({}));
    short["timeout_ms"] = json!(1000);
    worker.publish("42", &short);
    assert_eq!((worker.error().await.0, started.elapsed().as_secs()), (408, 3));
    short["timeout_ms"] = json!(60_000);
    worker.publish("42", &short);
    assert_eq!((worker.error().await.0, started.elapsed().as_secs()), (408, 5));
    worker.publish_late("42", &call("l", "t.count", &json!({})), Duration::from_secs(31));
    assert_eq!(worker.error().await.0, 408);
    assert_eq!(COUNTED.load(Ordering::Relaxed), 0, "its deadline had passed before it arrived");
}

#[tokio::test(start_paused = true)]
async fn only_the_same_user_and_session_cancel_a_call() {
    let worker = Worker::new();
    let cancel =
        |user: &str, session: &str| json!({ "cancel": "t.sleep", "reply_to": format!("reply:{session}#{user}") });
    worker.call("t.sleep", &json!({}));
    tokio::task::yield_now().await;
    worker.publish("43", &cancel("43", SESSION));
    worker.publish("43", &cancel("42", SESSION));
    worker.publish("42", &cancel("42", "another-session-x"));
    assert_eq!(worker.reply().await["result"], "42", "no other caller cancelled it");
    worker.call("t.sleep", &json!({}));
    tokio::task::yield_now().await;
    worker.publish("42", &cancel("42", SESSION));
    assert_eq!(worker.error().await.0, 499);
}

#[tokio::test(start_paused = true)]
async fn replies_come_together_to_callers_that_say_so() {
    let worker = Worker::new();
    let request = |id: &str, method: &str| {
        let mut request = call(id, method, &json!(id));
        request["batch"] = json!(true);
        request
    };
    worker.call("t.echo", &json!(0));
    for (id, method) in [("a", "t.echo"), ("b", "t.nope"), ("c", "t.sleep")] {
        worker.publish("42", &request(id, method));
    }
    tokio::task::yield_now().await;
    // A cancellation matches its call whether or not it says that the reply may be batched.
    worker.publish("42", &json!({ "cancel": "c", "reply_to": format!("reply:{SESSION}#42") }));
    tokio::task::yield_now().await;
    let batch = worker.reply_queue.next_batch(10, 1 << 20).await;
    let mut ids: Vec<Vec<String>> = Vec::new();
    for publication in &batch {
        let id = |reply: &PendingReply| -> String {
            let reply: Value = serde_json::from_slice(&reply.encoded.json()).expect("replies are JSON");
            reply["correlation_id"].as_str().expect("an ID").to_owned()
        };
        ids.push(publication.replies().iter().map(id).collect());
    }
    assert_eq!(ids, [vec!["b", "a", "c"], vec!["t.echo"]]);
    worker.publish("42", &json!({ "batch": 1, "correlation_id": "d", "reply_to": format!("reply:{SESSION}#42") }));
    assert_eq!(worker.error().await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn limits_refuse_at_once_and_are_given_back() {
    let config = Config::new("k", "s").max_concurrent_calls(3).max_concurrent_calls_per_user(2);
    let worker = Worker::with(config, LayerStack::default());
    let call_of = |user: &str, id: &str, method: &str| {
        worker.publish(
            user,
            &json!({ "method": method, "correlation_id": id, "reply_to": format!("reply:{SESSION}#{user}") }),
        );
    };
    call_of("1", "a", "t.once");
    call_of("1", "b", "t.once");
    assert_eq!(worker.error().await, (429, "`t.once` runs 1 times already, as often as it may".to_owned()));
    call_of("1", "c", "t.sleep");
    call_of("1", "d", "t.sleep");
    assert_eq!(worker.error().await, (429, "the user has 2 calls running, as many as one may".to_owned()));
    call_of("2", "e", "t.sleep");
    call_of("3", "f", "t.sleep");
    assert_eq!(worker.error().await, (429, "the worker runs 3 calls already, as many as it may".to_owned()));
    for _ in 0..3 {
        assert!(worker.reply().await["result"].is_string());
    }
    call_of("1", "g", "t.once");
    assert_eq!(worker.reply().await["result"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_running_does_not_run_again() {
    let worker = Worker::new();
    worker.call("t.sleep", &json!({}));
    worker.call("t.sleep", &json!({}));
    assert_eq!(worker.reply().await["result"], "42");
    worker.call("t.echo", &json!("next"));
    assert_eq!(worker.reply().await["result"], "next", "there was one reply");
}

#[tokio::test(start_paused = true)]
async fn a_notification_runs_and_is_not_answered() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static NOTE: Method = method("t.note", PLAIN, |_| {
        RUNS.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Reply::new(b"null".to_vec())) })
    });
    let registry = Registry::of([&NOTE, &ECHO].into_iter(), &States::default()).expect("no problems");
    let worker = Worker::of(&Config::new("k", "s"), registry, LayerStack::default());
    worker.publish("42", &json!({ "method": "t.note" }));
    tokio::task::yield_now().await;
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    worker.call("t.echo", &json!(1));
    assert_eq!(worker.reply().await["correlation_id"], "t.echo");
}

#[tokio::test(start_paused = true)]
async fn draining_refuses_new_calls_and_finishes_the_running_ones() {
    let worker = Worker::new();
    worker.call("t.sleep", &json!({}));
    tokio::task::yield_now().await;
    let drain = worker.dispatcher.drain(tokio::time::sleep(Duration::from_secs(25)));
    tokio::pin!(drain);
    assert!(futures_util::poll!(drain.as_mut()).is_pending());
    worker.call("t.echo", &json!(1));
    assert_eq!(worker.error().await, (503, "the worker is shutting down".to_owned()));
    drain.await;
    assert_eq!(worker.reply().await["result"], "42");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_finish_in_time_is_cut_off_with_504() {
    let worker = Worker::new();
    worker.call("t.sleep", &json!({}));
    tokio::task::yield_now().await;
    worker.dispatcher.drain(tokio::time::sleep(Duration::from_secs(1))).await;
    assert_eq!(worker.error().await.0, 504);
}

#[tokio::test(start_paused = true)]
async fn tower_layers_are_around_every_call() {
    let started = Instant::now();
    let worker = Worker::with(Config::new("k", "s"), LayerStack::default().layer(&ConcurrencyLimitLayer::new(1)));
    worker.publish("42", &call("a", "t.sleep", &json!({})));
    worker.publish("42", &call("b", "t.sleep", &json!({})));
    assert_eq!((worker.reply().await["result"].as_str(), started.elapsed().as_secs()), (Some("42"), 10));
    assert_eq!((worker.reply().await["result"].as_str(), started.elapsed().as_secs()), (Some("42"), 20));
}

#[tokio::test(start_paused = true)]
async fn errors_of_tower_layers_have_codes() {
    let layers = LayerStack::default().layer(&TimeoutLayer::new(Duration::from_secs(5)));
    let worker = Worker::with(Config::new("k", "s"), layers);
    worker.call("t.sleep", &json!({}));
    assert_eq!(worker.error().await.0, 408);
    worker.call("t.fail", &json!({}));
    assert_eq!(worker.error().await.0, 1007, "errors of handlers pass through");
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_spawned_learns_of_the_end() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    static SPAWN: Method = method("t.spawn", PLAIN, |call| {
        let connection = call.connection().clone();
        tokio::spawn(async move {
            connection.cancelled().await;
            ENDED.fetch_add(1, Ordering::Relaxed);
        });
        Box::pin(std::future::pending())
    });
    let registry = Registry::of([&SPAWN].into_iter(), &States::default()).expect("no problems");
    let config = Config::new("k", "s");
    let dispatcher = Dispatcher::new(&config, registry, States::default(), LayerStack::default(), Arc::default());
    let call = || in_process::call(&dispatcher, Caller::anonymous(), "t.spawn", Bytes::new());
    let error = call().await.expect_err("its deadline");
    assert_eq!(error.code(), 408);
    tokio::task::yield_now().await;
    assert_eq!(ENDED.load(Ordering::Relaxed), 1);
    drop(tokio::time::timeout(Duration::from_secs(1), call()).await);
    tokio::task::yield_now().await;
    assert_eq!(ENDED.load(Ordering::Relaxed), 2, "dropping a call in process ends it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_holds_up_no_other() {
    let worker = Worker::new();
    worker.call("t.block", &json!(null));
    for n in 0..100 {
        worker.publish("42", &call(&format!("echo {n}"), "t.echo", &json!(n)));
    }
    let others = async {
        for _ in 0..100 {
            assert_ne!(worker.reply().await["correlation_id"], "t.block");
        }
    };
    let now_and_then = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        loop {
            ticks.tick().await;
            worker.endpoint.resume_if_stalled();
        }
    };
    tokio::select! {
        answered = tokio::time::timeout(Duration::from_secs(20), others) => answered.expect("they are answered"),
        () = now_and_then => {}
    }
    GATE.wait();
    assert_eq!(worker.reply().await["correlation_id"], "t.block");
}
