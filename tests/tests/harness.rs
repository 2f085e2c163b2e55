//! The promises of the harness itself.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tests::{Centrifugo, Node, Process, Raw, TcpProxy, config, eventually, within};

fn sleeper() -> Command {
    let mut command = Command::new("sleep");
    command.arg("1000");
    command
}

fn lives(pid: &str) -> bool {
    // A zombie has ended; its parent has not read its exit status yet.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
}

#[tokio::test]
async fn a_server_answers_until_it_is_killed_and_comes_back_empty_on_the_same_port() {
    let mut centrifugo = Centrifugo::start(config::protocol()).await;
    let offset = |result: serde_json::Value| result["offset"].as_u64();
    let api = centrifugo.api();
    assert_eq!(offset(api.publish("rpc:requests", &json!({})).await), Some(1));
    assert_eq!(offset(api.publish("rpc:requests", &json!({})).await), Some(2));

    centrifugo.kill();
    assert!(api.try_post("info", "{}".to_owned()).await.is_err());

    centrifugo.restart().await;
    assert_eq!(offset(api.publish("rpc:requests", &json!({})).await), Some(1));
}

#[tokio::test]
async fn a_paused_server_answers_when_it_is_resumed() {
    let centrifugo = Centrifugo::start_default().await;
    let api = centrifugo.api();
    centrifugo.pause();
    let answer = api.try_post("info", "{}".to_owned());
    tokio::pin!(answer);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut answer).await.is_err());
    centrifugo.resume();
    let answer = within("the resumed server", answer).await.expect("an answer");
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_server_under_a_private_authority_is_trusted_with_its_certificate_only() {
    let centrifugo = Centrifugo::start_tls(config::protocol()).await;
    assert!(centrifugo.url.starts_with("wss://localhost:"));
    assert!(centrifugo.api_url.starts_with("https://localhost:"));
    let ca = std::fs::read_to_string(centrifugo.ca_file()).expect("the authority's certificate");
    assert_eq!(centrifugo.ca.as_ref(), Some(&ca));
    centrifugo.connect("alice").await;

    let stranger =
        tests::Server { ca: Some(tests::tls::Certificates::for_localhost().ca), ..centrifugo.server().clone() };
    assert!(Raw::open_from(&stranger, "http://localhost").await.is_err());
    assert!(stranger.api().try_post("info", "{}".to_owned()).await.is_err());
}

#[tokio::test]
async fn a_process_tells_what_it_prints_and_how_it_ends() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo one; echo two >&2; trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"]);
    let process = Process::start(&command, "sh is everywhere");
    process.line("one").await;
    process.line("two").await;
    process.line("ready").await;
    process.signal("TERM");
    let output = process.ended().await;
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.lines.len(), 3, "{output:?}");
}

#[tokio::test]
#[should_panic(expected = "`no-such-tool` was not found: install it")]
async fn a_missing_tool_is_named_with_its_fix() {
    let _ = Process::start(&Command::new("no-such-tool"), "install it");
}

#[test]
fn a_process_dies_with_its_handle() {
    let process = Process::start(&sleeper(), "");
    let pid = process.pid().to_string();
    assert!(lives(&pid));
    drop(process);
    assert!(!lives(&pid));
}

/// Not a test of its own: the next test runs and kills it.
#[tokio::test]
#[ignore = "hangs, as its only purpose"]
async fn a_test_that_never_ends() {
    let process = Process::start(&sleeper(), "");
    let (_hangs, pid) = (std::future::pending::<()>(), process.pid());
    std::fs::write(std::env::var("PID_FILE").expect("PID_FILE"), format!("{pid}\n")).expect("a file");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_process_dies_with_a_test_that_is_killed() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("pid");
    let mut test = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_test_that_never_ends", "--include-ignored"])
        .env("PID_FILE", &file)
        .spawn()
        .expect("this test starts");
    let pid = eventually("the other test's process", async || {
        std::fs::read_to_string(&file).ok().and_then(|pid| Some(pid.strip_suffix('\n')?.to_owned()))
    })
    .await;
    assert!(lives(&pid));

    test.kill().expect("the test is killed");
    test.wait().expect("the test has ended");
    eventually("the process to die", async || (!lives(&pid)).then_some(())).await;
}

#[tokio::test]
async fn a_proxy_cuts_refuses_delays_and_swallows() {
    let centrifugo = Centrifugo::start_default().await;
    let (proxy, through) = TcpProxy::before(&centrifugo).await;
    let mut alice = through.connect("alice").await;

    proxy.cut();
    assert_eq!(alice.closed().await.code, 1006);

    let mut alice = through.connect("alice").await;
    proxy.refuse().await;
    assert!(Raw::open_from(&through, "http://localhost").await.is_err());
    // Refusing does not affect existing connections.
    alice.pushes().await;
    proxy.accept().await;
    through.connect("alice").await;

    proxy.black_hole(true);
    {
        let mut pushes = std::pin::pin!(alice.pushes());
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut pushes).await.is_err());
        proxy.black_hole(false);
        pushes.await;
    }

    proxy.delay(Duration::from_millis(100));
    let asked = std::time::Instant::now();
    alice.pushes().await;
    assert!(asked.elapsed() >= Duration::from_millis(200), "once there and once back");
}

#[tokio::test]
async fn scripts_run_on_node_with_the_official_sdk() {
    let output = Node::install().run_script("versions.mjs", &["centrifuge"], &[]).await;
    assert_eq!(output.lines, ["centrifuge 5.8.0"]);
}

#[test]
#[should_panic(expected = "there is no example `no-such-example`")]
fn a_missing_example_is_named() {
    let _ = tests::Example::start("no-such-example", &[]);
}
