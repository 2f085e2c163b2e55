//! The time of the group: near what other workers take it to be, and never going back.

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

    /// How long ago that was; nothing for what is still to come.
    pub(super) fn since(&self, time: Millis) -> Duration {
        Duration::from_millis(self.now().saturating_sub(time))
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
