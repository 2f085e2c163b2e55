//! A call as a transport hands it over.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::service::connection::Caller;

/// A call that has not been admitted. Its method may not exist.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub caller: &'a Arc<Caller>,
    pub method: Cow<'a, str>,
    pub params: Option<Bytes>,
    /// The timeout that the caller asks for.
    pub timeout: Option<Duration>,
    pub received: Instant,
    /// The time since the caller made the call.
    pub age: Duration,
    pub traceparent: Option<String>,
    /// `None` for a call that has no name by which it could be cancelled, such as a notification.
    pub id: Option<CallId>,
}

/// The identity of a call. Two calls with the same identity do not run at the same time. Clones share the texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CallId {
    /// The caller's session: calls of different callers have different ones.
    pub session: Arc<str>,
    /// The caller's own ID of the call.
    pub correlation_id: Arc<str>,
}
