//! Tells workers which calls nobody waits for any more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::link::Link;
use super::shared::Shared;
use super::together::Departure;
use crate::protocol::{Request, Text};

/// How many cancels wait to go out. More are dropped: the methods then run until their deadline.
const QUEUE: usize = 16 * 1024;
/// How many cancels are sent at once.
const CONCURRENT: usize = 64;
/// How long the last cancels of a client may take.
const LINGER: Duration = Duration::from_secs(1);

/// The end of the queue that dropped calls write into; and of the task that sends the cancels and at last closes the
/// connection. Dropping it closes too.
#[derive(Debug)]
pub(super) struct Cancels {
    queue: Mutex<Option<mpsc::Sender<Uuid>>>,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl Cancels {
    /// Cancels wait for `departure`, so that none overtakes its call.
    pub(super) fn start(
        link: Link,
        shared: Arc<Shared>,
        departure: Departure,
        request_channel: &str,
        reply_to: &str,
    ) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let (request_channel, reply_to) = (request_channel.to_owned(), reply_to.to_owned());
        let courier = Courier { link, shared, departure, request_channel, reply_to };
        let stop = closing.clone();
        // Also when the task is dropped with its runtime.
        let done = closed.clone().drop_guard();
        tokio::spawn(async move {
            let _done = done;
            tokio::select! {
                () = courier.deliver(queued) => {}
                () = async { stop.cancelled().await; tokio::time::sleep(LINGER).await } => {}
            }
            courier.link.close().await;
        });
        Self { queue: Mutex::new(Some(queue)), closing, closed }
    }

    /// Queues a cancel; never waits.
    pub(super) fn push(&self, id: Uuid) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.as_ref().is_some_and(|queue| queue.try_send(id).is_err()) {
            tracing::debug!(%id, "too many cancels wait for the connection, this one is dropped");
        }
    }

    /// Takes no more cancels, sends those that are queued and closes the connection.
    pub(super) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.closing.cancel();
    }

    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }
}

impl Drop for Cancels {
    fn drop(&mut self) {
        self.close();
    }
}

struct Courier {
    link: Link,
    shared: Arc<Shared>,
    departure: Departure,
    request_channel: String,
    reply_to: String,
}

impl Courier {
    /// Sends what is queued, until the queue is closed and empty.
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
        // When the client has ended, its last cancels go out if the connection is still there.
        let _ = self.shared.up().await;
        if !self.link.is_connected() {
            return;
        }
        drop(self.departure.lock().await);
        let id = id.to_string();
        let cancel = Request {
            cancel: Some(Text(id.as_str().into())),
            reply_to: Some(Text(self.reply_to.as_str().into())),
            ..Request::default()
        };
        let sent = match serde_json::to_vec(&cancel) {
            Ok(cancel) => self.link.publish(&self.request_channel, cancel).await,
            Err(_) => return,
        };
        if let Err(error) = sent {
            tracing::debug!(id, ?error, "a cancel did not go out");
        }
    }
}
