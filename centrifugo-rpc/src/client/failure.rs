//! Why a client ended, for each of its calls.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// An [`Error`] that many calls share.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    kind: ErrorKind,
    message: Arc<str>,
}

impl Failure {
    pub(super) fn new(kind: ErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self { kind, message: message.into() }
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::new(failure.kind, &*failure.message)
    }
}
