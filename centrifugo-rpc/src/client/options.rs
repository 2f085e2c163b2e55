//! Options of a single call.

use std::time::Duration;

/// Options of one call. Each defaults to the client's value, or to none.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) traceparent: Option<String>,
}

impl CallOptions {
    /// No options set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timeout of the call, at most a day. Default: the client's [`timeout`](crate::ClientBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the W3C trace context of the call, like `00-<trace id>-<span id>-01`, passed to the worker unchanged.
    /// Default: none.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = Some(traceparent.into());
        self
    }
}
