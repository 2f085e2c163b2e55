//! Centrifugo's codes for errors, disconnects and unsubscribes.

use super::protocol;

/// The reason why a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ErrorCode {
    pub(super) code: u32,
    pub(super) message: &'static str,
}

impl From<ErrorCode> for protocol::Error {
    fn from(ErrorCode { code, message }: ErrorCode) -> Self {
        Self { code, message: message.to_owned(), temporary: code == INTERNAL.code }
    }
}

const fn error(code: u32, message: &'static str) -> ErrorCode {
    ErrorCode { code, message }
}

pub(super) const INTERNAL: ErrorCode = error(100, "internal server error");
pub(super) const UNKNOWN_CHANNEL: ErrorCode = error(102, "unknown channel");
pub(super) const PERMISSION_DENIED: ErrorCode = error(103, "permission denied");
/// Used by the server API only.
pub(super) const NOT_FOUND: ErrorCode = error(104, "not found");
pub(super) const ALREADY_SUBSCRIBED: ErrorCode = error(105, "already subscribed");
pub(super) const LIMIT_EXCEEDED: ErrorCode = error(106, "limit exceeded");
pub(super) const BAD_REQUEST: ErrorCode = error(107, "bad request");
pub(super) const NOT_AVAILABLE: ErrorCode = error(108, "not available");
pub(super) const TOKEN_EXPIRED: ErrorCode = error(109, "token expired");
pub(super) const EXPIRED: ErrorCode = error(110, "expired");
pub(super) const UNRECOVERABLE_POSITION: ErrorCode = error(112, "unrecoverable position");

/// The reason why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disconnect {
    pub(super) code: u32,
    pub(super) reason: std::borrow::Cow<'static, str>,
}

const fn disconnect(code: u32, reason: &'static str) -> Disconnect {
    Disconnect { code, reason: std::borrow::Cow::Borrowed(reason) }
}

/// The client went away, so there is no peer to notify.
pub(super) const CONNECTION_CLOSED: Disconnect = disconnect(3000, "connection closed");
pub(super) const SHUTDOWN: Disconnect = disconnect(3001, "shutdown");
pub(super) const SERVER_ERROR: Disconnect = disconnect(3004, "internal server error");
pub(super) const CONNECTION_EXPIRED: Disconnect = disconnect(3005, "connection expired");
pub(super) const SLOW: Disconnect = disconnect(3008, "slow");
pub(super) const WRITE_ERROR: Disconnect = disconnect(3009, "write error");
pub(super) const NO_PONG: Disconnect = disconnect(3012, "no pong");
pub(super) const INVALID_TOKEN: Disconnect = disconnect(3500, "invalid token");
pub(super) const MALFORMED: Disconnect = disconnect(3501, "bad request");
pub(super) const STALE: Disconnect = disconnect(3502, "stale");
pub(super) const FORCE_NO_RECONNECT: Disconnect = disconnect(3503, "force disconnect");
pub(super) const INAPPROPRIATE_PROTOCOL: Disconnect = disconnect(3506, "inappropriate protocol");
pub(super) const UNAVAILABLE: Disconnect = disconnect(3508, "not available");

/// The reason why a subscription ends without its client's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsubscribed {
    pub(super) code: u32,
    pub(super) reason: &'static str,
}

pub(super) const UNSUBSCRIBED_BY_SERVER: Unsubscribed = Unsubscribed { code: 2000, reason: "server unsubscribe" };
pub(super) const SUBSCRIPTION_EXPIRED: Unsubscribed = Unsubscribed { code: 2501, reason: "subscription expired" };
