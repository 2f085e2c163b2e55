//! Centrifugo's refusals, in words that say what to configure.

use crate::centrifugo::codes::{
    BAD_REQUEST, INVALID_TOKEN, MALFORMED, PERMISSION_DENIED, TOKEN_EXPIRED, TOO_MANY_REQUESTS, UNKNOWN_CHANNEL,
};
use crate::error::{Error, ErrorKind, RpcError};
use crate::protocol::namespace;

/// The SDK ends a connection without a usable token with this code, and one that Centrifugo closed because of a message's
/// size with the other.
const NO_TOKEN: u32 = 1;
const MESSAGE_TOO_LARGE: u32 = 3;

/// Why Centrifugo does not let the client read its replies.
pub(super) fn subscribe(channel: &str, user: &str, code: u32, reason: &str) -> Error {
    let namespace = namespace(channel);
    let fix = match code {
        UNKNOWN_CHANNEL => format!(
            "add a namespace `{namespace}` to Centrifugo's `channel.namespaces`, with `allow_user_limited_channels`, \
             `history_size`, `history_ttl` and `force_recovery`"
        ),
        PERMISSION_DENIED => format!(
            "set `allow_user_limited_channels` in Centrifugo's namespace `{namespace}`, and check that the token is user `{user}`'s"
        ),
        BAD_REQUEST => format!(
            "the `channel_regex` of Centrifugo's namespace `{namespace}` must be `^[A-Za-z0-9_-]{{16,64}}#[^,#]*$`"
        ),
        TOKEN_EXPIRED => "give the client fresh tokens with `get_token`".to_owned(),
        _ => "the client gets no replies any more, make a new one".to_owned(),
    };
    let message = format!("Centrifugo refuses the reply channel `{channel}` ({code} {reason}): {fix}");
    Error::new(kind(code), message)
}

/// Why Centrifugo does not take a request. Its rate limit is the one refusal that passes.
pub(super) fn publish(channel: &str, anonymous: bool, code: u32, reason: &str) -> Result<RpcError, Error> {
    let namespace = namespace(channel);
    let permission = if anonymous { "allow_publish_for_anonymous" } else { "allow_publish_for_client" };
    let fix = match code {
        TOO_MANY_REQUESTS => {
            return Ok(RpcError::overloaded(format!(
                "Centrifugo's rate limit of requests is reached ({code} {reason})"
            )));
        }
        UNKNOWN_CHANNEL => format!(
            "add a namespace `{namespace}` to Centrifugo's `channel.namespaces`, with `{permission}`, or name \
             another channel with `request_channel`"
        ),
        PERMISSION_DENIED => format!("set `{permission}` in Centrifugo's namespace `{namespace}`"),
        BAD_REQUEST => format!(
            "the `channel_regex` of Centrifugo's namespace `{namespace}` must match the request channel, for example `^requests$`"
        ),
        _ => "the request was not taken".to_owned(),
    };
    let message = format!("Centrifugo refuses to publish into `{channel}` ({code} {reason}): {fix}");
    Err(Error::new(kind(code), message))
}

/// Whether a setting is to blame.
fn kind(code: u32) -> ErrorKind {
    match code {
        UNKNOWN_CHANNEL | PERMISSION_DENIED | BAD_REQUEST | TOKEN_EXPIRED => ErrorKind::Setup,
        _ => ErrorKind::Other,
    }
}

/// Why the connection is over for good.
pub(super) fn disconnect(url: &str, code: u32, reason: &str) -> Error {
    let (kind, fix) = match code {
        NO_TOKEN | TOKEN_EXPIRED => {
            (ErrorKind::Setup, ": the token has expired or is missing, give the client fresh ones with `get_token`")
        }
        INVALID_TOKEN => (
            ErrorKind::Setup,
            ": check that the token is signed with the key in Centrifugo's `client.token` and has its `aud` and `iss`",
        ),
        MALFORMED => (
            ErrorKind::Setup,
            ": is the token missing? Centrifugo takes connections without one only where \
             `client.allow_anonymous_connect_without_token` is set",
        ),
        MESSAGE_TOO_LARGE => (
            ErrorKind::Setup,
            ": a request was larger than Centrifugo's `websocket.message_size_limit`, give the client the same \
             `message_size_limit`",
        ),
        _ => (ErrorKind::Other, ""),
    };
    Error::new(kind, format!("Centrifugo at {url} ended the connection ({code} {reason}){fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_that_a_setting_causes_names_the_setting() {
        let subscribe = |code| subscribe("reply:x#42", "42", code, "no").to_string();
        assert!(subscribe(102).contains("add a namespace `reply`"));
        assert!(subscribe(103).contains("`allow_user_limited_channels`") && subscribe(103).contains("user `42`"));
        assert!(subscribe(107).contains("`channel_regex`"));
        let publish = |code| publish("rpc:requests", false, code, "no").expect_err("a refusal").to_string();
        assert!(publish(102).contains("add a namespace `rpc`"));
        assert!(publish(103).contains("`allow_publish_for_client`"));
        assert!(publish(107).contains("`channel_regex`"));
        let anonymous = super::publish("rpc:requests", true, 103, "no").expect_err("a refusal");
        assert!(anonymous.to_string().contains("`allow_publish_for_anonymous`"));
        assert!(disconnect("ws://h/", 3500, "invalid token").to_string().contains("`client.token`"));
    }

    #[test]
    fn the_rate_limit_of_centrifugo_is_an_overload() {
        assert!(publish("rpc:requests", false, 111, "too many requests").expect("an answer").is_retryable());
    }
}
