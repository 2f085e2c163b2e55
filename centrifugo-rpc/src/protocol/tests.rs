use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::channels::{Channels, DEFAULT_MAX_LENGTH, MAX_USER};
use crate::config::Config;
use crate::error::codes;
use crate::sdk::codes as centrifugo_codes;
use crate::service::contract::VERSION;
use crate::service::system::SYSTEM_CONTRACT;
use crate::transport::pubsub::replies::queue;

const SESSION: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";

#[test]
fn a_reply_channel_belongs_to_exactly_one_user() {
    let own = format!("reply:{SESSION}#42");
    assert!(is_reply_channel_of(&own, "reply", "42"));
    assert!(is_reply_channel_of(&format!("reply:{SESSION}#"), "reply", ""));
    for (channel, user) in [
        (own.as_str(), "43"),
        (own.as_str(), "2"),
        (own.as_str(), ""),
        (&format!("reply:{SESSION}#42,43"), "42,43"),
        (&format!("reply:{SESSION}#42,43"), "43"),
        (&format!("reply:{SESSION}#x#42"), "42"),
        (&format!("other:{SESSION}#42"), "42"),
        (&format!("reply:{SESSION}42"), "42"),
        ("reply:short#42", "42"),
        (&format!("reply:{}#42", "a".repeat(65)), "42"),
        (&format!("reply:{}#42", "ä".repeat(16)), "42"),
        (&format!("rpc:requests#{SESSION}"), SESSION),
        ("", ""),
    ] {
        assert!(!is_reply_channel_of(channel, "reply", user), "{channel} is not {user}'s");
    }
}

#[test]
fn replies_have_the_documented_form() {
    let mut result = Vec::new();
    write_result(&mut result, "a\"b", br#"{"total":100}"#);
    assert_eq!(result, br#"{"correlation_id":"a\"b","result":{"total":100}}"#);
    let error = crate::RpcError::invalid_params("no").with_data(&[1]);
    let error = write_error("c", &error);
    assert_eq!(error, br#"{"correlation_id":"c","error":{"code":400,"message":"no","data":[1]}}"#);
}

#[test]
fn requests_borrow_and_ignore_what_they_do_not_know() {
    let text = r#"{"method":"a.b","correlation_id":"c","params":{"x":1},"later":[{}]}"#;
    let request: Request<'_> = serde_json::from_str(text).expect("a request");
    assert!(matches!(request.method, Some(Text(Cow::Borrowed("a.b")))));
    assert_eq!(request.params.map(RawValue::get), Some(r#"{"x":1}"#));
}

/// A section of `clients/protocol.json`, which holds the constants of the protocol for all languages.
pub(crate) fn section(name: &str) -> Value {
    // Read by the test alone: a published crate does not have the file.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/protocol.json");
    let text = std::fs::read_to_string(path).expect("clients/protocol.json");
    let sections: BTreeMap<String, Value> = serde_json::from_str(&text).expect("an object");
    assert_eq!(sections.keys().collect::<Vec<_>>(), ["callers", "common", "workers"]);
    sections[name].clone()
}

fn ms(duration: Option<Duration>) -> u128 {
    duration.expect("a duration").as_millis()
}

#[test]
fn constants_of_both_sides_are_those_that_all_languages_share() {
    let config = Config::new("key", "secret");
    let printed = config.centrifugo_config();
    let Channels { requests, replies } = Channels::of(None);
    let reply_options = &printed.channel.namespaces[1].options;
    let own = json!({
        "request_channel": requests,
        "reply_namespace": replies,
        "reply_channel_regex": reply_options.channel_regex,
        "contract_method": SYSTEM_CONTRACT.name,
        "max_batch_bytes": MAX_TOGETHER,
        "min_batch_bytes_per_request": MIN_REQUEST,
        "message_size_limit": MESSAGE_SIZE_LIMIT,
        "reply_history_size": reply_options.history_size,
        "default_channel_max_length": DEFAULT_MAX_LENGTH,
        "timeout_ms": ms(Some(config.call_timeout)),
        "write_timeout_ms": ms(printed.websocket.write_timeout),
        "codes": {
            "invalid_params": codes::INVALID_PARAMS,
            "unauthenticated": codes::UNAUTHENTICATED,
            "permission_denied": codes::PERMISSION_DENIED,
            "method_not_found": codes::METHOD_NOT_FOUND,
            "deadline_exceeded": codes::DEADLINE_EXCEEDED,
            "too_large": codes::TOO_LARGE,
            "overloaded": codes::OVERLOADED,
            "cancelled": codes::CANCELLED,
            "internal": codes::INTERNAL,
            "unavailable": codes::UNAVAILABLE,
            "worker_lost": codes::WORKER_LOST,
        },
        "centrifugo_codes": {
            "unknown_channel": centrifugo_codes::UNKNOWN_CHANNEL,
            "permission_denied": centrifugo_codes::PERMISSION_DENIED,
            "limit_exceeded": centrifugo_codes::LIMIT_EXCEEDED,
            "bad_request": centrifugo_codes::BAD_REQUEST,
            "token_expired": centrifugo_codes::TOKEN_EXPIRED,
            "too_many_requests": centrifugo_codes::TOO_MANY_REQUESTS,
            "invalid_token": centrifugo_codes::INVALID_TOKEN,
            "malformed": centrifugo_codes::MALFORMED,
        },
    });
    assert_eq!(own, section("common"));
}

#[test]
fn constants_of_workers_are_those_that_all_languages_share() {
    let config = Config::new("key", "secret");
    let printed = config.centrifugo_config();
    let [request_options, reply_options] = [0, 1].map(|place| &printed.channel.namespaces[place].options);
    assert_eq!(request_options.history_ttl, reply_options.history_ttl);
    let own = json!({
        "version": VERSION,
        "application_codes": { "min": codes::APPLICATION.start(), "max": codes::APPLICATION.end() },
        "max_correlation_id_bytes": MAX_CORRELATION_ID,
        "max_batch_requests": MAX_REQUESTS,
        "max_batch_calls": MAX_CALLS,
        "max_user_bytes": MAX_USER,
        "max_channel_bytes": printed.channel.max_length,
        "max_params_bytes": config.max_params_bytes,
        "max_result_bytes": config.max_result_bytes,
        "max_stored_reply_bytes_per_user": config.max_remembered_bytes_per_user,
        "request_history_size": request_options.history_size,
        "history_ttl_ms": ms(Some(request_options.history_ttl)),
        "reply_history_meta_ttl_ms": ms(reply_options.history_meta_ttl),
        "reply_retry_ms": ms(Some(queue::GRACE)),
    });
    assert_eq!(own, section("workers"));
    assert_eq!(reply_options.history_size, REPLY_HISTORY);
}
