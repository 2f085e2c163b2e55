//! Cancellations of calls that wait: for a worker to come, or for a dead one to be missed.

use std::collections::{HashMap, VecDeque};

use crate::dispatch::ReplyAddress;

/// How many cancellations are remembered: a second or two of callers that do nothing but to give up, in less than 2 MiB.
const MAX: usize = 4096;

/// The newest cancellations, by the call that they are for. A cancellation means what was published before it: the same ID may be
/// used again.
#[derive(Debug, Default)]
pub(super) struct Cancelled {
    offsets: HashMap<ReplyAddress, u64>,
    order: VecDeque<(u64, ReplyAddress)>,
}

impl Cancelled {
    pub(super) fn add(&mut self, address: ReplyAddress, offset: u64) {
        self.order.push_back((offset, address.clone()));
        self.offsets.insert(address, offset);
        if self.order.len() > MAX
            && let Some((offset, address)) = self.order.pop_front()
            && self.offsets.get(&address) == Some(&offset)
        {
            self.offsets.remove(&address);
        }
    }

    /// Whether any cancellation came after this.
    pub(super) fn after(&self, offset: u64) -> bool {
        self.order.back().is_some_and(|(newest, _)| *newest > offset)
    }

    /// Whether the call at `offset` was cancelled.
    pub(super) fn has(&self, offset: u64, address: &ReplyAddress) -> bool {
        self.offsets.get(address).is_some_and(|cancel| *cancel > offset)
    }

    pub(super) fn clear(&mut self) {
        self.offsets.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u64) -> ReplyAddress {
        ReplyAddress {
            reply_to: "reply:0123456789abcdef#42".into(),
            correlation_id: number.to_string().into(),
            batch: false,
        }
    }

    #[test]
    fn a_cancellation_means_what_was_published_before_it() {
        let mut cancelled = Cancelled::default();
        cancelled.add(address(1), 10);
        assert!(cancelled.has(9, &address(1)) && !cancelled.has(9, &address(2)));
        assert!(cancelled.after(9) && !cancelled.after(11));
        cancelled.add(address(2), 20);
        assert!(cancelled.after(11) && !cancelled.has(11, &address(1)), "the ID is used again");
        cancelled.clear();
        assert!(!cancelled.after(9) && !cancelled.has(9, &address(1)));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest() {
        let mut cancelled = Cancelled::default();
        cancelled.add(address(0), 1);
        for number in 0..5000 {
            cancelled.add(address(number), number + 2);
        }
        assert_eq!((cancelled.offsets.len(), cancelled.order.len()), (MAX, MAX));
        assert!(!cancelled.has(0, &address(0)) && cancelled.has(0, &address(4999)));
    }
}
