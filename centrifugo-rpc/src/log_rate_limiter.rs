//! Rate limits for log lines of events that may occur thousands of times a second.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets one event through per interval and counts the others.
#[derive(Debug)]
pub(crate) struct LogRateLimiter {
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    suppressed: u64,
}

impl LogRateLimiter {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, state: Mutex::default() }
    }

    /// Returns `Some` with the number of events suppressed since the last allowed one, or `None` to suppress this
    /// event.
    pub(crate) fn allow(&self) -> Option<u64> {
        self.allow_many(1).map(|count| count - 1)
    }

    /// Counts `count` events at once: returns `Some` with all events since the last allowed one, these included.
    pub(crate) fn allow_many(&self, count: u64) -> Option<u64> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.suppressed = state.suppressed.saturating_add(count);
        if state.last.is_some_and(|last| now.duration_since(last) < self.interval) {
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.suppressed))
    }

    /// Takes the number of suppressed events once their interval is over: no further event may come to report them.
    pub(crate) fn take_overdue(&self) -> Option<u64> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let over = state.last.is_none_or(|last| now.duration_since(last) >= self.interval);
        (over && state.suppressed > 0).then(|| std::mem::take(&mut state.suppressed))
    }
}

/// Allows some events of each kind per interval and counts the others, so that no kind hides another.
///
/// Kinds are kept forever: their number must be small whatever callers send.
#[derive(Debug)]
pub(crate) struct KeyedLogRateLimiter<K> {
    interval: Duration,
    burst: u32,
    kinds: Mutex<HashMap<K, Kind>>,
}

#[derive(Debug)]
struct Kind {
    /// The start of the current interval.
    since: Instant,
    let_through: u32,
    suppressed: u64,
}

impl<K: Clone + Eq + Hash> KeyedLogRateLimiter<K> {
    /// Allows at most `burst` events of each kind per `interval`.
    pub(crate) fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst, kinds: Mutex::default() }
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<K, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `Some` with the number of events of this kind suppressed since the last allowed one, or `None` to
    /// suppress this event.
    pub(crate) fn allow(&self, kind: &K) -> Option<u64> {
        let now = Instant::now();
        let mut kinds = self.kinds();
        let Some(state) = kinds.get_mut(kind) else {
            kinds.insert(kind.clone(), Kind { since: now, let_through: 1, suppressed: 0 });
            return Some(0);
        };
        if now.duration_since(state.since) >= self.interval {
            (state.since, state.let_through) = (now, 0);
        }
        if state.let_through >= self.burst {
            state.suppressed = state.suppressed.saturating_add(1);
            return None;
        }
        state.let_through += 1;
        Some(std::mem::take(&mut state.suppressed))
    }

    /// Takes the numbers of suppressed events of the kinds whose interval is over: no further event may come to report
    /// them.
    pub(crate) fn take_overdue(&self) -> Vec<(K, u64)> {
        let now = Instant::now();
        self.take(|kind| now.duration_since(kind.since) >= self.interval)
    }

    /// Takes the numbers of all suppressed events, by kind.
    pub(crate) fn take_suppressed(&self) -> Vec<(K, u64)> {
        self.take(|_| true)
    }

    fn take(&self, of: impl Fn(&Kind) -> bool) -> Vec<(K, u64)> {
        let mut kinds = self.kinds();
        let told = kinds.iter_mut().filter(|(_, kind)| kind.suppressed > 0 && of(kind));
        told.map(|(name, kind)| (name.clone(), std::mem::take(&mut kind.suppressed))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_event_per_interval_says_how_many_it_stands_for() {
        let limiter = LogRateLimiter::new(Duration::from_secs(5));
        assert_eq!(limiter.allow(), Some(0), "the first is never held back");
        assert_eq!(limiter.allow(), None);
        assert_eq!(limiter.allow_many(3), None);
        tokio::time::advance(Duration::from_millis(4_999)).await;
        assert_eq!(limiter.allow(), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(limiter.allow_many(2), Some(7), "five were held back, and these two");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((limiter.take_overdue(), limiter.allow(), limiter.allow()), (None, Some(0), None));
        assert_eq!(limiter.take_overdue(), None, "the next one may come in time to tell");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((limiter.take_overdue(), limiter.take_overdue()), (Some(1), None));
    }

    #[tokio::test(start_paused = true)]
    async fn no_kind_hides_another_and_none_is_held_back_in_silence() {
        let limiter = KeyedLogRateLimiter::new(Duration::from_secs(5), 2);
        for kind in ["a", "b"] {
            assert_eq!([0; 4].map(|_| limiter.allow(&kind)), [Some(0), Some(0), None, None], "{kind}");
        }
        assert_eq!(limiter.take_overdue(), [], "the next of its kind may come in time to tell");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(limiter.allow(&"a"), Some(2));
        assert_eq!(limiter.take_overdue(), [("b", 2)]);
        assert_eq!([0; 2].map(|_| limiter.allow(&"a")), [Some(0), None]);
        assert_eq!(limiter.take_suppressed(), [("a", 1)]);
        assert_eq!(limiter.take_suppressed(), []);
    }
}
