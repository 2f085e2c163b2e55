//! Notices that the stream of the channel is behind what was read of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Ended, Event, Shared};
use crate::centrifugo::api::Position;

/// Where the channel's stream is, as the subscription has read it and as Centrifugo says.
///
/// Storage that is restored from a backup keeps the name of the stream, its epoch, and gives its offsets once more. Centrifugo drops
/// publications with offsets that a subscriber has seen, until its own check of positions, every 40 s, finds out.
#[derive(Debug, Clone)]
pub(crate) struct Place(Arc<Shared>);

impl Place {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// What was read last, where the channel has a history.
    pub(crate) fn read(&self) -> Option<Position> {
        self.0.state().stream.position().cloned()
    }

    /// What was published after the channel was `read` so far has this place in it. No two publications have the same.
    pub(crate) fn published(&self, read: &Position, at: &Position) {
        let seen = |read: &Position| at.epoch == read.epoch && (1..=read.offset).contains(&at.offset);
        // A new subscription may have found that out meanwhile.
        if seen(read) && self.read().is_some_and(|read| seen(&read)) {
            self.0.on_behind();
        }
    }
}

impl Shared {
    fn on_behind(&self) {
        if !self.older.swap(true, Ordering::AcqRel) {
            self.tell_older();
            self.on_lost();
            let _ = self.ended.send(Ended::Behind);
        }
    }

    /// The new subscription found an older copy of the stream.
    pub(super) fn on_older(&self) {
        if !self.older.load(Ordering::Acquire) {
            self.tell_older();
        }
    }

    fn tell_older(&self) {
        tracing::error!(
            channel = self.channel,
            "Centrifugo's storage went back in time, as after a restore from a backup or a failover to a replica that was behind: the \
             channel is read anew from here on; requests and replies of meanwhile are lost, and their callers time out"
        );
        (self.state().on_event)(Event::WentBack);
    }
}
