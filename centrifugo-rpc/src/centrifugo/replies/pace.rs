//! Whether Centrifugo runs the commands of a batch one after the other or all at once.
//!
//! One after the other costs it a third less (`docs/performance.md`), since nothing has to be started for each; on the memory
//! engine, where a publication takes some microseconds, it is as fast. On Redis each publication is a round trip, and a thousand would
//! be a thousand, one after the other. Which engine it is, Centrifugo does not say: so it is measured.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// From how many publications a batch says something about what one of them takes.
const TELLING: usize = 8;

/// As long as nothing is known, a batch that may turn out slow is no larger.
const CAREFUL: usize = 64;

/// What a publication takes that goes over a network. In memory it takes a fifth of this, unless the machine is very busy.
const SLOW: Duration = Duration::from_micros(50);

/// How many batches in a row must be slow, one after the other, before all at once is tried, and with how many: a single one may have
/// met a pause of Centrifugo's.
const SLOW_IN_A_ROW: u32 = 8;
const TRIES: u32 = 4;

/// How much faster the fastest of those must be than the fastest of the slow ones, to be worth its cost: with Redis on the same machine
/// it is four to five times, and more over a network.
const GAIN: u32 = 3;

/// How long what was found holds.
const HOLDS: Duration = Duration::from_secs(60);

/// How the next batch is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// All at once.
    pub parallel: bool,
    /// With at most so many publications.
    pub max_count: usize,
}

/// What the batches so far have shown; for all lanes.
#[derive(Debug)]
pub(super) struct Pace {
    max_count: usize,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Serial(Serial),
    /// One after the other is slow: try all at once.
    Trying {
        serial: Duration,
        fastest: Duration,
        tried: u32,
    },
    /// All at once is much faster. Look again then.
    Parallel {
        until: Instant,
    },
}

/// One after the other.
#[derive(Debug, Clone, Copy)]
struct Serial {
    /// Nothing is known yet.
    careful: bool,
    /// How many batches were slow since the last that was not, and what a publication took in the fastest of them.
    slow: u32,
    fastest: Duration,
    /// All at once was no better, and is not tried before.
    settled: Option<Instant>,
}

impl Serial {
    const NEW: Self = Self { careful: true, slow: 0, fastest: Duration::MAX, settled: None };
}

impl Pace {
    /// For batches of at most `max_count` publications.
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

    /// A batch of `count` publications was answered after this time.
    pub(super) fn took(&self, parallel: bool, count: usize, time: Duration) {
        if count < TELLING {
            return;
        }
        let each = time / u32::try_from(count).unwrap_or(u32::MAX);
        let mut state = self.state();
        *state = match *state {
            State::Serial(serial) if !parallel => after_serial(serial, each),
            State::Trying { serial, fastest, tried } if parallel => after_try(serial, fastest.min(each), tried + 1),
            // What another lane sent before that was known.
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

    /// Sends a full batch to an engine where a publication takes `serial`, or as many at once a `speedup`th of it.
    fn send(pace: &Pace, serial: Duration, speedup: u32) -> Plan {
        let plan = pace.plan();
        let each = if plan.parallel { serial / speedup } else { serial };
        pace.took(plan.parallel, plan.max_count, each * u32::try_from(plan.max_count).expect("small"));
        plan
    }

    /// Sends batches until all at once is tried, and says how many that took.
    fn until_tried(pace: &Pace, serial: Duration, speedup: u32) -> u32 {
        (0..100).find(|_| send(pace, serial, speedup).parallel).expect("it is tried")
    }

    #[tokio::test(start_paused = true)]
    async fn in_memory_one_after_the_other_it_stays() {
        let pace = pace();
        assert_eq!(send(&pace, MEMORY, 2), Plan { parallel: false, max_count: CAREFUL });
        for batch in 0..100 {
            // Now and then Centrifugo pauses.
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
