//! Frames, pings and limits.

use serde_json::json;
use tests::raw::{Close, RawError, Refusal};
use tests::tokens::in_seconds;
use tests::{Raw, unique};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::backend::{Backend, REQUESTS, Running, request_of};

const BAD_REQUEST: u32 = 3501;

pub(crate) async fn commands_in_one_frame_are_answered_one_by_one(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let replies = Running::replies(&alice);
    let mut caller = Raw::open(&server).await;
    let ids = caller
        .start_all(&[
            ("connect", json!({"token": server.tokens().connection(&alice)})),
            ("subscribe", json!({"channel": replies})),
            ("subscribe", json!({"channel": REQUESTS})),
            ("publish", json!({"channel": REQUESTS, "data": {}})),
        ])
        .await;
    assert!(caller.answer(ids[0]).await.is_ok());
    assert!(caller.answer(ids[1]).await.is_ok());
    assert_eq!(caller.answer(ids[2]).await.expect_err("refused").code(), 103);
    assert_eq!(caller.answer(ids[3]).await, Ok(json!({})));
}

pub(crate) async fn replies_may_share_a_frame(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    // However the server joins replies, each is a line of its own.
    let commands = vec![("publish", json!({"channel": REQUESTS, "data": 1})); 100];
    for id in caller.start_all(&commands).await {
        caller.answer(id).await.expect("published");
    }
}

pub(crate) async fn garbage_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    for garbage in ["garbage", "{", "[]", "\"\"", "", "{\"id\":1,\"publish\":7}"] {
        let mut caller = server.connect(&unique("alice")).await;
        caller.send(garbage).await;
        assert_eq!(caller.closed().await.code, BAD_REQUEST, "{garbage:?}");
    }
    let mut caller = Raw::open(&server).await;
    caller.send("garbage").await;
    assert_eq!(caller.closed().await.code, BAD_REQUEST);
    let mut caller = server.connect(&unique("alice")).await;
    caller.send_message(Message::binary(vec![0xff, 0x00])).await;
    assert_eq!(caller.closed().await.code, BAD_REQUEST);
}

pub(crate) async fn commands_before_connect_end_the_connection(backend: Backend) {
    let server = backend.shared().await;
    for (method, params) in [
        ("subscribe", json!({"channel": REQUESTS})),
        ("publish", json!({"channel": REQUESTS, "data": {}})),
        ("history", json!({"channel": REQUESTS})),
        ("presence", json!({"channel": REQUESTS})),
        ("ping", json!({})),
    ] {
        let mut caller = Raw::open(&server).await;
        assert_eq!(caller.refused(method, params).await, BAD_REQUEST, "{method}");
    }
}

pub(crate) async fn connecting_twice_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let token = server.tokens().connection(&alice);
    assert_eq!(caller.refused("connect", json!({"token": token})).await, BAD_REQUEST);
}

pub(crate) async fn a_command_without_an_id_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    caller.send(json!({"publish": {"channel": REQUESTS, "data": {}}}).to_string()).await;
    assert_eq!(caller.closed().await.code, BAD_REQUEST);
}

pub(crate) async fn an_unknown_command_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    assert_eq!(caller.refused("fly", json!({})).await, BAD_REQUEST);
}

pub(crate) async fn an_rpc_without_a_proxy_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    assert_eq!(caller.refused("rpc", json!({"method": "tasks.get_stats", "data": {}})).await, 108);
}

pub(crate) async fn subscribing_twice_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let replies = Running::replies(&alice);
    caller.subscribe(&replies, None).await.expect("subscribed");
    assert_eq!(caller.refused("subscribe", json!({"channel": replies})).await, 105);
}

pub(crate) async fn unsubscribing_ends_publications(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let replies = Running::replies(&alice);
    caller.subscribe(&replies, None).await.expect("subscribed");
    assert_eq!(caller.ok("unsubscribe", json!({"channel": replies})).await, json!({}));
    server.api().publish(&replies, &json!(1)).await;
    assert_eq!(caller.pushes().await, Vec::<serde_json::Value>::new());
    // Unsubscribing without a subscription succeeds.
    assert_eq!(caller.ok("unsubscribe", json!({"channel": replies})).await, json!({}));
}

/// Error messages that end up in logs are the same on either server.
pub(crate) async fn errors_say_what_they_are(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let replies = Running::replies(&alice);
    caller.subscribe(&replies, None).await.expect("subscribed");
    for (channel, code, message) in [
        ("nowhere:at-all", 102, "unknown channel"),
        (REQUESTS, 103, "permission denied"),
        (&replies, 105, "already subscribed"),
        ("rpc:other", 107, "bad request"),
    ] {
        let refused = caller.subscribe(channel, None).await.expect_err("refused");
        let temporary = false;
        let expected = Refusal { code, message: message.to_owned(), temporary };
        assert_eq!(refused, RawError::Refused(expected), "{channel}");
    }
    let expected = Refusal { code: 108, message: "not available".to_owned(), temporary: false };
    let refused = caller.request("presence", json!({"channel": replies})).await;
    assert_eq!(refused, Err(RawError::Refused(expected)));

    let expired = server.tokens().of(&json!({"sub": alice, "exp": in_seconds(-60)}));
    let expected = Refusal { code: 109, message: "token expired".to_owned(), temporary: false };
    let refused = Raw::open(&server).await.request("connect", json!({"token": expired})).await;
    assert_eq!(refused, Err(RawError::Refused(expected)));

    for (token, code, reason) in [("garbage", 3500, "invalid token"), ("", 3501, "bad request")] {
        let refused = Raw::open(&server).await.request("connect", json!({"token": token})).await;
        let expected = Close { code, reason: reason.to_owned() };
        assert_eq!(refused, Err(RawError::Closed(expected)));
    }
}

/// Fields that are `false`, `0` or empty strings are left out, as in Protobuf's JSON.
pub(crate) async fn connecting_tells_what_a_client_needs(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = Raw::open(&server).await;
    let token = server.tokens().of(&json!({"sub": unique("alice")}));
    let mut connected = caller.ok("connect", json!({"token": token})).await;
    let members = connected.as_object_mut().expect("an object");
    for varies in ["client", "session", "node", "version", "time"] {
        if let Some(value) = members.remove(varies) {
            assert!(value.is_string(), "{varies}: {value}");
        }
    }
    assert_eq!(connected, json!({"ping": 25, "pong": true}));
    assert_eq!(caller.client().len(), 36, "a UUID");
}

pub(crate) async fn a_silent_connection_is_closed(backend: Backend) {
    let server = backend.with(json!({"client": {"stale_close_delay": "100ms"}})).await;
    let mut silent = Raw::open(&server).await;
    assert_eq!(silent.closed().await.code, 3502);
}

pub(crate) async fn a_connection_is_pinged(backend: Backend) {
    let server = backend.with(json!({"client": {"ping_interval": "1s", "pong_timeout": "500ms"}})).await;
    let mut caller = Raw::open(&server).await;
    let connected = caller.ok("connect", json!({"token": server.tokens().connection("alice")})).await;
    assert_eq!(connected["ping"], 1, "{connected}");
    assert_eq!(connected["pong"], true, "{connected}");
    caller.ping().await;
    caller.ping().await;
    caller.pushes().await;
}

pub(crate) async fn a_connection_that_answers_no_ping_is_closed(backend: Backend) {
    let server = backend.with(json!({"client": {"ping_interval": "1s", "pong_timeout": "200ms"}})).await;
    let mut deaf = server.connect("alice").await;
    deaf.ignore_pings();
    let close = deaf.closed().await;
    assert_eq!((close.code, close.reason.as_str()), (3012, "no pong"));
}

/// Builds a publish command of exactly `length` bytes.
fn publish_of(length: usize) -> String {
    let command = |data: &str| json!({"id": 100, "publish": {"channel": REQUESTS, "data": data}}).to_string();
    let data = "x".repeat(length - command("").len());
    command(&data)
}

pub(crate) async fn a_message_over_the_limit_ends_the_connection(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    caller.send(publish_of(65_537)).await;
    assert_eq!(caller.closed().await.code, 1009);
}

pub(crate) async fn a_message_at_the_limit_arrives(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut worker = server.worker(&unique("worker")).await;
    let mut caller = server.connect(&alice).await;
    caller.send(publish_of(65_536)).await;
    caller.answer(100).await.expect("published");
    let request = request_of(&mut worker, &alice).await;
    assert!(request["data"].as_str().is_some_and(|data| data.len() > 65_000));
}

pub(crate) async fn a_slow_reader_is_disconnected(backend: Backend) {
    let server = backend.with(json!({"client": {"queue_max_size": 65_536}})).await;
    let mut slow = server.worker("slow").await;
    let api = server.api();
    let data = json!("x".repeat(60_000));
    let publish = json!({"publish": {"channel": REQUESTS, "data": data}});
    // More data than the buffers of two sockets hold while the client does not read.
    let batch = json!({"commands": vec![publish; 100]});
    tests::within("the slow reader to be dropped", async {
        while api.ok("presence_stats", json!({"channel": REQUESTS})).await["num_clients"] == 1 {
            api.ok("batch", batch.clone()).await;
        }
    })
    .await;
    let close = slow.closed().await;
    assert_eq!((close.code, close.reason.as_str()), (3008, "slow"));
}

pub(crate) async fn a_foreign_origin_is_refused(backend: Backend) {
    let origins = json!({"client": {"allowed_origins": ["https://app.example"]}});
    let server = backend.with(origins).await;
    match Raw::open_from(&server, "https://evil.example").await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("a foreign origin met {other:?}"),
    }
    Raw::open_from(&server, "https://app.example").await.expect("the application's own origin");
}
