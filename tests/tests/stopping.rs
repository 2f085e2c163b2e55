//! How a worker stops when something does not want it to: in time, or at once when it is told twice.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::demo::environment;
use tests::{Centrifugo, Crew, Demo, Example, Load, Process, Publisher, Server, TcpProxy, eventually, load};
use tokio::time::sleep;

/// A demo that runs a call whose reply Centrifugo, which is frozen, does not take.
async fn with_an_undeliverable_reply(server: &Centrifugo, shutdown_timeout: &str) -> Demo {
    let env = [("RUST_LOG", "centrifugo_rpc=debug"), ("CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT", shutdown_timeout)];
    let demo = Demo::start_with(server, &env).await;
    let mut caller = Publisher::connect(server).await;
    caller.call("demo.sleep", json!({"ms": 700})).await;
    caller.notify("demo.notify", json!({"key": "after it"})).await;
    eventually("both to run", async || (demo.runs() == ["after it"]).then_some(())).await;
    server.pause();
    demo
}

/// A service with so many threads, of which a call blocks one.
async fn blocked(server: &Server, threads: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stubborn"));
    tests::toolchain::without_centrifugo_variables(&mut command);
    command.envs(environment(server)).env("CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT", "1s").env("THREADS", threads);
    let process = Process::start(&command, "cargo builds it");
    process.line("serving").await;
    Publisher::connect(server).await.call("stubborn.block", json!({})).await;
    process.line("blocking").await;
    process
}

#[tokio::test]
async fn a_worker_that_is_stopped_at_its_first_answer_finishes_its_calls_and_leaves() {
    let server = Centrifugo::start_default().await;
    // The first to leave says since when calls wait for another one.
    let demo = Demo::start(&server).await;
    demo.signal("TERM");
    demo.ended().await;
    let client = load::client(&server, "early").await;
    for _ in 0..5 {
        let worker = Example::start("demo", &environment(&server));
        let (slow, quick) = (json!({"ms": 300}), json!({"ms": 0}));
        let stopped = async {
            let answer = client.call::<Value>("demo.sleep", &quick).await;
            worker.signal("TERM");
            answer
        };
        let (slow, quick) = tokio::join!(client.call::<Value>("demo.sleep", &slow), stopped);
        quick.expect("the quick call is answered");
        slow.expect("the slow call is answered");
        let output = worker.ended().await;
        assert!(output.lines.iter().any(|line| line.ends_with("stopped")), "{output:?}");
    }
}

#[tokio::test]
async fn a_worker_that_is_stopped_while_it_joins_leaves_as_well() {
    let server = Centrifugo::start_default().await;
    let (network, far) = TcpProxy::before(&server).await;
    network.delay(Duration::from_millis(50));
    // From before it has read anything until it is a member.
    for step in 0..8 {
        let worker = Example::start("demo", &environment(&far));
        worker.line("subscribed").await;
        sleep(Duration::from_millis(step * 50)).await;
        worker.signal("TERM");
        let output = worker.ended().await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.lines.iter().any(|line| line.ends_with("stopped")), "{output:?}");
        assert!(!output.lines.iter().any(|line| line.contains("could not be")), "{output:?}");
    }
    // Nobody is left whom the next one would have to take for dead.
    let _demo = Demo::start(&server).await;
    let answer = load::client(&server, "next").await.call::<Value>("demo.sleep", &json!({"ms": 0})).await;
    answer.expect("it is answered");
}

#[tokio::test]
async fn workers_are_replaced_without_a_failed_call_while_the_server_api_is_slow() {
    let server = Centrifugo::start_default().await;
    let (network, far) = TcpProxy::before(&server).await;
    let slow_api = [("CENTRIFUGO_API_URL", far.api_url.as_str())];
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start_with(&server, &slow_api).await;
    }
    let load = Load::start(&[&server], 8, "demo.append", Duration::from_millis(200)).await;
    // Both ways: an answer takes twice as long.
    network.delay(Duration::from_millis(900));
    // More reports become due than go out. The one thing here that only time brings about.
    sleep(Duration::from_secs(12)).await;
    for number in 0..2 {
        crew.start_with(&server, &slow_api).await;
        crew.stop(number).await;
        let lines = crew.worker(number).lines();
        assert!(!lines.iter().any(|line| line.contains("could not be")), "{lines:?}");
    }
    network.delay(Duration::ZERO);
    let report = load.finish(&crew).await;
    report.assert_sound();
    report.assert_ok(100);
}

#[tokio::test]
async fn a_second_signal_ends_the_wait_for_replies_and_counts_them() {
    let server = Centrifugo::start_default().await;
    let demo = with_an_undeliverable_reply(&server, "25s").await;
    demo.signal("TERM");
    demo.line("demo.sleep").await;
    let told = Instant::now();
    demo.signal("TERM");
    let output = demo.ended().await;
    let took = told.elapsed();
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let given_up = output.lines.iter().find(|line| line.contains("given up")).expect("a line says so");
    assert!(given_up.contains("replies=1"), "{given_up}");
    assert!(output.lines.iter().any(|line| line.contains("lost=1")), "{output:?}");
}

#[tokio::test]
async fn a_stop_ends_soon_after_the_shutdown_timeout_whatever_centrifugo_does() {
    let server = Centrifugo::start_default().await;
    let demo = with_an_undeliverable_reply(&server, "1s").await;
    let told = Instant::now();
    demo.signal("TERM");
    let output = demo.ended().await;
    let took = told.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(5)).contains(&took), "it took {took:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.lines.iter().any(|line| line.contains("replies=1")), "{output:?}");
}

#[tokio::test]
async fn a_call_that_blocks_its_thread_does_not_keep_the_process_alive() {
    let server = Centrifugo::start_default().await;
    for threads in ["1", "2"] {
        let process = blocked(&server, threads).await;
        let told = Instant::now();
        process.signal("TERM");
        let output = process.ended().await;
        assert!(told.elapsed() < Duration::from_secs(6), "it took {:?}", told.elapsed());
        let line = output.lines.iter().find(|line| line.contains("block their threads")).expect("a line says so");
        assert!(line.contains("left=1"), "{line}");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[tokio::test]
async fn a_call_that_blocks_the_main_thread_does_not_either() {
    let server = Centrifugo::start_default().await;
    let process = blocked(&server, "0").await;
    let told = Instant::now();
    process.signal("TERM");
    let output = process.ended().await;
    assert!(told.elapsed() < Duration::from_secs(7), "it took {:?}", told.elapsed());
    assert_eq!(output.status.code(), Some(128 + 15), "it was no graceful stop: {output:?}");

    let process = blocked(&server, "0").await;
    process.signal("TERM");
    process.signal("INT");
    let told = Instant::now();
    let output = process.ended().await;
    assert!(told.elapsed() < Duration::from_secs(3), "it took {:?}", told.elapsed());
    assert!(matches!(output.status.code(), Some(130 | 143)), "signals have no order: {output:?}");
}
