//! What is watched over: everything that any worker believes or does is compared with what the others did.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::group::{Member, View};

/// A request, by the number of its stream and its offset there.
pub(super) type Place = (u32, u64);

/// How long callers wait.
pub(super) const PATIENCE: u64 = 30_000;

/// What is known of one request.
#[derive(Debug)]
pub(super) struct Call {
    pub born: u64,
    pub idempotent: bool,
    /// Who ran it.
    pub runs: Vec<Member>,
    /// When its caller was answered.
    pub ended: Option<u64>,
    /// It has its result.
    pub done: bool,
    /// It was said to be lost.
    pub lost: bool,
}

#[derive(Debug, Default)]
pub(super) struct Truth {
    pub calls: HashMap<Place, Call>,
    /// The owner that somebody took a request to have; all others must agree.
    owners: HashMap<Place, Option<Member>>,
    /// The version that somebody took to be in force before an offset.
    versions: HashMap<Place, u64>,
    /// The members of a view, as somebody took them to be.
    views: HashMap<Place, Vec<Member>>,
}

impl Truth {
    pub(super) fn owner(&mut self, place: Place, owner: Option<&Member>, says: &Member) -> Result<(), String> {
        match self.owners.entry(place) {
            Entry::Vacant(vacant) => {
                vacant.insert(owner.cloned());
            }
            Entry::Occupied(known) if known.get().as_ref() != owner => {
                return Err(format!("{says} takes the owner of {place:?} to be {owner:?}, others {:?}", known.get()));
            }
            Entry::Occupied(_) => {}
        }
        Ok(())
    }

    pub(super) fn view(&mut self, stream: u32, position: u64, view: &View, says: &Member) -> Result<(), String> {
        let version = *self.versions.entry((stream, position)).or_insert(view.version);
        if version != view.version {
            return Err(format!("before {position} {says} is at version {}, others at {version}", view.version));
        }
        let members = self.views.entry((stream, version)).or_insert_with(|| view.members.clone());
        if *members != view.members {
            return Err(format!("{says} takes version {version} to be {:?}, others {members:?}", view.members));
        }
        Ok(())
    }

    /// Returns the call's deadline.
    pub(super) fn run(&mut self, place: Place, by: &Member) -> Result<u64, String> {
        let Some(call) = self.calls.get_mut(&place) else {
            return Err(format!("{by} runs {place:?}, which is no request"));
        };
        if call.runs.contains(by) || !call.idempotent && !call.runs.is_empty() {
            return Err(format!("{by} runs {place:?}, which {:?} ran (idempotent: {})", call.runs, call.idempotent));
        }
        call.runs.push(by.clone());
        Ok(call.born + PATIENCE)
    }

    pub(super) fn lost(&mut self, place: Place, now: u64) -> Result<(), String> {
        let call =
            self.calls.get_mut(&place).ok_or_else(|| format!("{place:?} is said to be lost and is no request"))?;
        call.ended.get_or_insert(now);
        call.lost = true;
        Ok(())
    }

    pub(super) fn done(&mut self, place: Place, now: u64) {
        if let Some(call) = self.calls.get_mut(&place) {
            call.ended.get_or_insert(now);
            call.done = true;
        }
    }
}
