//! Replies on their way out: a queue that is bounded in bytes. No sockets: `centrifugo::replies` empties it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What a reply costs besides its own bytes: it bounds the number of small ones.
const OVERHEAD: usize = 256;

/// How long a reply is tried to be delivered once its call is over: what Centrifugo needs for a restart.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// A reply as it is published.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The caller's reply channel.
    pub channel: String,
    /// The envelope: JSON.
    pub data: Vec<u8>,
    /// When nobody waits for it any more.
    pub expires: Instant,
}

impl Outgoing {
    fn cost(&self) -> usize {
        self.channel.len() + self.data.len() + OVERHEAD
    }
}

/// The queue between calls and Centrifugo's server API.
///
/// A reply holds its place from [`push`](Self::push) until it is [`done`](Self::done), so that those on the wire count too.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<VecDeque<Outgoing>>,
    room: Semaphore,
    capacity: usize,
    filled: Notify,
    emptied: Notify,
    /// Replies that are not done.
    waiting: AtomicUsize,
    lost: AtomicU64,
}

impl Outbox {
    /// A queue for at most `capacity` bytes of replies.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            queue: Mutex::default(),
            room: Semaphore::new(capacity),
            capacity,
            filled: Notify::new(),
            emptied: Notify::new(),
            waiting: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Outgoing>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a reply, waiting for room as long as somebody waits for the reply. Dropping this future loses the reply.
    pub(crate) async fn push(&self, reply: Outgoing) {
        match timeout_at(reply.expires, self.room.acquire_many(self.permits(reply.cost()))).await {
            Ok(Ok(permit)) => {
                permit.forget();
                self.enqueue(reply);
            }
            _ => self.lose(1),
        }
    }

    /// Queues a reply if there is room now: for the reader of requests, which waits for nobody.
    pub(crate) fn try_push(&self, reply: Outgoing) {
        match self.room.try_acquire_many(self.permits(reply.cost())) {
            Ok(permit) => {
                permit.forget();
                self.enqueue(reply);
            }
            Err(_) => self.lose(1),
        }
    }

    fn enqueue(&self, reply: Outgoing) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue().push_back(reply);
        self.filled.notify_one();
    }

    /// Takes what is ready, at most `max_count` replies and about `max_bytes`, at least one; waits until there is one.
    /// Each must be given to [`done`](Self::done) in the end. Dropping this future takes nothing.
    pub(crate) async fn take(&self, max_count: usize, max_bytes: usize) -> Vec<Outgoing> {
        loop {
            let batch = self.take_ready(max_count, max_bytes);
            if !batch.is_empty() {
                return batch;
            }
            self.filled.notified().await;
        }
    }

    fn take_ready(&self, max_count: usize, max_bytes: usize) -> Vec<Outgoing> {
        let mut queue = self.queue();
        let mut bytes = 0;
        let fits = |reply: &&Outgoing| {
            bytes += reply.cost();
            bytes <= max_bytes
        };
        let count = queue.iter().take(max_count).take_while(fits).count();
        // One that is larger than a batch should be goes alone.
        let count = count.max(usize::from(!queue.is_empty()));
        let batch = queue.drain(..count).collect();
        if !queue.is_empty() {
            // Somebody else may send the rest meanwhile.
            self.filled.notify_one();
        }
        batch
    }

    /// A reply that was taken is delivered or given up: its room is free.
    pub(crate) fn done(&self, reply: &Outgoing) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.room.add_permits(self.permits(reply.cost()) as usize);
        if self.room.available_permits() >= self.capacity {
            self.emptied.notify_waiters();
        }
    }

    /// How many replies are not done.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts replies that nobody will get.
    pub(crate) fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    /// How many replies were lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until every reply is done. Dropping this future does nothing.
    pub(crate) async fn drained(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.room.available_permits() >= self.capacity {
                return;
            }
            emptied.await;
        }
    }

    /// A reply larger than the whole queue takes all of it rather than waiting for ever.
    fn permits(&self, cost: usize) -> u32 {
        u32::try_from(cost.min(self.capacity)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(bytes: usize) -> Outgoing {
        Outgoing { channel: String::new(), data: vec![b'x'; bytes], expires: Instant::now() + GRACE }
    }

    #[tokio::test]
    async fn a_batch_is_what_is_ready_within_its_bounds() {
        let outbox = Outbox::new(1 << 20);
        for _ in 0..5 {
            outbox.push(reply(1000)).await;
        }
        assert_eq!(outbox.take(2, 1 << 20).await.len(), 2);
        assert_eq!(outbox.take(10, 2600).await.len(), 2);
        assert_eq!(outbox.take(10, 1).await.len(), 1, "one that is too large goes alone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_waits_as_long_as_somebody_waits_for_the_reply() {
        let outbox = Outbox::new(1000);
        outbox.push(reply(700)).await;
        outbox.try_push(reply(700));
        assert_eq!(outbox.lost(), 1, "the reader does not wait");
        outbox.push(reply(700)).await;
        assert_eq!(outbox.lost(), 2, "its time passed while it waited");
        let first = outbox.take(1, 1000).await;
        let (again, ()) = tokio::join!(outbox.push(reply(700)), async { outbox.done(&first[0]) });
        assert_eq!((again, outbox.lost()), ((), 2));
    }

    #[tokio::test]
    async fn drained_waits_for_what_is_on_the_wire() {
        let outbox = Outbox::new(1000);
        outbox.push(reply(10)).await;
        let batch = outbox.take(1, 1000).await;
        let drained = outbox.drained();
        tokio::pin!(drained);
        assert!(futures_util::poll!(drained.as_mut()).is_pending());
        outbox.done(&batch[0]);
        drained.await;
    }
}
