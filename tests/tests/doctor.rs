//! The doctor finds the faults of a real Centrifugo, names the fixes, and finds nothing on a faultless server.

use centrifugo_rpc::Config;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::demo::environment;
use tests::{Centrifugo, Demo, Example, PATIENCE, Server, clock, config, unique};

const RPC: &str = "/channel/namespaces/0";
const REPLY: &str = "/channel/namespaces/1";

/// Returns the doctor's findings about `server`, and its exit code.
async fn doctor(server: &Server, more: &[(&str, &str)]) -> (String, Option<i32>) {
    let env: Vec<_> = environment(server).into_iter().chain(more.iter().copied()).collect();
    // A run takes some seconds by itself, and several runs share the machine.
    let output = Example::start_with("demo", &["doctor"], &env).ended_within(PATIENCE * 4).await;
    (output.lines.join("\n"), output.status.code())
}

/// Returns the printed configuration with a change of the object at `place`.
fn changed(place: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Value {
    let config = Config::new(unique("key"), unique("a-secret-of-this-test-alone")).centrifugo_config();
    let mut config = serde_json::to_value(config).expect("JSON");
    let object = config.pointer_mut(place).and_then(Value::as_object_mut).expect("an object");
    change(object);
    config
}

fn without(place: &str, option: &str) -> Value {
    changed(place, |options| drop(options.remove(option).expect("it was there")))
}

fn with(place: &str, option: &str, value: Value) -> Value {
    changed(place, |options| drop(options.insert(option.to_owned(), value)))
}

/// Checks that the doctor finds one thing alone, with its fix.
async fn only_finding(config: Value, more: &[(&str, &str)], parts: &'static [&'static str]) {
    let server = Centrifugo::start(config.clone()).await;
    let (findings, code) = doctor(&server, more).await;
    assert_eq!(code, Some(0), "a warning is no error:\n{findings}");
    assert!(findings.contains("\n0 errors, 1 warning, "), "{parts:?} alone in:\n{findings}\n{config:#}");
    let mut lines = findings.lines().skip_while(|line| !line.starts_with("warning"));
    let finding = format!("{}\n{}", lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    for part in parts.iter().chain(&["fix: "]) {
        assert!(finding.contains(part), "{part} in:\n{finding}");
    }
}

#[tokio::test]
async fn channels_and_publications_that_are_not_needed_are_found() {
    tokio::join!(
        only_finding(without(RPC, "channel_regex"), &[], &["set `channel_regex` to", "^requests$", "`rpc`"]),
        only_finding(without(REPLY, "channel_regex"), &[], &["set `channel_regex` to", "[^,#]*$", "`reply`"]),
        only_finding(
            without(RPC, "publication_data_format"),
            &[],
            &["`publication_data_format` to \"json_object\"", "`rpc`"]
        ),
        only_finding(with(RPC, "publication_data_format", json!("json")), &[], &["\"json_object\"", "`rpc`"]),
    );
}

#[tokio::test]
async fn callers_that_may_fill_their_own_reply_channel_are_found() {
    let config = with(REPLY, "allow_publish_for_subscriber", json!(true));
    only_finding(config, &[], &["remove `allow_publish_for_subscriber` from `reply`"]).await;
}

#[tokio::test]
async fn histories_that_are_too_small_or_too_short_are_found() {
    join_all([
        only_finding(with(RPC, "history_size", json!(10)), &[], &["keeps 10", "set `history_size` to 10000 in `rpc`"]),
        only_finding(with(REPLY, "history_size", json!(5)), &[], &["keeps 5", "set `history_size` to 128 in `reply`"]),
        only_finding(with(RPC, "history_ttl", json!("1s")), &[], &["forgotten", "`history_ttl` to \"60s\" in `rpc`"]),
        only_finding(
            with(REPLY, "history_ttl", json!("1s")),
            &[],
            &["forgotten", "`history_ttl` to \"60s\" in `reply`"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn messages_that_cannot_be_as_large_as_params_may_be_are_found() {
    let large = [("CENTRIFUGO_RPC_MAX_PARAMS_BYTES", "200000")];
    let unchanged = changed("", |_| {});
    tokio::join!(
        only_finding(
            unchanged,
            &large,
            &["costs its caller the connection", "MAX_PARAMS_BYTES", "message_size_limit` to 204096"]
        ),
        only_finding(with("/websocket", "message_size_limit", json!(4096)), &[], &["message_size_limit", "69632"]),
    );
}

#[tokio::test]
async fn callers_that_are_cut_off_because_their_links_are_slow_are_found() {
    tokio::join!(
        only_finding(
            without("/websocket", "write_timeout"),
            &[],
            &["slow links", "sent again and again", "set `websocket.write_timeout` to \"30s\""]
        ),
        only_finding(
            without("/client", "queue_max_size"),
            &[],
            &["slow links", "slow (3008)", "set `client.queue_max_size` to 67633152"]
        ),
    );
}

#[tokio::test]
async fn user_ids_that_are_too_long_for_centrifugo_are_found() {
    let parts = &["length of user IDs", "255 bytes cannot subscribe", "set `channel.max_length` to 326"];
    only_finding(without("/channel", "max_length"), &[], parts).await;
}

#[tokio::test]
async fn clocks_that_do_not_agree_are_found() {
    let [preload, shift] = clock::shifted(-90);
    let shifted = [(preload.0, &*preload.1), (shift.0, &*shift.1)];
    only_finding(changed("", |_| {}), &shifted, &["clocks", "s behind Centrifugo's", "NTP"]).await;
}

#[tokio::test]
async fn errors_are_understood_where_they_are_http_statuses() {
    let mut config = with("/http_api", "error_mode", json!("transport"));
    for option in ["history_size", "history_ttl", "force_recovery", "presence"] {
        config.pointer_mut(RPC).and_then(Value::as_object_mut).expect("options").remove(option);
    }
    let server = Centrifugo::start(config).await;
    let (findings, code) = doctor(&server, &[]).await;
    assert_eq!(code, Some(0), "{findings}");
    for part in ["`rpc` keeps none", "set `presence` to true in `rpc`"] {
        assert!(findings.contains(part), "{part} in:\n{findings}");
    }
}

#[tokio::test]
async fn secrets_that_can_be_guessed_are_found_and_not_shown() {
    for (secret, problem) in [("my-secret", "well-known"), ("0123456789abcdef-24-byte", "fewer than 32")] {
        let config = with("/client/token", "hmac_secret_key", json!(secret));
        let server = Centrifugo::start(config).await;
        let (findings, _) = doctor(&server, &[]).await;
        assert!(findings.contains(problem) && findings.contains("openssl rand -hex 32"), "{findings}");
        assert!(!findings.contains(secret), "{findings}");
    }
    let server = Centrifugo::start(with("/http_api", "key", json!("short"))).await;
    let (findings, _) = doctor(&server, &[]).await;
    assert!(findings.contains("CENTRIFUGO_API_KEY has 5 bytes"), "{findings}");
}

#[tokio::test]
async fn nothing_is_found_and_nothing_is_left_behind_where_nothing_is_wrong() {
    let config = changed("", |_| {});
    let server = Centrifugo::start(config).await;
    let worker = Demo::start(&server).await;
    let (findings, code) = doctor(&server, &[]).await;
    assert_eq!(code, Some(0), "{findings}");
    assert!(findings.contains("\n0 errors, 0 warnings, "), "{findings}");
    assert!(findings.contains("a worker answered after"), "{findings}");
    worker.signal("TERM");
    worker.line("all calls have ended").await;
    let printed = worker.printed();
    assert!(!printed.contains("WARN") && !printed.contains("404"), "the worker does not mind:\n{printed}");
}

#[tokio::test]
async fn errors_are_explained_and_have_an_exit_code() {
    let mut config = config::protocol();
    config["channel"]["namespaces"][1]["allow_publish_for_client"] = true.into();
    let server = Centrifugo::start(config).await;
    let (findings, code) = doctor(&server, &[]).await;
    assert_eq!(code, Some(1), "{findings}");
    for part in ["allow_publish_for_client", "fix: "] {
        assert!(findings.contains(part), "{part} in:\n{findings}");
    }
    let (findings, code) = doctor(&server, &[("CENTRIFUGO_API_KEY", "another-key-of-enough-bytes")]).await;
    assert_eq!(code, Some(1));
    assert!(findings.contains("CENTRIFUGO_API_KEY"), "{findings}");
}

#[tokio::test]
async fn the_worker_group_is_shown_with_its_members() {
    let server = Centrifugo::start(changed("", |_| {})).await;
    let (none, code) = doctor(&server, &[]).await;
    assert!(code == Some(0) && none.contains("workers: none is running"), "{none}");
    let (first, second) = (Demo::start(&server).await, Demo::start(&server).await);
    let (findings, code) = doctor(&server, &[]).await;
    assert_eq!(code, Some(0), "{findings}");
    let group = findings.lines().find(|line| line.contains("worker group")).expect("the group").to_owned();
    for part in
        ["2 members in view ", &format!("process {} on ", first.pid()), &format!("process {} on ", second.pid())]
    {
        assert!(group.contains(part), "{part} in {group}");
    }
    assert!(findings.contains("0 errors, 0 warnings"), "{findings}");
}
