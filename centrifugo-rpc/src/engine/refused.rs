//! Calls that are answered without running their handler, as seen by metrics and audits.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::RpcError;
use crate::service::connection::Caller;

/// A call that the worker refused: its handler did not run, and no layer saw it. See
/// [`Server::on_refused`](crate::Server::on_refused).
#[derive(Debug)]
pub struct Refused<'a> {
    pub(super) caller: &'a Caller,
    pub(super) method: &'a str,
    pub(super) known: Option<&'static str>,
    pub(super) error: &'a RpcError,
}

impl<'a> Refused<'a> {
    /// The user ID: the `sub` of the caller's token; empty for an anonymous caller.
    #[must_use]
    pub fn user(&self) -> &'a str {
        &self.caller.user
    }

    /// The ID that Centrifugo gave the caller's connection.
    #[must_use]
    pub fn client(&self) -> &'a str {
        &self.caller.client
    }

    /// The name of the method as the caller wrote it: any text if there is no such method, empty if the request had
    /// none.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The name of the method if it exists. Use it for labels of metrics, so that callers cannot create new ones.
    #[must_use]
    pub fn known_method(&self) -> Option<&'static str> {
        self.known
    }

    /// The error that is sent to the caller. A notification gets no answer.
    #[must_use]
    pub fn error(&self) -> &'a RpcError {
        self.error
    }
}

type Hook = dyn Fn(&Refused<'_>) + Send + Sync;

/// The application's hooks for refused calls.
#[derive(Clone, Default)]
pub(crate) struct OnRefused(Option<Arc<Hook>>);

impl fmt::Debug for OnRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnRefused(hook)" } else { "OnRefused" })
    }
}

impl OnRefused {
    /// Adds `hook` after the existing ones.
    pub(crate) fn and(self, hook: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(match self.0 {
            None => Arc::new(hook),
            Some(first) => Arc::new(move |refused| {
                first(refused);
                hook(refused);
            }),
        }))
    }

    /// Calls the hooks. Returns false if one panicked: a panic of a hook must not end the thread that reads requests.
    pub(super) fn notify<'a>(&self, refused: impl FnOnce() -> Refused<'a>) -> bool {
        let Some(hook) = &self.0 else { return true };
        catch_unwind(AssertUnwindSafe(|| hook(&refused()))).is_ok()
    }
}
