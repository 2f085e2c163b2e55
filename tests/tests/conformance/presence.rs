//! Presence, and join and leave events.

use serde_json::{Value, json};
use tests::{Raw, eventually, unique};

use crate::backend::{Backend, REQUESTS, Running};

pub(crate) async fn the_api_tells_who_is_subscribed(backend: Backend) {
    let server = backend.own().await;
    let api = server.api();
    let present = async || api.ok("presence", json!({"channel": REQUESTS})).await["presence"].take();
    assert_eq!(present().await, json!({}));

    let info = json!({"worker": 1});
    let mut one = Raw::connect(&server, &server.tokens().connection_with_info("worker", &info)).await;
    let token = server.tokens().subscription("worker", REQUESTS);
    one.subscribe(REQUESTS, Some(&token)).await.expect("subscribed");
    let two = server.worker("worker").await;
    let expected = json!({
        one.client(): {"user": "worker", "client": one.client(), "conn_info": info},
        two.client(): {"user": "worker", "client": two.client()},
    });
    assert_eq!(present().await, expected);
    let stats = api.ok("presence_stats", json!({"channel": REQUESTS})).await;
    assert_eq!(stats, json!({"num_clients": 2, "num_users": 1}));

    one.ok("unsubscribe", json!({"channel": REQUESTS})).await;
    two.close().await;
    eventually("presence to be empty", async || (present().await == json!({})).then_some(())).await;
}

pub(crate) async fn the_worker_is_told_who_joins_and_leaves(backend: Backend) {
    let server = backend.own().await;
    let mut watcher = server.worker("watcher").await;
    let mut unsubscribes = server.worker("other").await;
    let client = unsubscribes.client().to_owned();
    let expected =
        |what: &str, client: &str| json!({"channel": REQUESTS, what: {"info": {"user": "other", "client": client}}});
    let about = |client: &str| {
        let client = client.to_owned();
        move |push: &Value| ["join", "leave"].iter().any(|what| push[what]["info"]["client"] == client.as_str())
    };
    assert_eq!(watcher.push("the join", about(&client)).await, expected("join", &client));
    unsubscribes.ok("unsubscribe", json!({"channel": REQUESTS})).await;
    assert_eq!(watcher.push("the leave", about(&client)).await, expected("leave", &client));

    let closes = server.worker("other").await;
    let client = closes.client().to_owned();
    assert_eq!(watcher.push("the join", about(&client)).await, expected("join", &client));
    closes.close().await;
    assert_eq!(watcher.push("the leave", about(&client)).await, expected("leave", &client));

    // A broken connection also counts as a leave.
    let breaks = server.worker("other").await;
    let client = breaks.client().to_owned();
    drop(breaks);
    assert_eq!(
        watcher.push("the leave", |push| push["leave"]["info"]["client"] == client.as_str()).await,
        expected("leave", &client)
    );
}

pub(crate) async fn a_reply_channel_has_no_presence(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = server.connect(&alice).await;
    caller.subscribe(&replies, None).await.expect("subscribed");
    let refused = server.api().call("presence", json!({"channel": replies})).await;
    assert_eq!(refused.expect_err("presence is off").code, 108);
}
