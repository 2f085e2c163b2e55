//! The permissions of users in each channel.

use serde_json::json;
use tests::tokens::in_seconds;
use tests::{Tokens, config, unique};

use crate::backend::{Backend, REQUESTS, Running};

/// Error codes of Centrifugo.
const UNKNOWN_CHANNEL: u32 = 102;
const PERMISSION_DENIED: u32 = 103;
const BAD_REQUEST: u32 = 107;
const NOT_AVAILABLE: u32 = 108;
const TOKEN_EXPIRED: u32 = 109;
/// Codes from 2500 on ask the client to subscribe again.
const SUBSCRIPTION_EXPIRED: u32 = 2501;
/// Ends the connection: such a token suggests an attack.
const INVALID_TOKEN: u32 = 3500;

pub(crate) async fn a_caller_subscribes_to_its_own_replies(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let subscribed = caller.subscribe(&Running::replies(&alice), None).await.expect("subscribed");
    assert_eq!(subscribed["recoverable"], true);
    assert_eq!(subscribed["positioned"], true);
    assert!(subscribed["epoch"].is_string(), "{subscribed}");
    // An offset of zero is left out.
    assert_eq!(subscribed.get("offset"), None, "{subscribed}");
}

pub(crate) async fn a_caller_cannot_subscribe_to_requests(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    assert_eq!(caller.refused("subscribe", json!({"channel": REQUESTS})).await, PERMISSION_DENIED);
}

pub(crate) async fn a_caller_cannot_subscribe_to_another_users_replies(backend: Backend) {
    let server = backend.shared().await;
    let mut mallory = server.connect(&unique("mallory")).await;
    let replies = Running::replies(&unique("alice"));
    assert_eq!(mallory.refused("subscribe", json!({"channel": replies})).await, PERMISSION_DENIED);
}

pub(crate) async fn a_caller_cannot_read_another_users_replies(backend: Backend) {
    let server = backend.shared().await;
    let replies = Running::replies(&unique("alice"));
    server.api().publish(&replies, &json!({"secret": true})).await;

    let mut mallory = server.connect(&unique("mallory")).await;
    assert_eq!(mallory.refused("history", json!({"channel": replies})).await, PERMISSION_DENIED);
    // No client may read the presence of a reply channel.
    for what in ["presence", "presence_stats"] {
        assert_eq!(mallory.refused(what, json!({"channel": replies})).await, NOT_AVAILABLE, "{what}");
    }
}

pub(crate) async fn a_caller_cannot_see_who_works(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    for what in ["history", "presence", "presence_stats"] {
        assert_eq!(caller.refused(what, json!({"channel": REQUESTS})).await, PERMISSION_DENIED, "{what}");
    }
}

pub(crate) async fn what_is_published_can_be_limited_to_json_objects(backend: Backend) {
    let mut namespaces = config::protocol()["channel"]["namespaces"].take();
    namespaces[0]["publication_data_format"] = json!("json_object");
    let server = backend.with(json!({"channel": {"namespaces": namespaces}})).await;
    let mut caller = server.connect("42").await;
    for data in [json!(0), json!("text"), json!([{}]), json!(true)] {
        let refused = caller.refused("publish", json!({"channel": REQUESTS, "data": data})).await;
        assert_eq!(refused, BAD_REQUEST, "{data}");
        let refused = server.api().call("publish", json!({"channel": REQUESTS, "data": data})).await;
        assert_eq!(refused.expect_err("refused").code, BAD_REQUEST, "{data}");
    }
    caller.publish(REQUESTS, &json!({"method": "a.b"})).await.expect("published");
    assert_eq!(server.api().publish(REQUESTS, &json!({})).await["offset"], 2);
}

pub(crate) async fn a_caller_cannot_publish_a_reply(backend: Backend) {
    let server = backend.shared().await;
    let alice = unique("alice");
    let mut caller = server.connect(&alice).await;
    let own = Running::replies(&alice);
    caller.subscribe(&own, None).await.expect("subscribed");
    for replies in [own, Running::replies(&unique("bob"))] {
        let forged = json!({"channel": replies, "data": {"correlation_id": "1", "result": 1}});
        assert_eq!(caller.refused("publish", forged).await, PERMISSION_DENIED, "{replies}");
    }
}

pub(crate) async fn a_caller_cannot_make_channels_of_its_own(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    for channel in ["rpc:other", "rpc:requests2", "rpc:", "rpc:requests#alice"] {
        let publish = json!({"channel": channel, "data": {}});
        assert_eq!(caller.refused("publish", publish).await, BAD_REQUEST, "{channel}");
        assert_eq!(caller.refused("subscribe", json!({"channel": channel})).await, BAD_REQUEST, "{channel}");
    }
}

pub(crate) async fn a_reply_channel_has_one_user_and_a_long_session(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect("42").await;
    let session = "0123456789abcdef";
    for channel in [
        format!("reply:{session}#42,43"),
        format!("reply:{session}#42#42"),
        format!("reply:{session}"),
        "reply:short#42".to_owned(),
        format!("reply:{}#42", "x".repeat(65)),
        format!("reply:{session}/{session}#42"),
    ] {
        assert_eq!(caller.refused("subscribe", json!({"channel": channel})).await, BAD_REQUEST, "{channel}");
    }
    caller.subscribe(&format!("reply:{session}#42"), None).await.expect("subscribed");
}

pub(crate) async fn an_unknown_namespace_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    let channel = "nowhere:requests";
    assert_eq!(caller.refused("subscribe", json!({"channel": channel})).await, UNKNOWN_CHANNEL);
    assert_eq!(caller.refused("publish", json!({"channel": channel, "data": {}})).await, UNKNOWN_CHANNEL);
    assert_eq!(caller.refused("history", json!({"channel": channel})).await, UNKNOWN_CHANNEL);
    assert_eq!(caller.refused("presence", json!({"channel": channel})).await, UNKNOWN_CHANNEL);
}

pub(crate) async fn a_channel_without_namespace_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut caller = server.connect(&unique("alice")).await;
    assert_eq!(caller.refused("subscribe", json!({"channel": "requests"})).await, PERMISSION_DENIED);
    assert_eq!(caller.refused("publish", json!({"channel": "requests", "data": {}})).await, PERMISSION_DENIED);
}

pub(crate) async fn a_worker_subscribes_with_its_token_only(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let mut worker = server.worker(&user).await;
    worker.ok("unsubscribe", json!({"channel": REQUESTS})).await;
    assert_eq!(worker.refused("subscribe", json!({"channel": REQUESTS})).await, PERMISSION_DENIED);
}

pub(crate) async fn a_subscription_token_for_another_channel_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let mut worker = server.connect(&user).await;
    let token = server.tokens().subscription(&user, "rpc:other");
    assert_eq!(refused_with(&mut worker, &token).await, INVALID_TOKEN);
}

pub(crate) async fn a_subscription_token_of_another_user_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mut mallory = server.connect(&unique("mallory")).await;
    let token = server.tokens().subscription(&unique("worker"), REQUESTS);
    assert_eq!(refused_with(&mut mallory, &token).await, INVALID_TOKEN);
}

pub(crate) async fn a_subscription_token_with_a_wrong_signature_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("mallory");
    let mut mallory = server.connect(&user).await;
    let token = Tokens::new("guessed").subscription(&user, REQUESTS);
    assert_eq!(refused_with(&mut mallory, &token).await, PERMISSION_DENIED);
    assert_eq!(refused_with(&mut mallory, "garbage").await, PERMISSION_DENIED);
    // A connection token is signed with the same secret, but names no channel.
    let token = server.tokens().connection(&user);
    assert_eq!(refused_with(&mut mallory, &token).await, PERMISSION_DENIED);
}

pub(crate) async fn an_expired_subscription_token_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let mut worker = server.connect(&user).await;
    let token = server.tokens().of(&json!({"sub": user, "channel": REQUESTS, "exp": in_seconds(-60)}));
    assert_eq!(refused_with(&mut worker, &token).await, TOKEN_EXPIRED);
}

pub(crate) async fn a_subscription_token_is_refreshed(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let tokens = server.tokens();
    let mut worker = server.connect(&user).await;
    let short = tokens.of(&json!({"sub": user, "channel": REQUESTS, "exp": in_seconds(60)}));
    let subscribed = worker.subscribe(REQUESTS, Some(&short)).await.expect("subscribed");
    assert_eq!(subscribed["expires"], true, "{subscribed}");
    assert!(subscribed["ttl"].as_u64().is_some_and(|ttl| (50..=60).contains(&ttl)), "{subscribed}");

    let refresh = |token: String| json!({"channel": REQUESTS, "token": token});
    let long = tokens.subscription(&user, REQUESTS);
    let refreshed = worker.ok("sub_refresh", refresh(long)).await;
    assert_eq!(refreshed["expires"], true, "{refreshed}");
    assert!(refreshed["ttl"].as_u64().is_some_and(|ttl| ttl > 3500), "{refreshed}");
    let wrong = tokens.subscription(&unique("other"), REQUESTS);
    assert_eq!(worker.refused("sub_refresh", refresh(wrong)).await, INVALID_TOKEN);
}

pub(crate) async fn a_subscription_ends_when_its_token_is_not_refreshed(backend: Backend) {
    // Centrifugo checks for expired subscriptions whenever it renews presence.
    let often = json!({"expired_sub_close_delay": "1s", "presence_update_interval": "1s"});
    let server = backend.with(json!({"client": often})).await;
    let token = json!({"sub": "worker", "channel": REQUESTS, "exp": in_seconds(1)});
    let mut worker = server.connect("worker").await;
    worker.subscribe(REQUESTS, Some(&server.tokens().of(&token))).await.expect("subscribed");
    let push = worker.push("the end of the subscription", |push| push.get("unsubscribe").is_some()).await;
    assert_eq!(push["channel"], REQUESTS);
    assert_eq!(push["unsubscribe"]["code"], SUBSCRIPTION_EXPIRED, "{push}");
}

/// A token overrides the user limit of the channel: never issue subscription tokens for reply channels.
pub(crate) async fn a_subscription_token_opens_the_channel_it_names(backend: Backend) {
    let server = backend.shared().await;
    let user = unique("worker");
    let mut worker = server.connect(&user).await;
    let replies = Running::replies(&unique("alice"));
    let token = server.tokens().subscription(&user, &replies);
    worker.subscribe(&replies, Some(&token)).await.expect("subscribed");
}

async fn refused_with(connection: &mut tests::Raw, token: &str) -> u32 {
    connection.refused("subscribe", json!({"channel": REQUESTS, "token": token})).await
}
