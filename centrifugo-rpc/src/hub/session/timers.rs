//! Timers of a connection.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// The next time of each timer.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) stale: Option<Instant>,
    pub(super) ping: Option<Instant>,
    pub(super) pong: Option<Instant>,
    pub(super) expire: Option<Instant>,
    pub(super) check: Option<Instant>,
    /// True while a ping is unanswered.
    pub(super) pinged: bool,
}

impl Timers {
    pub(super) fn next(&self) -> Option<Instant> {
        [self.stale, self.ping, self.pong, self.expire, self.check].into_iter().flatten().min()
    }
}

/// Returns whether the timer is due, and clears it if so.
pub(super) fn due(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|time| *time <= now).is_some()
}

/// A random time between half of `interval` and all of it, so that many connections do not act at once.
pub(super) fn spread(interval: Duration) -> Duration {
    let random = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    interval.mul_f64(0.5 + random / 2.0)
}
