//! Replies on their way out. No sockets: `centrifugo::replies` empties it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

use super::envelope::Envelope;
use super::publication::{self, Publication};
use super::remembered::Remembered;
use super::ticket::Ticket;
use super::turns::Turns;
use crate::throttle::Throttle;

/// What a reply costs besides its own bytes: it bounds the number of small ones.
const OVERHEAD: usize = 256;

/// What a reply's command has in a request besides.
const COMMAND: usize = 64;

/// How many replies one request carries. More gain nothing any more: the request itself is less than a thousandth of the cost.
pub(crate) const MAX_COUNT: usize = 4000;

/// How many bytes one request carries. Centrifugo has no limit of its own; proxies begin to refuse at 1 MiB (nginx), and what
/// is near it is split. A single reply that is larger goes alone.
pub(crate) const MAX_BYTES: usize = 1000 * 1000;

/// How long a reply is tried to be delivered once its call is over: what Centrifugo needs for a restart.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// How often lost replies are logged; the line has their number.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// A reply as it is published.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The caller's reply channel.
    pub channel: Arc<str>,
    pub envelope: Envelope,
    /// When nobody waits for it any more.
    pub expires: Instant,
    /// Its caller reads it together with others.
    pub(super) batch: bool,
    /// Centrifugo publishes those with one key once, whoever asks it to.
    pub(super) key: Option<Box<str>>,
    /// The hashes of its user and of its channel, which the outbox makes.
    pub(super) user: u64,
    pub(super) session: u64,
    /// Dropped with the reply: its call is over.
    ticket: Option<Ticket>,
    /// Dropped with the reply: its call need not wait for room any longer.
    waiting: Option<oneshot::Sender<()>>,
}

impl Outgoing {
    pub(crate) fn new(channel: impl Into<Arc<str>>, envelope: impl Into<Envelope>, expires: Instant) -> Self {
        Self {
            channel: channel.into(),
            envelope: envelope.into(),
            expires,
            batch: false,
            key: None,
            user: 0,
            session: 0,
            ticket: None,
            waiting: None,
        }
    }

    pub(crate) fn in_batch(mut self, batch: bool) -> Self {
        self.batch = batch;
        self
    }

    pub(super) fn once(mut self, key: String) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(super) fn with_ticket(mut self, ticket: Option<Ticket>) -> Self {
        self.ticket = ticket;
        self
    }

    /// How many bytes of memory it takes, about.
    fn cost(&self) -> usize {
        self.channel.len() + self.envelope.len() + OVERHEAD
    }

    /// How many bytes of a request it takes, about.
    pub(super) fn size(&self) -> usize {
        self.channel.len() + self.envelope.len() + COMMAND
    }
}

/// Between calls and Centrifugo's server API.
///
/// A reply is in here from [`push`](Self::push) until it is [`done`](Self::done), so that those on the wire count too. Everything
/// pushed is taken in turn, however much there is: what is bounded is how many calls end ahead of their replies. A call whose
/// reply finds the outbox full keeps its place among the running calls until there is room again, or the reply is away.
#[derive(Debug)]
pub(crate) struct Outbox {
    turns: Mutex<Turns>,
    remembered: Mutex<Remembered>,
    hasher: RandomState,
    capacity: usize,
    bytes: AtomicUsize,
    count: AtomicUsize,
    lost: AtomicU64,
    filled: Notify,
    /// There is enough for a full request beside the one that is under way, or that takes too long. With fewer, the requests cost
    /// more than the wait saves (`docs/performance.md`).
    piled: Notify,
    /// The bytes are within the capacity again.
    room: Notify,
    emptied: Notify,
    losses: Throttle,
    forgetting: Throttle,
}

impl Outbox {
    /// Holds up calls whose replies would be more than `capacity` bytes together with those that wait.
    pub(crate) fn new(capacity: usize) -> Self {
        Self::remembering(capacity, usize::MAX)
    }

    /// The same, where Centrifugo is to remember at most `max_per_user` bytes of replies for one user.
    pub(crate) fn remembering(capacity: usize, max_per_user: usize) -> Self {
        Self {
            turns: Mutex::default(),
            remembered: Mutex::new(Remembered::new(max_per_user)),
            hasher: RandomState::new(),
            capacity,
            bytes: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            filled: Notify::new(),
            piled: Notify::new(),
            room: Notify::new(),
            emptied: Notify::new(),
            losses: Throttle::new(LOG_INTERVAL),
            forgetting: Throttle::new(LOG_INTERVAL),
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a reply. Where there is no room for it, the future waits until there is, or it is delivered, or nobody waits for it any
    /// more; dropping it leaves the reply in the queue.
    ///
    /// The future is in a box, because every call is as large as what it may wait for, and hardly one waits for this.
    pub(crate) fn push(&self, mut reply: Outgoing) -> Option<BoxFuture<'_, ()>> {
        if self.bytes.load(Ordering::Acquire) + reply.cost() <= self.capacity {
            self.enqueue(reply);
            return None;
        }
        let expires = reply.expires;
        let mut room = Box::pin(self.room.notified());
        room.as_mut().enable();
        let (waiting, away) = oneshot::channel();
        reply.waiting = Some(waiting);
        self.enqueue(reply);
        if self.bytes.load(Ordering::Acquire) <= self.capacity {
            return None;
        }
        let room_or_away = async move {
            tokio::select! {
                () = room => {}
                _ = away => {}
            }
        };
        // One that expires is counted where it is given up.
        Some(Box::pin(async move {
            let _ = timeout_at(expires, room_or_away).await;
        }))
    }

    /// Queues a reply if there is room now: for the reader of requests, which waits for nobody. Those who have nothing in here
    /// do not suffer from those who filled it.
    pub(crate) fn try_push(&self, reply: Outgoing) {
        let full = |capacity| self.bytes.load(Ordering::Acquire) + reply.cost() > capacity;
        let greedy = || self.turns().waits_for(self.hash(recipient(&reply.channel)));
        if full(self.capacity) && (greedy() || full(self.capacity.saturating_mul(2))) {
            self.lose(1, "too many replies wait for Centrifugo");
        } else {
            self.enqueue(reply);
        }
    }

    fn enqueue(&self, mut reply: Outgoing) {
        reply.user = self.hash(recipient(&reply.channel));
        reply.session = self.hash(&reply.channel);
        self.bytes.fetch_add(reply.cost(), Ordering::AcqRel);
        self.count.fetch_add(1, Ordering::AcqRel);
        let mut turns = self.turns();
        turns.push(reply);
        let piled = turns.fill(MAX_COUNT, MAX_BYTES);
        drop(turns);
        if piled {
            self.piled.notify_one();
        }
        self.filled.notify_one();
    }

    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }

    /// Takes what is ready, at most `max_count` replies and about `max_bytes`, at least one; waits until there is one.
    /// Each must be given to [`done`](Self::done) in the end. Dropping this future takes nothing.
    pub(crate) async fn take(&self, max_count: usize, max_bytes: usize) -> Vec<Publication> {
        loop {
            let batch = self.take_ready(max_count, max_bytes);
            if !batch.is_empty() {
                return batch;
            }
            self.filled.notified().await;
        }
    }

    /// The same beside another who takes: waits until there is a full request, or [`hurry`](Self::hurry) is called.
    pub(crate) async fn take_piled(&self, max_count: usize, max_bytes: usize) -> Vec<Publication> {
        loop {
            self.piled.notified().await;
            let batch = self.take_ready(max_count, max_bytes);
            if !batch.is_empty() {
                return batch;
            }
        }
    }

    /// What waits is not to wait for the request that is under way.
    pub(crate) fn hurry(&self) {
        self.piled.notify_one();
    }

    fn take_ready(&self, max_count: usize, max_bytes: usize) -> Vec<Publication> {
        let mut turns = self.turns();
        let replies = turns.take(max_count, max_bytes);
        if !turns.is_empty() {
            self.filled.notify_one();
        }
        if turns.fill(MAX_COUNT, MAX_BYTES) {
            self.piled.notify_one();
        }
        drop(turns);
        let mut batch = publication::together(replies);
        self.admit(&mut batch);
        batch
    }

    /// For a while Centrifugo is to remember nothing, and so to pass replies on whatever offsets their callers have seen.
    pub(super) fn forget(&self) {
        self.remembered().forget();
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides which of them Centrifugo remembers.
    fn admit(&self, batch: &mut [Publication]) {
        let mut remembered = self.remembered();
        if remembered.forgets() {
            return batch.iter_mut().for_each(|publication| publication.remembered = false);
        }
        let mut forgotten = Vec::new();
        for publication in batch {
            let (user, session) = publication.recipient();
            // Anonymous callers have one memory together: none of them can be told from another that comes again.
            let user = if user == session { 0 } else { user };
            publication.remembered = remembered.admit(user, session, publication.bytes());
            if !publication.remembered {
                forgotten.push(&*publication);
            }
        }
        drop(remembered);
        for publication in forgotten {
            if let Some(suppressed) = self.forgetting.allow() {
                tracing::warn!(
                    user = recipient(publication.channel()),
                    suppressed,
                    "Centrifugo remembers as much for this user as it may (`max_remembered_bytes_per_user`): a reply is sent without \
                     being remembered, and lost if the caller is not connected"
                );
            }
        }
    }

    /// Replies that were taken are delivered or given up: their room is free. Returns how many they are.
    pub(crate) fn done<'a>(&self, replies: impl IntoIterator<Item = &'a Outgoing>) -> usize {
        let (count, cost) = replies.into_iter().fold((0, 0), |(count, cost), reply| (count + 1, cost + reply.cost()));
        let before = self.bytes.fetch_sub(cost, Ordering::AcqRel);
        self.count.fetch_sub(count, Ordering::AcqRel);
        if before > self.capacity && before - cost <= self.capacity {
            self.room.notify_waiters();
        }
        if before == cost {
            self.emptied.notify_waiters();
        }
        count
    }

    /// Counts replies that nobody will get, and says so.
    pub(crate) fn lose(&self, count: u64, why: &str) {
        self.lost.fetch_add(count, Ordering::Relaxed);
        if let Some(count) = self.losses.allow_many(count) {
            tracing::error!(count, why, "replies were lost");
        }
    }

    /// Says of what was lost and forgotten what only the next loss would say.
    pub(crate) fn tell_overdue(&self) {
        if let Some(count) = self.losses.overdue() {
            tracing::error!(count, "more replies were lost");
        }
        if let Some(count) = self.forgetting.overdue() {
            tracing::warn!(count, "more replies were sent without being remembered");
        }
    }

    /// How many replies are not done.
    pub(crate) fn waiting(&self) -> usize {
        self.count.load(Ordering::Acquire)
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
            if self.bytes.load(Ordering::Acquire) == 0 {
                return;
            }
            emptied.await;
        }
    }
}

/// Who takes turns: the user at the end of a reply channel. Anonymous callers have none in common but the empty one; each of
/// their sessions counts for itself.
fn recipient(channel: &str) -> &str {
    channel.rsplit_once('#').map(|(_, user)| user).filter(|user| !user.is_empty()).unwrap_or(channel)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    fn reply(user: &str, bytes: usize) -> Outgoing {
        Outgoing::new(format!("reply:0123456789abcdef#{user}"), vec![b'x'; bytes], Instant::now() + GRACE)
    }

    #[tokio::test]
    async fn a_call_is_held_up_until_there_is_room_or_its_reply_is_away() {
        let outbox = Outbox::new(30_000);
        assert!(outbox.push(reply("a", 20_000)).is_none());
        let [mut second, mut third] =
            ["a", "b"].map(|user| outbox.push(reply(user, 20_000)).expect("there is no room"));
        assert!(poll!(second.as_mut()).is_pending() && poll!(third.as_mut()).is_pending());
        let mut batch = outbox.take(2, 1 << 20).await.into_iter();
        let (first, others) = (batch.next().expect("a reply"), batch.next().expect("a reply"));
        assert!(others.channel().ends_with("#b"), "each in turn");
        outbox.done(others.replies());
        drop(others);
        assert!(poll!(third.as_mut()).is_ready(), "its reply is away");
        assert!(poll!(second.as_mut()).is_pending(), "there is no room yet");
        outbox.done(first.replies());
        assert!(poll!(second.as_mut()).is_ready(), "there is room");
        assert_eq!(outbox.lost(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_held_up_longer_than_its_caller_waits() {
        let outbox = Outbox::new(1000);
        for _ in 0..2 {
            outbox.push(reply("a", 900)).expect("there is no room").await;
        }
        assert_eq!(outbox.lost(), 0, "it is still in there: it is lost where it is given up");
        assert_eq!(outbox.take(10, 1 << 20).await.len(), 2);
    }

    #[tokio::test]
    async fn the_reader_waits_for_nobody_and_one_user_takes_no_others_room() {
        let outbox = Outbox::new(1200);
        assert!(outbox.push(reply("a", 700)).is_none());
        outbox.try_push(reply("a", 700));
        assert_eq!(outbox.lost(), 1);
        outbox.try_push(reply("b", 700));
        assert_eq!(outbox.lost(), 1, "the other user has nothing in there");
        outbox.try_push(reply("c", 700));
        assert_eq!(outbox.lost(), 2, "twice the capacity is the end");
        assert_eq!(outbox.waiting(), 2);
    }

    #[tokio::test]
    async fn a_user_over_its_memory_is_answered_without_being_remembered() {
        let outbox = Outbox::remembering(1 << 20, 10_000);
        let reply = |session: usize, user: &str| {
            Outgoing::new(format!("reply:{session:016}#{user}"), vec![b'x'; 1000], Instant::now() + GRACE)
        };
        for user in ["a", "b", ""] {
            for session in 0..8 {
                assert!(outbox.push(reply(session, user)).is_none());
            }
            let batch = outbox.take(100, 1 << 20).await;
            let remembered = batch.iter().filter(|reply| reply.remembered).count();
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
        let outbox = Outbox::new(1000);
        assert!(outbox.push(reply("a", 10)).is_none());
        let batch = outbox.take(1, 1000).await;
        let drained = outbox.drained();
        tokio::pin!(drained);
        assert!(poll!(drained.as_mut()).is_pending());
        outbox.done(batch[0].replies());
        drained.await;
    }
}
