//! The order in which calls begin: those of a moment in one task, one after the other. No I/O, no tasks.
//!
//! Most calls are over before they first wait for anything. With a task for each the runtime wakes its other threads to take some of
//! them, which costs more than such a call does (`docs/performance.md`). What waits, or takes long, gets a task of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What takes longer than this until it waits for something computes or blocks its thread. Ten times what a call without I/O takes.
const LONG: Duration = Duration::from_micros(200);

/// How many of a turn do, until what is behind them does not wait for it to happen again. A single one may as well have lost its
/// thread to another program for a moment, as happens all the time where there is much to do.
const MANY_LONG: usize = 2;

/// After this time others look after what waits. Threads that are put off for a moment are not stuck.
const STUCK: Duration = Duration::from_millis(1);

/// How many begin before others on the thread have their turn: the reader of requests, the sender of replies.
const TURN: usize = 64;

/// The calls of one task since others on the thread had their turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    calls: usize,
    long: usize,
}

/// What is to come after a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next one.
    Next,
    /// Tasks of their own for all that wait.
    Apart,
    /// Others on the thread.
    Others,
}

impl Turn {
    /// A call took so long until it was over or waited for something.
    pub(super) fn took(&mut self, time: Duration) -> Then {
        self.calls += 1;
        self.long += usize::from(time > LONG);
        let then = match self {
            Self { long: MANY_LONG.., .. } => Then::Apart,
            Self { calls: TURN.., .. } => Then::Others,
            Self { .. } => return Then::Next,
        };
        *self = Self::default();
        then
    }
}

/// Calls that have not begun.
#[derive(Debug)]
pub(super) struct Starts<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// When the last one began, as long as somebody begins them.
    began: Option<Instant>,
}

impl<T> Starts<T> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { waiting: VecDeque::new(), began: None }))
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call waits. Says whether somebody has to begin what waits: nobody does so yet, or they are stuck.
    pub(super) fn push(&self, call: T, now: Instant) -> bool {
        let mut state = self.state();
        state.waiting.push_back(call);
        state.claim(now)
    }

    /// Says whether the asker has to begin what waits, because those who did are stuck. Only one is told so.
    pub(super) fn take_over(&self, now: Instant) -> bool {
        let mut state = self.state();
        !state.waiting.is_empty() && state.claim(now)
    }

    /// The next call, which begins now. Without one, nobody begins calls any more.
    pub(super) fn next(&self, now: Instant) -> Option<T> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        state.began = next.is_some().then_some(now);
        next
    }

    /// All that wait.
    pub(super) fn rest(&self) -> VecDeque<T> {
        std::mem::take(&mut self.state().waiting)
    }
}

impl<T> State<T> {
    fn claim(&mut self, now: Instant) -> bool {
        let left = self.began.is_none_or(|began| now.duration_since(began) > STUCK);
        if left {
            self.began = Some(now);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_begins_them_all_unless_it_is_stuck() {
        let (starts, now) = (Starts::new(), Instant::now());
        assert!(starts.push(1, now), "nobody is there");
        assert!(!starts.push(2, now) && !starts.push(3, now + STUCK), "somebody was told");
        assert_eq!(starts.next(now + STUCK), Some(1));
        let later = now + STUCK * 2 + LONG;
        assert!(starts.push(4, later) && !starts.push(5, later), "the first call is stuck, and one more is enough");
        assert_eq!((starts.next(later), starts.rest()), (Some(2), [3, 4, 5].into()));
        assert_eq!(starts.next(later), None);
        assert!(starts.push(6, later), "they are gone");
    }

    #[test]
    fn what_takes_long_again_is_left_to_tasks_of_its_own() {
        let mut turn = Turn::default();
        let mut turns = |long: [usize; 2], calls: std::ops::RangeInclusive<usize>| -> Vec<_> {
            calls.map(|call| turn.took(if long.contains(&call) { LONG * 2 } else { LONG })).collect()
        };
        let (last, all) = (TURN - 1, [const { Then::Next }; TURN - 1]);
        for long in [[0, 0], [1, 0], [0, TURN]] {
            let turn = turns(long, 1..=TURN);
            assert_eq!((&turn[..last], &turn[last]), (&all[..], &Then::Others), "{long:?}");
        }
        assert_eq!(turns([2, 4], 1..=4), [Then::Next, Then::Next, Then::Next, Then::Apart]);
        let turn = turns([1, 0], 1..=TURN);
        assert_eq!((&turn[..last], &turn[last]), (&all[..], &Then::Others), "from the beginning");
    }

    #[test]
    fn what_is_stuck_is_found_where_nothing_comes_any_more() {
        let (starts, now) = (Starts::new(), Instant::now());
        assert!(!starts.take_over(now), "nothing waits");
        assert!(starts.push(1, now) && !starts.push(2, now));
        assert_eq!(starts.next(now), Some(1));
        assert!(!starts.take_over(now + STUCK));
        let later = now + STUCK + LONG;
        assert!(starts.take_over(later) && !starts.take_over(later), "one is enough");
    }
}
