//! The bounded queue of replies to one connection.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::codes::{self, Disconnect};

/// The number of replies that share a frame; Centrifugo has the same limit.
const REPLIES_PER_FRAME: usize = 16;

/// The queue is over its limit: the connection is too slow to keep.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Replies(Vec<Bytes>),
    End(Disconnect),
}

#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    limit: usize,
    written: Notify,
    closed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    replies: VecDeque<Bytes>,
    bytes: usize,
    end: Option<Disconnect>,
}

impl Outbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { queue: Mutex::default(), limit, written: Notify::new(), closed: Notify::new() }
    }

    /// Adds a reply. Once the connection has ended, the reply is discarded.
    ///
    /// # Errors
    ///
    /// The queue is over its limit; the caller of this function ends the connection.
    pub(super) fn push(&self, reply: Bytes) -> Result<(), Overflow> {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return Ok(());
        }
        queue.bytes += reply.len();
        queue.replies.push_back(reply);
        let overflow = self.limit > 0 && queue.bytes > self.limit;
        drop(queue);
        self.written.notify_one();
        if overflow { Err(Overflow) } else { Ok(()) }
    }

    /// Ends the connection; the first reason counts. Queued replies are still written, unless the client is gone or too
    /// slow.
    pub(super) fn close(&self, disconnect: Disconnect) {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return;
        }
        if disconnect == codes::CONNECTION_CLOSED || disconnect == codes::SLOW {
            queue.replies = VecDeque::new();
            queue.bytes = 0;
        }
        queue.end = Some(disconnect);
        drop(queue);
        self.written.notify_one();
        self.closed.notify_waiters();
    }

    /// Waits for replies to write, or for the reason of the end. For a single writer; dropping the future loses
    /// nothing.
    pub(super) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.written.notified().await;
        }
    }

    /// Resolves when the connection is to end. Dropping the future has no effect.
    pub(super) async fn closed(&self) {
        let closed = self.closed.notified();
        tokio::pin!(closed);
        closed.as_mut().enable();
        if self.end().is_none() {
            closed.await;
        }
    }

    pub(super) fn end(&self) -> Option<Disconnect> {
        self.queue().end.clone()
    }

    fn take(&self) -> Option<Next> {
        let mut queue = self.queue();
        if queue.replies.is_empty() {
            return queue.end.clone().map(Next::End);
        }
        let count = queue.replies.len().min(REPLIES_PER_FRAME);
        let replies: Vec<_> = queue.replies.drain(..count).collect();
        queue.bytes -= replies.iter().map(Bytes::len).sum::<usize>();
        Some(Next::Replies(replies))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn replies_come_out_in_order_and_together() {
        let outbox = Outbox::new(100);
        for reply in 0..20_u8 {
            outbox.push(Bytes::from(vec![reply])).expect("it fits");
        }
        outbox.close(codes::SHUTDOWN);
        outbox.close(codes::SLOW);
        outbox.push(Bytes::from_static(b"late")).expect("it goes nowhere");
        let Next::Replies(first) = outbox.next().await else { panic!("replies come first") };
        assert_eq!(first.len(), REPLIES_PER_FRAME);
        assert_eq!(first[15], Bytes::from(vec![15]));
        assert!(matches!(outbox.next().await, Next::Replies(rest) if rest.len() == 4));
        assert_eq!(outbox.next().await, Next::End(codes::SHUTDOWN));
        outbox.closed().await;
    }

    #[tokio::test]
    async fn a_slow_connection_is_told_nothing_more() {
        let outbox = Outbox::new(4);
        assert_eq!(outbox.push(Bytes::from_static(b"1234")), Ok(()));
        assert_eq!(outbox.push(Bytes::from_static(b"5")), Err(Overflow));
        outbox.close(codes::SLOW);
        assert_eq!(outbox.next().await, Next::End(codes::SLOW));
    }
}
