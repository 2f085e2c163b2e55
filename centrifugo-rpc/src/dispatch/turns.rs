//! Replies that wait, by whom they are for: each user's leave in their order, the users take turns. No locks.

use std::collections::VecDeque;

use super::hashed::HashedMap;
use super::outbox::Outgoing;
use crate::protocol::MAX_TOGETHER;

/// How many bytes one user's turn is: a large reply, or as many small ones as go together.
pub(super) const TURN: usize = MAX_TOGETHER;

/// How many empty queues are kept for those who come next, and how long a queue may have been to be kept: half a MiB in all.
const SPARE: usize = 64;
const SPARE_LEN: usize = 64;

/// The replies that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// By the hash of the user: two that share one share their turns, which harms neither.
    queues: HashedMap<VecDeque<Outgoing>>,
    /// Each user with a queue once; the first is next.
    order: VecDeque<u64>,
    len: usize,
    bytes: usize,
    /// Empty ones, so that not everybody's first reply allocates.
    spare: Vec<VecDeque<Outgoing>>,
}

impl Turns {
    /// Adds a reply behind those of its user.
    pub(super) fn push(&mut self, reply: Outgoing) {
        let user = reply.user;
        let queue = self.queues.entry(user).or_insert_with(|| self.spare.pop().unwrap_or_default());
        if queue.is_empty() {
            self.order.push_back(user);
        }
        self.len += 1;
        self.bytes += reply.size();
        queue.push_back(reply);
    }

    /// Whether what waits is as much as a batch with these bounds holds.
    pub(super) fn fill(&self, max_count: usize, max_bytes: usize) -> bool {
        self.len >= max_count || self.bytes >= max_bytes
    }

    /// Whether something waits for this user.
    pub(super) fn waits_for(&self, user: u64) -> bool {
        self.queues.contains_key(&user)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next replies, at most `max_count` and about `max_bytes`, at least one if there is one.
    pub(super) fn take(&mut self, max_count: usize, max_bytes: usize) -> Vec<Outgoing> {
        let mut batch = Vec::with_capacity(self.len.min(max_count));
        let mut room = max_bytes;
        while let Some(user) = self.order.pop_front() {
            let Some(queue) = self.queues.get_mut(&user) else { continue };
            let mut turn = TURN;
            while let Some(next) = queue.front() {
                if turn == 0 {
                    break;
                }
                let size = next.size();
                // One that is larger than a batch should be goes alone.
                let fits = batch.len() < max_count && size <= room || batch.is_empty();
                if !fits {
                    self.order.push_front(user);
                    return batch;
                }
                turn = turn.saturating_sub(size);
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
                self.order.push_back(user);
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn push(turns: &mut Turns, user: u64, name: &str, bytes: usize) {
        let data = format!("{name}{}", " ".repeat(bytes)).into_bytes();
        let mut reply = Outgoing::new("reply:0123456789abcdef#user".to_owned(), data, Instant::now());
        reply.user = user;
        turns.push(reply);
    }

    fn take(turns: &mut Turns, max_count: usize, max_bytes: usize) -> Vec<String> {
        let batch = turns.take(max_count, max_bytes);
        batch.into_iter().map(|reply| String::from_utf8_lossy(&reply.envelope.json()).trim().to_owned()).collect()
    }

    #[test]
    fn one_users_large_replies_do_not_hold_up_anothers_small_one() {
        let mut turns = Turns::default();
        for i in 0..100 {
            push(&mut turns, 1, &format!("large {i}"), 500_000);
        }
        push(&mut turns, 2, "small", 10);
        assert_eq!(take(&mut turns, 1000, 1_000_000), ["large 0", "small"]);
        assert_eq!(take(&mut turns, 1000, 1_000_000), ["large 1"]);
        push(&mut turns, 2, "small again", 10);
        assert_eq!(take(&mut turns, 1000, 1_000_000), ["large 2", "small again"]);
    }

    #[test]
    fn replies_of_one_user_stay_in_their_order() {
        let mut turns = Turns::default();
        for i in 0..10 {
            push(&mut turns, 1, &format!("a{i}"), TURN / 4);
            push(&mut turns, 2, &format!("b{i}"), TURN * 2);
        }
        let mut taken = Vec::new();
        while !turns.is_empty() {
            taken.extend(take(&mut turns, 6, usize::MAX));
        }
        assert_eq!(taken[..6], ["a0", "a1", "a2", "a3", "b0", "a4"]);
        for user in ["a", "b"] {
            let own = taken.iter().filter(|name| name.starts_with(user)).cloned();
            assert!(own.eq((0..10).map(|i| format!("{user}{i}"))), "{taken:?}");
        }
        assert!(turns.queues.is_empty(), "nobody is remembered without a reply");
    }

    #[test]
    fn a_batch_keeps_to_its_bounds() {
        let mut turns = Turns::default();
        for i in 0..5 {
            push(&mut turns, i % 2, "x", 1000);
        }
        assert!(turns.fill(5, usize::MAX) && !turns.fill(6, usize::MAX), "five replies");
        assert!(turns.fill(usize::MAX, 5000) && !turns.fill(usize::MAX, 10_000), "more than 1000 bytes each");
        assert_eq!(take(&mut turns, 2, 1 << 20).len(), 2);
        assert_eq!(take(&mut turns, 10, 2700).len(), 2);
        assert_eq!(take(&mut turns, 10, 1).len(), 1, "one that is too large goes alone");
        assert!(turns.fill(0, 0) && !turns.fill(1, 1), "nothing is left");
        assert!(turns.is_empty() && take(&mut turns, 10, 1).is_empty());
    }
}
