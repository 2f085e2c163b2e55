//! Centrifugo's refusals as errors that name the setting to change.

use crate::channels::DEFAULT_MAX_LENGTH;
use crate::error::{Error, ErrorKind, RpcError};
use crate::protocol::namespace;
use crate::sdk::codes::{
    BAD_REQUEST, INVALID_TOKEN, LIMIT_EXCEEDED, MALFORMED, PERMISSION_DENIED, TOKEN_EXPIRED, TOO_MANY_REQUESTS,
    UNKNOWN_CHANNEL,
};

/// Codes of the SDK: it ends a connection without a usable token with `NO_TOKEN`, and a connection that Centrifugo
/// closed because of a message's size with `MESSAGE_TOO_LARGE`.
const NO_TOKEN: u32 = 1;
const MESSAGE_TOO_LARGE: u32 = 3;

/// Centrifugo reports "expired" also for a token that is not valid yet, and then asks for another one.
const EXPIRED: &str = "the token is missing, has expired or is not valid yet: look at its `exp` and `nbf`, and whether the clocks of Centrifugo and \
                       of the machine that signs tokens agree";

/// The error for a subscription to the reply channel that Centrifugo refuses.
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
        BAD_REQUEST if channel.len() > DEFAULT_MAX_LENGTH => format!(
            "the name of the channel has {length} bytes, as the user ID has {}: set Centrifugo's `channel.max_length` to {length} or more \
             (it is {DEFAULT_MAX_LENGTH} by default, `centrifugo_config` prints enough), or give the user a shorter ID; where it is, \
             look at the `channel_regex` of the namespace `{namespace}`",
            user.len(),
            length = channel.len(),
        ),
        BAD_REQUEST => format!(
            "the `channel_regex` of Centrifugo's namespace `{namespace}` must be `^[A-Za-z0-9_-]{{16,64}}#[^,#]*$`"
        ),
        LIMIT_EXCEEDED => "the connection has as many subscriptions as Centrifugo's `client.channel_limit` allows, 128 by default: raise \
                           it, or have fewer channels in the token"
            .to_owned(),
        TOKEN_EXPIRED => "give the client fresh tokens with `get_token`".to_owned(),
        _ => "the client gets no replies any more, make a new one".to_owned(),
    };
    let message = format!("Centrifugo refuses the reply channel `{channel}` ({code} {reason}): {fix}");
    Error::new(kind(code), message)
}

/// The error for a request that Centrifugo refuses. Its rate limit is the only temporary refusal, and so an error reply
/// of the call.
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

/// Distinguishes refusals that a wrong setting causes.
fn kind(code: u32) -> ErrorKind {
    match code {
        UNKNOWN_CHANNEL | PERMISSION_DENIED | LIMIT_EXCEEDED | BAD_REQUEST | TOKEN_EXPIRED => ErrorKind::Setup,
        _ => ErrorKind::Other,
    }
}

/// The error for a connection attempt that Centrifugo refuses; the client retries.
pub(super) fn connect(url: &str, message: &str) -> Error {
    let fix = if message.contains("token expired") { format!(": {EXPIRED}") } else { String::new() };
    Error::new(ErrorKind::Setup, format!("Centrifugo at {url} refuses the connection: {message}{fix}"))
}

/// The error for a connection that has ended for good.
pub(super) fn disconnect(url: &str, code: u32, reason: &str) -> Error {
    let (kind, fix) = match code {
        NO_TOKEN | TOKEN_EXPIRED => {
            let fix = "give the client fresh ones with `get_token`";
            return Error::new(
                ErrorKind::Setup,
                format!("Centrifugo at {url} ended the connection ({code} {reason}): {EXPIRED}; {fix}"),
            );
        }
        INVALID_TOKEN => (
            ErrorKind::Setup,
            ": check that the token is a JWT of three parts and nothing else, is signed with the key in Centrifugo's `client.token`, has \
             its `aud` and `iss`, that its `sub` is a string, and that its `exp`, `nbf` and `iat` are numbers",
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
        assert!(subscribe(106).contains("`client.channel_limit`"));
        assert!(subscribe(107).contains("`channel_regex`") && !subscribe(107).contains("max_length"));
        let user = "x".repeat(255);
        let long = super::subscribe(&format!("reply:{user}#{user}"), &user, 107, "no").to_string();
        assert!(long.contains("`channel.max_length` to 517") && long.contains("255"), "{long}");
        assert!(subscribe(109).contains("`get_token`"));
        let publish = |code| publish("rpc:requests", false, code, "no").expect_err("a refusal").to_string();
        assert!(publish(102).contains("add a namespace `rpc`"));
        assert!(publish(103).contains("`allow_publish_for_client`"));
        assert!(publish(107).contains("`channel_regex`"));
        let anonymous = super::publish("rpc:requests", true, 103, "no").expect_err("a refusal");
        assert!(anonymous.to_string().contains("`allow_publish_for_anonymous`"));
        let invalid = disconnect("ws://h/", 3500, "invalid token").to_string();
        for part in ["three parts", "`client.token`", "`sub` is a string", "`nbf` and `iat` are numbers"] {
            assert!(invalid.contains(part), "{invalid}");
        }
        for expired in [disconnect("ws://h/", 109, "token expired"), connect("ws://h/", "token expired (109)")] {
            assert!(expired.to_string().contains("`nbf`") && expired.to_string().contains("clocks"), "{expired}");
        }
    }

    #[test]
    fn the_rate_limit_of_centrifugo_is_an_overload() {
        assert!(publish("rpc:requests", false, 111, "too many requests").expect("an answer").is_retryable());
    }
}
