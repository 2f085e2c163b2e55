//! State shared by a client's handles and its connection: the calls in flight and the connection status.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use uuid::Uuid;

use super::pending::{Answer, Pending};
use crate::error::{Error, ErrorKind};
use crate::log_rate_limiter::LogRateLimiter;
use crate::protocol::Reply;

/// The connection status: whether requests can be sent and replies received.
#[derive(Debug, Clone)]
pub(super) enum Status {
    /// Not connected now. The reason, where one is known, becomes the error of a `connect` that gives up.
    Down { trouble: Option<Error> },
    /// Connected, and subscribed to the reply channel.
    Up,
    /// Ended for good.
    Ended(Error),
}

#[derive(Debug)]
pub(super) struct Shared {
    pending: Mutex<Pending>,
    status: watch::Sender<Status>,
    /// True once the client has been connected: some failures end the client before that and are retried after.
    was_up: AtomicBool,
    /// True if a reply batch has arrived on this connection: a worker that writes batches also reads them.
    reads_batches: AtomicBool,
    malformed: LogRateLimiter,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            pending: Mutex::default(),
            status: watch::Sender::new(Status::Down { trouble: None }),
            was_up: AtomicBool::new(false),
            reads_batches: AtomicBool::new(false),
            malformed: LogRateLimiter::new(Duration::from_secs(5)),
        }
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(*self.status.borrow(), Status::Up)
    }

    /// Returns whether a request should be batched: workers read batches, and other calls than this one are in flight.
    pub(super) fn gathers(&self, call: Option<Uuid>) -> bool {
        self.reads_batches.load(Ordering::Relaxed) && self.pending().len() > usize::from(call.is_some())
    }

    /// Waits until requests can be sent; returns an error if they never will be.
    pub(super) async fn up(&self) -> Result<(), Error> {
        match self.status_where(|status| !matches!(status, Status::Down { .. })).await {
            Status::Ended(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for the end of the client.
    pub(super) async fn ended(&self) -> Error {
        match self.status_where(|status| matches!(status, Status::Ended(_))).await {
            Status::Ended(error) => error,
            _ => Error::new(ErrorKind::Other, "the client is gone"),
        }
    }

    async fn status_where(&self, holds: impl FnMut(&Status) -> bool) -> Status {
        let mut status = self.status.subscribe();
        // The sender lives as long as `self`, so waiting does not fail.
        let status = status.wait_for(holds).await.map(|status| status.clone());
        status.unwrap_or(Status::Down { trouble: None })
    }

    /// The last failure while there is no connection.
    pub(super) fn trouble(&self) -> Option<Error> {
        match &*self.status.borrow() {
            Status::Down { trouble } => trouble.clone(),
            Status::Ended(error) => Some(error.clone()),
            Status::Up => None,
        }
    }

    /// Handles a subscription of the reply channel. `complete` is false if replies may have been lost meanwhile.
    pub(super) fn on_up(&self, complete: bool) {
        let again = self.was_up.swap(true, Ordering::Relaxed);
        let waiting = self.pending().len();
        if !complete {
            // Calls keep waiting: a worker that could not reach Centrifugo retries its replies for a while.
            tracing::warn!(
                waiting,
                "Centrifugo could not continue from the last reply, so all that it has of them was read; calls whose reply it does \
                 not have will time out"
            );
        } else if again {
            tracing::info!(waiting, "connected to Centrifugo again");
        }
        self.set(Status::Up);
    }

    /// Handles a lost connection; the SDK reconnects.
    pub(super) fn on_down(&self, code: u32, reason: &str) {
        self.reads_batches.store(false, Ordering::Relaxed);
        if self.is_up() {
            tracing::warn!(code, reason, waiting = self.pending().len(), "connection to Centrifugo lost, reconnecting");
            self.set(Status::Down { trouble: None });
        }
    }

    /// Handles a failed connection attempt; another one follows.
    pub(super) fn on_trouble(&self, error: Error) {
        tracing::debug!(%error, "not connected to Centrifugo");
        if !self.is_up() {
            self.set(Status::Down { trouble: Some(error) });
        }
    }

    /// Handles a failed connection attempt that only a person can fix. After the first successful connection the cause
    /// counts as temporary: a proxy whose backend restarts answers 404 for a moment.
    pub(super) fn on_hopeless(&self, error: Error) {
        if self.was_up.load(Ordering::Relaxed) {
            self.on_trouble(error);
        } else {
            drop(self.end(&error));
        }
    }

    /// Ends the client and all its calls. Returns the calls that a worker may be running. The first reason stays.
    pub(super) fn end(&self, error: &Error) -> Vec<Uuid> {
        let running = self.pending().end(error);
        self.set(Status::Ended(error.clone()));
        running
    }

    /// Handles a publication in the reply channel.
    pub(super) fn on_publication(&self, data: &Bytes) {
        match serde_json::from_slice(data) {
            Ok(Reply { batch: Some(replies), .. }) => {
                self.reads_batches.store(true, Ordering::Relaxed);
                for reply in replies {
                    match serde_json::from_str(reply.get()) {
                        Ok(Reply { batch: Some(_), .. }) => self.on_malformed(&"a batch within a batch", data),
                        Ok(reply) => self.on_reply(reply, data),
                        Err(error) => self.on_malformed(&error, data),
                    }
                }
            }
            Ok(reply) => self.on_reply(reply, data),
            Err(error) => self.on_malformed(&error, data),
        }
    }

    fn on_malformed(&self, error: &dyn Display, data: &Bytes) {
        if let Some(suppressed) = self.malformed.allow() {
            tracing::warn!(%error, bytes = data.len(), suppressed, "a malformed reply is ignored");
        }
    }

    /// Handles a reply that is a part of `data`.
    fn on_reply(&self, reply: Reply<'_>, data: &Bytes) {
        let Some(correlation_id) = reply.correlation_id else {
            return self.on_malformed(&"missing field `correlation_id`", data);
        };
        let answer = match reply.error {
            Some(error) => Answer::Error(error.into_error()),
            // `null` and a missing result are the same: the result of a method that returns nothing.
            None => Answer::Result(
                reply.result.map_or(Bytes::from_static(b"null"), |json| data.slice_ref(json.get().as_bytes())),
            ),
        };
        let known = Uuid::try_parse(&correlation_id).is_ok_and(|id| self.pending().answer(id, answer));
        if !known {
            tracing::debug!(correlation_id = &*correlation_id, "a late, duplicate or unknown reply is ignored");
        }
    }

    fn set(&self, next: Status) {
        self.status.send_if_modified(|status| {
            let ended = matches!(status, Status::Ended(_));
            if !ended {
                *status = next;
            }
            !ended
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(value: &serde_json::Value) -> Bytes {
        Bytes::from(value.to_string())
    }

    fn error(message: &str) -> Error {
        Error::new(ErrorKind::Other, message)
    }

    #[test]
    fn replies_reach_their_call_as_results_or_errors() {
        let shared = Shared::new();
        let ids = [(); 3].map(|()| Uuid::new_v4());
        let mut answers = ids.map(|id| shared.pending().open(id).expect("open"));
        let [a, b, c] = ids.map(|id| id.to_string());
        shared.on_publication(&reply(&json!({ "correlation_id": a, "result": { "total": 1 }, "later": 1 })));
        shared.on_publication(&reply(
            &json!({ "correlation_id": b, "error": { "code": 1404, "message": "no \"task\"", "data": [7] } }),
        ));
        shared.on_publication(&reply(&json!({ "correlation_id": c, "result": null })));
        assert!(matches!(answers[0].try_recv(), Ok(Answer::Result(json)) if json == br#"{"total":1}"#[..]));
        let Ok(Answer::Error(error)) = answers[1].try_recv() else { panic!("an error") };
        assert_eq!((error.code(), error.message(), error.data()), (1404, "no \"task\"", Some([7])));
        assert!(matches!(answers[2].try_recv(), Ok(Answer::Result(json)) if json == b"null"[..]));
    }

    #[test]
    fn each_reply_of_a_batch_counts_by_itself() {
        let shared = Shared::new();
        let ids = [(); 3].map(|()| Uuid::new_v4());
        let mut answers = ids.map(|id| shared.pending().open(id).expect("open"));
        let [a, b, c] = ids.map(|id| id.to_string());
        shared.on_publication(&reply(&json!({ "batch": [
            { "correlation_id": b, "error": { "code": 499, "message": "cancelled" } },
            { "correlation_id": c, "error": { "code": "499" } },
            { "batch": [{ "correlation_id": c, "result": 3 }] },
            { "correlation_id": c, "result": 3, "batch": [] },
            { "correlation_id": "nobody", "result": 4 },
            5,
            { "correlation_id": a, "result": [1] },
        ] })));
        assert!(matches!(answers[0].try_recv(), Ok(Answer::Result(json)) if json == b"[1]"[..]));
        assert!(matches!(answers[1].try_recv(), Ok(Answer::Error(error)) if error.code() == 499));
        assert!(answers[2].try_recv().is_err(), "all that was meant for it is malformed");
        assert_eq!(shared.pending().len(), 1);
    }

    #[test]
    fn replies_that_fit_no_call_change_nothing() {
        let shared = Shared::new();
        let id = Uuid::new_v4();
        let mut answer = shared.pending().open(id).expect("open");
        for text in [
            "",
            "[]",
            "\u{0}",
            r#"{"result":1}"#,
            &format!(r#"{{"batch":{{"correlation_id":"{id}","result":1}}}}"#),
            r#"{"batch":[]}"#,
            r#"{"correlation_id":"nobody","result":1}"#,
            &format!(r#"{{"correlation_id":"{}","result":1}}"#, Uuid::new_v4()),
            &format!(r#"{{"correlation_id":"{id}","error":{{"code":70000,"message":"x"}}}}"#),
        ] {
            shared.on_publication(&Bytes::from(text.to_owned()));
        }
        assert!(answer.try_recv().is_err());
        assert_eq!(shared.pending().len(), 1);
    }

    #[tokio::test]
    async fn the_first_reason_of_the_end_stays() {
        let shared = Shared::new();
        shared.on_up(true);
        assert!(shared.is_up());
        drop(shared.end(&error("closed")));
        drop(shared.end(&error("disconnected")));
        shared.on_up(true);
        shared.on_down(1, "x");
        assert_eq!(shared.up().await.expect_err("ended").to_string(), "closed");
        assert_eq!(shared.ended().await.to_string(), "closed");
    }

    #[test]
    fn what_is_hopeless_at_first_is_trouble_later() {
        let (first, later) = (Shared::new(), Shared::new());
        first.on_hopeless(error("404"));
        later.on_up(true);
        later.on_down(1, "transport closed");
        later.on_hopeless(error("404"));
        assert!(matches!(*first.status.borrow(), Status::Ended(_)));
        assert!(matches!(*later.status.borrow(), Status::Down { trouble: Some(_) }));
    }
}
