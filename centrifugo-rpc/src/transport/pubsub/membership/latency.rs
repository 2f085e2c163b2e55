//! Tracks the latency of the server API, from which timeouts are derived.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::centrifugo::api::REQUEST_TIMEOUT;

/// The number of tracked answers: those of some seconds.
const ANSWERS: usize = 8;

/// The smallest timeout of a request: long enough for the retransmission of a lost packet.
const LEAST: Duration = Duration::from_secs(2);

/// The latencies of the last answers.
#[derive(Debug, Default)]
pub(super) struct Latency(Mutex<VecDeque<Duration>>);

impl Latency {
    fn times(&self) -> MutexGuard<'_, VecDeque<Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a latency: an answer took this long, or did not arrive within this time.
    pub(super) fn record(&self, time: Duration) {
        let mut times = self.times();
        if times.len() >= ANSWERS {
            times.pop_front();
        }
        times.push_back(time);
    }

    /// The longest of the last latencies; zero before the first answer.
    pub(super) fn longest(&self) -> Duration {
        self.times().iter().max().copied().unwrap_or_default()
    }

    /// The timeout of the next request.
    pub(super) fn timeout(&self) -> Duration {
        (self.longest() * 4).clamp(LEAST, REQUEST_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_what_answers_took_of_late() {
        let latency = Latency::default();
        assert_eq!((latency.longest(), latency.timeout()), (Duration::ZERO, LEAST));
        latency.record(Duration::from_millis(1500));
        assert_eq!(latency.timeout(), Duration::from_secs(6));
        latency.record(Duration::from_secs(6));
        assert_eq!(latency.timeout(), REQUEST_TIMEOUT);
        for _ in 0..ANSWERS {
            latency.record(Duration::from_millis(3));
        }
        assert_eq!((latency.longest(), latency.timeout()), (Duration::from_millis(3), LEAST));
    }
}
