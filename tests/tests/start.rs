//! Faults of Centrifugo or of the settings are reported at start, with their fixes, and the worker ends instead of
//! waiting.

use serde_json::{Value, json};
use tests::demo::environment;
use tests::{Centrifugo, Demo, Example, Server, clock, config};

/// Returns the error that a worker ends with.
async fn refusal(server: &Server, more: &[(&str, &str)]) -> String {
    let mut env = environment(server);
    env.extend_from_slice(more);
    let output = Example::start("demo", &env).ended().await;
    assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    let at = output.lines.iter().position(|line| line.starts_with("error: "));
    output.lines[at.unwrap_or_else(|| panic!("no error in {output:?}"))..].join("\n")
}

/// Starts a Centrifugo with changed namespaces.
async fn with_namespaces(change: impl FnOnce(&mut Vec<Value>)) -> Centrifugo {
    let mut config = config::protocol();
    change(config["channel"]["namespaces"].as_array_mut().expect("namespaces"));
    Centrifugo::start(config).await
}

async fn with_option(namespace: usize, option: &str, value: Value) -> Centrifugo {
    with_namespaces(|namespaces| namespaces[namespace][option] = value).await
}

const RPC: usize = 0;
const REPLY: usize = 1;

fn assert_names(refusal: &str, parts: &[&str]) {
    for part in parts {
        assert!(refusal.contains(part), "`{part}` is not in:\n{refusal}");
    }
}

#[tokio::test]
async fn a_wrong_api_key_is_named() {
    let server = Centrifugo::start_default().await;
    let refusal = refusal(&server, &[("CENTRIFUGO_API_KEY", "not-the-key-of-this-server")]).await;
    assert_names(&refusal, &["CENTRIFUGO_API_KEY", "http_api.key"]);
    assert!(!refusal.contains("not-the-key"), "the key itself is not shown:\n{refusal}");
}

#[tokio::test]
async fn a_wrong_token_secret_is_named() {
    let server = Centrifugo::start_default().await;
    let secret = "not-the-secret-of-this-server-at-all";
    let refusal = refusal(&server, &[("CENTRIFUGO_TOKEN_HMAC_SECRET", secret)]).await;
    assert_names(&refusal, &["CENTRIFUGO_TOKEN_HMAC_SECRET", "client.token.hmac_secret_key"]);
    assert!(!refusal.contains(secret), "the secret itself is not shown:\n{refusal}");
}

#[tokio::test]
async fn a_clock_that_is_hours_behind_is_named() {
    let server = Centrifugo::start_default().await;
    let [preload, shift] = clock::shifted(-7200);
    let refusal = refusal(&server, &[(preload.0, &preload.1), (shift.0, &shift.1)]).await;
    assert_names(&refusal, &["token expired (109)", "the clock of this machine is behind"]);
}

#[tokio::test]
async fn a_url_where_nothing_listens_is_named() {
    let mut server = Centrifugo::start_default().await;
    server.kill();
    assert_names(&refusal(&server, &[]).await, &["CENTRIFUGO_API_URL", &server.api_url]);
}

#[tokio::test]
async fn wrong_paths_are_named() {
    let server = Centrifugo::start_default().await;
    let wrong = server.api_url.replace("/api", "/apis");
    assert_names(&refusal(&server, &[("CENTRIFUGO_API_URL", &wrong)]).await, &["CENTRIFUGO_API_URL", &wrong, "/api"]);
    let wrong = server.url.replace("/connection/websocket", "/websocket");
    let refusal = refusal(&server, &[("CENTRIFUGO_URL", &wrong)]).await;
    assert_names(&refusal, &["CENTRIFUGO_URL", &wrong, "/connection/websocket"]);
}

#[tokio::test]
async fn a_missing_namespace_is_named() {
    let server = with_namespaces(|namespaces| drop(namespaces.remove(RPC))).await;
    assert_names(&refusal(&server, &[]).await, &["`rpc`", "centrifugo_config"]);
    let server = with_namespaces(|namespaces| drop(namespaces.remove(REPLY))).await;
    assert_names(&refusal(&server, &[]).await, &["`reply`", "centrifugo_config"]);
}

#[tokio::test]
async fn a_wrong_name_of_the_service_is_one_problem() {
    let server = Centrifugo::start_default().await;
    for (name, part) in [
        ("biling", "neither of the namespaces `biling_rpc` and `biling_reply`"),
        ("My service", "is not a name of at most 32 lower case letters"),
    ] {
        let refusal = refusal(&server, &[("CENTRIFUGO_RPC_SERVICE", name)]).await;
        assert_names(&refusal, &["CENTRIFUGO_RPC_SERVICE", part]);
        assert!(!refusal.contains("\n  - ") && !refusal.contains("problems"), "one problem in:\n{refusal}");
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let server = with_option(RPC, "allow_publish_for_client", json!(false)).await;
    assert_names(&refusal(&server, &[]).await, &["allow_publish_for_client", "`rpc`"]);
    let server = with_option(REPLY, "allow_user_limited_channels", json!(false)).await;
    assert_names(&refusal(&server, &[]).await, &["allow_user_limited_channels", "`reply`"]);
}

#[tokio::test]
async fn permissions_that_would_let_callers_forge_replies_or_read_requests_are_named() {
    let server = with_option(REPLY, "allow_publish_for_client", json!(true)).await;
    assert_names(&refusal(&server, &[]).await, &["allow_publish_for_client", "`reply`"]);
    let server = with_option(RPC, "allow_subscribe_for_client", json!(true)).await;
    assert_names(&refusal(&server, &[]).await, &["allow_subscribe_for_client", "`rpc`"]);
}

#[tokio::test]
async fn a_channel_regex_that_does_not_fit_is_named() {
    let server = with_option(RPC, "channel_regex", json!("^calls$")).await;
    assert_names(&refusal(&server, &[]).await, &["channel_regex", "`rpc`"]);
}

#[tokio::test]
async fn a_worker_without_history_serves_and_says_what_it_cannot_do() {
    let server = with_namespaces(|namespaces| {
        for option in ["history_size", "history_ttl", "force_recovery"] {
            namespaces[RPC].as_object_mut().expect("options").remove(option);
        }
    })
    .await;
    let worker = Demo::start(&server).await;
    assert_names(&worker.printed(), &["WARN", "only one worker may run", "history_size", "`rpc`"]);
}

#[tokio::test]
async fn missing_and_malformed_variables_are_named_together() {
    let env = [("CENTRIFUGO_API_KEY", "key"), ("CENTRIFUGO_RPC_CALL_TIMEOUT", "soon")];
    let output = Example::start("demo", &env).ended().await;
    assert_eq!(output.status.code(), Some(2), "wrong configuration has its own code");
    let error = output.lines.join("\n");
    assert_names(&error, &["CENTRIFUGO_TOKEN_HMAC_SECRET is not set", "CENTRIFUGO_RPC_CALL_TIMEOUT", "`30s`"]);
}

#[tokio::test]
async fn a_disabled_worker_ends_at_once_and_says_why() {
    let output = Example::start("demo", &[("CENTRIFUGO_ENABLED", "false")]).ended().await;
    assert_eq!(output.status.code(), Some(0));
    assert_names(&output.lines.join("\n"), &["CENTRIFUGO_ENABLED"]);
}

#[tokio::test]
async fn a_worker_waits_for_a_centrifugo_that_starts_after_it() {
    let mut server = Centrifugo::start_default().await;
    server.kill();
    let worker = Example::start("demo", &environment(&server));
    worker.line("CENTRIFUGO_API_URL").await;
    server.restart().await;
    worker.line("serving").await;
}

#[tokio::test]
async fn a_limit_of_connections_that_leaves_no_room_for_a_second_worker_is_named() {
    let change = json!({"client": {"user_connection_limit": 1}});
    let server = Centrifugo::start(config::with(config::protocol(), change)).await;
    let _first = Demo::start(&server).await;
    assert_names(&refusal(&server, &[]).await, &["connection limit (3504)", "client.user_connection_limit"]);
}

#[tokio::test]
async fn a_second_worker_joins_the_first() {
    let server = Centrifugo::start_default().await;
    let _first = Demo::start(&server).await;
    let second = Demo::start(&server).await;
    assert_names(&second.printed(), &["a member of the worker group"]);
}
