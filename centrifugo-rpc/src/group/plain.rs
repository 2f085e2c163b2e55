//! The simplest request, for tests.

use super::Request;

/// How much a worker remembers of others in tests; small enough that the bound is met.
pub(super) const MEMORY: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plain {
    pub idempotent: bool,
}

impl Request for Plain {
    fn size(&self) -> usize {
        200
    }

    fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    fn remembered(self) -> Self {
        self
    }
}
