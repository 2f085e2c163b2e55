//! The checked invariants: every belief and action of a worker is compared with those of the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::group::{Member, View};

/// A request, by the number of its stream and its offset there.
pub(super) type Place = (u32, u64);

/// The timeout of a call.
pub(super) const CALL_TIMEOUT: u64 = 30_000;

/// The history of one request.
#[derive(Debug)]
pub(super) struct Call {
    pub born: u64,
    /// The last time before its publication at which a member started to leave; 0 if none did.
    pub after_leave: u64,
    pub idempotent: bool,
    /// The members that ran it.
    pub runs: Vec<Member>,
    /// The time at which its caller was answered.
    pub ended: Option<u64>,
    /// True if the caller has the result.
    pub done: bool,
    /// True if the call was reported as lost.
    pub lost: bool,
}

#[derive(Debug, Default)]
pub(super) struct Truth {
    pub calls: HashMap<Place, Call>,
    /// The last time at which a member started to leave.
    pub left_at: u64,
    /// True if workers only leave gracefully.
    graceful: bool,
    /// The owner of each request as the first worker saw it; all others must agree.
    owners: HashMap<Place, Option<Member>>,
    /// The version in force before an offset as the first worker saw it.
    versions: HashMap<Place, u64>,
    /// The members of each view as the first worker saw them.
    views: HashMap<Place, Vec<Member>>,
}

impl Truth {
    pub(super) fn new(graceful: bool) -> Self {
        Self { graceful, ..Self::default() }
    }

    /// Compares the owner of a request with that which other workers saw.
    pub(super) fn owner(&mut self, place: Place, owner: Option<&Member>, worker: &Member) -> Result<(), String> {
        match self.owners.entry(place) {
            Entry::Vacant(vacant) => {
                vacant.insert(owner.cloned());
            }
            Entry::Occupied(known) if known.get().as_ref() != owner => {
                return Err(format!("{worker} takes the owner of {place:?} to be {owner:?}, others {:?}", known.get()));
            }
            Entry::Occupied(_) => {}
        }
        Ok(())
    }

    /// Compares the view in force before a position with that which other workers saw.
    pub(super) fn view(&mut self, stream: u32, position: u64, view: &View, worker: &Member) -> Result<(), String> {
        let version = *self.versions.entry((stream, position)).or_insert(view.version);
        if version != view.version {
            return Err(format!("before {position} {worker} is at version {}, others at {version}", view.version));
        }
        let members = self.views.entry((stream, version)).or_insert_with(|| view.members.clone());
        if *members != view.members {
            return Err(format!("{worker} takes version {version} to be {:?}, others {members:?}", view.members));
        }
        Ok(())
    }

    /// Records a run, and returns the deadline of the call. `after` is the lower bound of its time that its worker was
    /// given, `saw_live` whether the worker saw the publication live.
    pub(super) fn run(&mut self, place: Place, by: &Member, after: Option<u64>, saw_live: bool) -> Result<u64, String> {
        let Some(call) = self.calls.get_mut(&place) else {
            return Err(format!("{by} runs {place:?}, which is not a request"));
        };
        if after.is_some_and(|after| after > call.born) {
            return Err(format!("{by} takes {place:?} to be made after {after:?}: {call:?}"));
        }
        // A call that waited for a worker is as old as the time since the last one left, and not older.
        let waited = self.owners.get(&place) == Some(&None) && call.after_leave > 0;
        if self.graceful && waited && !saw_live && after.is_none_or(|after| after < call.after_leave) {
            return Err(format!(
                "{by} takes {place:?} to be made after {after:?}, which is older than it is: {call:?}"
            ));
        }
        if call.runs.contains(by) || !call.idempotent && !call.runs.is_empty() {
            return Err(format!("{by} runs {place:?}, which {:?} ran (idempotent: {})", call.runs, call.idempotent));
        }
        call.runs.push(by.clone());
        Ok(call.born + CALL_TIMEOUT)
    }

    pub(super) fn lost(&mut self, place: Place, now: u64) -> Result<(), String> {
        let call =
            self.calls.get_mut(&place).ok_or_else(|| format!("{place:?} is reported as lost and is not a request"))?;
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
