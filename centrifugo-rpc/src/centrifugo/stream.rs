//! The request channel as one sequence of offsets: what was delivered, what is missing, what waits for it. No I/O.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use super::api::{Position, Publication};
use crate::connection::Caller;

/// How many bytes of live publications are held back while a gap before them is read. With more than that they are let go
/// and become part of the gap: the history has them too.
const MAX_HELD: usize = 16 << 20;

/// What a publication that is held back costs besides its data.
const OVERHEAD: usize = 256;

/// A publication of the request channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub data: Bytes,
    /// Its place in the channel; 0 where the channel has no history.
    pub offset: u64,
    /// When it was published at the earliest, as far as that is known: Centrifugo does not say. For what came live, when it
    /// came; for what was missed, when the interruption began; none for what was there before the first subscription.
    pub since: Option<Instant>,
    /// Who published it; none for what came through the server API.
    pub caller: Option<Caller>,
}

/// What comes out of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next publication is the one at `first`, and what was before it is not known, or was of another stream. Comes before
    /// all else where the channel has a history.
    Begins {
        epoch: String,
        first: u64,
    },
    Published(Delivery),
    /// The channel has no history: publications come as they come.
    Unordered,
}

/// What has to be read from the history: all after `since`, up to and with the offset `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub since: Position,
    pub until: u64,
}

/// What a new subscription found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Resumed {
    /// Publications that nobody has any more.
    pub lost: u64,
    pub found: Found,
}

/// The stream that a new subscription found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// The one that was there, or the first.
    #[default]
    Same,
    /// Another one: Centrifugo lost its memory.
    Another,
    /// An older copy of it, whose offsets were seen before.
    Older,
}

/// A part of what is missing: all up to and with the offset `until`, and after the part before.
#[derive(Debug)]
struct Part {
    until: u64,
    since: Option<Instant>,
}

/// Delivers each offset once, in order.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// What was delivered last; none before the first subscription and without history.
    position: Option<Position>,
    /// The last offset of what is missing.
    until: Option<u64>,
    /// How old what is missing is.
    parts: VecDeque<Part>,
    /// What came after that.
    held: VecDeque<Delivery>,
    held_bytes: usize,
    /// What is delivered next follows what was delivered last.
    seamless: bool,
    /// Something was delivered, so that what is missing can be lost.
    begun: bool,
}

impl Stream {
    /// The channel is subscribed: `top` is where its stream is, `recovered` says that what is missing comes by itself. What was
    /// missed was published after `since`. The first time all that the history has is missing.
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
                    // Its storage went back in time and kept its name: what comes now has offsets that were seen before.
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

    /// A stream from its beginning on.
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

    /// Publications are not there any more. Returns how many of them were to be delivered.
    fn skip(&mut self, count: u64) -> u64 {
        self.seamless &= count == 0;
        if self.begun { count } else { 0 }
    }

    /// A publication of the subscription: delivered, held back or known already.
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

    /// What was delivered last, where the channel has a history.
    pub(super) fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// What is missing, if anything is.
    pub(super) fn missing(&self) -> Option<Missing> {
        Some(Missing { since: self.position.clone()?, until: self.until? })
    }

    /// What the history has after `since`. Returns how many publications it has no more.
    pub(super) fn filled(&mut self, since: &Position, page: Vec<Publication>, out: &mut impl FnMut(Arrival)) -> u64 {
        let (Some(position), Some(until)) = (&self.position, self.until) else { return 0 };
        if position != since {
            return 0; // the answer to a question of before a new subscription
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

    /// The publication after `since` cannot be read: it is no JSON, so no request either.
    pub(super) fn unreadable(&mut self, since: &Position, out: &mut impl FnMut(Arrival)) {
        let (Some(position), Some(until)) = (&mut self.position, self.until) else { return };
        if position == since {
            position.offset += 1;
            if position.offset >= until {
                self.release(out);
            }
        }
    }

    /// What is missing is lost. Returns how many.
    pub(super) fn give_up(&mut self, out: &mut impl FnMut(Arrival)) -> u64 {
        let (Some(position), Some(until)) = (&mut self.position, self.until) else { return 0 };
        let lost = until.saturating_sub(position.offset);
        position.offset = position.offset.max(until);
        let lost = self.skip(lost);
        self.release(out);
        lost
    }

    /// The gap is closed: what was held back is next.
    fn release(&mut self, out: &mut impl FnMut(Arrival)) {
        self.until = None;
        self.parts.clear();
        self.held_bytes = 0;
        let next = self.position.as_ref().map_or(1, |position| position.offset + 1);
        self.announce(next, out);
        for delivery in std::mem::take(&mut self.held) {
            // Through the front door: there may be another gap among them.
            self.published(delivery, out);
        }
    }

    /// What is held becomes a part of what is missing.
    fn let_go(&mut self) {
        if let (Some(first), Some(last)) = (self.held.front(), self.held.back()) {
            let (since, until) = (first.since, last.offset);
            self.missed(until, since);
        }
        self.held.clear();
        self.held_bytes = 0;
    }

    /// What is missing ends with `until` now, and what it had not before was published after `since`.
    fn missed(&mut self, until: u64, since: Option<Instant>) {
        self.until = Some(until);
        self.parts.push_back(Part { until, since });
    }

    /// The last offset that was delivered, is held or will be read.
    fn newest(&self) -> u64 {
        let delivered = self.position.as_ref().map_or(0, |position| position.offset);
        self.held.back().map_or(0, |held| held.offset).max(self.until.unwrap_or(0)).max(delivered)
    }
}

#[cfg(test)]
#[path = "stream/tests.rs"]
mod tests;
