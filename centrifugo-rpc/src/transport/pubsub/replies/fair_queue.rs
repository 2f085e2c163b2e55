//! A fair queue of replies: in order for each user, round robin between users (deficit round robin). No locks.

use std::collections::VecDeque;

use super::pending_reply::PendingReply;
use crate::engine::hashed::HashedMap;
use crate::protocol::MAX_TOGETHER;

/// The bytes that one user may send per round: one large reply, or as many small ones as fit into one publication.
pub(super) const QUANTUM: usize = MAX_TOGETHER;

/// The number of empty queues kept for reuse, and the largest capacity of such a queue: half a MiB in all.
const SPARE: usize = 64;
const SPARE_LEN: usize = 64;

/// The replies that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    /// The queue of each user, by the hash of the user. Users whose hashes collide share a queue, which does no harm.
    queues: HashedMap<VecDeque<PendingReply>>,
    /// Each user with a queue, once; the first is next.
    rotation: VecDeque<u64>,
    len: usize,
    bytes: usize,
    /// Empty queues for reuse, so that the first reply to a user need not allocate.
    spare: Vec<VecDeque<PendingReply>>,
}

impl FairQueue {
    /// Adds a reply behind those of the same user.
    pub(super) fn push(&mut self, reply: PendingReply) {
        let user = reply.user;
        let queue = self.queues.entry(user).or_insert_with(|| self.spare.pop().unwrap_or_default());
        if queue.is_empty() {
            self.rotation.push_back(user);
        }
        self.len += 1;
        self.bytes += reply.size();
        queue.push_back(reply);
    }

    /// Returns whether the waiting replies fill a batch with these bounds.
    pub(super) fn has_full_batch(&self, max_count: usize, max_bytes: usize) -> bool {
        self.len >= max_count || self.bytes >= max_bytes
    }

    /// Returns whether replies to this user wait.
    pub(super) fn has_pending(&self, user: u64) -> bool {
        self.queues.contains_key(&user)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next replies, at most `max_count` and about `max_bytes`, at least one if there is one.
    pub(super) fn take(&mut self, max_count: usize, max_bytes: usize) -> Vec<PendingReply> {
        let mut batch = Vec::with_capacity(self.len.min(max_count));
        let mut room = max_bytes;
        while let Some(user) = self.rotation.pop_front() {
            let Some(queue) = self.queues.get_mut(&user) else { continue };
            let mut quantum = QUANTUM;
            while let Some(next) = queue.front() {
                if quantum == 0 {
                    break;
                }
                let size = next.size();
                // A reply that is larger than a batch is sent alone.
                let fits = batch.len() < max_count && size <= room || batch.is_empty();
                if !fits {
                    self.rotation.push_front(user);
                    return batch;
                }
                quantum = quantum.saturating_sub(size);
                room = room.saturating_sub(size);
                batch.extend(queue.pop_front());
                self.len -= 1;
                self.bytes -= size;
            }
            if queue.is_empty() {
                let queue = self.queues.remove(&user);
                if self.spare.len() < SPARE {
                    self.spare.extend(queue.filter(|queue| queue.capacity() <= SPARE_LEN));
                }
            } else {
                self.rotation.push_back(user);
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn push(fair_queue: &mut FairQueue, user: u64, name: &str, bytes: usize) {
        let data = format!("{name}{}", " ".repeat(bytes)).into_bytes();
        let mut reply = PendingReply::new("reply:0123456789abcdef#user".to_owned(), data, Instant::now());
        reply.user = user;
        fair_queue.push(reply);
    }

    fn take(fair_queue: &mut FairQueue, max_count: usize, max_bytes: usize) -> Vec<String> {
        let batch = fair_queue.take(max_count, max_bytes);
        batch.into_iter().map(|reply| String::from_utf8_lossy(&reply.encoded.json()).trim().to_owned()).collect()
    }

    #[test]
    fn one_users_large_replies_do_not_hold_up_anothers_small_one() {
        let mut fair_queue = FairQueue::default();
        for i in 0..100 {
            push(&mut fair_queue, 1, &format!("large {i}"), 500_000);
        }
        push(&mut fair_queue, 2, "small", 10);
        assert_eq!(take(&mut fair_queue, 1000, 1_000_000), ["large 0", "small"]);
        assert_eq!(take(&mut fair_queue, 1000, 1_000_000), ["large 1"]);
        push(&mut fair_queue, 2, "small again", 10);
        assert_eq!(take(&mut fair_queue, 1000, 1_000_000), ["large 2", "small again"]);
    }

    #[test]
    fn replies_of_one_user_stay_in_their_order() {
        let mut fair_queue = FairQueue::default();
        for i in 0..10 {
            push(&mut fair_queue, 1, &format!("a{i}"), QUANTUM / 4);
            push(&mut fair_queue, 2, &format!("b{i}"), QUANTUM * 2);
        }
        let mut taken = Vec::new();
        while !fair_queue.is_empty() {
            taken.extend(take(&mut fair_queue, 6, usize::MAX));
        }
        assert_eq!(taken[..6], ["a0", "a1", "a2", "a3", "b0", "a4"]);
        for user in ["a", "b"] {
            let own = taken.iter().filter(|name| name.starts_with(user)).cloned();
            assert!(own.eq((0..10).map(|i| format!("{user}{i}"))), "{taken:?}");
        }
        assert!(fair_queue.queues.is_empty(), "no queue is kept without a reply");
    }

    #[test]
    fn a_batch_keeps_to_its_bounds() {
        let mut fair_queue = FairQueue::default();
        for i in 0..5 {
            push(&mut fair_queue, i % 2, "x", 1000);
        }
        assert!(fair_queue.has_full_batch(5, usize::MAX) && !fair_queue.has_full_batch(6, usize::MAX), "five replies");
        assert!(
            fair_queue.has_full_batch(usize::MAX, 5000) && !fair_queue.has_full_batch(usize::MAX, 10_000),
            "more than 1000 bytes each"
        );
        assert_eq!(take(&mut fair_queue, 2, 1 << 20).len(), 2);
        assert_eq!(take(&mut fair_queue, 10, 2700).len(), 2);
        assert_eq!(take(&mut fair_queue, 10, 1).len(), 1, "one that is too large goes alone");
        assert!(fair_queue.has_full_batch(0, 0) && !fair_queue.has_full_batch(1, 1), "nothing is left");
        assert!(fair_queue.is_empty() && take(&mut fair_queue, 10, 1).is_empty());
    }
}
