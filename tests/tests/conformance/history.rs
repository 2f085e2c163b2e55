//! The history of channels, and how subscribers recover from it.

use serde_json::{Value, json};
use tests::{Raw, config, eventually, unique};

use crate::backend::{Backend, REQUESTS, Running};

pub(crate) async fn offsets_have_no_gaps(backend: Backend) {
    let server = backend.own().await;
    let mut worker = server.worker("worker").await;
    let mut caller = server.connect("alice").await;
    for n in 1..=50 {
        // Publications of callers and of the API share the offsets of the channel.
        if n % 5 == 0 {
            assert_eq!(server.api().publish(REQUESTS, &json!(n)).await["offset"], n);
        } else {
            caller.publish(REQUESTS, &json!(n)).await.expect("published");
        }
    }
    for n in 1..=50 {
        let publication = worker.publication(REQUESTS).await;
        assert_eq!((&publication["offset"], &publication["data"]), (&json!(n), &json!(n)));
    }
}

/// With the epoch, a subscriber notices without a request that the stream was replaced.
pub(crate) async fn the_first_publication_names_the_epoch(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    let position = caller.subscribe(&replies, None).await.expect("subscribed");
    for n in 1..=2 {
        server.api().publish(&replies, &json!(n)).await;
    }
    let first = caller.publication(&replies).await;
    assert_eq!(first, json!({"data": 1, "offset": 1, "epoch": position["epoch"]}));
    assert_eq!(caller.publication(&replies).await, json!({"data": 2, "offset": 2}));
}

pub(crate) async fn every_subscriber_sees_the_same_order(backend: Backend) {
    let server = backend.own().await;
    let (mut one, mut two) = (server.worker("one").await, server.worker("two").await);
    let (mut alice, mut bob) = (server.connect("alice").await, server.connect("bob").await);
    for n in 0..40 {
        let caller = if n % 2 == 0 { &mut alice } else { &mut bob };
        caller.start("publish", json!({"channel": REQUESTS, "data": n})).await;
    }
    for offset in 1..=40 {
        let first = one.publication(REQUESTS).await;
        assert_eq!(first["offset"], offset);
        assert_eq!(first, two.publication(REQUESTS).await);
    }
}

/// Subscribes to the request channel, recovering from `position`.
async fn recover(connection: &mut Raw, token: &str, position: &Value) -> Value {
    let offset = position["offset"].as_u64().unwrap_or(0);
    let epoch = &position["epoch"];
    let subscribe = json!({
        "channel": REQUESTS, "token": token, "recover": true, "offset": offset, "epoch": epoch,
    });
    connection.ok("subscribe", subscribe).await
}

pub(crate) async fn a_subscriber_recovers_what_it_missed(backend: Backend) {
    let server = backend.own().await;
    let position = server.api().publish(REQUESTS, &json!("seen")).await;
    let mut caller = server.connect("alice").await;
    caller.publish(REQUESTS, &json!("missed 1")).await.expect("published");
    server.api().publish(REQUESTS, &json!("missed 2")).await;

    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &position).await;
    assert_eq!(subscribed["was_recovering"], true, "{subscribed}");
    assert_eq!(subscribed["recovered"], true, "{subscribed}");
    assert_eq!(subscribed["epoch"], position["epoch"], "{subscribed}");
    let info = json!({"user": "alice", "client": caller.client()});
    let missed = json!([
        {"data": "missed 1", "info": info, "offset": 2},
        {"data": "missed 2", "offset": 3},
    ]);
    assert_eq!(subscribed["publications"], missed);

    caller.publish(REQUESTS, &json!("live")).await.expect("published");
    assert_eq!(worker.publication(REQUESTS).await["offset"], 4);
}

pub(crate) async fn a_subscriber_that_missed_nothing_recovers_nothing(backend: Backend) {
    let server = backend.own().await;
    let position = server.api().publish(REQUESTS, &json!("seen")).await;
    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &position).await;
    assert_eq!(subscribed["recovered"], true, "{subscribed}");
    assert_eq!(subscribed.get("publications"), None, "{subscribed}");
    assert_eq!(subscribed["offset"], 1, "{subscribed}");
}

/// Publishes `count` requests as alice, and returns the connection.
async fn publish_many(server: &Running, count: u64) -> Raw {
    let mut caller = server.connect("alice").await;
    let mut last = 0;
    for n in 1..=count {
        last = caller.start("publish", json!({"channel": REQUESTS, "data": n})).await;
    }
    caller.answer(last).await.expect("published");
    caller
}

pub(crate) async fn three_hundred_publications_are_recovered(backend: Backend) {
    let server = backend.own().await;
    let position = server.api().publish(REQUESTS, &json!(0)).await;
    publish_many(&server, 300).await;
    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &position).await;
    assert_eq!(subscribed["recovered"], true);
    let offsets: Vec<_> = offsets(&subscribed["publications"]);
    assert_eq!(offsets, (2..=301).collect::<Vec<_>>());
}

pub(crate) async fn a_gap_beyond_the_limit_is_not_recovered_and_read_through_the_api(backend: Backend) {
    let server = backend.own().await;
    let api = server.api();
    let mut since = api.publish(REQUESTS, &json!(0)).await;
    let caller = publish_many(&server, 301).await;
    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &since).await;
    assert_eq!(subscribed["was_recovering"], true);
    assert_eq!(subscribed.get("recovered"), None, "{:?}", subscribed["recovered"]);
    assert_eq!(subscribed["offset"], 302);
    assert_eq!(subscribed["epoch"], since["epoch"]);

    let info = json!({"user": "alice", "client": caller.client()});
    let mut read = Vec::new();
    while read.len() < 301 {
        let page = api.ok("history", json!({"channel": REQUESTS, "limit": 100, "since": since})).await;
        assert_eq!(page["epoch"], since["epoch"]);
        assert_eq!(page["offset"], 302, "the top of the stream, whatever the page");
        let publications = page["publications"].as_array().expect("a page");
        assert!(publications.iter().all(|publication| publication["info"] == info));
        since["offset"] = publications.last().expect("a page is not empty")["offset"].clone();
        read.extend(offsets(&page["publications"]));
    }
    assert_eq!(read, (2..=302).collect::<Vec<_>>());
}

pub(crate) async fn another_epoch_is_not_recovered(backend: Backend) {
    let server = backend.own().await;
    let position = server.api().publish(REQUESTS, &json!(0)).await;
    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &json!({"offset": 1, "epoch": "gone"})).await;
    assert_eq!(subscribed["was_recovering"], true, "{subscribed}");
    assert_eq!(subscribed.get("recovered"), None, "{subscribed}");
    assert_eq!(subscribed["epoch"], position["epoch"], "{subscribed}");
    assert_eq!(subscribed["offset"], 1, "{subscribed}");

    let history = json!({"channel": REQUESTS, "limit": 10, "since": {"offset": 1, "epoch": "gone"}});
    let refused = server.api().call("history", history).await.expect_err("an unknown position");
    assert_eq!(refused.code, 112, "{refused}");
}

pub(crate) async fn forgotten_publications_are_not_recovered_and_their_offsets_not_used_again(backend: Backend) {
    let mut config = config::protocol();
    config["channel"]["namespaces"][0]["history_ttl"] = json!("1s");
    let server = backend.start(config).await;
    let api = server.api();
    let position = api.publish(REQUESTS, &json!("seen")).await;
    api.publish(REQUESTS, &json!("missed")).await;
    eventually("the history to be forgotten", async || {
        let history = api.ok("history", json!({"channel": REQUESTS, "limit": 10})).await;
        assert_eq!((&history["offset"], &history["epoch"]), (&json!(2), &position["epoch"]));
        history["publications"].as_array().is_none_or(Vec::is_empty).then_some(())
    })
    .await;

    let mut worker = server.connect("worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let subscribed = recover(&mut worker, &token, &position).await;
    assert_eq!(subscribed["was_recovering"], true, "{subscribed}");
    assert_eq!(subscribed.get("recovered"), None, "{subscribed}");
    let publication = api.publish(REQUESTS, &json!("live")).await;
    assert_eq!((&publication["offset"], &publication["epoch"]), (&json!(3), &position["epoch"]));
}

pub(crate) async fn a_reply_channel_remembers_its_last_128(backend: Backend) {
    let server = backend.shared().await;
    let api = server.api();
    let replies = Running::replies(&unique("alice"));
    let publish = |n: u64| json!({"publish": {"channel": replies, "data": n}});
    let commands: Vec<_> = (1..=200).map(publish).collect();
    api.ok("batch", json!({"commands": commands})).await;
    let history = api.ok("history", json!({"channel": replies, "limit": -1})).await;
    assert_eq!(offsets(&history["publications"]), (73..=200).collect::<Vec<_>>());
    assert_eq!(history["offset"], 200);
}

pub(crate) async fn a_reply_sent_before_the_caller_subscribed_is_recovered_from_the_start(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    let position = caller.subscribe(&replies, None).await.expect("subscribed");
    caller.close().await;

    server.api().publish(&replies, &json!("the reply")).await;
    let mut caller = server.connect(&alice).await;
    let again = json!({"channel": replies, "recover": true, "epoch": position["epoch"]});
    let subscribed = caller.ok("subscribe", again).await;
    assert_eq!(subscribed["recovered"], true, "{subscribed}");
    let [reply] = subscribed["publications"].as_array().expect("publications").as_slice() else {
        panic!("not one publication: {subscribed}");
    };
    assert_eq!((&reply["data"], &reply["offset"]), (&json!("the reply"), &json!(1)));
}

fn offsets(publications: &Value) -> Vec<u64> {
    let publications = publications.as_array().map(Vec::as_slice).unwrap_or_default();
    publications.iter().filter_map(|publication| publication["offset"].as_u64()).collect()
}
