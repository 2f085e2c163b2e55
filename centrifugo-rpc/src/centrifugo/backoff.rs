//! Delays between retries.

use std::time::Duration;

/// Exponential backoff with jitter, so that workers that failed together do not retry together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
    tries: u32,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, tries: 0 }
    }

    /// Starts again with short delays, after a success.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }

    /// The next delay: between half of `min * 2^tries` and all of it, at most `max`.
    pub(crate) fn next(&mut self) -> Duration {
        let full = self.min.saturating_mul(1 << self.tries.min(16)).min(self.max);
        self.tries = self.tries.saturating_add(1);
        let random = uuid::Uuid::new_v4().into_bytes()[15];
        full / 2 + (full / 2).mul_f64(f64::from(random) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_their_bound_and_start_again() {
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut backoff = Backoff::new(min, max);
        let delays: Vec<_> = (0..100).map(|_| backoff.next()).collect();
        assert!(delays[0] >= min / 2 && delays[0] <= min);
        assert!(delays[5..].iter().all(|delay| *delay >= max / 2 && *delay <= max));
        backoff.reset();
        assert!(backoff.next() <= min);
    }
}
