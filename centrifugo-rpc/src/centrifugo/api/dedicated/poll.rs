//! Polls futures in one task that wake each other.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The number of polls in a row before other tasks on the thread get a turn.
const ROUNDS: usize = 16;

/// Polls until the result is ready, and polls again at once if a waker fired during the poll.
///
/// Without this, two futures that wake each other wake their own task while it runs. tokio then wakes another thread
/// for it, which finds nothing to do: a sixth of the worker's CPU time with one call at a time (`docs/performance.md`).
pub(super) async fn poll_until_settled<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let state = Arc::new(State::default());
    let waker = Waker::from(state.clone());
    poll_fn(|context| {
        state.task.register(context.waker());
        for _ in 0..ROUNDS {
            state.stage.swap(POLLING, Ordering::AcqRel);
            let polled = poll(&mut Context::from_waker(&waker));
            if polled.is_ready() || state.waits() {
                return polled;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

const WAITING: u8 = 0;
const POLLING: u8 = 1;
const WOKEN: u8 = 2;

#[derive(Debug, Default)]
struct State {
    stage: AtomicU8,
    task: AtomicWaker,
}

impl State {
    /// Returns true if no waker fired during the poll: from now on, a waker wakes the task.
    fn waits(&self) -> bool {
        self.stage.compare_exchange(POLLING, WAITING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.stage.swap(WOKEN, Ordering::AcqRel) == WAITING {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_woken_while_it_is_polled_is_polled_again_and_does_not_wake_the_task() {
        let (count, task) = (&mut 0, Arc::new(State::default()));
        let mut both = Box::pin(poll_until_settled(|context| {
            *count += 1;
            context.waker().wake_by_ref();
            if *count == 3 { Poll::Ready(*count) } else { Poll::Pending }
        }));
        let waker = Waker::from(task.clone());
        assert_eq!(both.poll_unpin(&mut Context::from_waker(&waker)), Poll::Ready(3));
        assert_eq!(task.stage.load(Ordering::Acquire), WAITING, "the task was not woken");
    }

    #[test]
    fn what_is_woken_later_wakes_the_task() {
        let (inner, task) = (AtomicWaker::new(), Arc::new(State::default()));
        let mut both = Box::pin(poll_until_settled(|context| {
            inner.register(context.waker());
            Poll::<()>::Pending
        }));
        let waker = Waker::from(task.clone());
        assert!(both.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(task.stage.load(Ordering::Acquire), WAITING);
        inner.wake();
        assert_eq!(task.stage.load(Ordering::Acquire), WOKEN);
    }

    #[test]
    fn what_never_rests_gives_way_to_others() {
        let task = Arc::new(State::default());
        let mut both = Box::pin(poll_until_settled(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let waker = Waker::from(task.clone());
        assert!(both.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(task.stage.load(Ordering::Acquire), WOKEN);
    }
}
