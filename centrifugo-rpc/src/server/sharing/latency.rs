//! How long the server API takes to answer. What waits for it, waits for longer where that is long.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::centrifugo::api::REQUEST_TIMEOUT;

/// How many answers are looked at: those of some seconds.
const ANSWERS: usize = 8;

/// How long a request may take at least: a packet that is lost costs no more.
const LEAST: Duration = Duration::from_secs(2);

/// The times of the last answers.
#[derive(Debug, Default)]
pub(super) struct Latency(Mutex<VecDeque<Duration>>);

impl Latency {
    fn times(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer came after this time, or did not come until then.
    pub(super) fn took(&self, time: Duration) {
        let mut times = self.times();
        if times.len() >= ANSWERS {
            times.pop_front();
        }
        times.push_back(time);
    }

    /// The longest of them; nothing before the first.
    pub(super) fn longest(&self) -> Duration {
        self.times().iter().max().copied().unwrap_or_default()
    }

    /// How long the next request may take.
    pub(super) fn patience(&self) -> Duration {
        (self.longest() * 4).clamp(LEAST, REQUEST_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_what_answers_took_of_late() {
        let latency = Latency::default();
        assert_eq!((latency.longest(), latency.patience()), (Duration::ZERO, LEAST));
        latency.took(Duration::from_millis(1500));
        assert_eq!(latency.patience(), Duration::from_secs(6));
        latency.took(Duration::from_secs(6));
        assert_eq!(latency.patience(), REQUEST_TIMEOUT);
        for _ in 0..ANSWERS {
            latency.took(Duration::from_millis(3));
        }
        assert_eq!((latency.longest(), latency.patience()), (Duration::from_millis(3), LEAST));
    }
}
