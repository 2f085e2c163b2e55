//! The clock of the group: close to the clocks of other workers, and monotonic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::group::Millis;

#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    start_millis: Millis,
}

impl Clock {
    pub(super) fn new() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), start_millis: millis(since_1970) }
    }

    pub(super) fn now(&self) -> Millis {
        self.start_millis + millis(self.start.elapsed())
    }

    /// The time since then; zero for a time in the future.
    pub(super) fn since(&self, time: Millis) -> Duration {
        Duration::from_millis(self.now().saturating_sub(time))
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
