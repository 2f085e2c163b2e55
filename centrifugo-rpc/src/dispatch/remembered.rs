//! What Centrifugo remembers of the replies to each user, as far as can be told from here, and how much it may be. No locks.

use std::collections::{VecDeque, hash_map};
use std::time::Duration;

use tokio::time::Instant;

use super::hashed::HashedMap;

/// How many replies Centrifugo remembers for a session, and for how long after the last one: the `history_size` and `history_ttl`
/// of reply channels.
pub(crate) const REPLY_HISTORY: usize = 128;
pub(crate) const HISTORY_TTL: Duration = Duration::from_secs(60);

/// How long Centrifugo needs to find out by itself that a subscriber's position is ahead of the channel: it looks when the last look
/// was 40 s ago, every 25 s.
const FORGETTING: Duration = Duration::from_secs(70);

/// What Centrifugo's memory engine needs for a reply besides its bytes, and for the session's channel, in bytes; measured with
/// v6.9.1.
const REPLY_OVERHEAD: u64 = 768;
const SESSION_OVERHEAD: u64 = 896;

/// How many forgotten sessions are cleared away with each reply: more than one, so that they never pile up, and few, so that
/// nobody waits for it.
const CLEARED_AT_ONCE: usize = 4;

/// A session's part of Centrifugo's memory.
#[derive(Debug)]
struct Session {
    user: u64,
    /// The cost of each reply, the last [`REPLY_HISTORY`] of them.
    replies: VecDeque<u32>,
    total: u64,
}

/// How much is remembered for whom, for one to two times [`HISTORY_TTL`].
#[derive(Debug)]
pub(super) struct Remembered {
    max_per_user: u64,
    users: HashedMap<u64>,
    /// The sessions that got a reply since `began`.
    current: HashedMap<Session>,
    /// Those that did not, but did in the [`HISTORY_TTL`] before.
    previous: HashedMap<Session>,
    /// Those that Centrifugo has forgotten.
    forgotten: hash_map::IntoIter<u64, Session>,
    began: Instant,
    /// Nothing is remembered until then.
    forgets_until: Option<Instant>,
}

impl Remembered {
    pub(super) fn new(max_per_user: usize) -> Self {
        Self {
            max_per_user: u64::try_from(max_per_user).unwrap_or(u64::MAX),
            users: HashedMap::default(),
            current: HashedMap::default(),
            previous: HashedMap::default(),
            forgotten: HashedMap::default().into_iter(),
            began: Instant::now(),
            forgets_until: None,
        }
    }

    /// From now on, for [`FORGETTING`], nothing is remembered.
    pub(super) fn forget(&mut self) {
        self.forgets_until = Some(Instant::now() + FORGETTING);
    }

    /// Whether nothing is remembered now.
    pub(super) fn forgets(&mut self) -> bool {
        self.forgets_until = self.forgets_until.filter(|until| Instant::now() < *until);
        self.forgets_until.is_some()
    }

    /// Whether Centrifugo may remember one more reply, of `bytes`, to this user and session, both by their hashes; it is counted
    /// if so.
    pub(super) fn admit(&mut self, user: u64, session: u64, bytes: usize) -> bool {
        self.pass_time();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let of_user = self.users.get(&user).copied().unwrap_or(0);
        let room = |known: Option<&Session>| {
            let freed = known.map_or(0, Session::freed_by_one_more);
            let new = if known.is_some() { 0 } else { SESSION_OVERHEAD };
            let cost = u64::from(bytes) + REPLY_OVERHEAD + new;
            let total = of_user.saturating_sub(freed) + cost;
            (total <= self.max_per_user).then_some((total, freed, cost))
        };
        let (session, total, freed, cost) = match self.current.entry(session) {
            hash_map::Entry::Occupied(entry) => {
                let Some((total, freed, cost)) = room(Some(entry.get())) else { return false };
                (entry.into_mut(), total, freed, cost)
            }
            hash_map::Entry::Vacant(entry) => {
                let known = self.previous.get(entry.key());
                let Some((total, freed, cost)) = room(known) else { return false };
                let known = self.previous.remove(entry.key());
                let fresh = || Session { user, replies: VecDeque::new(), total: 0 };
                (entry.insert(known.unwrap_or_else(fresh)), total, freed, cost)
            }
        };
        session.total = session.total.saturating_sub(freed) + cost;
        if freed > 0 {
            session.replies.pop_front();
        }
        session.replies.push_back(bytes);
        self.users.insert(user, total);
        true
    }

    fn pass_time(&mut self) {
        let now = Instant::now();
        // Twice at most: then everything is forgotten.
        for _ in 0..2 {
            if now.duration_since(self.began) < HISTORY_TTL {
                break;
            }
            self.clear(usize::MAX);
            let previous = std::mem::replace(&mut self.previous, std::mem::take(&mut self.current));
            self.forgotten = previous.into_iter();
            self.began += HISTORY_TTL;
        }
        if now.duration_since(self.began) >= HISTORY_TTL {
            self.began = now;
        }
        self.clear(CLEARED_AT_ONCE);
    }

    fn clear(&mut self, count: usize) {
        for (_, session) in self.forgotten.by_ref().take(count) {
            if let hash_map::Entry::Occupied(mut total) = self.users.entry(session.user) {
                let left = total.get().saturating_sub(session.total);
                if left == 0 {
                    total.remove();
                } else {
                    total.insert(left);
                }
            }
        }
    }
}

impl Session {
    /// What the history drops when there is one more.
    fn freed_by_one_more(&self) -> u64 {
        if self.replies.len() < REPLY_HISTORY {
            return 0;
        }
        self.replies.front().map_or(0, |bytes| u64::from(*bytes) + REPLY_OVERHEAD)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const MIB: usize = 1 << 20;

    fn admitted(remembered: &mut Remembered, user: u64, sessions: std::ops::Range<u64>, bytes: usize) -> usize {
        sessions.filter(|session| remembered.admit(user, *session, bytes)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn one_session_never_has_too_much_and_many_have_a_bound() {
        let mut remembered = Remembered::new(200 << 20);
        assert_eq!(
            (0..10_000).filter(|_| remembered.admit(1, 1, MIB)).count(),
            10_000,
            "the last 128 of them are remembered"
        );
        assert_eq!(admitted(&mut remembered, 1, 100..1000, MIB), 71);
        assert!(remembered.admit(1, 1, MIB), "the old session goes on: it takes no more than it did");
        assert!(!remembered.admit(1, 1, 10 * MIB));
        assert!(remembered.admit(1, 5000, 10), "small ones fit in between");
        assert_eq!(admitted(&mut remembered, 2, 2100..2200, MIB), 100, "another user has as much");
    }

    #[tokio::test(start_paused = true)]
    async fn what_centrifugo_has_forgotten_counts_no_more() {
        let mut remembered = Remembered::new(10 << 20);
        let full = admitted(&mut remembered, 1, 0..100, MIB);
        assert_eq!(full, 9);
        advance(HISTORY_TTL / 2).await;
        assert_eq!(admitted(&mut remembered, 1, 100..200, MIB), 0);
        advance(HISTORY_TTL * 2).await;
        // Another's replies clear the table.
        assert_eq!(admitted(&mut remembered, 2, 2000..2009, 10), 9);
        assert_eq!(admitted(&mut remembered, 1, 200..300, MIB), full);
        advance(HISTORY_TTL * 10).await;
        assert!((0..10).all(|_| remembered.admit(3, 3000, 10)));
        assert_eq!((remembered.users.len(), remembered.previous.len(), remembered.current.len()), (1, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_in_use_is_not_forgotten() {
        let mut remembered = Remembered::new(3 << 20);
        for _ in 0..20 {
            assert!(remembered.admit(1, 1, MIB / 100));
            advance(HISTORY_TTL / 2).await;
        }
        let of_session: u64 =
            remembered.current.values().chain(remembered.previous.values()).map(|session| session.total).sum();
        assert_eq!(remembered.users.get(&1), Some(&of_session));
        assert_eq!(of_session, 20 * (MIB as u64 / 100 + REPLY_OVERHEAD) + SESSION_OVERHEAD);
    }
}
