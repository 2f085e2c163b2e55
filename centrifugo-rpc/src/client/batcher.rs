//! Batches concurrent requests into one publication, for workers that read batches: Centrifugo's cost is that of one
//! request.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::cancel_queue::SendOrder;
use super::connection::{Connection, PublishError};
use super::pending::Pending;
use super::reply_channel::ReplyChannel;
use crate::protocol;

/// The capacity of the request queue. Over it, calls wait for room.
const QUEUE: usize = 1024;

/// Publishes requests. Concurrent ones go through a queue; the task at its other end batches them, and ends with the
/// batcher.
#[derive(Debug)]
pub(super) struct RequestBatcher {
    pub(super) connection: Connection,
    replies: Arc<ReplyChannel>,
    pending: Arc<Pending>,
    channel: String,
    queue: mpsc::Sender<Outgoing>,
}

/// A queued request.
#[derive(Debug)]
struct Outgoing {
    message: Vec<u8>,
    /// `None` for a notification.
    call: Option<Uuid>,
    outcome: oneshot::Sender<Result<(), PublishError>>,
}

impl RequestBatcher {
    /// Starts the publishing task, for publications of at most `max_bytes` to `channel`. It sends in `order`.
    pub(super) fn start(
        connection: Connection,
        replies: Arc<ReplyChannel>,
        pending: Arc<Pending>,
        order: SendOrder,
        channel: String,
        max_bytes: usize,
    ) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE);
        let publisher = Publisher {
            connection: connection.clone(),
            pending: pending.clone(),
            channel: channel.clone(),
            max_bytes: max_bytes.min(protocol::MAX_TOGETHER),
            order,
        };
        tokio::spawn(async move { publisher.run(queued).await });
        Self { connection, replies, pending, channel, queue }
    }

    /// Publishes a request once, batched with concurrent ones if workers read batches. The request of a call that has
    /// already ended is not sent.
    pub(super) async fn publish(&self, message: Vec<u8>, call: Option<Uuid>) -> Result<(), PublishError> {
        let others = self.pending.len() > usize::from(call.is_some());
        if self.replies.reads_batches() && others {
            let (outcome, published) = oneshot::channel();
            // Both fail only if the runtime ends, and with it the connection.
            let _ = self.queue.send(Outgoing { message, call, outcome }).await;
            published.await.unwrap_or(Err(PublishError::Unknown))
        } else if call.is_none_or(|call| self.pending.sending(call)) {
            self.connection.publish(&self.channel, message).await
        } else {
            Err(PublishError::Unknown)
        }
    }
}

struct Publisher {
    connection: Connection,
    pending: Arc<Pending>,
    channel: String,
    max_bytes: usize,
    order: SendOrder,
}

impl Publisher {
    async fn run(&self, mut queued: mpsc::Receiver<Outgoing>) {
        let mut publishing = FuturesUnordered::new();
        let mut requests = Vec::new();
        loop {
            tokio::select! {
                count = queued.recv_many(&mut requests, QUEUE) => {
                    if count == 0 {
                        break;
                    }
                    // Yielding once lets concurrent calls queue their requests before this task runs again.
                    tokio::task::yield_now().await;
                    while requests.len() < QUEUE && let Ok(request) = queued.try_recv() {
                        requests.push(request);
                    }
                    let _sending = self.order.lock().await;
                    requests.retain(|request| request.call.is_none_or(|call| self.pending.sending(call)));
                    for publication in together(requests.drain(..), self.max_bytes) {
                        // The publication is sent when the future is first polled.
                        let mut publish = Box::pin(self.publish(publication));
                        if poll_fn(|context| Poll::Ready(publish.as_mut().poll(context).is_pending())).await {
                            publishing.push(publish);
                        }
                    }
                }
                Some(()) = publishing.next() => {}
            }
        }
        while publishing.next().await.is_some() {}
    }

    async fn publish(&self, requests: Vec<Outgoing>) {
        let mut data = Vec::new();
        protocol::write_together(&mut data, requests.iter(), write);
        let outcome = self.connection.publish(&self.channel, data).await;
        for request in requests {
            // The caller may already have its reply, or have given up.
            let _ = request.outcome.send(outcome.clone());
        }
    }
}

fn write(request: &Outgoing, data: &mut Vec<u8>) {
    data.extend_from_slice(&request.message);
}

/// Groups requests into publications.
fn together(requests: impl Iterator<Item = Outgoing>, max_bytes: usize) -> Vec<Vec<Outgoing>> {
    let mut publications: Vec<Vec<Outgoing>> = Vec::new();
    let mut size = 0;
    for request in requests {
        let more = (request.message.len() + 1).max(protocol::MIN_REQUEST);
        match publications.last_mut() {
            Some(last) if size + more <= max_bytes => {
                size += more;
                last.push(request);
            }
            _ => {
                size = protocol::TOGETHER_OVERHEAD + more;
                publications.push(vec![request]);
            }
        }
    }
    publications
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(requests: &[usize], max_bytes: usize) -> Vec<Vec<usize>> {
        let outgoing =
            |size: &usize| Outgoing { message: vec![b' '; *size], call: None, outcome: oneshot::channel().0 };
        let publications = together(requests.iter().map(outgoing), max_bytes);
        for publication in publications.iter().filter(|publication| publication.len() > 1) {
            let mut data = Vec::new();
            protocol::write_together(&mut data, publication.iter(), write);
            assert!(data.len() <= max_bytes, "{}", data.len());
        }
        let sizes = publications.iter().map(|publication| publication.iter().map(|request| request.message.len()));
        sizes.map(Iterator::collect).collect()
    }

    #[test]
    fn publications_keep_to_their_size_and_order() {
        assert_eq!(sizes(&[100, 200, 300], 1000), [vec![100, 200, 300]]);
        assert_eq!(sizes(&[100, 2000, 200], 1000), [vec![100], vec![2000], vec![200]], "a large one goes alone");
        assert_eq!(sizes(&[500, 487], 1000), [vec![500, 487]], "exactly as large as it may be");
        assert_eq!(sizes(&[500, 488], 1000), [vec![500], vec![488]]);
        assert!(sizes(&[], 1000).is_empty());
    }

    #[test]
    fn no_publication_has_more_requests_than_a_worker_takes() {
        let small = vec![1; 2 * protocol::MAX_REQUESTS];
        let counts: Vec<_> = sizes(&small, protocol::MAX_TOGETHER).iter().map(Vec::len).collect();
        assert_eq!(counts, [protocol::MAX_REQUESTS, protocol::MAX_REQUESTS]);
    }
}
