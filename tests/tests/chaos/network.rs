//! A Centrifugo that is killed or too small, and networks that delay, cut and swallow data.

use std::time::{Duration, Instant};

use centrifugo_rpc::CallOptions;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::load::{Report, burst, client};
use tests::{Centrifugo, Crew, Load, TcpProxy, config, eventually};

use crate::{PAUSE, Place, go_on, row, turn};

#[tokio::test(flavor = "multi_thread")]
async fn bursts_that_centrifugo_cannot_queue_are_all_answered() {
    let _turn = turn().await;
    let small = config::with(crate::config(), json!({"client": {"queue_max_size": 65_536}}));
    let server = Centrifugo::start(small).await;
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start(&server).await;
    }
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(client(&server, &format!("user-{number}")).await);
    }
    let mut all = Report::default();
    for number in 0..3 {
        let prefix = format!("{number}{}", "x".repeat(2048));
        let report = burst(&clients, &crew, "demo.append", 1200, &prefix).await;
        report.assert_sound();
        all.add(report);
    }
    row("3 bursts of 1,200 calls of 2 KB, queue of 64 KiB", "memory", &all);
    all.assert_ok(100);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_serve_again_soon_after_centrifugo_was_killed() {
    let _turn = turn().await;
    let mut server = Centrifugo::start(crate::config()).await;
    let mut crew = Crew::new();
    for _ in 0..2 {
        crew.start(&server).await;
    }
    let caller = client(&server, "42").await;
    let mut slowest = Duration::ZERO;
    for number in 0..3 {
        server.restart().await;
        let back = Instant::now();
        eventually("an answer", async || {
            let options = CallOptions::new().timeout(Duration::from_secs(2));
            let key = format!("{number}-{:?}", back.elapsed());
            caller.call_with::<Value>("demo.append", &json!({ "key": key }), options).await.ok()
        })
        .await;
        slowest = slowest.max(back.elapsed());
    }
    let report = burst(&[caller], &crew, "demo.append", 50, "after").await;
    row(&format!("Centrifugo killed 3 times; back after {slowest:.1?}"), "memory", &report);
    report.assert_sound();
    report.assert_ok(100);
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    assert!(crew.runs().values().all(|runs| *runs == 1), "{:?}", crew.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_networks_run_nothing_twice_and_leave_no_call_without_an_end() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let server = place.server(0);
    // The WebSocket of the first worker and the server API of the second go through bad networks; the third has a good
    // network.
    let (proxy, far) = TcpProxy::before(server).await;
    let (api_proxy, api_far) = TcpProxy::before(server).await;
    let mut crew = Crew::new();
    crew.start_with(&far, &[("CENTRIFUGO_API_URL", &server.api_url)]).await;
    crew.start_with(server, &[("CENTRIFUGO_API_URL", &api_far.api_url)]).await;
    crew.start(server).await;
    let load = Load::start(&[server], 32, "demo.append", PAUSE).await;
    let calls = async |count: usize| go_on(&load, count).await;
    for _ in 0..3 {
        calls(300).await;
        proxy.cut();
        api_proxy.cut();
    }
    proxy.delay(Duration::from_millis(300));
    calls(500).await;
    proxy.delay(Duration::ZERO);
    // Half-open connections: everything looks alive, and nothing arrives.
    proxy.black_hole(true);
    tokio::time::sleep(Duration::from_secs(15)).await;
    proxy.black_hole(false);
    calls(500).await;
    api_proxy.black_hole(true);
    tokio::time::sleep(Duration::from_secs(15)).await;
    api_proxy.black_hole(false);
    calls(500).await;
    proxy.refuse().await;
    proxy.cut();
    calls(500).await;
    proxy.accept().await;
    calls(500).await;
    let report = load.finish(&crew).await;
    row("connections cut, delayed and swallowed", place.name, &report);
    report.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_api_is_away_for_all_workers_none_is_taken_for_dead() {
    let _turn = turn().await;
    let place = Place::memory().await;
    let server = place.server(0);
    let (api_proxy, api_far) = TcpProxy::before(server).await;
    let mut crew = Crew::new();
    for _ in 0..3 {
        crew.start_with(server, &[("CENTRIFUGO_API_URL", &api_far.api_url)]).await;
    }
    let clients = [client(server, "1").await, client(server, "2").await];
    // Requests still arrive over the WebSocket.
    let bursts = (0..40).map(async |number| {
        tokio::time::sleep(Duration::from_millis(500) * number).await;
        burst(&clients, &crew, "demo.append", 4, &number.to_string()).await
    });
    api_proxy.black_hole(true);
    let away = async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        api_proxy.black_hole(false);
    };
    let (reports, ()) = tokio::join!(join_all(bursts), away);
    let mut all = Report::default();
    for report in reports {
        report.assert_sound();
        all.add(report);
    }
    row("the server API away for all workers", place.name, &all);
    all.assert_ok(100);
    let history = server.api().ok("history", json!({"channel": "rpc:requests", "limit": -1})).await;
    let publications = history["publications"].as_array().expect("publications");
    let said: Vec<_> = publications.iter().map(|publication| &publication["data"]["group"]).collect();
    let dead: Vec<_> = said.iter().filter_map(|group| group["view"].get("dead")).collect();
    assert!(dead.is_empty() && said.iter().any(|group| group.get("progress").is_some()), "dead: {dead:?}");
}
