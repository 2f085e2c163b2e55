//! Chooses whether Centrifugo runs the commands of a batch sequentially or in parallel.
//!
//! Sequential commands cost Centrifugo a third less CPU (`docs/performance.md`), because it starts nothing for each of
//! them. With the memory engine, where a publication takes some microseconds, they are as fast as parallel ones. With
//! Redis each publication is a round trip, and a thousand sequential ones would take a thousand round trips. Centrifugo
//! does not report its engine, so the latency is measured.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The minimum size of a batch whose duration is used to estimate the time per publication.
const MIN_MEASURED: usize = 8;

/// The largest batch as long as nothing is known, since it may turn out slow.
const CAUTIOUS_COUNT: usize = 64;

/// A publication that takes this long is sent over a network. In memory it takes a fifth of this, unless the machine is
/// very busy.
const SLOW: Duration = Duration::from_micros(50);

/// The number of slow sequential batches in a row before parallel ones are tried, and the number of those trials. A
/// single slow batch may have coincided with a pause of Centrifugo.
const SLOW_IN_A_ROW: u32 = 8;
const PROBES: u32 = 4;

/// Parallel batches must be this many times faster to be worth their cost, comparing the fastest trial with the fastest
/// slow batch. With Redis on the same machine they are four to five times faster, over a network even more.
const MIN_SPEEDUP: u32 = 3;

/// The time that a result stays valid.
const VALID_FOR: Duration = Duration::from_secs(60);

/// The form of the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchPlan {
    /// Runs the commands in parallel.
    pub parallel: bool,
    /// The largest number of publications.
    pub max_count: usize,
}

/// Measurements of the batches so far, shared by both senders.
#[derive(Debug)]
pub(super) struct BatchModeProbe {
    max_count: usize,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Sequential(Sequential),
    /// Sequential batches are slow: parallel ones are being tried.
    Probing {
        sequential: Duration,
        fastest: Duration,
        probes: u32,
    },
    /// Parallel batches are much faster. Measured again after `until`.
    Parallel {
        until: Instant,
    },
}

/// The state for sequential batches.
#[derive(Debug, Clone, Copy)]
struct Sequential {
    /// True as long as nothing is known.
    cautious: bool,
    /// The number of slow batches since the last fast one, and the time per publication of the fastest of them.
    slow: u32,
    fastest: Duration,
    /// Parallel batches were not faster; they are not tried again before this time.
    retry_at: Option<Instant>,
}

impl Sequential {
    const NEW: Self = Self { cautious: true, slow: 0, fastest: Duration::MAX, retry_at: None };
}

impl BatchModeProbe {
    /// Starts without measurements, for batches of at most `max_count` publications.
    pub(super) fn new(max_count: usize) -> Self {
        Self { max_count, state: Mutex::new(State::Sequential(Sequential::NEW)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self) -> BatchPlan {
        let mut state = self.state();
        if matches!(*state, State::Parallel { until } if until <= Instant::now()) {
            *state = State::Sequential(Sequential::NEW);
        }
        match *state {
            State::Sequential(Sequential { cautious: true, .. }) => {
                BatchPlan { parallel: false, max_count: CAUTIOUS_COUNT.min(self.max_count) }
            }
            State::Sequential(_) => BatchPlan { parallel: false, max_count: self.max_count },
            State::Probing { .. } | State::Parallel { .. } => BatchPlan { parallel: true, max_count: self.max_count },
        }
    }

    /// Records that a batch of `count` publications took `time`.
    pub(super) fn record(&self, parallel: bool, count: usize, time: Duration) {
        if count < MIN_MEASURED {
            return;
        }
        let each = time / u32::try_from(count).unwrap_or(u32::MAX);
        let mut state = self.state();
        *state = match *state {
            State::Sequential(sequential) if !parallel => after_sequential(sequential, each),
            State::Probing { sequential, fastest, probes } if parallel => {
                after_probe(sequential, fastest.min(each), probes + 1)
            }
            // The other sender sent this batch before the state changed.
            state => state,
        };
    }
}

fn after_sequential(sequential: Sequential, each: Duration) -> State {
    if each < SLOW {
        return State::Sequential(Sequential { cautious: false, slow: 0, fastest: Duration::MAX, ..sequential });
    }
    let (slow, fastest) = (sequential.slow + 1, sequential.fastest.min(each));
    if slow >= SLOW_IN_A_ROW && sequential.retry_at.is_none_or(|until| until <= Instant::now()) {
        return State::Probing { sequential: fastest, fastest: Duration::MAX, probes: 0 };
    }
    State::Sequential(Sequential { slow, fastest, ..sequential })
}

fn after_probe(sequential: Duration, fastest: Duration, probes: u32) -> State {
    if probes < PROBES {
        return State::Probing { sequential, fastest, probes };
    }
    let until = Instant::now() + VALID_FOR;
    if fastest * MIN_SPEEDUP > sequential {
        return State::Sequential(Sequential { cautious: false, retry_at: Some(until), ..Sequential::NEW });
    }
    tracing::debug!(one_after_the_other = ?sequential, all_at_once = ?fastest, "replies are published all at once");
    State::Parallel { until }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: Duration = Duration::from_micros(15);
    const ROUND_TRIP: Duration = Duration::from_micros(200);

    fn probe() -> BatchModeProbe {
        BatchModeProbe::new(1000)
    }

    /// Sends a full batch to an engine that takes `sequential` per publication, or a `speedup`th of it in parallel.
    fn send(probe: &BatchModeProbe, sequential: Duration, speedup: u32) -> BatchPlan {
        let plan = probe.plan();
        let each = if plan.parallel { sequential / speedup } else { sequential };
        probe.record(plan.parallel, plan.max_count, each * u32::try_from(plan.max_count).expect("small"));
        plan
    }

    /// Sends batches until a parallel one is tried, and returns their number.
    fn until_tried(probe: &BatchModeProbe, sequential: Duration, speedup: u32) -> u32 {
        (0..100).find(|_| send(probe, sequential, speedup).parallel).expect("it is tried")
    }

    #[tokio::test(start_paused = true)]
    async fn in_memory_one_after_the_other_it_stays() {
        let probe = probe();
        assert_eq!(send(&probe, MEMORY, 2), BatchPlan { parallel: false, max_count: CAUTIOUS_COUNT });
        for batch in 0..100 {
            // Centrifugo pauses now and then.
            let each = if batch % SLOW_IN_A_ROW == 0 { MEMORY } else { ROUND_TRIP };
            assert_eq!(send(&probe, each, 2), BatchPlan { parallel: false, max_count: 1000 });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn over_a_network_all_at_once_after_some_small_batches() {
        let probe = probe();
        assert_eq!(send(&probe, ROUND_TRIP, 50), BatchPlan { parallel: false, max_count: CAUTIOUS_COUNT });
        assert_eq!(until_tried(&probe, ROUND_TRIP, 50), SLOW_IN_A_ROW - 1);
        for _ in 0..100 {
            assert_eq!(send(&probe, ROUND_TRIP, 50), BatchPlan { parallel: true, max_count: 1000 });
        }
        tokio::time::advance(VALID_FOR).await;
        assert_eq!(
            send(&probe, ROUND_TRIP, 50),
            BatchPlan { parallel: false, max_count: CAUTIOUS_COUNT },
            "it may have changed"
        );
        assert_eq!(until_tried(&probe, ROUND_TRIP, 50), SLOW_IN_A_ROW - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_machine_is_no_network() {
        let probe = probe();
        until_tried(&probe, ROUND_TRIP, 2);
        for _ in 1..PROBES {
            assert!(send(&probe, ROUND_TRIP, 2).parallel);
        }
        for _ in 0..100 {
            assert!(!send(&probe, ROUND_TRIP, 2).parallel, "it was not worth it");
        }
        tokio::time::advance(VALID_FOR).await;
        until_tried(&probe, ROUND_TRIP, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_publications_say_nothing_nor_does_what_was_sent_before() {
        let probe = probe();
        for _ in 0..100 {
            probe.record(false, MIN_MEASURED - 1, Duration::from_secs(1));
        }
        assert_eq!(probe.plan(), BatchPlan { parallel: false, max_count: CAUTIOUS_COUNT });
        until_tried(&probe, ROUND_TRIP, 50);
        probe.record(true, 1, Duration::from_secs(1));
        probe.record(false, 1000, Duration::from_secs(1));
        assert!(send(&probe, ROUND_TRIP, 50).parallel);
    }
}
