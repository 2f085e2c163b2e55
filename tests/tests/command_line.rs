//! The command line of a service, and the examples, run as users run them.

use std::process::{Command, Output};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use tests::demo::environment;
use tests::{Centrifugo, Demo, Example, centrifugo, example};

const SECRETS: [(&str, &str); 2] =
    [("CENTRIFUGO_API_KEY", "an-api-key"), ("CENTRIFUGO_TOKEN_HMAC_SECRET", "a-token-secret-of-more-than-32-bytes")];

/// Runs `demo` to its end, with separate standard output and standard error.
fn demo(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = example::command("demo");
    command.args(args).envs(env.iter().copied()).output().expect("it starts")
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

#[test]
fn help_needs_no_settings_and_names_every_command() {
    let output = demo(&["--help"], &[]);
    let help = stdout(&output);
    for part in ["centrifugo_config", "token", "doctor", "--log-format", "CENTRIFUGO_API_KEY", "Exit codes"] {
        assert!(help.contains(part), "{part} in:\n{help}");
    }
    assert!(help.lines().all(|line| line.len() <= 100), "it fits a terminal:\n{help}");
}

#[test]
fn centrifugo_config_prints_json_alone_that_centrifugo_accepts() {
    let output = demo(&["centrifugo_config", "--origin", "https://app.example.com"], &SECRETS);
    let config: Value = serde_json::from_str(stdout(&output)).expect("JSON and nothing else");
    assert_eq!(config["http_api"]["key"], SECRETS[0].1);
    assert_eq!(config["client"]["token"]["hmac_secret_key"], SECRETS[1].1);
    assert_eq!(config["client"]["allowed_origins"], serde_json::json!(["https://app.example.com"]));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("config.json");
    std::fs::write(&file, &output.stdout).expect("written");
    let check = Command::new(centrifugo::binary())
        .args(["checkconfig", "--strict", "-c"])
        .arg(&file)
        .output()
        .expect("it starts");
    assert!(check.status.success(), "{check:?}");
    let again = demo(&["centrifugo_config", "--origin", "https://app.example.com"], &SECRETS);
    assert_eq!(output.stdout, again.stdout, "two runs print the same bytes");
}

#[tokio::test]
async fn centrifugo_config_follows_the_settings() {
    let env = [
        SECRETS[0],
        SECRETS[1],
        ("CENTRIFUGO_RPC_REQUEST_CHANNEL", "calls:in"),
        ("CENTRIFUGO_RPC_REPLY_NAMESPACE", "answers"),
    ];
    let printed = demo(&["centrifugo_config"], &env);
    let config: Value = serde_json::from_str(stdout(&printed)).expect("JSON");
    let server = Centrifugo::start(config).await;
    let worker = Demo::start_with(&server, &env[2..]).await;
    assert!(worker.line("serving").await.contains("calls:in"));
}

#[test]
fn centrifugo_config_has_the_namespaces_of_all_services() {
    let namespaces = |args: &[&str], service: &str| {
        let env = [SECRETS[0], SECRETS[1], ("CENTRIFUGO_RPC_SERVICE", service)];
        let printed = demo(&[&["centrifugo_config"], args].concat(), &env);
        let config: Value = serde_json::from_str(stdout(&printed)).expect("JSON");
        (
            config["channel"]["namespaces"].as_array().cloned().expect("namespaces"),
            config["channel"]["max_length"].as_u64(),
        )
    };
    let names = |namespaces: &[Value]| -> Vec<_> {
        namespaces.iter().map(|one| one["name"].as_str().map(ToOwned::to_owned)).collect()
    };
    let expected = |names: &[&str]| -> Vec<_> { names.iter().map(|name| Some((*name).to_owned())).collect() };
    // An empty variable counts as unset.
    let (unnamed, max_length) = namespaces(&[], "");
    assert_eq!(names(&unnamed), expected(&["rpc", "reply"]));
    let (all, longer) = namespaces(&["--service", "billing", "--service", "shop", "--anonymous"], "shop");
    assert_eq!(longer, max_length.map(|length| length + "billing_".len() as u64), "room for the longest name");
    assert_eq!(names(&all), expected(&["shop_rpc", "shop_reply", "billing_rpc", "billing_reply"]));
    for (named, unnamed) in all.iter().zip(unnamed.iter().cycle()) {
        let mut options = named.clone();
        options["name"] = unnamed["name"].clone();
        options.as_object_mut().expect("options").remove("allow_publish_for_anonymous");
        assert_eq!(&options, unnamed, "they are all the same");
    }
    let refused = demo(&["centrifugo_config", "--service", "My shop"], &SECRETS);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("lower case letters"), "{}", stderr(&refused));
}

#[tokio::test]
async fn token_prints_a_token_that_centrifugo_accepts() {
    let server = Centrifugo::start_default().await;
    let output =
        demo(&["token", "--user", "42", "--ttl", "5m", "--info", r#"{"role":"admin"}"#], &environment(&server));
    let token = stdout(&output).trim_end();
    assert_eq!(stdout(&output), format!("{token}\n"), "the token and nothing else");
    let mut caller = tests::Raw::connect(&server, token).await;
    caller.publish("rpc:requests", &serde_json::json!({"cancel": "c"})).await.expect("published");
    let history = server.api().ok("history", serde_json::json!({"channel": "rpc:requests", "limit": 1})).await;
    let info = &history["publications"][0]["info"];
    assert_eq!((&info["user"], &info["conn_info"]["role"]), (&"42".into(), &"admin".into()));
}

#[test]
fn a_token_for_a_long_user_id_says_what_centrifugo_has_to_allow() {
    let env = [SECRETS[0], SECRETS[1], ("CENTRIFUGO_RPC_REPLY_NAMESPACE", "answers")];
    let output = demo(&["token", "--user", &"x".repeat(255)], &env);
    assert!(stdout(&output).trim_end().split('.').count() == 3, "{output:?}");
    for part in ["255 bytes", "up to 328", "`channel.max_length`"] {
        assert!(stderr(&output).contains(part), "{part} in {}", stderr(&output));
    }
    let printed = demo(&["centrifugo_config"], &env);
    let config: Value = serde_json::from_str(stdout(&printed)).expect("JSON");
    assert_eq!(config["channel"]["max_length"], 328);
    let output = demo(&["token", "--user", "42"], &env);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}

/// The longest lifetime is not cut.
#[test]
fn a_token_may_last_a_hundred_years() {
    let output = demo(&["token", "--user", "42", "--ttl", "100years"], &SECRETS);
    let (key, rules) = (DecodingKey::from_secret(SECRETS[1].1.as_bytes()), Validation::new(Algorithm::HS256));
    let token = jsonwebtoken::decode::<Value>(stdout(&output).trim_end(), &key, &rules).expect("a token");
    let time = |name: &str| token.claims[name].as_u64().expect("seconds");
    assert_eq!(time("exp") - time("iat"), 36_525 * 24 * 3600);
}

#[test]
fn wrong_use_has_code_2_and_says_what_is_right() {
    for (args, part) in [
        (&["token"][..], "--user"),
        (&["token", "--user", "a,b"], "reply channel"),
        (&["token", "--user", &"x".repeat(256)], "has 256 bytes, and the longest one is 255"),
        (&["token", "--user", "42", "--ttl", "soon"], "write for example `1h`"),
        (&["token", "--user", "42", "--ttl", "0s"], "at least `1s`"),
        (&["token", "--user", "42", "--ttl", "101years"], "at most `100years`"),
        (&["token", "--user", "42", "--ttl", "900000y"], "at most `100years`"),
        (&["token", "--user", "42", "--ttl", "999999999999999y"], "at most `100years`"),
        (&["token", "--user", "42", "--info", "[]"], "JSON object"),
        (&["frobnicate"], "frobnicate"),
        (&["--log-format", "xml"], "json"),
    ] {
        let output = demo(args, &SECRETS);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let output = demo(&["doctor"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(stderr(&output).contains("CENTRIFUGO_API_KEY is not set"));
}

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_with_the_printed_configuration() {
    let printed = demo(&["centrifugo_config"], &SECRETS);
    let server = Centrifugo::start(serde_json::from_str(stdout(&printed)).expect("JSON")).await;
    let output = demo(&["doctor"], &environment(&server));
    let findings = stdout(&output);
    assert!(findings.contains("\n0 errors, "), "{findings}");
    assert!(findings.contains("not made: no worker is running"), "{findings}");
    let _worker = Demo::start(&server).await;
    let output = demo(&["doctor"], &environment(&server));
    assert!(stdout(&output).contains("a worker answered after"), "it is called:\n{}", stdout(&output));
}

#[tokio::test]
async fn the_log_is_json_lines_on_request() {
    let server = Centrifugo::start_default().await;
    let worker = Example::start_with("demo", &["--log-format", "json"], &environment(&server));
    worker.line("serving").await;
    worker.signal("TERM");
    let output = worker.ended().await;
    for line in &output.lines {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["message"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(output.lines.iter().any(|line| line.contains("\"serving\"")));
}

#[tokio::test]
async fn the_quickstart_calls_both_methods_and_ends() {
    let output = Example::start("quickstart", &[]).ended().await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for part in ["75 of 100 tasks are completed", "hello, user-123"] {
        assert!(output.lines.iter().any(|line| line.contains(part)), "{part} in {output:?}");
    }
}

#[tokio::test]
async fn the_other_examples_show_what_they_say() {
    let guards = Example::start("guards", &[]).ended().await;
    assert_eq!(guards.status.code(), Some(0), "{guards:?}");
    for part in ["bob reads: write the docs", "error 403", "error 1400", "error 1404", "error 400"] {
        assert!(guards.lines.iter().any(|line| line.contains(part)), "{part} in {guards:?}");
    }
    let layers = Example::start("layers", &[]).ended().await;
    assert_eq!(layers.status.code(), Some(0), "{layers:?}");
    for part in ["result: 2", "call 3, calls.endless: failed", "error 408", "refused, calls.unknown: 404"] {
        assert!(layers.lines.iter().any(|line| line.contains(part)), "{part} in {layers:?}");
    }
}
