//! Centrifugo's error and disconnect codes.

/// An internal error of Centrifugo.
pub(crate) const INTERNAL: u32 = 100;
/// The namespace does not exist.
pub(crate) const UNKNOWN_CHANNEL: u32 = 102;
pub(crate) const PERMISSION_DENIED: u32 = 103;
/// The connection has reached its limit of subscriptions.
#[cfg(any(feature = "client", test))]
pub(crate) const LIMIT_EXCEEDED: u32 = 106;
/// A malformed request, or a channel that does not match the `channel_regex`.
pub(crate) const BAD_REQUEST: u32 = 107;
/// The namespace lacks the requested feature, such as a history.
pub(crate) const NOT_AVAILABLE: u32 = 108;
/// The token's `exp` has passed, or its `nbf` is in the future, by Centrifugo's clock.
pub(crate) const TOKEN_EXPIRED: u32 = 109;
/// A rate limit is reached.
pub(crate) const TOO_MANY_REQUESTS: u32 = 111;
/// The requested position has another epoch than the stream.
pub(crate) const UNRECOVERABLE_POSITION: u32 = 112;

/// Disconnect: the connection's queue exceeds `client.queue_max_size`.
pub(crate) const SLOW: u32 = 3008;
/// Disconnect: Centrifugo cannot verify the token.
pub(crate) const INVALID_TOKEN: u32 = 3500;
/// Disconnect: a malformed message; users get this mainly for a connection without a token.
#[cfg(any(feature = "client", test))]
pub(crate) const MALFORMED: u32 = 3501;
/// Disconnect: the user has reached the limit of connections.
pub(crate) const CONNECTION_LIMIT: u32 = 3504;

/// Returns whether a retry may succeed; all other errors are permanent.
pub(crate) fn is_temporary(code: u32) -> bool {
    matches!(code, INTERNAL | TOO_MANY_REQUESTS)
}
