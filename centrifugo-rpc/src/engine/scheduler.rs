//! The scheduler for the start of calls: concurrent calls start in one task, one after the other. No I/O, no tasks.
//!
//! Most calls end before they first wait. With a task for each, the runtime wakes other threads to steal some of them,
//! which costs more than such a call (`docs/performance.md`). A call that waits, or runs long, gets a task of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A call that runs longer than this before it first waits computes or blocks its thread. Ten times the duration of a
/// call without I/O.
const SLOW_CALL: Duration = Duration::from_micros(200);

/// After this many slow calls in one turn, the remaining calls get tasks of their own. One slow call may only have been
/// preempted, which is common on a busy machine.
const MAX_SLOW_CALLS: usize = 2;

/// After this time, another task starts the queued calls. A thread that is preempted for a moment is not stalled.
const STALL: Duration = Duration::from_millis(1);

/// The number of calls that start before other tasks on the thread run: the reader of requests, the sender of replies.
const TURN_CALLS: usize = 64;

/// The calls started by one task since it last yielded.
#[derive(Debug, Default)]
pub(super) struct Turn {
    calls: usize,
    slow: usize,
}

/// The next step after a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Start the next call.
    Continue,
    /// Spawn a task for each queued call.
    SpawnRest,
    /// Yield to other tasks on the thread.
    Yield,
}

impl Turn {
    /// Records how long a call ran until it ended or first waited.
    pub(super) fn record(&mut self, time: Duration) -> NextStep {
        self.calls += 1;
        self.slow += usize::from(time > SLOW_CALL);
        let next = match self {
            Self { slow: MAX_SLOW_CALLS.., .. } => NextStep::SpawnRest,
            Self { calls: TURN_CALLS.., .. } => NextStep::Yield,
            Self { .. } => return NextStep::Continue,
        };
        *self = Self::default();
        next
    }
}

/// Calls that have not started.
#[derive(Debug)]
pub(super) struct StartQueue<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    queued: VecDeque<T>,
    /// The start of the last call, while a task starts calls.
    last_start: Option<Instant>,
}

impl<T> StartQueue<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { queued: VecDeque::new(), last_start: None }))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a call. Returns true if the caller must spawn a task that starts the queued calls: there is none, or it
    /// is stalled.
    pub(super) fn push(&self, call: T, now: Instant) -> bool {
        let mut state = self.state();
        state.queued.push_back(call);
        state.claim(now)
    }

    /// Returns true if the caller must spawn a task that starts the queued calls, because the current one is stalled.
    /// Returns true to one caller only.
    pub(super) fn claim_if_stalled(&self, now: Instant) -> bool {
        let mut state = self.state();
        !state.queued.is_empty() && state.claim(now)
    }

    /// Takes the next call, which starts now. Returns `None` if the queue is empty; then no task starts calls any more.
    pub(super) fn next(&self, now: Instant) -> Option<T> {
        let mut state = self.state();
        let next = state.queued.pop_front();
        state.last_start = next.is_some().then_some(now);
        next
    }

    /// Takes all queued calls.
    pub(super) fn take_all(&self) -> VecDeque<T> {
        std::mem::take(&mut self.state().queued)
    }
}

impl<T> State<T> {
    fn claim(&mut self, now: Instant) -> bool {
        let unclaimed = self.last_start.is_none_or(|last_start| now.duration_since(last_start) > STALL);
        if unclaimed {
            self.last_start = Some(now);
        }
        unclaimed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_begins_them_all_unless_it_is_stuck() {
        let (queue, now) = (StartQueue::new(), Instant::now());
        assert!(queue.push(1, now), "no task starts calls yet");
        assert!(!queue.push(2, now) && !queue.push(3, now + STALL), "one task was asked for");
        assert_eq!(queue.next(now + STALL), Some(1));
        let later = now + STALL * 2 + SLOW_CALL;
        assert!(queue.push(4, later) && !queue.push(5, later), "the first call is stuck, and one more is enough");
        assert_eq!((queue.next(later), queue.take_all()), (Some(2), [3, 4, 5].into()));
        assert_eq!(queue.next(later), None);
        assert!(queue.push(6, later), "they are gone");
    }

    #[test]
    fn what_takes_long_again_is_left_to_tasks_of_its_own() {
        let mut turn = Turn::default();
        let mut turns = |long: [usize; 2], calls: std::ops::RangeInclusive<usize>| -> Vec<_> {
            calls.map(|call| turn.record(if long.contains(&call) { SLOW_CALL * 2 } else { SLOW_CALL })).collect()
        };
        let (last, all) = (TURN_CALLS - 1, [const { NextStep::Continue }; TURN_CALLS - 1]);
        for long in [[0, 0], [1, 0], [0, TURN_CALLS]] {
            let turn = turns(long, 1..=TURN_CALLS);
            assert_eq!((&turn[..last], &turn[last]), (&all[..], &NextStep::Yield), "{long:?}");
        }
        assert_eq!(
            turns([2, 4], 1..=4),
            [NextStep::Continue, NextStep::Continue, NextStep::Continue, NextStep::SpawnRest]
        );
        let turn = turns([1, 0], 1..=TURN_CALLS);
        assert_eq!((&turn[..last], &turn[last]), (&all[..], &NextStep::Yield), "from the beginning");
    }

    #[test]
    fn what_is_stuck_is_found_where_nothing_comes_any_more() {
        let (queue, now) = (StartQueue::new(), Instant::now());
        assert!(!queue.claim_if_stalled(now), "nothing waits");
        assert!(queue.push(1, now) && !queue.push(2, now));
        assert_eq!(queue.next(now), Some(1));
        assert!(!queue.claim_if_stalled(now + STALL));
        let later = now + STALL + SLOW_CALL;
        assert!(queue.claim_if_stalled(later) && !queue.claim_if_stalled(later), "one is enough");
    }
}
