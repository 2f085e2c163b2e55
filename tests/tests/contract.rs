//! The contract on the command line: printed, compared, and fetched over the wire.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use tests::{Centrifugo, Demo, example};

/// Runs `demo` to its end, without settings.
fn demo(args: &[&str]) -> Output {
    example::command("demo").args(args).output().expect("it starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn contract() -> Value {
    let output = demo(&["contract"]);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON and nothing else")
}

/// Compares `old` with the contract of `demo`, and returns the exit code and the output.
fn diff(old: &str) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("old.json");
    fs::write(&file, old).expect("written");
    let output = demo(&["contract", "--diff", file.to_str().expect("UTF-8")]);
    let printed = stdout(&output) + std::str::from_utf8(&output.stderr).expect("UTF-8");
    (output.status.code(), printed)
}

#[test]
fn it_holds_all_methods_and_is_the_same_on_every_run() {
    let contract = contract();
    let methods: Vec<_> =
        contract["methods"].as_array().expect("methods").iter().map(|method| &method["name"]).collect();
    assert_eq!(methods.len(), 10, "{methods:?}");
    let stats = contract["methods"].as_array().expect("methods").last().expect("one");
    assert_eq!(stats["name"], "tasks.get_stats");
    assert_eq!(stats["description"], "Get task statistics for a user.");
    assert_eq!(contract["params"]["TaskStatsParams"]["properties"]["user_id"]["description"], "User ID");
    assert_eq!(contract["results"]["TaskStatsResult"]["required"], json!(["total", "completed"]));
    assert_eq!(demo(&["contract"]).stdout, demo(&["contract"]).stdout);
}

#[test]
fn the_exit_code_says_whether_callers_break() {
    let now = contract();
    let (code, printed) = diff(&now.to_string());
    assert_eq!((code, printed.as_str()), (Some(0), "0 changes break callers, 0 do not\n"));

    // Old callers may send params that the new worker refuses.
    let mut old = now.clone();
    old["params"]["TaskStatsParams"]["required"] = json!([]);
    old["methods"].as_array_mut().expect("methods").retain(|method| method["name"] != "demo.echo");
    let (code, printed) = diff(&old.to_string());
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("BREAKS   `tasks.get_stats`: params.user_id: must be there"), "{printed}");
    assert!(printed.contains("fine     `demo.echo` is new"), "{printed}");
    assert!(printed.ends_with("1 change breaks callers, 1 does not\n"), "{printed}");
}

#[test]
fn what_is_no_contract_is_named() {
    let (code, printed) = diff("{}");
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("old.json is not a contract: print one with `contract > "), "{printed}");
    let mut future = contract();
    future["version"] = 7.into();
    let (code, printed) = diff(&future.to_string());
    assert_eq!(code, Some(2), "{printed}");
    assert!(printed.contains("is a contract of version 7, this program knows version 1"), "{printed}");
    let output = demo(&["contract", "--diff", "no/such/file.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read no/such/file.json"));
}

#[tokio::test]
async fn a_worker_answers_its_hash() {
    let server = Centrifugo::start_default().await;
    let _demo = Demo::start(&server).await;
    let client = centrifugo_rpc::Client::builder(&server.url)
        .token(server.tokens().connection("42"))
        .connect()
        .await
        .expect("connected");
    let info: Value = client.call("system.contract", &()).await.expect("an answer");
    assert_eq!(info, json!({ "hash": contract()["hash"], "version": 1 }));
}
