//! Calls that are answered without their handler, for those who count or record them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Dispatcher;
use super::running::Limit;
use crate::connection::Caller;
use crate::error::RpcError;

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
    /// The user ID, the `sub` of the caller's token; empty for an anonymous caller.
    #[must_use]
    pub fn user(&self) -> &'a str {
        &self.caller.user
    }

    /// The ID that Centrifugo gave the caller's connection.
    #[must_use]
    pub fn client(&self) -> &'a str {
        &self.caller.client
    }

    /// The name of the method, as the caller wrote it: any text where there is no such method, empty where the request had none.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The name of the method, if there is such a method: for labels of metrics, of which callers must not make new ones.
    #[must_use]
    pub fn known_method(&self) -> Option<&'static str> {
        self.known
    }

    /// What the caller is answered; nobody, if it is a notification.
    #[must_use]
    pub fn error(&self) -> &'a RpcError {
        self.error
    }
}

type Hook = dyn Fn(&Refused<'_>) + Send + Sync;

/// Who is told of refused calls.
#[derive(Clone, Default)]
pub(crate) struct OnRefused(Option<Arc<Hook>>);

impl fmt::Debug for OnRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnRefused(hook)" } else { "OnRefused" })
    }
}

impl OnRefused {
    /// Tells `hook` too, after those that are there.
    pub(crate) fn and(self, hook: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(match self.0 {
            None => Arc::new(hook),
            Some(first) => Arc::new(move |refused| {
                first(refused);
                hook(refused);
            }),
        }))
    }

    /// Tells of a refused call. Says whether that worked: the panic of a hook must not end the thread that reads requests.
    pub(super) fn tell<'a>(&self, refused: impl FnOnce() -> Refused<'a>) -> bool {
        let Some(hook) = &self.0 else { return true };
        catch_unwind(AssertUnwindSafe(|| hook(&refused()))).is_ok()
    }
}

impl Dispatcher {
    /// Counts and logs a call that does not begin, and tells the application. Layers see only those that do: refusals come in floods,
    /// and have to cost next to nothing.
    pub(super) fn refused(&self, caller: &Caller, method: &str, error: &RpcError, limit: Option<Limit>) {
        self.journal.refused(caller, method, error, limit);
        self.tell_application(caller, method, error);
    }

    /// Tells the application of what was counted and logged otherwise.
    pub(super) fn tell_application(&self, caller: &Caller, method: &str, error: &RpcError) {
        let known = || self.registry.get(method).map(|method| method.name);
        if !self.stack.refused(|| Refused { caller, method, known: known(), error }) {
            self.journal.hook_panicked();
        }
    }
}
