//! How old a publication is, without trust in two clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// How long what the subscription brings after a recovery may be old.
const CATCHING_UP: Duration = Duration::from_secs(1);

/// How long a difference of clocks is remembered, at least; twice that, at most.
const WINDOW: Duration = Duration::from_secs(60);

/// Compares Centrifugo's clock with this machine's: what comes live is as old as the network is slow, so the smallest
/// difference that live publications show is the one between the clocks.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// In milliseconds: of this window and of the one before.
    skew: [Option<i64>; 2],
    window_start: Option<Instant>,
    lost_at: Option<Instant>,
    caught_up_at: Option<Instant>,
}

impl Ages {
    /// The connection is lost.
    pub(super) fn lost(&mut self) {
        self.lost_at.get_or_insert_with(Instant::now);
    }

    /// The subscription is back, and what was missed follows.
    pub(super) fn recovering(&mut self) {
        self.caught_up_at = Some(Instant::now() + CATCHING_UP);
    }

    /// The age of what was published at `time`, in milliseconds since 1970 by Centrifugo's clock.
    pub(super) fn of(&mut self, time: i64) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.at(i64::try_from(now.as_millis()).unwrap_or(i64::MAX).saturating_sub(time))
    }

    fn at(&mut self, difference: i64) -> Duration {
        let now = Instant::now();
        let catching_up = self.caught_up_at.is_some_and(|at| now < at);
        if !catching_up {
            self.lost_at = None;
            if self.window_start.is_none_or(|start| now.duration_since(start) >= WINDOW) {
                self.skew = [None, self.skew[0]];
                self.window_start = Some(now);
            }
            self.skew[0] = Some(self.skew[0].map_or(difference, |least| least.min(difference)));
        }
        let age = match self.skew.into_iter().flatten().min() {
            Some(skew) => difference.saturating_sub(skew),
            // Nothing came live yet: no older than the interruption is all that is certain.
            None => difference.min(self.lost_at.map_or(0, |at| millis(now.duration_since(at)))),
        };
        Duration::from_millis(u64::try_from(age).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clocks_that_differ_age_nothing() {
        for skew in [-3_600_000, 0, 3_600_000] {
            let mut ages = Ages::default();
            assert_eq!(ages.at(skew + 3), Duration::ZERO);
            assert_eq!(ages.at(skew), Duration::ZERO);
            assert_eq!(ages.at(skew + 2), Duration::from_millis(2));
            ages.lost();
            tokio::time::advance(Duration::from_secs(20)).await;
            ages.recovering();
            assert_eq!(ages.at(skew + 15_000), Duration::from_secs(15), "recovered");
            assert_eq!(ages.at(skew + 1), Duration::from_millis(1), "live");
            tokio::time::advance(WINDOW * 3).await;
            assert_eq!(ages.at(skew + 500), Duration::from_millis(500), "the window before");
            tokio::time::advance(WINDOW * 3).await;
            assert_eq!(ages.at(skew + 500), Duration::ZERO, "a clock was set");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn before_anything_came_live_nothing_is_older_than_the_interruption() {
        let mut ages = Ages::default();
        ages.lost();
        tokio::time::advance(Duration::from_secs(5)).await;
        ages.recovering();
        assert_eq!(ages.at(4_000), Duration::from_secs(4));
        assert_eq!(ages.at(4_000_000), Duration::from_secs(5));
        assert_eq!(ages.at(-4_000_000), Duration::ZERO);
    }
}
