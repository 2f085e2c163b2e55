//! The capacity of the queue of replies, which bounds its memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::pending_reply::PendingReply;

/// The capacity that replies use from the time they are queued until they are delivered or given up.
#[derive(Debug)]
pub(super) struct Capacity {
    /// The bytes beyond which calls are held up.
    limit: usize,
    bytes: AtomicUsize,
    count: AtomicUsize,
    /// The bytes are within the limit again.
    available: Notify,
    drained: Notify,
}

impl Capacity {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            available: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Returns whether the reply would stay within this many times the limit.
    pub(super) fn has_room_for(&self, reply: &PendingReply, times: usize) -> bool {
        self.bytes.load(Ordering::Acquire) + reply.cost() <= self.limit.saturating_mul(times)
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.bytes.load(Ordering::Acquire) > self.limit
    }

    pub(super) fn acquire(&self, reply: &PendingReply) {
        self.bytes.fetch_add(reply.cost(), Ordering::AcqRel);
        self.count.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn release(&self, replies: &[PendingReply]) {
        if replies.is_empty() {
            return;
        }
        let cost: usize = replies.iter().map(PendingReply::cost).sum();
        let before = self.bytes.fetch_sub(cost, Ordering::AcqRel);
        self.count.fetch_sub(replies.len(), Ordering::AcqRel);
        if before > self.limit && before - cost <= self.limit {
            self.available.notify_waiters();
        }
        if before == cost {
            self.drained.notify_waiters();
        }
    }

    /// Waits until the bytes are within the limit again.
    pub(super) fn available(&self) -> Notified<'_> {
        self.available.notified()
    }

    /// The number of replies.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until there are no replies. Dropping this future has no effect.
    pub(super) async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.bytes.load(Ordering::Acquire) == 0 {
                return;
            }
            drained.await;
        }
    }
}
