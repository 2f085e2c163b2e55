//! The request channel as one sequence of offsets: tracks delivered, missing and held publications. No I/O.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use crate::centrifugo::api::{Position, Publication};
use crate::service::connection::Caller;

/// The limit of live publications held back while a gap before them is read, in bytes. Over it they are dropped and
/// become part of the gap, since the history has them too.
const MAX_HELD: usize = 16 << 20;

/// The memory of a held publication besides its data, in bytes.
const OVERHEAD: usize = 256;

/// A publication of the request channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub data: Bytes,
    /// Its offset in the channel; 0 if the channel has no history.
    pub offset: u64,
    /// The earliest possible time of its publication, which Centrifugo does not report. For a live publication, the
    /// time of arrival; for a missed one, the start of the interruption; `None` for one older than the first
    /// subscription.
    pub since: Option<Instant>,
    /// The publisher; `None` for publications through the server API.
    pub caller: Option<Caller>,
}

/// The output of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next publication has the offset `first`; earlier publications are unknown or belong to another stream.
    /// Always the first output if the channel has a history.
    Begins {
        epoch: String,
        first: u64,
    },
    Published(Delivery),
    /// The channel has no history: publications are passed on as they arrive.
    Unordered,
}

/// The range to read from the history: after `since`, up to and including the offset `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub since: Position,
    pub until: u64,
}

/// The result of a new subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Resumed {
    /// The number of publications that are lost for good.
    pub lost: u64,
    pub found: Found,
}

/// The stream that a new subscription found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// The same stream as before, or the first one.
    #[default]
    Same,
    /// Another stream: Centrifugo lost its history.
    Another,
    /// An older copy of the stream, which will repeat offsets that were already seen.
    Older,
}

/// A part of the missing range: after the previous part, up to and including the offset `until`.
#[derive(Debug)]
struct Part {
    until: u64,
    since: Option<Instant>,
}

/// Delivers each offset once, in order.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The position of the last delivery; `None` before the first subscription and without a history.
    position: Option<Position>,
    /// The last missing offset.
    until: Option<u64>,
    /// The age of the missing publications.
    parts: VecDeque<Part>,
    /// Live publications after the missing range.
    held: VecDeque<Delivery>,
    held_bytes: usize,
    /// True if the next delivery follows the previous one without a gap.
    seamless: bool,
    /// True once something was delivered: only then can missing publications be lost.
    begun: bool,
}

impl Stream {
    /// Handles a subscription. `top` is the position of the stream; with `recovered`, missed publications follow
    /// without a read of the history. Missed publications were made after `since`. At the first subscription,
    /// everything in the history is missing.
    pub(super) fn subscribed(
        &mut self,
        top: Option<Position>,
        recovered: bool,
        since: Instant,
        out: &mut impl FnMut(Arrival),
    ) -> Resumed {
        let newest = self.newest();
        match (&mut self.position, top) {
            (None, None) => {
                out(Arrival::Unordered);
                Resumed::default()
            }
            (None, Some(top)) => {
                self.begin(top, None, out);
                Resumed::default()
            }
            (Some(_), None) => {
                let lost = self.give_up(out);
                self.position = None;
                out(Arrival::Unordered);
                Resumed { lost, found: Found::Another }
            }
            (Some(position), Some(top)) if position.epoch == top.epoch => {
                if !recovered && top.offset > newest {
                    self.let_go();
                    self.missed(top.offset, Some(since));
                } else if !recovered && top.offset < position.offset {
                    // The storage went back in time and kept its epoch: new publications get offsets that were already
                    // seen.
                    position.offset = top.offset;
                    self.let_go();
                    self.until = None;
                    self.parts.clear();
                    self.seamless = false;
                    self.announce(top.offset + 1, out);
                    return Resumed { lost: 0, found: Found::Older };
                }
                Resumed::default()
            }
            (Some(_), Some(top)) => {
                let lost = self.give_up(out);
                self.begin(top, Some(since), out);
                Resumed { lost, found: Found::Another }
            }
        }
    }

    /// Starts a stream from its beginning.
    fn begin(&mut self, top: Position, since: Option<Instant>, out: &mut impl FnMut(Arrival)) {
        self.seamless = false;
        self.position = Some(Position { offset: 0, epoch: top.epoch });
        if top.offset > 0 {
            self.missed(top.offset, since);
        } else {
            self.announce(1, out);
        }
    }

    fn announce(&mut self, first: u64, out: &mut impl FnMut(Arrival)) {
        if let Some(position) = self.position.as_ref().filter(|_| !self.seamless) {
            (self.seamless, self.begun) = (true, true);
            out(Arrival::Begins { epoch: position.epoch.clone(), first });
        }
    }

    /// Skips publications that are gone. Returns how many of them should have been delivered.
    fn skip(&mut self, count: u64) -> u64 {
        self.seamless &= count == 0;
        if self.begun { count } else { 0 }
    }

    /// Handles a publication from the subscription: delivers it, holds it back, or ignores it as known.
    pub(super) fn published(&mut self, delivery: Delivery, out: &mut impl FnMut(Arrival)) {
        let offset = delivery.offset;
        let Some(position) = self.position.as_mut().filter(|_| offset > 0) else {
            return out(Arrival::Published(delivery));
        };
        if self.until.is_none() && offset == position.offset + 1 {
            position.offset = offset;
            return out(Arrival::Published(delivery));
        }
        if offset <= self.newest() {
            return;
        }
        if self.until.is_none() {
            self.missed(offset - 1, delivery.since);
        }
        self.held_bytes += delivery.data.len() + OVERHEAD;
        self.held.push_back(delivery);
        if self.held_bytes > MAX_HELD {
            self.let_go();
        }
    }

    /// The position of the last delivery, if the channel has a history.
    pub(super) fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The missing range, if any.
    pub(super) fn missing(&self) -> Option<Missing> {
        Some(Missing { since: self.position.clone()?, until: self.until? })
    }

    /// Fills the gap with publications from the history after `since`. Returns the number that the history no longer
    /// has.
    pub(super) fn filled(&mut self, since: &Position, page: Vec<Publication>, out: &mut impl FnMut(Arrival)) -> u64 {
        let (Some(position), Some(until)) = (&self.position, self.until) else { return 0 };
        if position != since {
            return 0; // the page was requested before a new subscription
        }
        if page.is_empty() {
            return self.give_up(out);
        }
        let mut lost = 0;
        for Publication { offset, data, caller } in page {
            let read = self.position.as_ref().map_or(0, |position| position.offset);
            if offset <= read {
                continue;
            }
            let reached = offset.min(until + 1);
            lost += self.skip(reached - read - 1);
            self.advance(reached.min(until));
            if offset > until {
                break;
            }
            while self.parts.front().is_some_and(|part| part.until < offset) {
                self.parts.pop_front();
            }
            let since = self.parts.front().map_or_else(|| Some(Instant::now()), |part| part.since);
            self.announce(offset, out);
            out(Arrival::Published(Delivery { data, offset, since, caller }));
        }
        if self.position.as_ref().is_some_and(|position| position.offset >= until) {
            self.release(out);
        }
        lost
    }

    fn advance(&mut self, to: u64) {
        if let Some(position) = &mut self.position {
            position.offset = to;
        }
    }

    /// Skips the publication after `since`, which cannot be read: it is not JSON, so it is not a request either.
    pub(super) fn unreadable(&mut self, since: &Position, out: &mut impl FnMut(Arrival)) {
        let (Some(position), Some(until)) = (&mut self.position, self.until) else { return };
        if position == since {
            position.offset += 1;
            if position.offset >= until {
                self.release(out);
            }
        }
    }

    /// Gives up the missing range. Returns the number of lost publications.
    pub(super) fn give_up(&mut self, out: &mut impl FnMut(Arrival)) -> u64 {
        let (Some(position), Some(until)) = (&mut self.position, self.until) else { return 0 };
        let lost = until.saturating_sub(position.offset);
        position.offset = position.offset.max(until);
        let lost = self.skip(lost);
        self.release(out);
        lost
    }

    /// Closes the gap and delivers the held publications.
    fn release(&mut self, out: &mut impl FnMut(Arrival)) {
        self.until = None;
        self.parts.clear();
        self.held_bytes = 0;
        let next = self.position.as_ref().map_or(1, |position| position.offset + 1);
        self.announce(next, out);
        for delivery in std::mem::take(&mut self.held) {
            // Handled like new arrivals, because there may be another gap among them.
            self.published(delivery, out);
        }
    }

    /// Drops the held publications and adds them to the missing range.
    fn let_go(&mut self) {
        if let (Some(first), Some(last)) = (self.held.front(), self.held.back()) {
            let (since, until) = (first.since, last.offset);
            self.missed(until, since);
        }
        self.held.clear();
        self.held_bytes = 0;
    }

    /// Extends the missing range to `until`; the added publications were made after `since`.
    fn missed(&mut self, until: u64, since: Option<Instant>) {
        self.until = Some(until);
        self.parts.push_back(Part { until, since });
    }

    /// The highest offset that was delivered, is held or will be read.
    fn newest(&self) -> u64 {
        let delivered = self.position.as_ref().map_or(0, |position| position.offset);
        self.held.back().map_or(0, |held| held.offset).max(self.until.unwrap_or(0)).max(delivered)
    }
}

#[cfg(test)]
#[path = "stream/tests.rs"]
mod tests;
