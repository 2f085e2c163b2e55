//! Whether the publications of the channel have an order, on which the rules of the group depend.

/// The order of the publications in the channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ChannelOrder {
    #[default]
    Unknown,
    Ordered,
    /// No history: every request is this worker's, because there is no other worker.
    Unordered,
    /// The history was removed while there may have been other workers: the owner of a request is undefined now.
    Lost,
}

impl ChannelOrder {
    /// The channel has a history. Returns false if the worker runs as the only one, which it cannot change while it
    /// runs.
    pub(super) fn has_history(&mut self) -> bool {
        let joins = *self != Self::Unordered;
        if joins {
            *self = Self::Ordered;
        }
        joins
    }

    /// The channel has no history. Returns false if there may be other workers, so that no request has an owner.
    pub(super) fn has_no_history(&mut self) -> bool {
        let alone = matches!(self, Self::Unknown | Self::Unordered);
        *self = if alone { Self::Unordered } else { Self::Lost };
        alone
    }

    pub(super) fn is_ordered(self) -> bool {
        self == Self::Ordered
    }

    /// Returns whether a publication with this offset can be handled; 0 stands for no offset.
    pub(super) fn admits(self, offset: u64) -> bool {
        !(self == Self::Lost || self.is_ordered() && offset == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_runs_alone_never_shares_and_one_that_shares_never_runs_alone() {
        let mut alone = ChannelOrder::default();
        assert!(alone.has_no_history() && !alone.has_history());
        assert!(alone.admits(0) && !alone.is_ordered());
        let mut shares = ChannelOrder::default();
        assert!(shares.has_history() && shares.is_ordered());
        assert!(shares.admits(1) && !shares.admits(0));
        assert!(!shares.has_no_history() && !shares.admits(1));
        assert!(shares.has_history() && shares.admits(1), "its history is back");
    }
}
