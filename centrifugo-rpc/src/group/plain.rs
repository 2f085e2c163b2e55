//! The simplest request, for tests.

use super::Request;

/// The bytes of requests that a worker retains in tests: small enough that the limit is reached.
pub(super) const MEMORY: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    /// True if a part of it may run again.
    again: bool,
    /// True if a part of it may not run again.
    once: bool,
}

impl Plain {
    pub(super) const BATCH: Self = Self { again: true, once: true };

    pub(super) fn of(idempotent: bool) -> Self {
        Self { again: idempotent, once: !idempotent }
    }
}

impl Request for Plain {
    fn size(&self) -> usize {
        200
    }

    fn by_idempotence(self) -> (Option<Self>, Option<Self>) {
        (self.again.then(|| Self::of(true)), self.once.then(|| Self::of(false)))
    }

    fn into_retained(self) -> Self {
        self
    }
}
