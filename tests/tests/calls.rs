//! Calls through a real Centrifugo, from a caller that is written from the description of the protocol alone.

use std::process::Command;

use centrifugo_rpc::Config;
use serde_json::{Value, json};
use tests::demo::{caller, caller_settings};
use tests::{Centrifugo, Demo, Node, Server, eventually, toolchain, within};

/// Starts a Centrifugo with the configuration that `centrifugo_config` prints.
async fn centrifugo() -> Centrifugo {
    let config = Config::new(tests::unique("key"), tests::unique("secret")).centrifugo_config();
    Centrifugo::start(serde_json::to_value(config).expect("JSON")).await
}

#[tokio::test]
async fn a_caller_in_another_language_gets_its_results() {
    let server = centrifugo().await;
    let demo = Demo::start(&server).await;
    assert_eq!(caller(&server, "results").await, ["results"]);
    // A notification has no reply, so the test waits for its effect.
    let expected = ["called", "called again", "called with an address", "notified"];
    eventually("the notification to run", async || (demo.runs() == expected).then_some(())).await;
}

#[tokio::test]
async fn every_error_has_its_code() {
    let config = Config::new(tests::unique("key"), tests::unique("secret")).centrifugo_config().allow_anonymous();
    let server = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
    let limits = [("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", "60000"), ("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER", "3")];
    let _demo = Demo::start_with(&server, &limits).await;
    let seen = caller(&server, "errors").await;
    for code in [400, 401, 403, 404, 408, 413, 429, 499, 500, 1007] {
        assert!(seen.contains(&format!("error {code}")), "{code} is among {seen:?}");
    }
}

#[tokio::test]
async fn two_thousand_concurrent_calls_each_get_their_own_result() {
    let server = centrifugo().await;
    let _demo = Demo::start(&server).await;
    assert_eq!(caller(&server, "concurrent").await, ["2000 results"]);
}

#[tokio::test]
async fn fast_calls_do_not_wait_for_a_slow_one() {
    let server = centrifugo().await;
    let _demo = Demo::start(&server).await;
    assert_eq!(caller(&server, "fast_beside_slow").await, ["50 fast results"]);
}

#[tokio::test]
async fn a_caller_does_not_reach_the_calls_and_replies_of_others() {
    let server = centrifugo().await;
    let demo = Demo::start(&server).await;
    assert_eq!(caller(&server, "forgeries").await, ["forgeries had no effect"]);
    assert_eq!(demo.runs(), Vec::<String>::new(), "no forged request ran");
    assert!(demo.printed().contains("not the caller's own reply channel"), "{}", demo.printed());
}

#[tokio::test]
async fn garbage_neither_stops_nor_floods_the_worker() {
    // Without `publication_data_format`, so that all garbage arrives.
    let server = Centrifugo::start_default().await;
    let demo = Demo::start(&server).await;
    assert_eq!(caller(&server, "garbage").await, ["alive after 1000 garbage publications"]);
    let dropped = demo.lines().iter().filter(|line| line.contains("was dropped")).count();
    assert!((1..30).contains(&dropped), "{dropped} lines say what was dropped:\n{}", demo.printed());
    demo.signal("TERM");
    let output = demo.ended().await;
    assert!(output.status.success());
    let summary = output.lines.iter().find(|line| line.contains("all calls have ended")).expect("a summary");
    assert!(summary.contains("it is not a request: "), "they were counted: {summary}");
}

#[tokio::test]
async fn a_worker_that_stops_finishes_its_calls_and_leaves_new_ones_to_the_next() {
    let server = centrifugo().await;
    let demo = Demo::start_with(&server, &[("CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT", "3s")]).await;
    let settings = caller_settings(&server).to_string();
    let caller = Node::install().start("caller.mjs", &["stopping", &settings], &[]);
    caller.line("calls are running").await;
    demo.signal("TERM");
    for seen in ["a call waits", "the running call finished", "error 504"] {
        caller.line(seen).await;
    }
    assert_eq!(demo.ended().await.status.code(), Some(0));
    let _next = Demo::start(&server).await;
    let caller = caller.ended().await;
    assert!(caller.status.success(), "{:?}", caller.lines);
    assert_eq!(caller.lines.last().map(String::as_str), Some("the next worker answered"), "{:?}", caller.lines);
}

#[tokio::test]
async fn sigint_and_sigterm_end_an_idle_worker_with_code_0() {
    let server = centrifugo().await;
    for signal in ["INT", "TERM"] {
        let demo = Demo::start(&server).await;
        demo.signal(signal);
        assert_eq!(demo.ended().await.status.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn a_second_signal_cuts_the_waiting_short() {
    let server = centrifugo().await;
    let demo = Demo::start(&server).await;
    let settings = caller_settings(&server).to_string();
    let caller = Node::install().start("caller.mjs", &["stopping", &settings], &[]);
    caller.line("calls are running").await;
    demo.signal("TERM");
    demo.line("shutting down").await;
    demo.signal("TERM");
    demo.line("cancelling the calls").await;
    assert_eq!(within("an end before the shutdown timeout of 25 s", demo.ended()).await.status.code(), Some(0));
}

#[tokio::test]
async fn the_caller_in_the_documentation_works_as_it_stands() {
    let server = centrifugo().await;
    let _demo = Demo::start(&server).await;
    let page = std::fs::read_to_string(toolchain::workspace_dir().join("docs/protocol.md")).expect("the page");
    let (_, code) = page.split_once("```javascript\n").expect("a JavaScript sample");
    let (code, _) = code.split_once("\n```").expect("the sample's end");
    let _packages = Node::install();
    // Node looks for imported packages beside the script.
    let node = toolchain::tests_dir().join("node");
    let script = tempfile::Builder::new().prefix("sample-").suffix(".mjs").tempfile_in(&node).expect("a file");
    std::fs::write(script.path(), code).expect("written");
    let token = server.tokens().connection("user-123");
    let output =
        Command::new("node").arg(script.path()).args([&server.url, &token, "user-123"]).output().expect("node");
    let printed = String::from_utf8_lossy(&output.stdout);
    let result: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(result, json!({"total": 100, "completed": 75}));
}

#[tokio::test]
async fn the_log_has_calls_but_neither_params_nor_secrets() {
    let server = centrifugo().await;
    let demo = Demo::start_with(&server, &[("RUST_LOG", "centrifugo_rpc=trace")]).await;
    let settings = caller_settings(&server).to_string();
    Node::install().run_script("caller.mjs", &["results", &settings], &[]).await;
    demo.line("call finished").await;
    let log = demo.printed();
    let line = log.lines().find(|line| line.contains("call finished") && line.contains("demo.whoami")).expect("a line");
    for part in ["user", "42", "client", "correlation_id", "outcome", "duration"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let Server { api_key, secret, .. } = &*server;
    for private in [api_key.as_str(), secret, "Grüße", "called again", "eyJ"] {
        assert!(!log.contains(private), "`{private}` is in the log");
    }
}
