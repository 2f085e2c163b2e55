//! Deadlines of calls, for the worker and for the caller.

use std::time::Duration;

use tokio::time::Instant;

/// The longest timeout of a call.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Limits of the grace period that a caller adds to the worker's deadline, so that the worker's own 408 can arrive: a
/// tenth of the timeout, but at least the round trip of a slow network.
pub(super) const MIN_GRACE: Duration = Duration::from_millis(250);
pub(super) const MAX_GRACE: Duration = Duration::from_secs(1);

/// The deadline of a call, and the later time until which its caller waits for the worker's last reply.
pub(super) struct Deadline {
    pub timeout: Duration,
    pub at: Instant,
    pub give_up: Instant,
}

impl Deadline {
    pub(super) fn new(timeout: Duration) -> Self {
        let timeout = timeout.min(MAX_TIMEOUT);
        let at = Instant::now() + timeout;
        Self { timeout, at, give_up: at + (timeout / 10).clamp(MIN_GRACE, MAX_GRACE) }
    }

    /// The remaining time in milliseconds, rounded up, at least 1.
    pub(super) fn remaining_ms(&self) -> u64 {
        let micros = self.at.saturating_duration_since(Instant::now()).as_micros();
        u64::try_from(micros.div_ceil(1000)).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_caller_waits_a_little_longer_than_the_worker() {
        let deadline = Deadline::new(Duration::from_secs(30));
        assert_eq!(deadline.remaining_ms(), 30_000);
        assert_eq!(deadline.give_up - deadline.at, MAX_GRACE);
        let short = Deadline::new(Duration::from_millis(200));
        assert_eq!(short.give_up - short.at, MIN_GRACE);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!((deadline.remaining_ms(), short.remaining_ms()), (20_000, 1));
        assert_eq!(Deadline::new(Duration::MAX).timeout, MAX_TIMEOUT);
    }
}
