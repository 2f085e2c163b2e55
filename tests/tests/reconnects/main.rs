//! Publications made while a worker or a caller is away are not lost.

use std::time::Duration;

use centrifugo_rpc::{Client, Config};
use serde_json::{Value, json};
use tests::api::parts;
use tests::demo::{caller, caller_settings, environment};
use tests::{Centrifugo, Demo, Example, Node, Raw, Server, TcpProxy, eventually, within};
use tokio::time::{Instant, sleep_until};

mod ages;
mod garbage;
mod redis;

async fn centrifugo() -> Centrifugo {
    Centrifugo::start(config()).await
}

/// Returns the configuration that `centrifugo_config` prints.
fn config() -> Value {
    let config = Config::new(tests::unique("key"), tests::unique("secret")).centrifugo_config().allowed_origins(["*"]);
    serde_json::to_value(config).expect("JSON")
}

/// Connects as user 42, and returns its reply channel.
async fn caller_of(server: &Server) -> (Raw, String) {
    let mut caller = server.connect("42").await;
    let reply_to = format!("reply:{}#42", uuid::Uuid::new_v4());
    caller.subscribe(&reply_to, None).await.expect("subscribed");
    (caller, reply_to)
}

/// Creates a notification that appends `key` to the demo's log.
fn append(key: usize) -> Value {
    json!({"method": "demo.append", "params": {"key": key.to_string()}})
}

/// Publishes `count` notifications as user 42 while the worker's connection is down, and returns the keys that ran.
async fn runs_after_a_gap_of(count: usize) -> Vec<String> {
    let server = centrifugo().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    // Only the WebSocket goes through the proxy: the worker reads a large gap through the server API.
    let demo = Demo::start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    let mut publisher = server.connect("42").await;
    publisher.publish("rpc:requests", &append(0)).await.expect("published");
    eventually("the first run", async || (demo.runs().len() == 1).then_some(())).await;

    proxy.refuse().await;
    proxy.cut();
    for key in 1..=count {
        publisher.publish("rpc:requests", &append(key)).await.expect("published");
    }
    proxy.accept().await;
    eventually("all runs", async || (demo.runs().len() > count).then_some(())).await;
    publisher.publish("rpc:requests", &append(count + 1)).await.expect("published");
    eventually("the last run", async || (demo.runs().len() > count + 1).then_some(())).await;
    demo.runs()
}

fn sorted_keys(up_to: usize) -> Vec<String> {
    let mut keys: Vec<_> = (0..=up_to).map(|key| key.to_string()).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn requests_published_while_the_worker_was_away_run_once() {
    let mut runs = runs_after_a_gap_of(100).await;
    runs.sort();
    assert_eq!(runs, sorted_keys(101));
}

#[tokio::test]
async fn a_gap_larger_than_a_resubscribe_recovers_is_read_from_the_history() {
    let mut runs = runs_after_a_gap_of(1000).await;
    runs.sort();
    assert_eq!(runs, sorted_keys(1001));
}

#[tokio::test]
async fn the_worker_serves_again_after_centrifugo_was_killed() {
    let mut server = centrifugo().await;
    let demo = Demo::start(&server).await;
    for _ in 0..2 {
        assert_eq!(caller(&server, "results").await, ["results"]);
        server.restart().await;
    }
    assert_eq!(caller(&server, "results").await, ["results"]);
    assert_eq!(demo.exited(), None, "it is the same process");
}

#[tokio::test]
async fn calls_that_finish_while_centrifugo_restarts_get_their_results() {
    let mut server = centrifugo().await;
    let _demo = Demo::start(&server).await;
    let client =
        Client::builder(&server.url).token(server.tokens().connection("42")).connect().await.expect("a client");
    let calls: Vec<_> = (0..50)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move { client.call::<Value>("demo.sleep", &json!({"ms": 4000 + i * 20})).await })
        })
        .collect();
    eventually("the calls to be made", async || {
        let history = server.api().ok("history", json!({"channel": "rpc:requests", "limit": -1})).await;
        let publications = history["publications"].as_array().expect("publications");
        let requests = publications.iter().flat_map(|publication| parts(&publication["data"]));
        let sleeps = requests.filter(|request| request["method"] == "demo.sleep").count();
        (sleeps == 50).then_some(())
    })
    .await;
    // Requests are accepted in their order.
    client.call::<Value>("demo.echo", &json!({"text": "all run"})).await.expect("a result");
    let all_run = Instant::now();
    // Kills Centrifugo before any call ends: replies that it has accepted and not delivered are lost with it.
    server.kill();
    // Only the passing of time brings this state about: half of the calls have ended, and their replies are not
    // accepted.
    sleep_until(all_run + Duration::from_millis(4500)).await;
    server.restart().await;
    for (i, call) in calls.into_iter().enumerate() {
        let result = within("a result", call).await.expect("no panic").expect("a result");
        assert_eq!(result, json!({"ms": 4000 + i * 20}));
    }
}

#[tokio::test]
async fn replies_in_a_new_stream_reach_a_caller_in_another_language() {
    let mut server = centrifugo().await;
    let _demo = Demo::start(&server).await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let settings = caller_settings(&far).to_string();
    let caller = Node::install().start("caller.mjs", &["restarted", &settings], &[]);
    let line = caller.line("the replies come through").await;
    let (_, channel) = line.rsplit_once(' ').expect("a channel");
    proxy.refuse().await;
    proxy.cut();
    server.restart().await;
    eventually("the replies", async || {
        let history = server.api().ok("history", json!({"channel": channel})).await;
        (history["offset"] == 20).then_some(())
    })
    .await;
    proxy.accept().await;
    let caller = caller.ended().await;
    assert!(caller.status.success() && caller.lines.iter().any(|line| line == "20 results"), "{:?}", caller.lines);
}

#[tokio::test]
async fn replies_wait_for_a_server_api_that_is_away() {
    let server = centrifugo().await;
    let (proxy, far) = TcpProxy::before(&server).await;
    let demo = Demo::start_with(&server, &[("CENTRIFUGO_API_URL", &far.api_url)]).await;
    let (mut caller, reply_to) = caller_of(&server).await;
    proxy.refuse().await;
    proxy.cut();
    let request = json!({
        "method": "demo.append", "params": {"key": "ran"}, "correlation_id": "c", "reply_to": reply_to,
    });
    caller.publish("rpc:requests", &request).await.expect("published");
    eventually("the run", async || (demo.runs() == ["ran"]).then_some(())).await;
    proxy.accept().await;
    let reply = caller.publication(&reply_to).await["data"].take();
    assert_eq!(reply, json!({"correlation_id": "c", "result": {}}));
}

#[tokio::test]
async fn a_worker_works_under_tls_with_a_private_ca() {
    let server = Centrifugo::start_tls(config()).await;
    let ca = server.ca_file().to_string_lossy().into_owned();
    let untrusting = Example::start("demo", &environment(&server)).ended().await;
    assert_ne!(untrusting.status.code(), Some(0), "a stranger's certificate is not accepted");
    assert!(untrusting.lines.join("\n").contains("CENTRIFUGO_CA_FILE"), "{untrusting:?}");
    let _demo = Demo::start_with(&server, &[("CENTRIFUGO_CA_FILE", &ca)]).await;
    let (mut caller, reply_to) = caller_of(&server).await;
    let request = json!({"method": "demo.sleep", "params": {"ms": 1}, "correlation_id": "c", "reply_to": reply_to});
    caller.publish("rpc:requests", &request).await.expect("published");
    assert_eq!(caller.publication(&reply_to).await["data"], json!({"correlation_id": "c", "result": {"ms": 1}}));
}
