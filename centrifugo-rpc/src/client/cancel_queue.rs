//! Sends workers cancellations for calls whose callers no longer wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::connection::Connection;
use super::reply_channel::ReplyChannel;
use crate::error::{Error, ErrorKind};
use crate::protocol::{Request, Text};

/// The capacity of the queue of cancellations. Cancellations over it are dropped: their methods then run until the
/// deadline.
const QUEUE: usize = 16 * 1024;
/// The number of cancellations sent concurrently.
const CONCURRENT: usize = 64;
/// The time limit for a client's last cancellations.
const LINGER: Duration = Duration::from_secs(1);

/// Held from the moment that requests are marked as sent until they are sent. A cancellation waits for it, so that it
/// does not overtake its call.
pub(super) type SendOrder = Arc<tokio::sync::Mutex<()>>;

/// The sending half of the queue that dropped calls write to, and the handle of the task that sends the cancellations
/// and finally closes the connection. Dropping it closes the connection, too.
#[derive(Debug)]
pub(super) struct CancelQueue {
    queue: Mutex<Option<mpsc::Sender<Uuid>>>,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl CancelQueue {
    /// Starts the task. Each cancellation waits for `order`, so that none overtakes its call.
    pub(super) fn start(
        connection: Connection,
        replies: Arc<ReplyChannel>,
        order: SendOrder,
        request_channel: String,
    ) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let sender = CancelSender { connection, replies, order, request_channel };
        let stop = closing.clone();
        // Fires also if the task is dropped together with its runtime.
        let done = (EndGuard(sender.replies.clone()), closed.clone().drop_guard());
        tokio::spawn(async move {
            let _done = done;
            tokio::select! {
                () = sender.deliver(queued) => {}
                () = async { stop.cancelled().await; tokio::time::sleep(LINGER).await } => {}
            }
            sender.connection.close().await;
        });
        Self { queue: Mutex::new(Some(queue)), closing, closed }
    }

    /// Queues a cancellation; never waits.
    pub(super) fn push(&self, id: Uuid) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.as_ref().is_some_and(|queue| queue.try_send(id).is_err()) {
            tracing::debug!(%id, "too many cancels are queued: this one is dropped");
        }
    }

    /// Stops accepting cancellations, sends the queued ones and closes the connection.
    pub(super) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.closing.cancel();
    }

    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }
}

impl Drop for CancelQueue {
    fn drop(&mut self) {
        self.close();
    }
}

/// Ends the client with the task that holds it. The client of a runtime that has ended would otherwise wait for each
/// call until its timeout.
struct EndGuard(Arc<ReplyChannel>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        // A client that was closed keeps that reason.
        self.0.end(&Error::new(
            ErrorKind::Other,
            "the tokio runtime in which this client connected has ended, and the connection with it: connect in a runtime \
             that lives as long as the client (each `#[tokio::test]` has one of its own)",
        ));
    }
}

struct CancelSender {
    connection: Connection,
    replies: Arc<ReplyChannel>,
    order: SendOrder,
    request_channel: String,
}

impl CancelSender {
    /// Sends queued cancellations until the queue is closed and empty.
    async fn deliver(&self, mut queued: mpsc::Receiver<Uuid>) {
        let mut sending = FuturesUnordered::new();
        loop {
            tokio::select! {
                id = queued.recv(), if sending.len() < CONCURRENT => match id {
                    Some(id) => sending.push(self.send(id)),
                    None => break,
                },
                Some(()) = sending.next() => {}
            }
        }
        while sending.next().await.is_some() {}
    }

    async fn send(&self, id: Uuid) {
        // After the client has ended, its last cancellations are still sent if the connection is up.
        let _ = self.replies.up().await;
        if !self.connection.is_connected() {
            return;
        }
        drop(self.order.lock().await);
        let id = id.to_string();
        let cancel = Request {
            cancel: Some(Text(id.as_str().into())),
            reply_to: Some(Text(self.replies.name().into())),
            ..Request::default()
        };
        let sent = match serde_json::to_vec(&cancel) {
            Ok(cancel) => self.connection.publish(&self.request_channel, cancel).await,
            Err(_) => return,
        };
        if let Err(error) = sent {
            tracing::debug!(id, ?error, "a cancel did not go out");
        }
    }
}
