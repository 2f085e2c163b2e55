//! The reply channel: the subscription that replies arrive on. Requests are sent only while it is subscribed.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use uuid::Uuid;

use super::connection::{Connection, End, Interruption, Position, Subscribed, Subscriber, Subscription};
use super::pending::{Answer, Pending};
use super::refusal;
use crate::error::{Error, ErrorKind};
use crate::log_rate_limiter::LogRateLimiter;
use crate::protocol::{REPLY_HISTORY, Reply};

/// Whether requests can be sent and replies received.
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
pub(super) struct ReplyChannel {
    name: String,
    user: String,
    pending: Arc<Pending>,
    status: watch::Sender<Status>,
    /// True once the channel has been subscribed.
    was_up: AtomicBool,
    /// True if a reply batch has arrived on this connection: a worker that writes batches also reads them.
    reads_batches: AtomicBool,
    /// True if the requested subscription is the second one, which reads replies again.
    rereads: AtomicBool,
    malformed: LogRateLimiter,
}

impl ReplyChannel {
    pub(super) fn new(name: String, user: String, pending: Arc<Pending>) -> Self {
        Self {
            name,
            user,
            pending,
            status: watch::Sender::new(Status::Down { trouble: None }),
            was_up: AtomicBool::new(false),
            reads_batches: AtomicBool::new(false),
            rereads: AtomicBool::new(false),
            malformed: LogRateLimiter::new(Duration::from_secs(5)),
        }
    }

    /// Subscribes over a connection and stays subscribed.
    pub(super) fn open(self: Arc<Self>, connection: &Connection) -> Result<(), Error> {
        let name = self.name.clone();
        connection.subscribe(&name, None, self).map(drop)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(*self.status.borrow(), Status::Up)
    }

    /// Returns whether workers have shown on this connection that they read batches.
    pub(super) fn reads_batches(&self) -> bool {
        self.reads_batches.load(Ordering::Relaxed)
    }

    /// Waits until requests can be sent; returns an error if they never will be.
    pub(super) async fn up(&self) -> Result<(), Error> {
        match self.status_where(|status| !matches!(status, Status::Down { .. })).await {
            Status::Ended(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits for the end of the client.
    pub(super) async fn until_ended(&self) -> Error {
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

    /// Handles a confirmed subscription. `complete` is false if replies may have been lost meanwhile.
    fn on_up(&self, complete: bool) {
        let again = self.was_up.swap(true, Ordering::Relaxed);
        let waiting = self.pending.len();
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

    /// Handles a lost subscription; another one follows.
    fn on_down(&self, code: u32, reason: &str) {
        self.reads_batches.store(false, Ordering::Relaxed);
        if self.is_up() {
            tracing::warn!(code, reason, waiting = self.pending.len(), "connection to Centrifugo lost, reconnecting");
            self.set(Status::Down { trouble: None });
        }
    }

    /// Subscribes once more, from as far back as the history goes, because Centrifugo cannot continue from the last reply:
    /// in a new stream, after a restart with the memory engine, the history has the replies sent since the restart; in
    /// the old stream, the latest replies, of more than the history keeps.
    fn reread(self: Arc<Self>, subscription: &Subscription, top: Position) {
        let since = Position { offset: top.offset.saturating_sub(REPLY_HISTORY as u64), ..top };
        self.rereads.store(true, Ordering::Relaxed);
        if subscription.close()
            && let Err(error) = subscription.connection().subscribe(&self.name, Some(since), self.clone())
        {
            drop(self.end(&error));
        }
    }

    /// Ends the client and all its calls. Returns the calls that a worker may be running. The first reason stays.
    pub(super) fn end(&self, error: &Error) -> Vec<Uuid> {
        let running = self.pending.end(error);
        self.set(Status::Ended(error.clone()));
        running
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
        let known = Uuid::try_parse(&correlation_id).is_ok_and(|id| self.pending.answer(id, answer));
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

impl Subscriber for ReplyChannel {
    fn data(&self, data: &Bytes) {
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

    fn subscribed(self: Arc<Self>, subscription: &Subscription, event: Subscribed) {
        if !event.recoverable {
            tracing::warn!(
                channel = self.name,
                "replies sent while the connection is down will be lost: set `history_size`, `history_ttl` and `force_recovery` \
                 in the namespace of the reply channel"
            );
        }
        let again = self.rereads.swap(false, Ordering::Relaxed);
        let complete = !event.was_recovering || event.recovered;
        match event.position.filter(|_| event.recoverable && !complete && !again) {
            Some(top) => self.reread(subscription, top),
            None => self.on_up(complete && !again),
        }
    }

    fn subscribing(&self, reason: Interruption) {
        let trouble = match reason {
            Interruption::Lost { code, reason } => return self.on_down(code, &reason),
            Interruption::NotConnected(error) => error,
            Interruption::NotSubscribed(message) => Error::new(
                ErrorKind::Setup,
                format!("the reply channel `{}` cannot be subscribed: {message}", self.name),
            ),
        };
        tracing::debug!(error = %trouble, "not connected to Centrifugo");
        if !self.is_up() {
            self.set(Status::Down { trouble: Some(trouble) });
        }
    }

    fn ended(&self, connection: &Connection, reason: End) {
        match reason {
            End::Connection(error) => drop(self.end(&error)),
            End::Refused { code, reason } => {
                drop(self.end(&refusal::subscribe(&self.name, &self.user, code, &reason)));
                connection.disconnect();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reply(value: &serde_json::Value) -> Bytes {
        Bytes::from(value.to_string())
    }

    fn channel() -> ReplyChannel {
        ReplyChannel::new("reply:x#42".to_owned(), "42".to_owned(), Arc::default())
    }

    fn error(message: &str) -> Error {
        Error::new(ErrorKind::Other, message)
    }

    #[test]
    fn replies_reach_their_call_as_results_or_errors() {
        let replies = channel();
        let ids = [(); 3].map(|()| Uuid::new_v4());
        let mut answers = ids.map(|id| replies.pending.open(id).expect("open"));
        let [a, b, c] = ids.map(|id| id.to_string());
        replies.data(&reply(&json!({ "correlation_id": a, "result": { "total": 1 }, "later": 1 })));
        replies.data(&reply(
            &json!({ "correlation_id": b, "error": { "code": 1404, "message": "no \"task\"", "data": [7] } }),
        ));
        replies.data(&reply(&json!({ "correlation_id": c, "result": null })));
        assert!(matches!(answers[0].try_recv(), Ok(Answer::Result(json)) if json == br#"{"total":1}"#[..]));
        let Ok(Answer::Error(error)) = answers[1].try_recv() else { panic!("an error") };
        assert_eq!((error.code(), error.message(), error.data()), (1404, "no \"task\"", Some([7])));
        assert!(matches!(answers[2].try_recv(), Ok(Answer::Result(json)) if json == b"null"[..]));
    }

    #[test]
    fn each_reply_of_a_batch_counts_by_itself() {
        let replies = channel();
        let ids = [(); 3].map(|()| Uuid::new_v4());
        let mut answers = ids.map(|id| replies.pending.open(id).expect("open"));
        let [a, b, c] = ids.map(|id| id.to_string());
        replies.data(&reply(&json!({ "batch": [
            { "correlation_id": b, "error": { "code": 499, "message": "cancelled" } },
            { "correlation_id": c, "error": { "code": "499" } },
            { "batch": [{ "correlation_id": c, "result": 3 }] },
            { "correlation_id": c, "result": 3, "batch": [] },
            { "correlation_id": "unknown", "result": 4 },
            5,
            { "correlation_id": a, "result": [1] },
        ] })));
        assert!(matches!(answers[0].try_recv(), Ok(Answer::Result(json)) if json == b"[1]"[..]));
        assert!(matches!(answers[1].try_recv(), Ok(Answer::Error(error)) if error.code() == 499));
        assert!(answers[2].try_recv().is_err(), "all that was meant for it is malformed");
        assert_eq!(replies.pending.len(), 1);
    }

    #[test]
    fn replies_that_fit_no_call_change_nothing() {
        let replies = channel();
        let id = Uuid::new_v4();
        let mut answer = replies.pending.open(id).expect("open");
        for text in [
            "",
            "[]",
            "\u{0}",
            r#"{"result":1}"#,
            &format!(r#"{{"batch":{{"correlation_id":"{id}","result":1}}}}"#),
            r#"{"batch":[]}"#,
            r#"{"correlation_id":"unknown","result":1}"#,
            &format!(r#"{{"correlation_id":"{}","result":1}}"#, Uuid::new_v4()),
            &format!(r#"{{"correlation_id":"{id}","error":{{"code":70000,"message":"x"}}}}"#),
        ] {
            replies.data(&Bytes::from(text.to_owned()));
        }
        assert!(answer.try_recv().is_err());
        assert_eq!(replies.pending.len(), 1);
    }

    #[tokio::test]
    async fn the_first_reason_of_the_end_stays() {
        let replies = channel();
        replies.on_up(true);
        assert!(replies.is_up());
        drop(replies.end(&error("closed")));
        drop(replies.end(&error("disconnected")));
        replies.on_up(true);
        replies.on_down(1, "x");
        assert_eq!(replies.up().await.expect_err("ended").to_string(), "closed");
        assert_eq!(replies.until_ended().await.to_string(), "closed");
    }
}
