//! Log lines at a bounded rate, for what may go wrong thousands of times a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets one event through per interval and counts the others.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    suppressed: u64,
}

impl Throttle {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, state: Mutex::default() }
    }

    /// `Some` with the number of events that were held back since the last one that was let through, `None` to hold back.
    pub(crate) fn allow(&self) -> Option<u64> {
        self.allow_many(1).map(|count| count - 1)
    }

    /// The same for `count` events at once: `Some` with all that happened since, these included.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_event_per_interval_says_how_many_it_stands_for() {
        let throttle = Throttle::new(Duration::from_secs(5));
        assert_eq!(throttle.allow(), Some(0), "the first is never held back");
        assert_eq!(throttle.allow(), None);
        assert_eq!(throttle.allow_many(3), None);
        tokio::time::advance(Duration::from_millis(4_999)).await;
        assert_eq!(throttle.allow(), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(throttle.allow_many(2), Some(7), "five were held back, and these two");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(throttle.allow(), Some(0));
    }
}
