//! Workers that are killed, started, stopped and frozen under load.

use std::time::Duration;

use tests::load::{Report, burst, client};
use tests::{Crew, Load, eventually};

use crate::{PAUSE, Place, go_on, row, turn};

async fn one_killed_one_started_one_stopped(place: &Place) -> Report {
    let mut crew = Crew::new();
    for number in 0..3 {
        crew.start(place.server(number)).await;
    }
    let load = Load::start(&place.servers(), 64, "demo.append", PAUSE).await;
    go_on(&load, 3000).await;
    crew.kill(0);
    go_on(&load, 1500).await;
    crew.start(place.server(1)).await;
    go_on(&load, 1500).await;
    crew.stop(1).await;
    go_on(&load, 3000).await;
    let report = load.finish(&crew).await;
    row("3 workers: 1 killed, 1 started, 1 stopped", place.name, &report);
    report
}

fn assert_most_are_ok(report: &Report) {
    report.assert_sound();
    report.assert_ok(99);
    assert!(report.slowest < Duration::from_secs(6), "{:?}", report.slowest);
    assert!(report.failed.keys().all(|code| code == "504"), "{:?}", report.failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_a_new_and_a_stopped_worker_are_not_noticed_by_most() {
    let _turn = turn().await;
    assert_most_are_ok(&one_killed_one_started_one_stopped(&Place::memory().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_are_they_on_two_nodes_with_redis() {
    let _turn = turn().await;
    let Some(place) = Place::redis().await else { return };
    assert_most_are_ok(&one_killed_one_started_one_stopped(&place).await);
}

async fn rolling_restart(place: &Place) -> Report {
    let mut crew = Crew::new();
    for number in 0..3 {
        crew.start(place.server(number)).await;
    }
    let load = Load::start(&place.servers(), 64, "demo.append", PAUSE).await;
    for number in 0..3 {
        go_on(&load, 500).await;
        crew.start(place.server(number)).await;
        crew.stop(number).await;
    }
    go_on(&load, 500).await;
    let report = load.finish(&crew).await;
    row("rolling restart of 3 workers", place.name, &report);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_call() {
    let _turn = turn().await;
    let mut places = vec![Place::memory().await];
    places.extend(Place::redis().await);
    for place in &places {
        let report = rolling_restart(place).await;
        report.assert_sound();
        report.assert_ok(100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_replaced_with_a_gap_fails_no_call() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let mut crew = Crew::new();
    let first = crew.start(place.server(0)).await;
    let load = Load::start(&place.servers(), 16, "demo.append", PAUSE).await;
    go_on(&load, 300).await;
    crew.stop(first).await;
    // Meanwhile, callers call while no worker runs.
    tokio::time::sleep(Duration::from_secs(1)).await;
    crew.start(place.server(0)).await;
    go_on(&load, 300).await;
    let report = load.finish(&crew).await;
    row("the only worker stopped, and another started", place.name, &report);
    report.assert_sound();
    report.assert_ok(100);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_dead_worker_end_at_once_and_idempotent_ones_with_a_result() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start(place.server(0)).await;
    }
    // The workers take turns by publication, and one client may batch its calls into a few publications: with many
    // clients, both workers get some.
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(client(place.server(0), &format!("user-{number}")).await);
    }
    // The frozen worker still owns its calls when it is killed.
    crew.freeze(0);
    let calls = async {
        tokio::join!(
            burst(&clients, &crew, "demo.append", 40, "once"),
            burst(&clients, &crew, "demo.append_idempotent", 40, "again")
        )
    };
    let kill = async {
        eventually("the other one to run some", async || (!crew.runs().is_empty()).then_some(())).await;
        crew.kill(0);
    };
    let ((once, again), ()) = tokio::join!(calls, kill);
    let line = crew.worker(1).line("another worker is gone").await;
    assert!(line.contains("members=1") && !line.contains("worker_lost=0"), "{line}");
    row("killed with half of 40 calls under way", place.name, &once);
    row("killed with half of 40 idempotent ones", place.name, &again);
    once.assert_sound();
    again.assert_sound();
    let lost = once.failed.get("504").copied().unwrap_or_default();
    assert!(lost > 0 && once.ok + lost == once.calls, "{once}");
    again.assert_ok(100);
    assert!(once.slowest.max(again.slowest) < Duration::from_secs(6), "{once}\n{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_worker_that_thaws_runs_nothing_twice() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let mut crew = Crew::new();
    for _ in 0..3 {
        crew.start(place.server(0)).await;
    }
    let load = Load::start(&place.servers(), 32, "demo.append", PAUSE).await;
    go_on(&load, 500).await;
    crew.freeze(0);
    // Only the passing of time brings this state about.
    tokio::time::sleep(Duration::from_secs(60)).await;
    crew.thaw(0);
    go_on(&load, 2000).await;
    let report = load.finish(&crew).await;
    row("1 of 3 frozen for 60 s", place.name, &report);
    report.assert_sound();
    report.assert_ok(99);
    crew.worker(0).next_line("a member of the worker group").await;
    crew.worker(0).next_line("not a member of the worker group any more").await;
    crew.worker(0).next_line("a member of the worker group").await;
}
