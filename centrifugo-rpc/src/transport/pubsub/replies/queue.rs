//! The queue of replies between calls and Centrifugo's server API. No sockets: [`publisher`](super::publisher) empties it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout_at;

use super::capacity::Capacity;
use super::fair_queue::FairQueue;
use super::history_quota::HistoryQuota;
use super::pending_reply::PendingReply;
use super::publication::{self, Publication};
use crate::engine::telemetry::Telemetry;
use crate::log_rate_limiter::LogRateLimiter;

/// The largest number of replies in one request. More gain nothing: the request itself is less than a thousandth of the
/// cost.
pub(crate) const MAX_COUNT: usize = 4000;

/// The largest number of bytes in one request. Centrifugo has no limit of its own. Proxies begin to reject requests at
/// 1 MiB (nginx), and a rejected request is split. A larger reply is sent alone.
pub(crate) const MAX_BYTES: usize = 1000 * 1000;

/// The time for which delivery of a reply is retried after its call has ended: as long as a restart of Centrifugo
/// takes.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The minimum interval between log lines about lost replies. Each line has their number.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The queue between calls and Centrifugo's server API.
///
/// A reply counts from [`push`](Self::push) until its [`Publication`] is dropped, so that replies in flight count too. The
/// queue accepts every pushed reply, however full it is. The capacity bounds the calls that end ahead of their replies:
/// a call whose reply finds the queue full keeps its place among the calls in flight until there is capacity again or
/// the reply has left the queue.
#[derive(Debug)]
pub(crate) struct ReplyQueue {
    fair_queue: Mutex<FairQueue>,
    history: Mutex<HistoryQuota>,
    hasher: RandomState,
    capacity: Capacity,
    telemetry: Arc<Telemetry>,
    not_empty: Notify,
    /// Wakes the second sender: there is enough for a full request beside the one in flight, or that one takes too
    /// long. A second request with fewer replies costs more than the wait saves (`docs/performance.md`).
    batch_full: Notify,
    loss_log: LogRateLimiter,
    history_log: LogRateLimiter,
}

impl ReplyQueue {
    /// Makes a queue that holds up calls when it has more than `capacity` bytes of replies. Centrifugo's history keeps
    /// at most `max_per_user` bytes of replies for one user.
    pub(crate) fn new(capacity: usize, max_per_user: usize, telemetry: Arc<Telemetry>) -> Self {
        Self {
            fair_queue: Mutex::default(),
            history: Mutex::new(HistoryQuota::new(max_per_user)),
            hasher: RandomState::new(),
            capacity: Capacity::new(capacity),
            telemetry,
            not_empty: Notify::new(),
            batch_full: Notify::new(),
            loss_log: LogRateLimiter::new(LOG_INTERVAL),
            history_log: LogRateLimiter::new(LOG_INTERVAL),
        }
    }

    fn fair_queue(&self) -> MutexGuard<'_, FairQueue> {
        self.fair_queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a reply. If the queue is full, returns a future that waits until there is capacity, the reply is
    /// delivered, or it expires. Dropping the future leaves the reply in the queue.
    ///
    /// The future is boxed because every call is as large as the futures it may wait for, and few calls wait for this
    /// one.
    pub(crate) fn push(&self, mut reply: PendingReply) -> Option<BoxFuture<'_, ()>> {
        if self.capacity.has_room_for(&reply, 1) {
            self.enqueue(reply);
            return None;
        }
        let expires = reply.expires;
        let mut capacity = Box::pin(self.capacity.available());
        capacity.as_mut().enable();
        let (waiter, gone) = oneshot::channel();
        reply.capacity_waiter = Some(waiter);
        self.enqueue(reply);
        if !self.capacity.is_exceeded() {
            return None;
        }
        let capacity_or_gone = async move {
            tokio::select! {
                () = capacity => {}
                _ = gone => {}
            }
        };
        // An expired reply is counted where it is dropped.
        Some(Box::pin(async move {
            let _ = timeout_at(expires, capacity_or_gone).await;
        }))
    }

    /// Queues a reply, or drops it if the queue is full. For the reader of requests, which must not wait. A user
    /// without queued replies is not affected by the users who filled the queue: its replies are accepted up to twice
    /// the capacity.
    pub(crate) fn try_push(&self, reply: PendingReply) {
        let full = |times| !self.capacity.has_room_for(&reply, times);
        let already_queued = || self.fair_queue().has_pending(self.hash(recipient(&reply.channel)));
        if full(1) && (already_queued() || full(2)) {
            self.record_lost(1, "too many replies wait for Centrifugo");
        } else {
            self.enqueue(reply);
        }
    }

    fn enqueue(&self, mut reply: PendingReply) {
        reply.user = self.hash(recipient(&reply.channel));
        reply.session = self.hash(&reply.channel);
        self.capacity.acquire(&reply);
        let mut fair_queue = self.fair_queue();
        fair_queue.push(reply);
        let batch_full = fair_queue.has_full_batch(MAX_COUNT, MAX_BYTES);
        drop(fair_queue);
        if batch_full {
            self.batch_full.notify_one();
        }
        self.not_empty.notify_one();
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    /// Takes the next replies, at most `max_count` and about `max_bytes`, at least one. Waits until there is one.
    /// Dropping this future takes nothing.
    pub(crate) async fn next_batch(&self, max_count: usize, max_bytes: usize) -> Vec<Publication<'_>> {
        loop {
            let batch = self.take_ready(max_count, max_bytes);
            if !batch.is_empty() {
                return batch;
            }
            self.not_empty.notified().await;
        }
    }

    /// Like [`next_batch`](Self::next_batch), for a second sender: waits until a request is full or
    /// [`flush`](Self::flush) is called.
    pub(crate) async fn next_full_batch(&self, max_count: usize, max_bytes: usize) -> Vec<Publication<'_>> {
        loop {
            self.batch_full.notified().await;
            let batch = self.take_ready(max_count, max_bytes);
            if !batch.is_empty() {
                return batch;
            }
        }
    }

    /// Lets the second sender take the waiting replies although they do not fill a request.
    pub(crate) fn flush(&self) {
        self.batch_full.notify_one();
    }

    fn take_ready(&self, max_count: usize, max_bytes: usize) -> Vec<Publication<'_>> {
        let mut fair_queue = self.fair_queue();
        let replies = fair_queue.take(max_count, max_bytes);
        if !fair_queue.is_empty() {
            self.not_empty.notify_one();
        }
        if fair_queue.has_full_batch(MAX_COUNT, MAX_BYTES) {
            self.batch_full.notify_one();
        }
        drop(fair_queue);
        let mut batch = publication::coalesce(replies);
        for publication in &mut batch {
            publication.releases(&self.capacity);
        }
        self.apply_history_quota(&mut batch);
        batch
    }

    /// Makes Centrifugo store no replies for a while, so that it delivers them whatever offsets callers have seen.
    pub(crate) fn suspend_history(&self) {
        self.history().suspend();
    }

    fn history(&self) -> MutexGuard<'_, HistoryQuota> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides which publications Centrifugo stores in its history.
    fn apply_history_quota(&self, batch: &mut [Publication<'_>]) {
        let mut history = self.history();
        if history.is_suspended() {
            return batch.iter_mut().for_each(|publication| publication.in_history = false);
        }
        let mut unstored = Vec::new();
        for publication in batch {
            let (user, session) = publication.recipient();
            // Anonymous callers share one quota: one that comes back cannot be told from another.
            let user = if user == session { 0 } else { user };
            publication.in_history = history.admit(user, session, publication.bytes());
            if !publication.in_history {
                unstored.push(&*publication);
            }
        }
        drop(history);
        for publication in unstored {
            if let Some(suppressed) = self.history_log.allow() {
                tracing::warn!(
                    user = recipient(publication.channel()),
                    suppressed,
                    "the history of this user's replies is full (`max_remembered_bytes_per_user`): a reply is sent without being remembered, \
                     and lost if the caller is not connected"
                );
            }
        }
    }

    /// Counts and logs replies that will not be delivered.
    pub(crate) fn record_lost(&self, count: u64, why: &str) {
        self.telemetry.replies_lost(count);
        if let Some(count) = self.loss_log.allow_many(count) {
            tracing::error!(count, why, "replies were lost");
        }
    }

    /// Logs suppressed events that would otherwise be reported only with the next event of the same kind.
    pub(crate) fn log_overdue(&self) {
        if let Some(count) = self.loss_log.take_overdue() {
            tracing::error!(count, "more replies were lost");
        }
        if let Some(count) = self.history_log.take_overdue() {
            tracing::warn!(count, "more replies were sent without being remembered");
        }
    }

    /// The number of replies that are queued or in flight.
    pub(crate) fn pending(&self) -> usize {
        self.capacity.count()
    }

    /// The number of replies lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.telemetry.lost()
    }

    /// Waits until no reply is queued or in flight. Dropping this future has no effect.
    pub(crate) async fn drained(&self) {
        self.capacity.drained().await;
    }
}

/// The unit of fairness: the user at the end of a reply channel. All anonymous callers have the same empty user, so
/// each of their sessions counts for itself.
fn recipient(channel: &str) -> &str {
    channel.rsplit_once('#').map(|(_, user)| user).filter(|user| !user.is_empty()).unwrap_or(channel)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use tokio::time::Instant;

    use super::*;

    fn reply(user: &str, bytes: usize) -> PendingReply {
        PendingReply::new(format!("reply:0123456789abcdef#{user}"), vec![b'x'; bytes], Instant::now() + GRACE)
    }

    fn queue_of(capacity: usize) -> ReplyQueue {
        ReplyQueue::new(capacity, usize::MAX, Arc::default())
    }

    #[tokio::test]
    async fn a_call_is_held_up_until_there_is_room_or_its_reply_is_away() {
        let reply_queue = queue_of(30_000);
        assert!(reply_queue.push(reply("a", 20_000)).is_none());
        let [mut second, mut third] =
            ["a", "b"].map(|user| reply_queue.push(reply(user, 20_000)).expect("there is no room"));
        assert!(poll!(second.as_mut()).is_pending() && poll!(third.as_mut()).is_pending());
        let mut batch = reply_queue.next_batch(2, 1 << 20).await.into_iter();
        let (first, others) = (batch.next().expect("a reply"), batch.next().expect("a reply"));
        assert!(others.channel().ends_with("#b"), "each in turn");
        drop(others);
        assert!(poll!(third.as_mut()).is_ready(), "its reply is away");
        assert!(poll!(second.as_mut()).is_pending(), "there is no room yet");
        drop(first);
        assert!(poll!(second.as_mut()).is_ready(), "there is room");
        assert_eq!(reply_queue.lost(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_is_held_up_longer_than_its_caller_waits() {
        let reply_queue = queue_of(1000);
        for _ in 0..2 {
            reply_queue.push(reply("a", 900)).expect("there is no room").await;
        }
        assert_eq!(reply_queue.lost(), 0, "it is still in there: it is lost where it is given up");
        assert_eq!(reply_queue.next_batch(10, 1 << 20).await.len(), 2);
    }

    #[tokio::test]
    async fn the_reader_never_waits_and_one_user_takes_no_others_capacity() {
        let reply_queue = queue_of(1200);
        assert!(reply_queue.push(reply("a", 700)).is_none());
        reply_queue.try_push(reply("a", 700));
        assert_eq!(reply_queue.lost(), 1);
        reply_queue.try_push(reply("b", 700));
        assert_eq!(reply_queue.lost(), 1, "the other user has nothing in there");
        reply_queue.try_push(reply("c", 700));
        assert_eq!(reply_queue.lost(), 2, "twice the capacity is the end");
        assert_eq!(reply_queue.pending(), 2);
    }

    #[tokio::test]
    async fn a_user_over_its_memory_is_answered_without_being_remembered() {
        let reply_queue = ReplyQueue::new(1 << 20, 10_000, Arc::default());
        let reply = |session: usize, user: &str| {
            PendingReply::new(format!("reply:{session:016}#{user}"), vec![b'x'; 1000], Instant::now() + GRACE)
        };
        for user in ["a", "b", ""] {
            for session in 0..8 {
                assert!(reply_queue.push(reply(session, user)).is_none());
            }
            let batch = reply_queue.next_batch(100, 1 << 20).await;
            let remembered = batch.iter().filter(|reply| reply.in_history).count();
            assert_eq!((batch.len(), remembered), (8, 3), "`{user}`");
        }
    }

    #[test]
    fn anonymous_callers_take_turns_by_session() {
        assert_eq!(recipient("reply:0123456789abcdef#42"), "42");
        assert_eq!(recipient("reply:0123456789abcdef#"), "reply:0123456789abcdef#");
    }

    #[tokio::test]
    async fn drained_waits_for_what_is_on_the_wire() {
        let reply_queue = queue_of(1000);
        assert!(reply_queue.push(reply("a", 10)).is_none());
        let batch = reply_queue.next_batch(1, 1000).await;
        let drained = reply_queue.drained();
        tokio::pin!(drained);
        assert!(poll!(drained.as_mut()).is_pending());
        drop(batch);
        drained.await;
    }
}
