//! Centrifugo's own numbers: what it answers commands with, and what it ends connections with.

/// Centrifugo failed inside.
pub(crate) const INTERNAL: u32 = 100;
/// There is no such namespace.
pub(crate) const UNKNOWN_CHANNEL: u32 = 102;
pub(crate) const PERMISSION_DENIED: u32 = 103;
/// The connection has as many subscriptions as one may have.
#[cfg(feature = "client")]
pub(crate) const LIMIT_EXCEEDED: u32 = 106;
/// What it does not understand; a channel that the `channel_regex` does not match, too.
pub(crate) const BAD_REQUEST: u32 = 107;
/// The namespace does not have what is asked for, such as a history.
pub(crate) const NOT_AVAILABLE: u32 = 108;
/// The token's `exp` has passed, or its `nbf` is to come, by Centrifugo's clock.
pub(crate) const TOKEN_EXPIRED: u32 = 109;
/// A rate limit.
pub(crate) const TOO_MANY_REQUESTS: u32 = 111;
/// The stream has another epoch than the position that was asked for.
pub(crate) const UNRECOVERABLE_POSITION: u32 = 112;

/// Disconnect: more waits for the connection than `client.queue_max_size`.
pub(crate) const SLOW: u32 = 3008;
/// Disconnect: a token that Centrifugo cannot verify.
pub(crate) const INVALID_TOKEN: u32 = 3500;
/// Disconnect: what Centrifugo does not understand; a connection without a token is the one that users make.
#[cfg(feature = "client")]
pub(crate) const MALFORMED: u32 = 3501;
/// Disconnect: the user has as many connections as one may have.
pub(crate) const CONNECTION_LIMIT: u32 = 3504;

/// Whether an answer may be another one later; the others stay as they are however often one asks.
pub(crate) fn is_temporary(code: u32) -> bool {
    matches!(code, INTERNAL | TOO_MANY_REQUESTS)
}
