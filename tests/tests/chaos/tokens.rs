//! A worker's own tokens, which expire under load.

use serde_json::json;
use tests::{Centrifugo, Crew, Load, config, eventually};

use crate::{PAUSE, Place, go_on, row, turn};

/// The shortest lifetime that a worker accepts.
const SHORT: (&str, &str) = ("CENTRIFUGO_RPC_WORKER_TOKEN_TTL", "5s");

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_expire_are_renewed_unnoticed() {
    let _turn = turn().await;
    let server = Centrifugo::start(config::with(crate::config(), json!({"prometheus": {"enabled": true}}))).await;
    let mut crew = Crew::new();
    crew.start_with(&server, &[SHORT]).await;
    let load = Load::start(&[&server], 16, "demo.append", PAUSE).await;
    // The tokens of callers last for an hour, so a renewed token is the worker's.
    for times in 1..=3 {
        for method in ["refresh", "sub_refresh"] {
            eventually("a token to be renewed", async || (server.api().commands(method).await >= times).then_some(()))
                .await;
        }
    }
    go_on(&load, 200).await;
    let report = load.finish(&crew).await;
    row("the tokens of the only worker renewed 3 times", "memory", &report);
    report.assert_sound();
    report.assert_ok(100);
    let log = crew.worker(0).printed();
    assert!(!log.contains("is lost") && !log.contains("cannot be subscribed"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_tokens_expired_while_it_was_frozen_serves_again() {
    let _turn = turn().await;
    let impatient = json!({"client": {"expired_close_delay": "1s", "expired_sub_close_delay": "1s"}});
    let place = Place::with(Centrifugo::start(config::with(crate::config(), impatient)).await);
    let server = place.server(0);
    let mut crew = Crew::new();
    crew.start_with(server, &[SHORT]).await;
    crew.start(server).await;
    let load = Load::start(&[server], 16, "demo.append", PAUSE).await;
    go_on(&load, 200).await;
    crew.freeze(0);
    eventually("Centrifugo to end the connection", async || {
        let present = server.api().ok("presence_stats", json!({"channel": "rpc:requests"})).await;
        (present["num_clients"] == 1).then_some(())
    })
    .await;
    go_on(&load, 200).await;
    crew.thaw(0);
    // The code 3005 is Centrifugo's for an expired connection. A missed ping would take 25 s to end the connection.
    crew.worker(0).line("code=3005").await;
    crew.worker(0).next_line("a member of the worker group").await;
    crew.worker(0).next_line("not a member of the worker group any more").await;
    crew.worker(0).next_line("a member of the worker group").await;
    // From here it serves alone, for longer than its new tokens live.
    crew.stop(1).await;
    for _ in 0..4 {
        go_on(&load, 500).await;
    }
    let report = load.finish(&crew).await;
    row("1 of 2 frozen until its tokens had expired", place.name, &report);
    report.assert_sound();
    report.assert_ok(90);
    assert!(report.failed.keys().all(|code| code == "504"), "{:?}", report.failed);
}
