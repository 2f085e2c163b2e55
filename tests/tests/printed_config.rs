//! `centrifugo_config` prints a configuration that fits the settings: Centrifugo runs on it unchanged, at the
//! configured addresses.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use centrifugo_rpc::Client;
use serde_json::Value;
use tempfile::TempDir;
use tests::centrifugo::{binary, free_port};
use tests::demo::{caller, environment};
use tests::tls::Certificates;
use tests::{Demo, Process, Server, example, toolchain, unique};

/// Returns the server at these addresses.
fn server(url: String, api_url: String, ca: Option<&Certificates>) -> Server {
    let ca = ca.map(|certificates| certificates.ca.clone());
    Server { url, api_url, api_key: unique("a-key-of-this-test"), secret: unique("a-secret-of-this-test-alone"), ca }
}

fn demo(server: &Server, args: &[&str], more: &[(&str, &str)]) -> Output {
    let env = environment(server).into_iter().chain(more.iter().copied());
    example::command("demo").args(args).envs(env).output().expect("it starts")
}

fn print(server: &Server, args: &[&str]) -> Value {
    let output = demo(server, &[&["centrifugo_config"], args].concat(), &[]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON and nothing else")
}

/// Returns a command of Centrifugo with a configuration. The variables keep tests on this machine, and change nothing
/// else.
fn centrifugo(dir: &Path, config: &Value, args: &[&str]) -> Command {
    let file = dir.join("config.json");
    fs::write(&file, config.to_string()).expect("written");
    let mut command = Command::new(binary());
    toolchain::without_centrifugo_variables(&mut command).args(args).arg("--config").arg(file);
    command.env("CENTRIFUGO_HTTP_SERVER_ADDRESS", "127.0.0.1").env("CENTRIFUGO_USAGE_STATS_DISABLED", "true");
    command
}

/// Runs Centrifugo and a worker on a printed configuration, and calls the worker.
async fn works(server: &Server, config: &Value, dir: &TempDir, more: &[(&str, &str)]) -> (Process, Demo) {
    let check = centrifugo(dir.path(), config, &["checkconfig", "--strict"]).output().expect("it starts");
    assert!(check.status.success(), "{check:?}\n{config:#}");
    let centrifugo = Process::start(&centrifugo(dir.path(), config, &[]), "the harness builds it");
    // Both start at the same time: the worker waits for Centrifugo.
    let worker = Demo::start_with(server, more).await;
    let doctor = demo(server, &["doctor"], more);
    let findings = String::from_utf8_lossy(&doctor.stdout);
    assert!(findings.contains("\n0 errors, 0 warnings, "), "{findings}");
    assert!(findings.contains("a worker answered after"), "{findings}");
    (centrifugo, worker)
}

#[tokio::test]
async fn other_ports_and_paths_are_those_of_the_urls() {
    let (port, internal) = (free_port(), free_port());
    let url = format!("ws://127.0.0.1:{port}/rt/socket");
    let server = server(url, format!("http://127.0.0.1:{internal}/internal/api"), None);
    let config = print(&server, &[]);
    assert_eq!(config["http_server"]["internal_port"], internal.to_string());
    let dir = tempfile::tempdir().expect("a directory");
    let _running = works(&server, &config, &dir, &[]).await;
    assert_eq!(caller(&server, "results").await, ["results"]);
    // The longest user ID, whose reply channel is longer than Centrifugo's default allows.
    let user = "x".repeat(255);
    let client = Client::builder(&server.url).token(server.tokens().connection(&user)).connect().await;
    let client = client.expect("connected");
    assert_eq!(client.call::<Value>("demo.whoami", &()).await.expect("an answer")["user"], user);
    client.close().await;
}

#[tokio::test]
async fn certificates_are_used_where_the_urls_have_tls() {
    let certificates = Certificates::for_localhost();
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::write(&file, text).expect("written");
        file.to_str().expect("a path").to_owned()
    };
    let ca = file("ca.pem", &certificates.ca);
    let (certificate, key) = (file("certificate.pem", &certificates.certificate), file("key.pem", &certificates.key));
    for (socket, api) in [("wss", "https"), ("wss", "http"), ("ws", "https")] {
        let (port, internal) = (free_port(), free_port());
        let url = format!("{socket}://localhost:{port}/connection/websocket");
        let server = server(url, format!("{api}://localhost:{internal}/api"), Some(&certificates));
        let config = print(&server, &["--tls-cert", &certificate, "--tls-key", &key]);
        works(&server, &config, &dir, &[("CENTRIFUGO_CA_FILE", &ca)]).await;
    }
}

#[tokio::test]
async fn larger_params_than_centrifugo_takes_by_itself_get_through() {
    let port = free_port();
    let url = format!("ws://127.0.0.1:{port}/connection/websocket");
    let server = server(url, format!("http://127.0.0.1:{port}/api"), None);
    let more = [("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", "200000")];
    let output = demo(&server, &["centrifugo_config"], &more);
    let config = serde_json::from_slice(&output.stdout).expect("JSON");
    works(&server, &config, &tempfile::tempdir().expect("a directory"), &more).await;
}

#[test]
fn what_the_urls_do_not_say_is_asked_for() {
    let url = "wss://rt.example.com/connection/websocket".to_owned();
    let server = server(url, "http://centrifugo:8010/api".to_owned(), None);
    let output = demo(&server, &["centrifugo_config"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    for part in ["CENTRIFUGO_URL", "--behind-proxy", "--tls-cert"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(output.stdout.is_empty());
    let config = print(&server, &["--behind-proxy"]);
    assert_eq!(config["http_server"], serde_json::json!({"port": 8010}));
}
