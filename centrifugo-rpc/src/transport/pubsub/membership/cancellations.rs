//! Cancellations of calls that wait for a worker to start, or for a dead worker to be detected.

use std::collections::{HashMap, VecDeque};

use crate::engine::incoming::CallId;

/// The number of retained cancellations: one or two seconds of callers that do nothing but cancel, in less than 2 MiB.
const MAX: usize = 4096;

/// The newest cancellations, by call. A cancellation applies to calls published before it: the same ID may be used
/// again.
#[derive(Debug, Default)]
pub(super) struct Cancellations {
    offsets: HashMap<CallId, u64>,
    order: VecDeque<(u64, CallId)>,
}

impl Cancellations {
    pub(super) fn add(&mut self, call: CallId, offset: u64) {
        self.order.push_back((offset, call.clone()));
        self.offsets.insert(call, offset);
        if self.order.len() > MAX
            && let Some((offset, call)) = self.order.pop_front()
            && self.offsets.get(&call) == Some(&offset)
        {
            self.offsets.remove(&call);
        }
    }

    /// Returns whether any cancellation was published after this offset.
    pub(super) fn after(&self, offset: u64) -> bool {
        self.order.back().is_some_and(|(newest, _)| *newest > offset)
    }

    /// Returns whether the call at `offset` was cancelled.
    pub(super) fn has(&self, offset: u64, call: &CallId) -> bool {
        self.offsets.get(call).is_some_and(|cancel| *cancel > offset)
    }

    pub(super) fn clear(&mut self) {
        self.offsets.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u64) -> CallId {
        CallId { session: "reply:0123456789abcdef#42".into(), correlation_id: number.to_string().into() }
    }

    #[test]
    fn a_cancellation_means_what_was_published_before_it() {
        let mut cancellations = Cancellations::default();
        cancellations.add(call(1), 10);
        assert!(cancellations.has(9, &call(1)) && !cancellations.has(9, &call(2)));
        assert!(cancellations.after(9) && !cancellations.after(11));
        cancellations.add(call(2), 20);
        assert!(cancellations.after(11) && !cancellations.has(11, &call(1)), "the ID is used again");
        cancellations.clear();
        assert!(!cancellations.after(9) && !cancellations.has(9, &call(1)));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest() {
        let mut cancellations = Cancellations::default();
        cancellations.add(call(0), 1);
        for number in 0..5000 {
            cancellations.add(call(number), number + 2);
        }
        assert_eq!((cancellations.offsets.len(), cancellations.order.len()), (MAX, MAX));
        assert!(!cancellations.has(0, &call(0)) && cancellations.has(0, &call(4999)));
    }
}
