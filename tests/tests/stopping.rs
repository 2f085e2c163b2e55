//! A worker that has a reason not to stop still stops in time, or immediately after a second signal.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::demo::environment;
use tests::{
    Centrifugo, Crew, Demo, Example, Load, Process, Publisher, Server, TcpProxy, eventually, load, preload, toolchain,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const SECRETS: [(&str, &str); 2] = [
    ("CENTRIFUGO_API_KEY", "the-key-of-no-server-at-all"),
    ("CENTRIFUGO_TOKEN_HMAC_SECRET", "the-secret-of-no-server-at-all-0123456789"),
];

/// Starts a demo that has run a call and cannot deliver its reply, because Centrifugo is frozen.
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

/// Starts a service with `threads` threads, one of them blocked by a call.
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
    // The first worker to leave publishes since when calls wait for another worker.
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

/// The C library finds addresses in threads of the runtime, which cannot be cancelled.
#[tokio::test]
async fn a_worker_is_stopped_while_it_looks_for_centrifugo() {
    let (preload, library) = preload::unresolved();
    let mut env = SECRETS.to_vec();
    env.extend([
        (preload, library.as_str()),
        ("CENTRIFUGO_URL", "ws://centrifugo.test:8000/connection/websocket"),
        ("CENTRIFUGO_API_URL", "http://centrifugo.test:8000/api"),
    ]);
    for signal in ["TERM", "INT"] {
        let worker = Example::start("demo", &env);
        worker.line("resolving").await;
        worker.signal(signal);
        let output = worker.ended().await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.lines.iter().any(|line| line.ends_with("stopped before it served")), "{output:?}");
    }
}

#[tokio::test]
async fn a_worker_that_is_stopped_while_it_joins_leaves_as_well() {
    let server = Centrifugo::start_default().await;
    let (network, far) = TcpProxy::before(&server).await;
    network.delay(Duration::from_millis(50));
    // The signals arrive between the first read and the membership.
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
    // No worker is left that the next one would have to declare dead.
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
    // The delay applies in both directions, so an answer takes twice as long.
    network.delay(Duration::from_millis(900));
    // More reports become due than are sent. Only the passing of time brings this state about.
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

/// Starts the example `beside`, and returns the address of its HTTP server.
async fn beside(server: &Server, address: &str, more: &[(&str, &str)]) -> (Example, String) {
    let mut env = environment(server);
    env.push(("HTTP_ADDRESS", address));
    env.extend_from_slice(more);
    let example = Example::start("beside", &env);
    let line = example.line("HTTP at ").await;
    let address = line.rsplit_once("HTTP at ").expect("an address").1.to_owned();
    (example, address)
}

/// Sends a request for a token that the server starts to handle, without the last byte of its body.
async fn begin_request(address: &str) -> TcpStream {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head =
        "POST /token HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut answer = [0; CONTINUE.len()];
    stream.read_exact(&mut answer).await.expect("the server waits for the body");
    assert_eq!(answer, CONTINUE);
    stream.write_all(b"alic").await.expect("written");
    stream
}

async fn end_request(mut stream: TcpStream) -> String {
    stream.write_all(b"e").await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer.rsplit_once("\r\n\r\n").expect("a body").1.to_owned()
}

#[tokio::test]
async fn an_http_server_beside_the_worker_stops_with_it_and_finishes_its_requests() {
    let server = Centrifugo::start_default().await;
    let (example, address) = beside(&server, "127.0.0.1:0", &[]).await;
    let token = end_request(begin_request(&address).await).await;
    let client = centrifugo_rpc::Client::builder(&server.url).token(token).connect().await.expect("a client");
    assert_eq!(client.call::<String>("hello", &()).await.expect("a greeting"), "hello, alice");

    let request = begin_request(&address).await;
    example.signal("TERM");
    example.line("all calls have ended").await;
    // The worker has stopped, and no new connection is accepted, but the open request may finish.
    eventually("the server no longer listens", async || TcpStream::connect(&address).await.err()).await;
    assert_eq!(end_request(request).await.split('.').count(), 3, "a token");
    let output = example.ended().await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn what_runs_beside_a_worker_is_cut_off_in_time_or_at_a_second_signal() {
    let server = Centrifugo::start_default().await;
    for (timeout, signals) in [("1s", 1), ("60s", 2)] {
        let (example, address) = beside(&server, "127.0.0.1:0", &[("CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT", timeout)]).await;
        let _request = begin_request(&address).await;
        example.signal("TERM");
        example.line("stopped").await;
        if signals == 2 {
            example.signal("TERM");
        }
        let output = example.ended().await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.lines.iter().any(|line| line.contains("did not stop in time: it is cut off")), "{output:?}");
    }
}

#[tokio::test]
async fn what_fails_beside_a_worker_stops_it_gracefully_with_exit_code_1() {
    let server = Centrifugo::start_default().await;
    let (_first, address) = beside(&server, "127.0.0.1:0", &[]).await;
    let mut env = environment(&server);
    env.push(("HTTP_ADDRESS", &address));
    let output = Example::start("beside", &env).ended().await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for part in ["serving", "stopped", "error: what runs beside the worker failed", "in use"] {
        assert!(output.lines.iter().any(|line| line.contains(part)), "{part} in {output:?}");
    }
    // A command of the service works as without the HTTP server.
    let mut command = tests::example::command("beside");
    let printed = command.args(["token", "--user", "alice"]).envs(env).output().expect("it starts");
    assert!(printed.status.success(), "{printed:?}");
}

#[tokio::test]
async fn without_a_worker_what_is_beside_it_runs_alone() {
    let server = Centrifugo::start_default().await;
    let (example, address) = beside(&server, "127.0.0.1:0", &[("CENTRIFUGO_ENABLED", "false")]).await;
    end_request(begin_request(&address).await).await;
    example.signal("INT");
    let output = example.ended().await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!output.lines.iter().any(|line| line.contains("worker group")), "{output:?}");
}

#[test]
fn the_guide_shows_the_example_beside_as_it_is() {
    let read = |path: &str| std::fs::read_to_string(toolchain::workspace_dir().join(path)).expect(path);
    let example = read("examples/examples/beside.rs");
    let program = &example[example.find("use std::process::ExitCode").expect("imports")..];
    assert!(
        read("docs/backend-guide.md").contains(program),
        "docs/backend-guide.md has another program than the example"
    );
}
