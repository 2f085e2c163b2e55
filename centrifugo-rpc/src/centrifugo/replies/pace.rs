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
const TELLING: usize = 8;

/// The largest batch as long as nothing is known, since it may turn out slow.
const CAREFUL: usize = 64;

/// A publication that takes this long is sent over a network. In memory it takes a fifth of this, unless the machine is
/// very busy.
const SLOW: Duration = Duration::from_micros(50);

/// The number of slow sequential batches in a row before parallel ones are tried, and the number of those trials. A
/// single slow batch may have coincided with a pause of Centrifugo.
const SLOW_IN_A_ROW: u32 = 8;
const TRIES: u32 = 4;

/// Parallel batches must be this many times faster to be worth their cost, comparing the fastest trial with the fastest
/// slow batch. With Redis on the same machine they are four to five times faster, over a network even more.
const GAIN: u32 = 3;

/// The time that a result stays valid.
const HOLDS: Duration = Duration::from_secs(60);

/// The form of the next batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Runs the commands in parallel.
    pub parallel: bool,
    /// The largest number of publications.
    pub max_count: usize,
}

/// Measurements of the batches so far, shared by both lanes.
#[derive(Debug)]
pub(super) struct Pace {
    max_count: usize,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Serial(Serial),
    /// Sequential batches are slow: parallel ones are being tried.
    Trying {
        serial: Duration,
        fastest: Duration,
        tried: u32,
    },
    /// Parallel batches are much faster. Measured again after `until`.
    Parallel {
        until: Instant,
    },
}

/// The state for sequential batches.
#[derive(Debug, Clone, Copy)]
struct Serial {
    /// True as long as nothing is known.
    careful: bool,
    /// The number of slow batches since the last fast one, and the time per publication of the fastest of them.
    slow: u32,
    fastest: Duration,
    /// Parallel batches were not faster; they are not tried again before this time.
    settled: Option<Instant>,
}

impl Serial {
    const NEW: Self = Self { careful: true, slow: 0, fastest: Duration::MAX, settled: None };
}

impl Pace {
    /// Starts without measurements, for batches of at most `max_count` publications.
    pub(super) fn new(max_count: usize) -> Self {
        Self { max_count, state: Mutex::new(State::Serial(Serial::NEW)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn plan(&self) -> Plan {
        let mut state = self.state();
        if matches!(*state, State::Parallel { until } if until <= Instant::now()) {
            *state = State::Serial(Serial::NEW);
        }
        match *state {
            State::Serial(Serial { careful: true, .. }) => {
                Plan { parallel: false, max_count: CAREFUL.min(self.max_count) }
            }
            State::Serial(_) => Plan { parallel: false, max_count: self.max_count },
            State::Trying { .. } | State::Parallel { .. } => Plan { parallel: true, max_count: self.max_count },
        }
    }

    /// Records that a batch of `count` publications took `time`.
    pub(super) fn took(&self, parallel: bool, count: usize, time: Duration) {
        if count < TELLING {
            return;
        }
        let each = time / u32::try_from(count).unwrap_or(u32::MAX);
        let mut state = self.state();
        *state = match *state {
            State::Serial(serial) if !parallel => after_serial(serial, each),
            State::Trying { serial, fastest, tried } if parallel => after_try(serial, fastest.min(each), tried + 1),
            // Another lane sent this batch before the state changed.
            state => state,
        };
    }
}

fn after_serial(serial: Serial, each: Duration) -> State {
    if each < SLOW {
        return State::Serial(Serial { careful: false, slow: 0, fastest: Duration::MAX, ..serial });
    }
    let (slow, fastest) = (serial.slow + 1, serial.fastest.min(each));
    if slow >= SLOW_IN_A_ROW && serial.settled.is_none_or(|until| until <= Instant::now()) {
        return State::Trying { serial: fastest, fastest: Duration::MAX, tried: 0 };
    }
    State::Serial(Serial { slow, fastest, ..serial })
}

fn after_try(serial: Duration, fastest: Duration, tried: u32) -> State {
    if tried < TRIES {
        return State::Trying { serial, fastest, tried };
    }
    let until = Instant::now() + HOLDS;
    if fastest * GAIN > serial {
        return State::Serial(Serial { careful: false, settled: Some(until), ..Serial::NEW });
    }
    tracing::debug!(one_after_the_other = ?serial, all_at_once = ?fastest, "replies are published all at once");
    State::Parallel { until }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: Duration = Duration::from_micros(15);
    const ROUND_TRIP: Duration = Duration::from_micros(200);

    fn pace() -> Pace {
        Pace::new(1000)
    }

    /// Sends a full batch to an engine that takes `serial` per publication, or a `speedup`th of it in parallel.
    fn send(pace: &Pace, serial: Duration, speedup: u32) -> Plan {
        let plan = pace.plan();
        let each = if plan.parallel { serial / speedup } else { serial };
        pace.took(plan.parallel, plan.max_count, each * u32::try_from(plan.max_count).expect("small"));
        plan
    }

    /// Sends batches until a parallel one is tried, and returns their number.
    fn until_tried(pace: &Pace, serial: Duration, speedup: u32) -> u32 {
        (0..100).find(|_| send(pace, serial, speedup).parallel).expect("it is tried")
    }

    #[tokio::test(start_paused = true)]
    async fn in_memory_one_after_the_other_it_stays() {
        let pace = pace();
        assert_eq!(send(&pace, MEMORY, 2), Plan { parallel: false, max_count: CAREFUL });
        for batch in 0..100 {
            // Centrifugo pauses now and then.
            let each = if batch % SLOW_IN_A_ROW == 0 { MEMORY } else { ROUND_TRIP };
            assert_eq!(send(&pace, each, 2), Plan { parallel: false, max_count: 1000 });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn over_a_network_all_at_once_after_some_small_batches() {
        let pace = pace();
        assert_eq!(send(&pace, ROUND_TRIP, 50), Plan { parallel: false, max_count: CAREFUL });
        assert_eq!(until_tried(&pace, ROUND_TRIP, 50), SLOW_IN_A_ROW - 1);
        for _ in 0..100 {
            assert_eq!(send(&pace, ROUND_TRIP, 50), Plan { parallel: true, max_count: 1000 });
        }
        tokio::time::advance(HOLDS).await;
        assert_eq!(send(&pace, ROUND_TRIP, 50), Plan { parallel: false, max_count: CAREFUL }, "it may have changed");
        assert_eq!(until_tried(&pace, ROUND_TRIP, 50), SLOW_IN_A_ROW - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_machine_is_no_network() {
        let pace = pace();
        until_tried(&pace, ROUND_TRIP, 2);
        for _ in 1..TRIES {
            assert!(send(&pace, ROUND_TRIP, 2).parallel);
        }
        for _ in 0..100 {
            assert!(!send(&pace, ROUND_TRIP, 2).parallel, "it was not worth it");
        }
        tokio::time::advance(HOLDS).await;
        until_tried(&pace, ROUND_TRIP, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_publications_say_nothing_nor_does_what_was_sent_before() {
        let pace = pace();
        for _ in 0..100 {
            pace.took(false, TELLING - 1, Duration::from_secs(1));
        }
        assert_eq!(pace.plan(), Plan { parallel: false, max_count: CAREFUL });
        until_tried(&pace, ROUND_TRIP, 50);
        pace.took(true, 1, Duration::from_secs(1));
        pace.took(false, 1000, Duration::from_secs(1));
        assert!(send(&pace, ROUND_TRIP, 50).parallel);
    }
}
