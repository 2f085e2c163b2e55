//! The requests of others that are not known to be finished, and those that belong to nobody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::message::{Member, Message};
use super::propose::MAX_OPEN;
use super::view::View;
use super::{Millis, Request};

/// What remembering a request costs besides its own bytes.
const OVERHEAD: usize = 128;

/// A request of another member.
#[derive(Debug)]
pub(super) struct Entry<R> {
    pub request: R,
    /// What was in force where it was published: these members know of it.
    pub view: Arc<View>,
    /// A report that reaches beyond this knows of it: its offset, or that of the view that gave it to its owner.
    pub since: u64,
}

/// A request that was published while there was no member.
#[derive(Debug)]
pub(super) struct Unowned<R> {
    pub request: R,
    /// It was published after this, if that is known.
    pub after: Option<Millis>,
}

#[derive(Debug)]
struct Owned<R> {
    requests: BTreeMap<u64, Entry<R>>,
    /// How far its owner has read, as it says.
    upto: u64,
    /// For how many ticks nothing was heard that shows its owner at work.
    silence: u32,
}

/// Bounded: what is too much is forgotten from the oldest on.
#[derive(Debug)]
pub(super) struct Ledger<R> {
    owned: BTreeMap<Member, Owned<R>>,
    unowned: BTreeMap<u64, Unowned<R>>,
    bytes: usize,
    max_bytes: usize,
    forgotten: u64,
}

impl<R: Request> Ledger<R> {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { owned: BTreeMap::new(), unowned: BTreeMap::new(), bytes: 0, max_bytes, forgotten: 0 }
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

    /// Its owner says what it has finished. That stays true whenever it is read.
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
        // One that lives and does not come further, though there is something for it, is cut off.
        let waits = owned.requests.last_key_value().is_some_and(|(_, entry)| entry.since >= upto);
        // A report that was under way for long says nothing of today. One that could not name all that is open reaches less far.
        let late = upto < owned.upto && open.len() < MAX_OPEN;
        if upto > owned.upto || !waits && !late {
            owned.upto = owned.upto.max(upto);
            owned.silence = 0;
        }
        if owned.requests.is_empty() {
            self.owned.remove(member);
        }
    }

    /// Another piece of time has passed.
    pub(super) fn tick(&mut self) {
        for owned in self.owned.values_mut() {
            owned.silence += 1;
        }
    }

    /// For how many ticks a member that has something to do has not been seen doing it.
    pub(super) fn silence(&self, member: &str) -> u32 {
        self.owned.get(member).map_or(0, |owned| owned.silence)
    }

    /// Those that have something to do.
    pub(super) fn owners(&self) -> impl Iterator<Item = &Member> {
        self.owned.keys()
    }

    pub(super) fn take(&mut self, owner: &str) -> BTreeMap<u64, Entry<R>> {
        let requests = self.owned.remove(owner).map(|owned| owned.requests).unwrap_or_default();
        self.bytes -= requests.values().map(|entry| cost(&entry.request)).sum::<usize>();
        requests
    }

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

    /// How many were forgotten, as there were too many.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    #[cfg(test)]
    pub(super) fn beliefs(&self) -> Vec<(u64, Option<&Member>)> {
        let owned = self.owned.iter().flat_map(|(owner, owned)| {
            let own = owned.requests.iter().filter(|(offset, entry)| entry.since == **offset);
            own.map(move |(offset, _)| (*offset, Some(owner)))
        });
        owned.chain(self.unowned.keys().map(|offset| (*offset, None))).collect()
    }

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
            self.forgotten += 1;
        }
    }
}

/// What a newcomer has read without knowing what it means.
#[derive(Debug)]
pub(super) enum Read<R> {
    Request(R),
    Message(Message),
}

/// All that was read since some offset. Bounded: what is too much is forgotten from the oldest on.
#[derive(Debug)]
pub(super) struct Backlog<R> {
    read: VecDeque<(u64, Read<R>)>,
    bytes: usize,
    max_bytes: usize,
}

impl<R: Request> Backlog<R> {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { read: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Returns the offset from which on all is there, where something had to be forgotten.
    pub(super) fn push(&mut self, offset: u64, read: Read<R>) -> Option<u64> {
        self.bytes += read.cost();
        self.read.push_back((offset, read));
        let mut start = None;
        while self.bytes > self.max_bytes
            && let Some((offset, read)) = self.read.pop_front()
        {
            self.bytes -= read.cost();
            start = Some(offset + 1);
        }
        start
    }

    pub(super) fn take(&mut self) -> VecDeque<(u64, Read<R>)> {
        self.bytes = 0;
        std::mem::take(&mut self.read)
    }
}

impl<R: Request> Read<R> {
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
