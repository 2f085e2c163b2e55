//! The Rust client.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::json;

mod batcher;
mod builder;
mod calls;
mod cancel_queue;
mod connection;
mod deadline;
mod error;
mod options;
mod pending;
mod refusal;
mod reply_channel;
mod token;

pub use builder::ClientBuilder;
pub use error::CallError;
pub use options::CallOptions;

use calls::Calls;

/// Calls methods of workers over one WebSocket connection to Centrifugo.
///
/// Cheap to clone: clones are handles of one connection. [`close`](Self::close) closes the connection, and so does
/// dropping the last handle.
///
/// ```no_run
/// use centrifugo_rpc::Client;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize)]
/// struct TaskStatsParams {
///     user_id: String,
/// }
///
/// #[derive(Deserialize)]
/// struct TaskStats {
///     total: u32,
///     completed: u32,
/// }
///
/// # async fn run(token: String) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder("ws://localhost:8000/connection/websocket").token(token).connect().await?;
/// let params = TaskStatsParams { user_id: "123".into() };
/// let stats: TaskStats = client.call("tasks.get_stats", &params).await?;
/// println!("{} of {}", stats.completed, stats.total);
/// client.close().await;
/// # Ok(()) }
/// ```
///
/// # Guarantees of a call
///
/// A call ends exactly once: with its result, the worker's error, a timeout, or the end of the client.
///
/// - **Deadline.** The request carries the timeout, and the worker ends the method by then with 408. The caller waits a
///   tenth of the timeout longer, at least 250 ms and at most 1 s, so that this reply usually arrives.
///   [`CallError::Timeout`] therefore means that *no* reply arrived.
/// - **Cancellation.** Dropping the future of a call sends the worker a cancellation for the method.
/// - **Reconnects.** The client reconnects for as long as it lives. Calls in flight go on: replies sent during the
///   outage are recovered. New calls wait for the connection, within their timeout. If Centrifugo was restarted and
///   keeps its history in memory, the client reads the replies sent since from the new history; replies that only the
///   old history held are lost, and their calls time out.
/// - **Batching.** Concurrent calls share a publication once a worker has shown that it reads batches.
/// - **At most once.** A request is published once and never retried. If the connection breaks before Centrifugo
///   confirms the publication, delivery is unknown: the call then waits for a reply until its timeout.
///
/// The client neither queues nor limits calls: every live future of a call is a call in flight. Workers limit the calls
/// that they run for one user and answer 429 over that limit.
#[derive(Clone)]
pub struct Client {
    calls: Arc<Calls>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("reply_channel", &self.calls.replies.name())
            .field("connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts to configure a client. `url` is Centrifugo's WebSocket endpoint, for example
    /// `ws://localhost:8000/connection/websocket`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Calls `method` and waits for its result.
    ///
    /// `params` are serialized with serde; pass `&()` for a method without params. The timeout is the client's
    /// ([`ClientBuilder::timeout`], 30 s by default).
    ///
    /// Dropping the future cancels the call: if the method may have begun, the worker gets a cancellation. Nothing
    /// waits for its effect, and a method that has already finished is not undone.
    ///
    /// # Errors
    ///
    /// [`CallError`]: the worker's error, or the reason why there is no reply.
    pub async fn call<R>(&self, method: &str, params: &(impl Serialize + ?Sized)) -> Result<R, CallError>
    where
        R: DeserializeOwned,
    {
        self.call_with(method, params, CallOptions::new()).await
    }

    /// Calls `method` as [`call`](Self::call) does, with options for this call.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use centrifugo_rpc::{CallError, CallOptions, Client};
    /// # async fn run(client: Client) -> Result<(), CallError> {
    /// let options = CallOptions::new().timeout(Duration::from_secs(5));
    /// let total: u32 = client.call_with("tasks.count", &(), options).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Dropping the future cancels the call.
    ///
    /// # Errors
    ///
    /// The errors of [`call`](Self::call).
    pub async fn call_with<R>(
        &self,
        method: &str,
        params: &(impl Serialize + ?Sized),
        options: CallOptions,
    ) -> Result<R, CallError>
    where
        R: DeserializeOwned,
    {
        let params = encode(method, params)?;
        let json = self.calls.call(method, params.as_deref(), &options).await?;
        serde_json::from_slice(&json).map_err(|_| CallError::Decode {
            method: method.to_owned(),
            message: json::explain::<R>(&json).to_string(),
        })
    }

    /// Notifies `method`: the method runs, and no reply is sent. Returns when Centrifugo has accepted the notification.
    ///
    /// Dropping the future does not stop a notification that is already sent.
    ///
    /// # Errors
    ///
    /// [`CallError`]: the reason why Centrifugo did not accept the notification. If the connection broke meanwhile,
    /// whether it was accepted is unknown.
    pub async fn notify(&self, method: &str, params: &(impl Serialize + ?Sized)) -> Result<(), CallError> {
        self.notify_with(method, params, CallOptions::new()).await
    }

    /// Notifies `method` as [`notify`](Self::notify) does, with options for this notification. The timeout limits both
    /// the method and the sending.
    ///
    /// Dropping the future does not stop a notification that is already sent.
    ///
    /// # Errors
    ///
    /// The errors of [`notify`](Self::notify).
    pub async fn notify_with(
        &self,
        method: &str,
        params: &(impl Serialize + ?Sized),
        options: CallOptions,
    ) -> Result<(), CallError> {
        let params = encode(method, params)?;
        self.calls.notify(method, params.as_deref(), &options).await
    }

    /// Returns whether the client is connected right now. Calls need no such check: they wait for the connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.calls.replies.is_up()
    }

    /// Waits until the client has ended for good, and returns the reason: the client was closed, or Centrifugo ended
    /// the connection with a code that rules out a reconnect, for example because the token has expired. A lost
    /// connection alone does not end the client.
    ///
    /// Dropping the future has no effect.
    pub async fn ended(&self) -> Error {
        self.calls.replies.until_ended().await
    }

    /// Closes the connection, for all handles. Calls in flight end with [`CallError::Connection`], and their workers
    /// get cancellations.
    ///
    /// Takes at most about a second. Dropping the future does not stop the closing.
    pub async fn close(&self) {
        let running = self.calls.replies.end(&Error::new(ErrorKind::Other, "the client is closed"));
        for id in running {
            self.calls.cancels.push(id);
        }
        self.calls.cancels.close();
        self.calls.cancels.closed().await;
    }
}

/// Encodes `params`; `None` if they are `null`, since methods without params take none.
fn encode(method: &str, params: &(impl Serialize + ?Sized)) -> Result<Option<Box<RawValue>>, CallError> {
    match serde_json::value::to_raw_value(params) {
        Ok(json) => Ok((json.get() != "null").then_some(json)),
        Err(error) => Err(CallError::Encode { method: method.to_owned(), source: error.into() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constants_of_callers_are_those_that_all_languages_share() {
        let own = json!({
            "max_timeout_ms": deadline::MAX_TIMEOUT.as_millis(),
            "min_grace_ms": deadline::MIN_GRACE.as_millis(),
            "max_grace_ms": deadline::MAX_GRACE.as_millis(),
            "connect_timeout_ms": builder::CONNECT_TIMEOUT.as_millis(),
        });
        assert_eq!(own, crate::protocol::tests::section("callers"));
        let common = crate::protocol::tests::section("common");
        assert_eq!(
            common["write_timeout_ms"],
            json!(connection::COMMAND_TIMEOUT.as_millis()),
            "a subscription's answer"
        );
    }

    #[test]
    fn params_that_are_null_are_left_out() {
        assert!(encode("a.b", &()).expect("encodes").is_none());
        assert!(encode("a.b", &None::<u8>).expect("encodes").is_none());
        assert_eq!(encode("a.b", "null").expect("encodes").expect("params").get(), "\"null\"");
        let tuple_keys = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(matches!(encode("a.b", &tuple_keys), Err(CallError::Encode { .. })));
    }

    #[test]
    fn handles_and_futures_cross_threads() {
        fn send<F: Future + Send>(call: impl Fn(Client) -> F) {
            drop(call);
        }
        fn send_sync<T: Send + Sync + Clone>() {}
        send_sync::<Client>();
        send(|client| async move { client.call::<u8>("a.b", &[1]).await });
        send(|client| async move { client.close().await });
    }
}
