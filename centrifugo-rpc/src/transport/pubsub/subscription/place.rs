//! Detects that the channel's stream is behind the position already read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Ended, Event, Shared};
use crate::centrifugo::api::Position;

/// Compares the position that the subscription has read with the position that Centrifugo reports.
///
/// Storage restored from a backup keeps the epoch of the stream and assigns its offsets again. Centrifugo drops
/// publications with offsets that a subscriber has already seen, until its own check of positions, every 40 s, notices.
#[derive(Debug, Clone)]
pub(crate) struct Place(Arc<Shared>);

impl Place {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The last position read, if the channel has a history.
    pub(crate) fn read(&self) -> Option<Position> {
        self.0.state().stream.position().cloned()
    }

    /// Reports the position `at` of a publication made after the channel was `read` up to that position. No two
    /// publications have the same position.
    pub(crate) fn published(&self, read: &Position, at: &Position) {
        let seen = |read: &Position| at.epoch == read.epoch && (1..=read.offset).contains(&at.offset);
        // A new subscription may have found the older copy meanwhile.
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

    /// Handles a new subscription that found an older copy of the stream.
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
