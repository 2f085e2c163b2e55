//! The codes of [`RpcError`](crate::RpcError)s.

use std::ops::RangeInclusive;

/// The params do not decode; the message names the field.
pub const INVALID_PARAMS: u16 = 400;
/// The method needs a user and the caller is anonymous.
pub const UNAUTHENTICATED: u16 = 401;
/// A guard refused the call.
pub const PERMISSION_DENIED: u16 = 403;
/// No such method.
pub const METHOD_NOT_FOUND: u16 = 404;
/// The deadline passed; the handler was cancelled.
pub const DEADLINE_EXCEEDED: u16 = 408;
/// Params or result exceed their size limit.
pub const TOO_LARGE: u16 = 413;
/// A limit was reached; the handler never ran.
pub const OVERLOADED: u16 = 429;
/// The caller cancelled the call.
pub const CANCELLED: u16 = 499;
/// The handler failed or panicked; details stay in the log.
pub const INTERNAL: u16 = 500;
/// The worker is shutting down, or there was none; the handler never ran.
pub const UNAVAILABLE: u16 = 503;
/// The worker that ran the call is gone; the outcome is unknown.
pub const WORKER_LOST: u16 = 504;
/// The application's own errors.
pub const APPLICATION: RangeInclusive<u16> = 1000..=1999;
