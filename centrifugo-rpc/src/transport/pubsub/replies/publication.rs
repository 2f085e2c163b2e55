//! Coalesces concurrent replies to one caller into one publication, which costs Centrifugo less than one publication
//! per reply (`docs/performance.md`).

use std::collections::hash_map::Entry;
use std::mem;

use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use super::capacity::Capacity;
use super::pending_reply::PendingReply;
use crate::engine::hashed::HashedMap;
use crate::protocol::MAX_TOGETHER;

/// A reply that may nest deeper is published alone. Parsers have depth limits, and a parser that rejects one result
/// rejects the whole publication. The lowest limits in the languages of clients are 100 and more. Only opening brackets
/// are counted, which is quick.
const MAX_DEPTH: usize = 64;

/// One publication in a reply channel. Its replies are delivered or given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Publication<'q> {
    /// All for one channel; several only if their caller accepts batches.
    replies: SmallVec<[PendingReply; 1]>,
    size: usize,
    /// True if Centrifugo stores the publication for a caller that is disconnected.
    pub in_history: bool,
    /// The capacity that the replies use until the publication is dropped.
    capacity: Option<&'q Capacity>,
}

/// Coalesces replies where their callers accept it: a reply joins the first open publication of its channel that has
/// room.
pub(crate) fn coalesce<'q>(replies: Vec<PendingReply>) -> Vec<Publication<'q>> {
    let mut batch: Vec<Publication<'q>> = Vec::with_capacity(replies.len());
    let mut open: HashedMap<usize> = HashedMap::default();
    for reply in replies {
        if reply.batch && reply.idempotency_key.is_none() && is_shallow(reply.encoded.content()) {
            match open.entry(reply.session) {
                Entry::Occupied(place) if batch[*place.get()].has_room_for(&reply) => {
                    batch[*place.get()].push(reply);
                    continue;
                }
                Entry::Occupied(mut place) => *place.get_mut() = batch.len(),
                Entry::Vacant(place) => _ = place.insert(batch.len()),
            }
        }
        batch.push(Publication::from(reply));
    }
    batch
}

/// Returns whether the JSON surely nests less than [`MAX_DEPTH`].
fn is_shallow(json: &[u8]) -> bool {
    memchr::memchr2_iter(b'[', b'{', json).nth(MAX_DEPTH).is_none()
}

impl From<PendingReply> for Publication<'_> {
    fn from(reply: PendingReply) -> Self {
        Self { size: reply.size(), replies: smallvec![reply], in_history: true, capacity: None }
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        if let Some(capacity) = self.capacity {
            capacity.release(&self.replies);
        }
    }
}

impl<'q> Publication<'q> {
    /// Makes the replies release this capacity when the publication is dropped.
    pub(super) fn releases(&mut self, capacity: &'q Capacity) {
        self.capacity = Some(capacity);
    }

    fn has_room_for(&self, reply: &PendingReply) -> bool {
        self.channel() == &*reply.channel && self.size + reply.size() <= MAX_TOGETHER
    }

    fn push(&mut self, reply: PendingReply) {
        self.size += reply.size();
        self.replies.push(reply);
    }

    /// The caller's reply channel.
    pub(crate) fn channel(&self) -> &str {
        &self.replies[0].channel
    }

    /// The hashes of the user and of the channel.
    pub(super) fn recipient(&self) -> (u64, u64) {
        (self.replies[0].user, self.replies[0].session)
    }

    /// The approximate size of the publication in Centrifugo's history, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.channel().len() + self.replies.iter().map(|reply| reply.encoded.len()).sum::<usize>()
    }

    /// Centrifugo publishes publications with the same key once, whichever worker asks.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.replies[0].idempotency_key.as_deref()
    }

    /// The approximate size of the publication in a request, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn replies(&self) -> &[PendingReply] {
        &self.replies
    }

    /// Makes a publication of some of the replies.
    fn part(&self, replies: SmallVec<[PendingReply; 1]>) -> Self {
        Self { size: replies.iter().map(PendingReply::size).sum(), replies, ..*self }
    }

    /// Takes out the replies whose callers no longer wait, if there are any.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<Self> {
        if self.replies.iter().all(|reply| reply.expires > now) {
            return None;
        }
        let (expired, current) = mem::take(&mut self.replies).into_iter().partition(|reply| reply.expires <= now);
        self.replies = current;
        Some(self.part(expired))
    }

    /// Splits the publication into one for each reply.
    pub(super) fn split(mut self) -> Vec<Self> {
        let replies = mem::take(&mut self.replies);
        replies.into_iter().map(|reply| self.part(smallvec![reply])).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reply(session: u64, data: &str) -> PendingReply {
        let channel = format!("reply:{session:016}#42");
        let mut reply =
            PendingReply::new(channel, Vec::from(data), Instant::now() + Duration::from_secs(1)).in_batch(true);
        reply.session = session;
        reply
    }

    fn texts(publications: &[Publication<'_>]) -> Vec<String> {
        let text = |reply: &PendingReply| String::from_utf8_lossy(&reply.encoded.json()).trim().to_owned();
        publications.iter().map(|publication| publication.replies().iter().map(text).collect()).collect()
    }

    #[test]
    fn only_what_one_caller_reads_together_is_published_together() {
        let mut other = reply(1, "C");
        other.channel = "reply:of-the-same-hash#42".into();
        let batch = coalesce(vec![
            reply(1, "a"),
            reply(2, "b"),
            reply(1, "c").in_batch(false),
            reply(1, "d").with_idempotency_key("504:d".to_owned()),
            reply(1, "e"),
            other,
            reply(2, "f"),
        ]);
        assert_eq!(texts(&batch), ["ae", "bf", "c", "d", "C"]);
        assert_eq!(batch[3].idempotency_key(), Some("504:d"));
        assert_eq!(batch[0].bytes(), batch[0].channel().len() + 2);
    }

    #[test]
    fn it_does_not_grow_larger_than_a_turn() {
        let large = |name: &str| reply(1, &format!("{name}{}", " ".repeat(MAX_TOGETHER / 3)));
        let batch = coalesce(["a", "b", "c", "d"].map(large).into());
        assert_eq!(texts(&batch), ["ab", "cd"]);
        let larger = |name: &str| reply(1, &format!("{name}{}", " ".repeat(MAX_TOGETHER)));
        assert_eq!(texts(&coalesce(["a", "b"].map(larger).into())), ["a", "b"], "each as large as it is, alone");
    }

    #[test]
    fn what_may_be_too_deep_for_a_reader_goes_alone() {
        let deep = |depth: usize| reply(1, &format!("{}{}", "[{".repeat(depth / 2), "}]".repeat(depth / 2)));
        let lengths = |replies: Vec<PendingReply>| -> Vec<_> {
            coalesce(replies).iter().map(|publication| publication.replies().len()).collect()
        };
        assert_eq!(lengths(vec![reply(1, "1"), deep(MAX_DEPTH), reply(1, "1")]), [3]);
        assert_eq!(lengths(vec![reply(1, "1"), deep(MAX_DEPTH + 2), reply(1, "1")]), [2, 1]);
    }

    #[test]
    fn expired_replies_leave_the_others() {
        let now = Instant::now();
        let batch = || {
            let mut replies = ["a", "b", "c"].map(|name| reply(1, name));
            replies[1].expires = now;
            coalesce(replies.into()).remove(0)
        };
        let mut publication = batch();
        let expired = publication.take_expired(now).expect("one of them");
        assert_eq!(texts(&[publication, expired]), ["ac", "b"]);
        let mut publication = batch();
        let expired = publication.take_expired(now + Duration::from_secs(2)).expect("all of them");
        assert_eq!(texts(&[publication, expired]), ["", "abc"]);
        assert!(batch().take_expired(now - Duration::from_secs(1)).is_none());
    }

    #[test]
    fn replies_use_capacity_until_they_are_delivered_or_given_up() {
        let now = Instant::now();
        let capacity = Capacity::new(1000);
        let mut replies = ["a", "b", "c", "d"].map(|name| reply(1, name));
        replies[3].expires = now;
        for reply in &replies {
            capacity.acquire(reply);
        }
        let mut publication = coalesce(replies.into()).remove(0);
        publication.releases(&capacity);
        drop(publication.take_expired(now));
        assert_eq!(capacity.count(), 3);
        let mut apart = publication.split();
        drop(apart.pop());
        assert_eq!(capacity.count(), 2);
        drop(apart);
        assert_eq!(capacity.count(), 0);
    }

    #[test]
    fn apart_they_are_what_they_were() {
        let mut publication = coalesce(["a", "b"].map(|name| reply(1, name)).into()).remove(0);
        publication.in_history = false;
        let apart = publication.split();
        assert_eq!(texts(&apart), ["a", "b"]);
        assert!(apart.iter().all(|publication| !publication.in_history));
    }
}
