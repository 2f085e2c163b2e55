//! Estimates how many bytes of replies Centrifugo's history keeps for each user, and enforces the limit. No locks.

use std::collections::{VecDeque, hash_map};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::hashed::HashedMap;
use crate::protocol::{HISTORY_TTL, REPLY_HISTORY};

/// The time in which Centrifugo surely detects that a subscriber's position is ahead of the channel: every 25 s, it
/// checks each position whose last check is 40 s old.
const SUSPENSION: Duration = Duration::from_secs(70);

/// The memory of Centrifugo's memory engine for a reply besides its bytes, and for the channel of a session, in bytes;
/// measured with v6.9.1.
const REPLY_OVERHEAD: u64 = 768;
const SESSION_OVERHEAD: u64 = 896;

/// The number of expired sessions removed per reply: more than one, so that they never accumulate, and few, so that no
/// reply is delayed.
const RELEASED_AT_ONCE: usize = 4;

/// The replies of one session in Centrifugo's history.
#[derive(Debug)]
struct Session {
    user: u64,
    /// The size of each reply, the last [`REPLY_HISTORY`] of them.
    replies: VecDeque<u32>,
    total: u64,
}

/// The stored bytes of each user. A session counts for one to two times [`HISTORY_TTL`] after its last reply.
#[derive(Debug)]
pub(super) struct HistoryQuota {
    max_per_user: u64,
    bytes_of_user: HashedMap<u64>,
    /// The sessions with a reply since `window_start`.
    current: HashedMap<Session>,
    /// The other sessions with a reply in the [`HISTORY_TTL`] before `window_start`.
    previous: HashedMap<Session>,
    /// The sessions whose history Centrifugo has dropped.
    expired: hash_map::IntoIter<u64, Session>,
    window_start: Instant,
    /// No reply is stored until then.
    suspended_until: Option<Instant>,
}

impl HistoryQuota {
    pub(super) fn new(max_per_user: usize) -> Self {
        Self {
            max_per_user: u64::try_from(max_per_user).unwrap_or(u64::MAX),
            bytes_of_user: HashedMap::default(),
            current: HashedMap::default(),
            previous: HashedMap::default(),
            expired: HashedMap::default().into_iter(),
            window_start: Instant::now(),
            suspended_until: None,
        }
    }

    /// Stores no replies for [`SUSPENSION`].
    pub(super) fn suspend(&mut self) {
        self.suspended_until = Some(Instant::now() + SUSPENSION);
    }

    /// Returns whether no replies are stored now.
    pub(super) fn is_suspended(&mut self) -> bool {
        self.suspended_until = self.suspended_until.filter(|until| Instant::now() < *until);
        self.suspended_until.is_some()
    }

    /// Returns whether Centrifugo may store one more reply of `bytes` to this user and session, both given by their
    /// hashes. Counts the reply if so.
    pub(super) fn admit(&mut self, user: u64, session: u64, bytes: usize) -> bool {
        self.rotate();
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let stored = self.bytes_of_user.get(&user).copied().unwrap_or(0);
        let room = |known: Option<&Session>| {
            let freed = known.map_or(0, Session::freed_by_next);
            let new = if known.is_some() { 0 } else { SESSION_OVERHEAD };
            let cost = u64::from(bytes) + REPLY_OVERHEAD + new;
            let total = stored.saturating_sub(freed) + cost;
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
        self.bytes_of_user.insert(user, total);
        true
    }

    fn rotate(&mut self) {
        let now = Instant::now();
        // Two windows at most: then every session has expired.
        for _ in 0..2 {
            if now.duration_since(self.window_start) < HISTORY_TTL {
                break;
            }
            self.release_expired(usize::MAX);
            let previous = std::mem::replace(&mut self.previous, std::mem::take(&mut self.current));
            self.expired = previous.into_iter();
            self.window_start += HISTORY_TTL;
        }
        if now.duration_since(self.window_start) >= HISTORY_TTL {
            self.window_start = now;
        }
        self.release_expired(RELEASED_AT_ONCE);
    }

    fn release_expired(&mut self, count: usize) {
        for (_, session) in self.expired.by_ref().take(count) {
            if let hash_map::Entry::Occupied(mut total) = self.bytes_of_user.entry(session.user) {
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
    /// The bytes that the history drops when one more reply is stored.
    fn freed_by_next(&self) -> u64 {
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

    fn admitted(quota: &mut HistoryQuota, user: u64, sessions: std::ops::Range<u64>, bytes: usize) -> usize {
        sessions.filter(|session| quota.admit(user, *session, bytes)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn one_session_never_has_too_much_and_many_have_a_bound() {
        let mut quota = HistoryQuota::new(200 << 20);
        assert_eq!(
            (0..10_000).filter(|_| quota.admit(1, 1, MIB)).count(),
            10_000,
            "the last 128 of them are remembered"
        );
        assert_eq!(admitted(&mut quota, 1, 100..1000, MIB), 71);
        assert!(quota.admit(1, 1, MIB), "the old session goes on: it takes no more than it did");
        assert!(!quota.admit(1, 1, 10 * MIB));
        assert!(quota.admit(1, 5000, 10), "small ones fit in between");
        assert_eq!(admitted(&mut quota, 2, 2100..2200, MIB), 100, "another user has as much");
    }

    #[tokio::test(start_paused = true)]
    async fn what_centrifugo_has_forgotten_counts_no_more() {
        let mut quota = HistoryQuota::new(10 << 20);
        let full = admitted(&mut quota, 1, 0..100, MIB);
        assert_eq!(full, 9);
        advance(HISTORY_TTL / 2).await;
        assert_eq!(admitted(&mut quota, 1, 100..200, MIB), 0);
        advance(HISTORY_TTL * 2).await;
        // Replies to another user remove the expired sessions.
        assert_eq!(admitted(&mut quota, 2, 2000..2009, 10), 9);
        assert_eq!(admitted(&mut quota, 1, 200..300, MIB), full);
        advance(HISTORY_TTL * 10).await;
        assert!((0..10).all(|_| quota.admit(3, 3000, 10)));
        assert_eq!((quota.bytes_of_user.len(), quota.previous.len(), quota.current.len()), (1, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_in_use_is_not_forgotten() {
        let mut quota = HistoryQuota::new(3 << 20);
        for _ in 0..20 {
            assert!(quota.admit(1, 1, MIB / 100));
            advance(HISTORY_TTL / 2).await;
        }
        let of_session: u64 = quota.current.values().chain(quota.previous.values()).map(|session| session.total).sum();
        assert_eq!(quota.bytes_of_user.get(&1), Some(&of_session));
        assert_eq!(of_session, 20 * (MIB as u64 / 100 + REPLY_OVERHEAD) + SESSION_OVERHEAD);
    }
}
