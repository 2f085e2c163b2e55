//! The HTTP API, as far as workers use it.

use serde_json::{Value, json};
use tests::{Api, unique};

use crate::backend::{Backend, REQUESTS, Running, request_of};

pub(crate) async fn a_wrong_key_opens_nothing(backend: Backend) {
    let server = backend.shared().await;
    let publish = json!({"channel": REQUESTS, "data": {}}).to_string();
    for key in ["guessed", ""] {
        for method in ["publish", "batch", "history", "info"] {
            assert_eq!(Api::new(&server, key).post(method, publish.clone()).await.status, 401, "{method}");
        }
    }
}

pub(crate) async fn each_reply_of_a_batch_has_its_own_result(backend: Backend) {
    let server = backend.shared().await;
    let replies = Running::replies(&unique("alice"));
    let publish = |channel: &str| json!({"publish": {"channel": channel, "data": {"n": 1}}});
    let batch = json!({"commands": [publish(&replies), publish("nowhere:at-all"), publish(&replies), ]});
    let answer = server.api().post("batch", batch.to_string()).await;
    assert_eq!(answer.status, 200);
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    let results = answer["replies"].as_array().expect("replies");
    assert_eq!(results.len(), 3, "{answer}");
    assert_eq!(results[0]["publish"]["offset"], 1, "{answer}");
    assert_eq!(results[1], json!({"error": {"code": 102, "message": "unknown channel"}}));
    assert_eq!(results[2]["publish"]["offset"], 2, "{answer}");
    assert_eq!(results[2]["publish"]["epoch"], results[0]["publish"]["epoch"]);
}

pub(crate) async fn a_batch_may_run_in_parallel(backend: Backend) {
    let server = backend.shared().await;
    let channels: Vec<_> = (0..50).map(|_| Running::replies(&unique("alice"))).collect();
    let commands: Vec<_> = channels.iter().map(|channel| json!({"publish": {"channel": channel, "data": 1}})).collect();
    let answer = server.api().post("batch", json!({"commands": commands, "parallel": true}).to_string()).await;
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    let results = answer["replies"].as_array().expect("replies");
    assert_eq!(results.len(), 50);
    assert!(results.iter().all(|result| result["publish"]["offset"] == 1), "{answer}");
}

/// Publishes the largest batch of replies that a worker sends in one request.
pub(crate) async fn a_batch_of_a_thousand_keeps_its_order(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    caller.subscribe(&replies, None).await.expect("subscribed");
    let publish = |n: u32| json!({"publish": {"channel": replies, "data": n}});
    let commands: Vec<_> = (1..=1000).map(publish).collect();
    let answer = server.api().post("batch", json!({"commands": commands}).to_string()).await;
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    let results = answer["replies"].as_array().expect("replies");
    let offsets: Vec<_> = results.iter().map(|result| &result["publish"]["offset"]).collect();
    assert_eq!(offsets, (1..=1000).collect::<Vec<_>>());
    for n in 1..=1000 {
        assert_eq!(caller.publication(&replies).await["data"], n);
    }
}

/// The limit `websocket.message_size_limit` applies only to messages from clients.
pub(crate) async fn a_reply_of_half_a_mebibyte_arrives(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    caller.subscribe(&replies, None).await.expect("subscribed");
    let data = json!({"result": "x".repeat(512 * 1024)});
    server.api().publish(&replies, &data).await;
    assert_eq!(caller.publication(&replies).await["data"], data);
}

pub(crate) async fn an_idempotency_key_publishes_once(backend: Backend) {
    let server = backend.shared().await;
    let api = server.api();
    let replies = Running::replies(&unique("alice"));
    let publish = json!({"channel": replies, "data": 1, "idempotency_key": unique("once")});
    let first = api.ok("publish", publish.clone()).await;
    assert_eq!(first["offset"], 1);
    assert_eq!(api.ok("publish", publish).await, first);
    let batch = json!({"commands": [{"publish": {"channel": replies, "data": 2, "idempotency_key": "other"}}]});
    for _ in 0..2 {
        let answer: Value = serde_json::from_str(&api.post("batch", batch.to_string()).await.body).expect("JSON");
        assert_eq!(answer["replies"][0]["publish"]["offset"], 2, "{answer}");
    }
    let history = api.ok("history", json!({"channel": replies, "limit": 10})).await;
    let data: Vec<_> =
        history["publications"].as_array().expect("a list").iter().map(|publication| &publication["data"]).collect();
    assert_eq!(data, [&json!(1), &json!(2)]);
}

pub(crate) async fn an_unknown_namespace_is_an_error(backend: Backend) {
    let server = backend.shared().await;
    for method in ["publish", "history", "presence", "presence_stats"] {
        let refused = server.api().call(method, json!({"channel": "nowhere:at-all", "data": {}})).await;
        assert_eq!(refused.expect_err("unknown").code, 102, "{method}");
    }
}

pub(crate) async fn a_request_without_a_channel_or_data_is_an_error(backend: Backend) {
    let server = backend.shared().await;
    let api = server.api();
    for (method, params) in [
        ("publish", json!({"channel": REQUESTS})),
        ("publish", json!({"data": {}})),
        ("history", json!({})),
        ("presence", json!({})),
    ] {
        let refused = api.call(method, params.clone()).await;
        assert_eq!(refused.expect_err("incomplete").code, 107, "{method} {params}");
    }
}

/// The API checks namespaces, but neither their `channel_regex` nor the permissions of clients.
pub(crate) async fn the_api_may_publish_where_callers_may_not(backend: Backend) {
    let server = backend.shared().await;
    let channel = format!("rpc:{}", unique("other"));
    assert_eq!(server.api().publish(&channel, &json!({})).await["offset"], 1);
}

pub(crate) async fn a_body_that_is_no_json_is_a_bad_request(backend: Backend) {
    let server = backend.shared().await;
    for method in ["publish", "batch"] {
        assert_eq!(server.api().post(method, "{").await.status, 400, "{method}");
    }
}

pub(crate) async fn an_unknown_method_is_not_found(backend: Backend) {
    let server = backend.shared().await;
    assert_eq!(server.api().post("fly", "{}").await.status, 404);
}

pub(crate) async fn history_is_paged_both_ways(backend: Backend) {
    let server = backend.shared().await;
    let api = server.api();
    let replies = Running::replies(&unique("alice"));
    for n in 1..=5 {
        api.publish(&replies, &json!(n)).await;
    }
    let page = async |params: Value| {
        let mut history = json!({"channel": replies});
        history.as_object_mut().expect("an object").extend(params.as_object().expect("an object").clone());
        let page = api.ok("history", history).await;
        let publications = page["publications"].as_array().expect("a list").clone();
        publications.iter().map(|publication| publication["offset"].as_u64().unwrap_or(0)).collect::<Vec<_>>()
    };
    let epoch = api.ok("history", json!({"channel": replies})).await["epoch"].take();
    // Without a limit, the result is the position alone.
    assert_eq!(page(json!({})).await, [0_u64; 0]);
    assert_eq!(page(json!({"limit": 2})).await, [1, 2]);
    assert_eq!(page(json!({"limit": -1})).await, [1, 2, 3, 4, 5]);
    assert_eq!(page(json!({"limit": 2, "since": {"offset": 2, "epoch": epoch}})).await, [3, 4]);
    assert_eq!(page(json!({"limit": 9, "since": {"offset": 5, "epoch": epoch}})).await, [0_u64; 0]);
    assert_eq!(page(json!({"limit": 2, "reverse": true})).await, [5, 4]);
    assert_eq!(page(json!({"limit": 2, "reverse": true, "since": {"offset": 4, "epoch": epoch}})).await, [3, 2]);
}

pub(crate) async fn a_publication_reaches_its_subscriber(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    caller.subscribe(&replies, None).await.expect("subscribed");
    let data = json!({"correlation_id": "1", "result": {"total": 100, "text": "ü\n\u{0}"}});
    server.api().publish(&replies, &data).await;
    let publication = caller.publication(&replies).await;
    assert_eq!((&publication["data"], &publication["offset"]), (&data, &json!(1)));
    assert_eq!(publication.get("info"), None, "{publication}");
}

pub(crate) async fn a_disconnected_user_reconnects_and_recovers(backend: Backend) {
    let server = backend.shared().await;
    let api = server.api();
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    let position = caller.subscribe(&replies, None).await.expect("subscribed");

    let disconnect = json!({"user": alice, "disconnect": {"code": 4000, "reason": "come again"}});
    assert_eq!(api.ok("disconnect", disconnect).await, json!({}));
    let close = caller.closed().await;
    assert_eq!((close.code, close.reason.as_str()), (4000, "come again"));
    api.publish(&replies, &json!("missed")).await;

    let mut caller = server.connect(&alice).await;
    let again = json!({"channel": replies, "recover": true, "offset": 0, "epoch": position["epoch"]});
    let subscribed = caller.ok("subscribe", again).await;
    assert_eq!(subscribed["recovered"], true);
    assert_eq!(subscribed["publications"][0]["data"], "missed", "{subscribed}");
}

pub(crate) async fn a_user_is_disconnected_for_good(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let (mut one, mut two) = (server.connect(&alice).await, server.connect(&alice).await);
    let mut other = server.connect(&unique("bob")).await;
    server.api().ok("disconnect", json!({"user": alice})).await;
    for connection in [&mut one, &mut two] {
        let close = connection.closed().await;
        assert_eq!((close.code, close.reason.as_str()), (3503, "force disconnect"));
    }
    other.pushes().await;
    // Disconnecting a user without connections succeeds.
    server.api().ok("disconnect", json!({"user": unique("absent")})).await;
}

pub(crate) async fn one_connection_of_a_user_is_disconnected(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let (mut one, mut two) = (server.connect(&alice).await, server.connect(&alice).await);
    server.api().ok("disconnect", json!({"user": alice, "client": one.client()})).await;
    one.closed().await;
    two.pushes().await;
}

pub(crate) async fn an_unsubscribed_user_is_told(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let mut worker = server.worker(&user).await;
    server.api().ok("unsubscribe", json!({"user": user, "channel": REQUESTS})).await;
    let push = worker.push("the unsubscribe push", |push| push.get("unsubscribe").is_some()).await;
    let told = json!({"channel": REQUESTS, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}});
    assert_eq!(push, told);

    let alice = unique("alice");
    let mut other = server.worker(&unique("worker")).await;
    let mut caller = server.connect(&alice).await;
    caller.publish(REQUESTS, &json!(1)).await.expect("published");
    request_of(&mut other, &alice).await;
    let pushes = worker.pushes().await;
    assert!(pushes.iter().all(|push| push["pub"]["info"]["user"] != alice.as_str()), "{pushes:?}");
}
