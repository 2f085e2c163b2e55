//! The log of a service: one line per event whatever callers send, nothing hidden, and never a flood.

use std::process::Command;

use centrifugo_rpc::Config;
use serde_json::{Value, json};
use tests::demo::environment;
use tests::process::Output;
use tests::{Centrifugo, Demo, Example, Process, Publisher, Raw, Server, unique};

/// Text with which a caller might try to forge lines of the log.
const HOSTILE: &str = "x\n2026-11-24T00:00:00Z  INFO forged\r\n{\"level\":\"INFO\",\"message\":\"forged\"}\u{1b}[2J\u{9b}31m\u{85}\u{2028}\u{7f}\0y";

/// Starts the service whose methods panic and fail.
async fn stubborn(server: &Server, args: &[&str], env: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stubborn"));
    tests::toolchain::without_centrifugo_variables(&mut command);
    command.args(args).envs(environment(server)).env_remove("RUST_BACKTRACE").envs(env.iter().copied());
    let process = Process::start(&command, "cargo builds it");
    process.line("serving").await;
    process
}

/// Connects and subscribes a worker whose token describes it as `identity`.
async fn worker(server: &Server, identity: Value) -> Raw {
    const USER: &str = "centrifugo-rpc-worker";
    let tokens = server.tokens();
    let mut worker = Raw::connect(server, &tokens.connection_with_info(USER, &identity)).await;
    worker.subscribe("rpc:requests", Some(&tokens.subscription(USER, "rpc:requests"))).await.expect("a good token");
    worker
}

/// Stops a service whose calls do not end by themselves.
async fn cut_off(process: &Process) -> Output {
    process.signal("TERM");
    // A second signal is lost if it arrives before the first one was handled.
    process.line("shutting down").await;
    process.signal("TERM");
    process.ended().await
}

/// Puts hostile text into everything that a caller chooses and a service logs, and returns the log.
async fn hostile(server: &Server, backtrace: &str, args: &[&str]) -> Vec<String> {
    let env = [("RUST_LOG", "centrifugo_rpc=trace"), ("RUST_BACKTRACE", backtrace)];
    let process = stubborn(server, args, &env).await;
    // No user of such a name owns a reply channel, but the notifications run, and the garbage arrives.
    let mut hostile = Publisher::connect_as(server, HOSTILE).await;
    hostile.notify("stubborn.panic", json!(HOSTILE)).await;
    hostile.notify("stubborn.fail", json!(HOSTILE)).await;
    hostile.notify(HOSTILE, json!({})).await;
    hostile.publish(json!({"method": HOSTILE, "correlation_id": HOSTILE})).await;
    hostile.call_with_id(HOSTILE, HOSTILE, json!(HOSTILE)).await;
    let mut caller = Publisher::connect_as(server, "42").await;
    for method in ["stubborn.panic", "stubborn.fail", "stubborn.alone", "stubborn.alone"] {
        caller.call_with_id(&format!("{HOSTILE}{method}"), method, json!(HOSTILE)).await;
    }
    caller.call_with_id(HOSTILE, HOSTILE, json!(HOSTILE)).await;
    caller.call_with_id(HOSTILE, "stubborn.alone", json!(HOSTILE)).await;
    caller.notify("stubborn.fail", json!({(HOSTILE): 1})).await;
    caller.call("stubborn.fail", json!("the last one")).await;
    process.line("the last one").await;
    let output = cut_off(&process).await;
    let lines: Vec<_> = output.lines.into_iter().filter(|line| line != "alone").collect();
    let about = lines.iter().filter(|line| line.contains("forged")).count();
    assert!(about > 10, "it was logged at all:\n{}", lines.join("\n"));
    for line in &lines {
        let foreign = line.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        assert_eq!(foreign, None, "in {line:?}");
    }
    for part in ["panicked", "call failed", "was dropped", "refused"] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}:\n{}", lines.join("\n"));
    }
    lines
}

#[tokio::test]
async fn a_caller_cannot_forge_a_line_of_text() {
    let server = Centrifugo::start_default().await;
    for line in hostile(&server, "1", &[]).await {
        let time = line.split(' ').next().unwrap_or_default();
        assert!(time.ends_with('Z') && time.contains('T') && !time.starts_with("2026-11-24T00:00:00Z"), "{line}");
        let level = line[time.len()..].trim_start().split(' ').next().unwrap_or_default();
        assert!(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line}");
    }
}

#[tokio::test]
async fn a_caller_cannot_forge_a_line_of_json() {
    let server = Centrifugo::start_default().await;
    let lines = hostile(&server, "0", &["--log-format", "json"]).await;
    for line in &lines {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
        assert_ne!(event["message"], "forged");
    }
    let panics: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|event: &Value| event["message"] == "panicked")
        .collect();
    assert_eq!(panics.len(), 2, "each panic is one event");
    assert!(panics[0]["location"].as_str().is_some_and(|at| at.contains("stubborn.rs:")), "{}", panics[0]);
}

#[tokio::test]
async fn a_start_that_fails_is_one_line_of_json_too() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stubborn"));
    tests::toolchain::without_centrifugo_variables(&mut command);
    command.args(["--log-format", "json"]).env("RUST_LOG", "warn,=nonsense");
    let output = Process::start(&command, "cargo builds it").ended().await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let events: Vec<Value> = output.lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [filter, error] = &events[..] else { panic!("{events:?}") };
    assert!(filter["message"].as_str().is_some_and(|message| message.contains("RUST_LOG")), "{filter}");
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("CENTRIFUGO_API_KEY is not set") && message.contains("HMAC_SECRET"), "{message}");
}

#[tokio::test]
async fn a_method_that_always_panics_does_not_flood_the_log() {
    let server = Centrifugo::start_default().await;
    let process = stubborn(&server, &[], &[]).await;
    let mut caller = Publisher::connect(&server).await;
    // Concurrent calls are logged in any order, so the first of each kind is made alone.
    for (method, kind, count) in [("stubborn.panic", "panic", 300), ("stubborn.fail", "failure", 50)] {
        caller.call(method, json!(format!("{kind} number 0"))).await;
        process.line(&format!("{kind} number 0")).await;
        for number in 1..count {
            caller.call(method, json!(format!("{kind} number {number}"))).await;
        }
    }
    // Suppressed events are reported while the worker runs.
    process.line("more panics").await;
    process.line("more calls failed").await;
    let lines = process.lines();
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    assert!((10..=40).contains(&count("panicked location")), "{}", process.printed());
    assert!((20..=60).contains(&count("call failed")), "{}", process.printed());
}

#[tokio::test]
async fn no_reason_to_drop_hides_another_and_each_is_told_while_the_worker_runs() {
    let server = Centrifugo::start_default().await;
    let process = stubborn(&server, &[], &[]).await;
    let mut caller = Publisher::connect(&server).await;
    for _ in 0..20 {
        caller.publish(json!(["no request"])).await;
    }
    for _ in 0..3 {
        caller
            .publish(json!({"method": "a.b", "correlation_id": "1", "reply_to": "reply:session-of-another-user#else"}))
            .await;
    }
    caller.publish(json!({"method": "a.b", "correlation_id": "1"})).await;
    caller.publish(json!({})).await;
    caller.notify("no.such_method", json!({})).await;
    for reason in ["not a request", "own reply channel", "no `reply_to`", "no `method`", "a notification was refused"] {
        process.line(reason).await;
    }
    let more = process.line("more publications in the request channel were dropped").await;
    assert!(more.contains("suppressed=19") || more.contains("suppressed=2"), "{more}");
    process.signal("TERM");
    let output = process.ended().await;
    let totals = output.lines.iter().find(|line| line.contains("all calls have ended")).expect("the totals");
    for part in ["not a request: 20", "own reply channel: 3", "no `reply_to`: 1", "404: 1"] {
        assert!(totals.contains(part), "{part} in {totals}");
    }
}

#[tokio::test]
async fn a_notification_that_fails_is_told_to_the_log_alone() {
    let server = Centrifugo::start_default().await;
    let process = stubborn(&server, &[], &[]).await;
    let mut caller = Publisher::connect_as(&server, "ann").await;
    caller.notify("stubborn.refuse", json!("for a reason")).await;
    let line = process.line("a notification failed").await;
    for part in ["WARN", "method=\"stubborn.refuse\"", "user=\"ann\"", "outcome=1001", "for a reason"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for _ in 0..19 {
        caller.notify("stubborn.refuse", json!(["a secret"])).await;
    }
    let line = process.line("outcome=400").await;
    assert!(line.contains("method=\"stubborn.refuse\"") && line.contains("user=\"ann\""), "{line}");
    let more = process.line("more notifications failed").await;
    assert!(more.contains("method=\"stubborn.refuse\"") && more.contains("suppressed="), "{more}");
    process.signal("TERM");
    let output = process.ended().await;
    assert!(output.lines.iter().any(|line| line.contains("unanswered=20")), "it is counted: {output:?}");
    assert!(!output.lines.iter().any(|line| line.contains("a secret")), "{output:?}");
}

#[tokio::test]
async fn no_level_shows_params_or_tokens() {
    let server = Centrifugo::start_default().await;
    for format in ["text", "json"] {
        let process = stubborn(&server, &["--log-format", format], &[("RUST_LOG", "trace")]).await;
        let mut caller = Publisher::connect_as(&server, "ann").await;
        caller.call("stubborn.alone", json!({"secret": "of-the-params"})).await;
        process.line("alone").await;
        let log = cut_off(&process).await.lines.join("\n");
        assert!(log.contains("TRACE"), "{format} is at `trace`:\n{log}");
        // JSON, the bytes of JSON in hexadecimal digits, and the beginning of every token.
        for part in ["of-the-params", "6f662d7468652d706172616d73", "eyJ", &server.api_key, &server.secret] {
            assert!(!log.contains(part), "{part} in:\n{log}");
        }
    }
}

#[tokio::test]
async fn refusals_for_a_limit_are_logged_with_the_limit_method_and_user() {
    let server = Centrifugo::start_default().await;
    let process = stubborn(&server, &[], &[("CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER", "1")]).await;
    let mut ann = Publisher::connect_as(&server, "ann").await;
    let mut bob = Publisher::connect_as(&server, "bob").await;
    ann.call("stubborn.alone", json!({})).await;
    process.line("alone").await;
    ann.call("stubborn.fail", json!("never runs")).await;
    bob.call("stubborn.alone", json!({})).await;
    for (limit, method, user) in [
        ("max_concurrent_calls_per_user", "stubborn.fail", "ann"),
        // Neither limit hides the other, nor further refusals of its own kind.
        ("max_concurrency", "stubborn.alone", "bob"),
    ] {
        let line = process.line(&format!("limit=\"{limit}\"")).await;
        for part in ["WARN", "429", &format!("method=\"{method}\""), &format!("user=\"{user}\"")] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    for _ in 0..3 {
        ann.call("stubborn.fail", json!("never runs")).await;
    }
    let more = process.line("more calls were refused with 429").await;
    assert!(more.contains("max_concurrent_calls_per_user") && more.contains("suppressed=3"), "{more}");
}

#[tokio::test]
async fn a_worker_of_another_service_is_told_loudly_and_another_version_is_not() {
    const TOLD: &str = "a worker of another service takes requests of `rpc:requests`";
    let config = Config::new(unique("key"), unique("a-secret-of-this-test-alone"))
        .centrifugo_config()
        .also_for("demo")
        .allowed_origins(["*"]);
    let server = Centrifugo::start(serde_json::to_value(config).expect("JSON")).await;
    let demo = Demo::start(&server).await;
    // Versions from before services had names do not describe what they serve; later versions may use another format.
    let old = worker(&server, json!({ "worker": "0123456789ab", "pid": 1, "host": "old" })).await;
    let later = worker(&server, json!({ "worker": "cdef01234567", "serves": ["demo", 5] })).await;
    // The same methods under a name, as during a deployment that introduces the name.
    let (channel, replies) =
        (("CENTRIFUGO_RPC_REQUEST_CHANNEL", "rpc:requests"), ("CENTRIFUGO_RPC_REPLY_NAMESPACE", "reply"));
    let named = ("CENTRIFUGO_RPC_SERVICE", "demo");
    let version = Demo::start_with(&server, &[named, channel, replies]).await;
    // A worker with channels of its own does not count as another service either.
    let apart = Demo::start_with(&server, &[named]).await;
    let stranger = stubborn(&server, &[], &[("CENTRIFUGO_RPC_SERVICE", "stubborn"), channel, replies]).await;
    for (process, of, methods) in [
        (&**demo, "5 methods of the service `stubborn`", "without a name"),
        (&**version, "`stubborn`", "service `demo`"),
    ] {
        let line = process.line(TOLD).await;
        for part in ["ERROR", of, methods, "404", "CENTRIFUGO_RPC_SERVICE"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    stranger.line(TOLD).await;
    for process in [&demo, &version] {
        assert_eq!(process.lines().iter().filter(|line| line.contains(TOLD)).count(), 1, "{}", process.printed());
    }
    assert!(!apart.printed().contains("another service"), "{}", apart.printed());

    let doctor = Example::start_with("demo", &["doctor"], &environment(&server)).ended().await;
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    let found = doctor.lines.iter().filter(|line| line.starts_with("error") && line.contains(TOLD)).count();
    assert_eq!(found, 1, "{}", doctor.lines.join("\n"));
    old.close().await;
    later.close().await;
    let mut env = environment(&server);
    env.push(named);
    let doctor = Example::start_with("demo", &["doctor"], &env).ended().await;
    assert_eq!(doctor.status.code(), Some(0), "{}", doctor.lines.join("\n"));
}
