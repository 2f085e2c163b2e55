//! The order in which calls begin: those of a moment in one task, one after the other. No I/O, no tasks.
//!
//! Most calls are over before they first wait for anything. With a task for each the runtime wakes its other threads to take some of
//! them, which costs more than such a call does (`docs/performance.md`). What waits, or takes long, gets a task of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What takes longer than this until it waits for something computes or blocks its thread, and others like it may come: what is behind
/// it does not wait for it to happen again. Ten times what a call without I/O takes.
pub(super) const LONG: Duration = Duration::from_micros(200);

/// After this time others look after what waits. Threads that are put off for a moment are not stuck.
const STUCK: Duration = Duration::from_millis(1);

/// How many begin before others on the thread have their turn: the reader of requests, the sender of replies.
pub(super) const TURN: usize = 64;

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
