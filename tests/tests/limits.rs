//! Limits on the load that one user puts on other users and on Centrifugo.

use std::collections::HashSet;

use centrifugo_rpc::{Config, Server, State, Worker, websocket_rpc};
use serde_json::{Value, json};
use tests::api::parts;
use tests::{Centrifugo, Raw, TcpProxy, eventually, unique, within};
use tokio::sync::watch;

/// Counts the calls that ran.
#[derive(Clone, Default)]
struct Runs(watch::Sender<usize>);

/// Returns a text of `count` bytes.
#[websocket_rpc("test.bytes")]
async fn bytes(runs: State<Runs>, count: usize) -> String {
    runs.0.0.send_modify(|runs| *runs += 1);
    "x".repeat(count)
}

fn config() -> Config {
    Config::new(unique("key"), unique("a-secret-of-this-test-alone"))
}

async fn centrifugo(config: &Config) -> Centrifugo {
    Centrifugo::start(serde_json::to_value(config.centrifugo_config().allowed_origins(["*"])).expect("JSON")).await
}

async fn start(config: Config, runs: &Runs) -> Worker {
    within("the worker to start", Server::new(config).state(runs.clone()).start()).await.expect("a worker")
}

fn session(user: &str) -> String {
    format!("reply:{}#{user}", uuid::Uuid::new_v4())
}

fn call(reply_to: &str, bytes: usize) -> Value {
    json!({"method": "test.bytes", "params": bytes, "correlation_id": "c", "reply_to": reply_to})
}

async fn publish(caller: &mut Raw, request: &Value) {
    caller.publish("rpc:requests", request).await.expect("published");
}

/// Returns the number of replies that Centrifugo stores for clients that reconnect to `channel`.
async fn remembered(server: &Centrifugo, channel: &str) -> usize {
    let history = server.api().ok("history", json!({"channel": channel, "limit": -1})).await;
    history["publications"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn replies_that_wait_come_together_to_a_caller_that_says_so() {
    const CALLS: usize = 50;
    let config = config();
    let server = centrifugo(&config).await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let runs = Runs::default();
    let worker = start(config.centrifugo_url(&server.url).centrifugo_api_url(far.api_url), &runs).await;
    let mut callers = Vec::new();
    for user in ["together", "apart"] {
        let (mut caller, channel) = (server.connect(user).await, session(user));
        caller.subscribe(&channel, None).await.expect("subscribed");
        callers.push((caller, channel));
    }

    // Holds replies back until all results wait in the worker.
    proxy.black_hole(true);
    for number in 0..CALLS {
        for ((caller, channel), together) in callers.iter_mut().zip([true, false]) {
            let mut request = call(channel, 10);
            request["correlation_id"] = number.to_string().into();
            if together {
                request["batch"] = true.into();
            }
            publish(caller, &request).await;
        }
    }
    within("the calls", runs.0.subscribe().wait_for(|runs| *runs == CALLS * 2)).await.expect("runs");
    proxy.black_hole(false);

    for ((caller, channel), expected) in callers.iter_mut().zip([1..=5, CALLS..=CALLS]) {
        let mut answered = HashSet::new();
        let mut publications = 0;
        while answered.len() < CALLS {
            let data = caller.publication(channel).await["data"].take();
            publications += 1;
            for reply in parts(&data) {
                assert_eq!(reply["result"], "xxxxxxxxxx", "{reply}");
                assert!(answered.insert(reply["correlation_id"].to_string()), "{reply} came twice");
            }
        }
        assert!(expected.contains(&publications), "{publications} publications");
    }
    worker.stop().await;
}

#[tokio::test]
async fn one_users_large_results_do_not_delay_anothers_small_one() {
    const LARGE: usize = 100;
    let config = config();
    let server = centrifugo(&config).await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let runs = Runs::default();
    let worker = start(config.centrifugo_url(&server.url).centrifugo_api_url(far.api_url), &runs).await;

    // Holds replies back until all results wait in the worker.
    proxy.black_hole(true);
    let (mut greedy, large) = (server.connect("greedy").await, session("greedy"));
    for _ in 0..LARGE {
        publish(&mut greedy, &call_with_id(&large, 500_000)).await;
    }
    let mut ran = runs.0.subscribe();
    within("the large results", ran.wait_for(|runs| *runs == LARGE)).await.expect("runs");
    let (mut modest, small) = (server.connect("modest").await, session("modest"));
    modest.subscribe(&small, None).await.expect("subscribed");
    publish(&mut modest, &call(&small, 10)).await;
    within("the small result", ran.wait_for(|runs| *runs == LARGE + 1)).await.expect("runs");

    proxy.black_hole(false);
    modest.publication(&small).await;
    let before = server.api().ok("history", json!({"channel": large})).await["offset"].as_u64().expect("an offset");
    assert!(before <= 20, "{before} of {LARGE} large results came before the small one");
    eventually("the large results", async || {
        let history = server.api().ok("history", json!({"channel": large})).await;
        (history["offset"] == LARGE).then_some(())
    })
    .await;
    worker.stop().await;
}

/// Creates a call with an ID of its own.
fn call_with_id(reply_to: &str, bytes: usize) -> Value {
    let mut call = call(reply_to, bytes);
    call["correlation_id"] = json!(unique("c"));
    call
}

#[tokio::test]
async fn a_session_for_each_call_does_not_fill_centrifugo() {
    const SESSIONS: usize = 100;
    let config = config().max_remembered_bytes_per_user(4 << 20);
    let server = centrifugo(&config).await;
    let config = config.centrifugo_url(&server.url).centrifugo_api_url(&server.api_url);
    let worker = start(config, &Runs::default()).await;
    let mut caller = server.connect("42").await;
    let sessions: Vec<_> = (0..SESSIONS).map(|_| session("42")).collect();
    for session in &sessions {
        caller.subscribe(session, None).await.expect("subscribed");
        publish(&mut caller, &call(session, 100_000)).await;
    }
    let mut answered = HashSet::new();
    while answered.len() < SESSIONS {
        let push = caller.push("a reply", |push| push.get("pub").is_some()).await;
        answered.insert(push["channel"].as_str().expect("a channel").to_owned());
    }
    let mut kept = 0;
    for session in &sessions {
        kept += remembered(&server, session).await;
    }
    // All sessions get their reply, but at most 4 MiB of replies stay stored for clients that are away.
    assert!((35..=42).contains(&kept), "{kept} replies are remembered");

    // Only the owner of the sessions notices the limit.
    let (mut other, theirs) = (server.connect("43").await, session("43"));
    other.subscribe(&theirs, None).await.expect("subscribed");
    publish(&mut other, &call(&theirs, 100_000)).await;
    other.publication(&theirs).await;
    assert_eq!(remembered(&server, &theirs).await, 1);
    worker.stop().await;
}

#[tokio::test]
async fn calls_that_are_refused_do_not_fill_centrifugo_either() {
    const SESSIONS: usize = 100;
    let config = config().max_remembered_bytes_per_user(20_000);
    let server = centrifugo(&config).await;
    let config = config.centrifugo_url(&server.url).centrifugo_api_url(&server.api_url);
    let worker = start(config, &Runs::default()).await;
    let mut caller = server.connect("42").await;
    let sessions: Vec<_> = (0..SESSIONS).map(|_| session("42")).collect();
    for session in &sessions {
        let request = json!({"method": "test.none", "correlation_id": "c", "reply_to": session});
        publish(&mut caller, &request).await;
    }
    // The reply to the last call arrives last.
    let last = session("42");
    caller.subscribe(&last, None).await.expect("subscribed");
    publish(&mut caller, &call(&last, 1)).await;
    caller.publication(&last).await;
    let mut kept = 0;
    for session in &sessions {
        kept += remembered(&server, session).await;
    }
    assert!((5..=15).contains(&kept), "{kept} refusals are remembered");
    worker.stop().await;
}
