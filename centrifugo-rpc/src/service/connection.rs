//! The caller of a method: identity, deadline, cancellation.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::SetOnce;
use tokio::time::Instant;

use crate::error::{RpcError, shown_causes};

/// The identity that Centrifugo reports for the authenticated connection of a request.
///
/// Handlers read it through their [`Connection`]. Build one by hand only to call a method in process, with
/// [`Server::call`](crate::Server::call).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) info: Option<Bytes>,
}

impl Caller {
    /// Makes a caller without a user.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Makes a caller with this user ID, the `sub` of its token.
    #[must_use]
    pub fn user(user: impl Into<String>) -> Self {
        Self { user: user.into(), ..Self::default() }
    }

    /// Sets the ID of the caller's connection. Default: empty.
    #[must_use]
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = client.into();
        self
    }

    /// Sets the `info` of the caller's token. Default: none.
    ///
    /// # Errors
    ///
    /// A value that cannot be serialized to JSON.
    pub fn info(mut self, info: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        self.info = Some(serde_json::to_vec(info)?.into());
        Ok(self)
    }
}

/// The caller's identity and the deadline of its call. The first argument of most handlers.
///
/// All identity data comes from Centrifugo, which verified the caller's token; none of it comes from the request.
/// Clones are cheap and refer to the same call.
#[derive(Debug, Clone)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Shared by the calls that arrived together.
    caller: Arc<Caller>,
    method: &'static str,
    correlation_id: Option<Arc<str>>,
    traceparent: Option<String>,
    deadline: Instant,
    cancelled: SetOnce<()>,
}

impl Connection {
    pub(crate) fn new(
        caller: impl Into<Arc<Caller>>,
        method: &'static str,
        correlation_id: Option<Arc<str>>,
        traceparent: Option<String>,
        deadline: Instant,
    ) -> Self {
        let (caller, cancelled) = (caller.into(), SetOnce::new());
        Self(Arc::new(Inner { caller, method, correlation_id, traceparent, deadline, cancelled }))
    }

    /// Cancels the call.
    pub(crate) fn cancel(&self) {
        // The call may be cancelled already.
        let _ = self.0.cancelled.set(());
    }

    /// The user ID, the `sub` of the caller's token; empty for an anonymous caller.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.0.caller.user
    }

    /// The user ID, or a 401 error for an anonymous caller.
    ///
    /// # Errors
    ///
    /// [`RpcError::unauthenticated`] if there is no user.
    pub fn require_user(&self) -> Result<&str, RpcError> {
        match self.user() {
            "" => Err(RpcError::unauthenticated(format!("`{}` needs a user, the caller is anonymous", self.method()))),
            user => Ok(user),
        }
    }

    /// The ID that Centrifugo gave the caller's connection. It changes with every reconnect.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.0.caller.client
    }

    /// Decodes the `info` of the caller's token. Use `Option<T>` to accept a token without `info`.
    ///
    /// # Errors
    ///
    /// [`RpcError::permission_denied`] if `info` is missing or is not a `T`: this method does not accept such a token.
    pub fn info<T: DeserializeOwned>(&self) -> Result<T, RpcError> {
        let info = self.0.caller.info.as_deref().unwrap_or(b"null");
        serde_json::from_slice(info).map_err(|error| {
            let error = &*shown_causes(&error);
            tracing::debug!(method = self.method(), error, "the `info` of the caller's token has another shape");
            RpcError::permission_denied("the token's `info` is missing or not what this method needs")
        })
    }

    /// The name of the called method.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.0.method
    }

    /// The call's ID, chosen by the caller; `None` for a notification.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The W3C `traceparent`, exactly as the caller sent it.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.0.traceparent.as_deref()
    }

    /// The instant at which the caller stops waiting. The handler is dropped then.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// Waits until the call ends early: cancelled by its caller, past its deadline, or because the worker stops.
    ///
    /// The handler's own future is dropped at that moment; use this in tasks that the handler spawned. Dropping this
    /// future has no effect.
    pub async fn cancelled(&self) {
        self.0.cancelled.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(caller: Caller) -> Connection {
        Connection::new(caller, "a.b", None, None, Instant::now())
    }

    #[tokio::test]
    async fn an_anonymous_caller_has_no_user() {
        let error = connection(Caller::anonymous()).require_user().expect_err("anonymous");
        assert_eq!((error.code(), error.message()), (401, "`a.b` needs a user, the caller is anonymous"));
        assert_eq!(connection(Caller::user("42")).require_user().expect("a user"), "42");
    }

    #[tokio::test]
    async fn info_of_another_shape_is_refused_and_not_echoed() {
        let caller = Caller::user("42").info(&serde_json::json!({ "role": 7 })).expect("JSON");
        let error = connection(caller).info::<Vec<String>>().expect_err("not a list");
        assert_eq!(error.code(), 403);
        assert!(!error.message().contains("role"));
        assert_eq!(connection(Caller::anonymous()).info::<Option<u8>>().expect("absent"), None);
    }
}
