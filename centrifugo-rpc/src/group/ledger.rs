//! The requests of other workers that are not known to be finished, and those without an owner.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::message::{Member, Message};
use super::propose::MAX_OPEN;
use super::view::View;
use super::{Millis, Request};

/// The memory for a retained request besides its own bytes.
const OVERHEAD: usize = 128;

/// A request of another member.
#[derive(Debug)]
pub(super) struct Entry<R> {
    pub request: R,
    /// The view in force at the publication: its members have seen the request.
    pub view: Arc<View>,
    /// A report whose `upto` is beyond this offset covers the request: the offset of the request, or of the view that
    /// assigned it to its owner.
    pub since: u64,
}

/// A request that was published while there was no member.
#[derive(Debug)]
pub(super) struct Unowned<R> {
    pub request: R,
    /// A lower bound of the time of publication, if known.
    pub after: Option<Millis>,
}

#[derive(Debug)]
struct Owned<R> {
    requests: BTreeMap<u64, Entry<R>>,
    /// The position up to which the owner has read, according to its reports.
    upto: u64,
    /// Ticks without a sign that the owner makes progress.
    silence: u32,
}

/// The ledger of requests of other workers. It is bounded: beyond the limit, the oldest requests are dropped.
#[derive(Debug)]
pub(super) struct Ledger<R> {
    owned: BTreeMap<Member, Owned<R>>,
    unowned: BTreeMap<u64, Unowned<R>>,
    bytes: usize,
    max_bytes: usize,
    dropped: u64,
}

impl<R: Request> Ledger<R> {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { owned: BTreeMap::new(), unowned: BTreeMap::new(), bytes: 0, max_bytes, dropped: 0 }
    }

    pub(super) fn add(&mut self, owner: &Member, offset: u64, entry: Entry<R>) {
        self.bytes += cost(&entry.request);
        if let Some(owned) = self.owned.get_mut(owner) {
            if owned.requests.is_empty() {
                owned.silence = 0;
            }
            owned.requests.insert(offset, entry);
        } else {
            let requests = BTreeMap::from([(offset, entry)]);
            self.owned.insert(owner.clone(), Owned { requests, upto: 0, silence: 0 });
        }
        self.shrink();
    }

    pub(super) fn add_unowned(&mut self, offset: u64, unowned: Unowned<R>) {
        self.bytes += cost(&unowned.request);
        self.unowned.insert(offset, unowned);
        self.shrink();
    }

    /// Applies a report of an owner. A report stays true however late it is read.
    pub(super) fn progress(&mut self, member: &str, upto: u64, open: &[u64]) {
        let Some(owned) = self.owned.get_mut(member) else { return };
        let bytes = &mut self.bytes;
        owned.requests.retain(|offset, entry| {
            let finished = entry.since < upto && open.binary_search(offset).is_err();
            if finished {
                *bytes -= cost(&entry.request);
            }
            !finished
        });
        // An owner that reports no progress although requests wait for it is cut off from the channel.
        let has_waiting = owned.requests.last_key_value().is_some_and(|(_, entry)| entry.since >= upto);
        // A report that was in flight for long is not a sign of life. A report that could not list all open requests
        // is not late: its `upto` is lower for that reason.
        let is_late = upto < owned.upto && open.len() < MAX_OPEN;
        if upto > owned.upto || !has_waiting && !is_late {
            owned.upto = owned.upto.max(upto);
            owned.silence = 0;
        }
        if owned.requests.is_empty() {
            self.owned.remove(member);
        }
    }

    /// Handles a tick.
    pub(super) fn tick(&mut self) {
        for owned in self.owned.values_mut() {
            owned.silence += 1;
        }
    }

    /// Ticks for which a member with open requests has shown no progress.
    pub(super) fn silence(&self, member: &str) -> u32 {
        self.owned.get(member).map_or(0, |owned| owned.silence)
    }

    /// The workers with open requests.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Member> {
        self.owned.keys()
    }

    /// Removes and returns the requests of an owner.
    pub(super) fn take(&mut self, owner: &str) -> BTreeMap<u64, Entry<R>> {
        let requests = self.owned.remove(owner).map(|owned| owned.requests).unwrap_or_default();
        self.bytes -= requests.values().map(|entry| cost(&entry.request)).sum::<usize>();
        requests
    }

    /// Removes and returns the requests without an owner.
    pub(super) fn take_unowned(&mut self) -> BTreeMap<u64, Unowned<R>> {
        let requests = std::mem::take(&mut self.unowned);
        self.bytes -= requests.values().map(|unowned| cost(&unowned.request)).sum::<usize>();
        requests
    }

    pub(super) fn clear(&mut self) {
        self.owned.clear();
        self.unowned.clear();
        self.bytes = 0;
    }

    /// The number of requests dropped because of the limit.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    #[cfg(test)]
    pub(super) fn known_owners(&self) -> Vec<(u64, Option<&Member>)> {
        let owned = self.owned.iter().flat_map(|(owner, owned)| {
            let own = owned.requests.iter().filter(|(offset, entry)| entry.since == **offset);
            own.map(move |(offset, _)| (*offset, Some(owner)))
        });
        owned.chain(self.unowned.keys().map(|offset| (*offset, None))).collect()
    }

    /// Drops the oldest requests beyond the limit.
    fn shrink(&mut self) {
        while self.bytes > self.max_bytes {
            let first = self.owned.iter().filter_map(|(owner, owned)| Some((*owned.requests.keys().next()?, owner)));
            let oldest = first.min().map(|(offset, owner)| (offset, owner.clone()));
            let unowned = self.unowned.keys().next().copied();
            let request = match (oldest, unowned) {
                (Some((offset, owner)), unowned) if unowned.is_none_or(|unowned| offset < unowned) => self
                    .owned
                    .get_mut(&owner)
                    .and_then(|owned| owned.requests.remove(&offset))
                    .map(|entry| entry.request),
                (_, Some(offset)) => self.unowned.remove(&offset).map(|unowned| unowned.request),
                _ => None,
            };
            let Some(request) = request else { return };
            self.bytes -= cost(&request);
            self.dropped += 1;
        }
    }
}

/// A publication that a newcomer has read without knowing the view.
#[derive(Debug)]
pub(super) enum Buffered<R> {
    Request(R),
    Message(Message),
}

/// All publications read since some offset. It is bounded: beyond the limit, the oldest are dropped.
#[derive(Debug)]
pub(super) struct Backlog<R> {
    publications: VecDeque<(u64, Buffered<R>)>,
    bytes: usize,
    max_bytes: usize,
}

impl<R: Request> Backlog<R> {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { publications: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Adds a publication. Returns the new start of the backlog if publications had to be dropped.
    pub(super) fn push(&mut self, offset: u64, publication: Buffered<R>) -> Option<u64> {
        self.bytes += publication.cost();
        self.publications.push_back((offset, publication));
        let mut start = None;
        while self.bytes > self.max_bytes
            && let Some((offset, publication)) = self.publications.pop_front()
        {
            self.bytes -= publication.cost();
            start = Some(offset + 1);
        }
        start
    }

    /// Removes and returns all publications.
    pub(super) fn take(&mut self) -> VecDeque<(u64, Buffered<R>)> {
        self.bytes = 0;
        std::mem::take(&mut self.publications)
    }
}

impl<R: Request> Buffered<R> {
    fn cost(&self) -> usize {
        match self {
            Self::Request(request) => cost(request),
            Self::Message(Message::View { members, dead, .. }) => OVERHEAD + 32 * (members.len() + dead.len()),
            Self::Message(Message::Progress { open, .. }) => OVERHEAD + 8 * open.len(),
            Self::Message(_) => OVERHEAD,
        }
    }
}

fn cost(request: &impl Request) -> usize {
    request.size() + OVERHEAD
}
