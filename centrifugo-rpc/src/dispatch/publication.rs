//! Replies of a moment for one caller as one publication, which costs Centrifugo less than one for each (`docs/performance.md`).

use std::collections::hash_map::Entry;

use smallvec::{SmallVec, smallvec};
use tokio::time::Instant;

use super::hashed::HashedMap;
use super::outbox::Outgoing;
use crate::protocol::MAX_TOGETHER;

/// What may nest deeper goes alone. Readers have limits, and one that gives up on a result gives up on what came with it; the
/// lowest there are in the languages of clients are 100 and more. Only what opens is counted, which is quick.
const MAX_DEPTH: usize = 64;

/// What Centrifugo publishes at once.
#[derive(Debug)]
pub(crate) struct Publication {
    /// At least one, all for one channel; several where their caller reads them together.
    replies: SmallVec<[Outgoing; 1]>,
    size: usize,
    /// Centrifugo keeps it for a caller that is away.
    pub remembered: bool,
}

/// Puts those together that may be, each with the first of its channel that has room.
pub(crate) fn together(replies: Vec<Outgoing>) -> Vec<Publication> {
    let mut batch: Vec<Publication> = Vec::with_capacity(replies.len());
    let mut open: HashedMap<usize> = HashedMap::default();
    for reply in replies {
        if reply.batch && reply.key.is_none() && is_shallow(reply.envelope.content()) {
            match open.entry(reply.session) {
                Entry::Occupied(place) if batch[*place.get()].takes(&reply) => {
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

/// Whether JSON surely nests less than [`MAX_DEPTH`].
fn is_shallow(json: &[u8]) -> bool {
    memchr::memchr2_iter(b'[', b'{', json).nth(MAX_DEPTH).is_none()
}

impl From<Outgoing> for Publication {
    fn from(reply: Outgoing) -> Self {
        Self { size: reply.size(), replies: smallvec![reply], remembered: true }
    }
}

impl Publication {
    fn takes(&self, reply: &Outgoing) -> bool {
        self.channel() == &*reply.channel && self.size + reply.size() <= MAX_TOGETHER
    }

    fn push(&mut self, reply: Outgoing) {
        self.size += reply.size();
        self.replies.push(reply);
    }

    /// The caller's reply channel.
    pub(crate) fn channel(&self) -> &str {
        &self.replies[0].channel
    }

    /// The hashes of its user and of its channel.
    pub(super) fn recipient(&self) -> (u64, u64) {
        (self.replies[0].user, self.replies[0].session)
    }

    /// How many bytes Centrifugo publishes, about.
    pub(super) fn bytes(&self) -> usize {
        self.channel().len() + self.replies.iter().map(|reply| reply.envelope.len()).sum::<usize>()
    }

    /// Centrifugo publishes those with one key once, whoever asks it to.
    pub(crate) fn key(&self) -> Option<&str> {
        self.replies[0].key.as_deref()
    }

    /// How many bytes of a request it takes, about.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn replies(&self) -> &[Outgoing] {
        &self.replies
    }

    /// Without the replies that nobody waits for any more, which go to `expired`; nothing if those were all.
    pub(crate) fn still_wanted(mut self, now: Instant, expired: &mut Vec<Outgoing>) -> Option<Self> {
        if self.replies.iter().any(|reply| reply.expires <= now) {
            let (late, wanted) = self.replies.into_iter().partition(|reply| reply.expires <= now);
            self.replies = wanted;
            expired.extend::<SmallVec<[Outgoing; 1]>>(late);
        }
        (!self.replies.is_empty()).then_some(self)
    }

    /// Its replies one by one, in publications of their own.
    pub(crate) fn apart(self) -> impl Iterator<Item = Self> {
        let remembered = self.remembered;
        self.replies.into_iter().map(move |reply| Self { remembered, ..reply.into() })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reply(session: u64, data: &str) -> Outgoing {
        let channel = format!("reply:{session:016}#42");
        let mut reply = Outgoing::new(channel, Vec::from(data), Instant::now() + Duration::from_secs(1)).in_batch(true);
        reply.session = session;
        reply
    }

    fn texts(publications: &[Publication]) -> Vec<String> {
        let text = |reply: &Outgoing| String::from_utf8_lossy(&reply.envelope.json()).trim().to_owned();
        publications.iter().map(|publication| publication.replies().iter().map(text).collect()).collect()
    }

    #[test]
    fn only_what_one_caller_reads_together_is_published_together() {
        let mut other = reply(1, "C");
        other.channel = "reply:of-the-same-hash#42".into();
        let batch = together(vec![
            reply(1, "a"),
            reply(2, "b"),
            reply(1, "c").in_batch(false),
            reply(1, "d").once("504:d".to_owned()),
            reply(1, "e"),
            other,
            reply(2, "f"),
        ]);
        assert_eq!(texts(&batch), ["ae", "bf", "c", "d", "C"]);
        assert_eq!(batch[3].key(), Some("504:d"));
        assert_eq!(batch[0].bytes(), batch[0].channel().len() + 2);
    }

    #[test]
    fn it_does_not_grow_larger_than_a_turn() {
        let large = |name: &str| reply(1, &format!("{name}{}", " ".repeat(MAX_TOGETHER / 3)));
        let batch = together(["a", "b", "c", "d"].map(large).into());
        assert_eq!(texts(&batch), ["ab", "cd"]);
        let larger = |name: &str| reply(1, &format!("{name}{}", " ".repeat(MAX_TOGETHER)));
        assert_eq!(texts(&together(["a", "b"].map(larger).into())), ["a", "b"], "each as large as it is, alone");
    }

    #[test]
    fn what_may_be_too_deep_for_a_reader_goes_alone() {
        let deep = |depth: usize| reply(1, &format!("{}{}", "[{".repeat(depth / 2), "}]".repeat(depth / 2)));
        let lengths = |replies: Vec<Outgoing>| -> Vec<_> {
            together(replies).iter().map(|publication| publication.replies().len()).collect()
        };
        assert_eq!(lengths(vec![reply(1, "1"), deep(MAX_DEPTH), reply(1, "1")]), [3]);
        assert_eq!(lengths(vec![reply(1, "1"), deep(MAX_DEPTH + 2), reply(1, "1")]), [2, 1]);
    }

    #[test]
    fn those_that_nobody_waits_for_leave_the_others() {
        let now = Instant::now();
        let batch = || {
            let mut replies = ["a", "b", "c"].map(|name| reply(1, name));
            replies[1].expires = now;
            together(replies.into()).remove(0)
        };
        let mut expired = Vec::new();
        let wanted = batch().still_wanted(now, &mut expired).expect("two of them");
        assert_eq!((texts(&[wanted]), expired.len()), (vec!["ac".to_owned()], 1));
        assert!(batch().still_wanted(now + Duration::from_secs(2), &mut expired).is_none());
        assert_eq!(expired.len(), 4);
    }

    #[test]
    fn apart_they_are_what_they_were() {
        let mut publication = together(["a", "b"].map(|name| reply(1, name)).into()).remove(0);
        publication.remembered = false;
        let apart: Vec<_> = publication.apart().collect();
        assert_eq!(texts(&apart), ["a", "b"]);
        assert!(apart.iter().all(|publication| !publication.remembered));
    }
}
