//! What a worker says, and when: it joins, it reports, it has the dead removed, it leaves.

use std::collections::BTreeSet;

use super::{Action, Group, Member, Message, Millis, Request, Sent, Standing};

/// How often [`Group::tick`] is called.
pub(crate) const TICK: Millis = 250;

/// Every how many ticks those who work report.
const REPORT: u32 = 4;

/// How many open requests one report names; what is beyond is reported as not reached yet.
pub(super) const MAX_OPEN: usize = 4096;

/// How often something is said again that was not read, or not answered.
pub(super) const AGAIN: Millis = 1000;

/// How long a proposal may be under way before it is made again.
pub(super) const PROPOSAL: Millis = 2000;

/// How often somebody says what is in force: often enough that a history of a minute has several.
const STATE: Millis = 15_000;

/// For how many ticks it may not be heard itself before what others do not say means nothing any more: twice as long as between two
/// reports.
const QUIET: u32 = 8;

/// When what was said.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// Ticks since the last report.
    reported: u32,
    /// Its own requests have changed since.
    pub(super) dirty: bool,
    /// Ticks since it read a report of its own.
    pub(super) quiet: u32,
    proposed_at: Option<Millis>,
    /// Ticks since somebody seems to be dead.
    mourning: u32,
    pub(super) stated_at: Millis,
    /// It was the last member, and has to say that there is none, since this time.
    pub(super) owes_state: Option<Millis>,
    /// Others took it for dead, and it has read nothing since that shows that it reads what is new: when it says that next.
    pub(super) prove_at: Option<Millis>,
    stated_end_at: Option<Millis>,
    farewell_at: Option<Millis>,
    pub(super) end_seen: bool,
    pub(super) left: bool,
}

impl Pacing {
    /// Another view is in force: what was proposed has come true, or never will.
    pub(super) fn changed(&mut self) {
        self.proposed_at = None;
        self.mourning = 0;
    }
}

impl<R: Request> Group<R> {
    /// Time has passed. `live` says that all that was published before has been read.
    pub(crate) fn tick(&mut self, now: Millis, live: bool, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.pacing.quiet = self.pacing.quiet.saturating_add(1);
        if live {
            self.watch(out);
        }
        self.report(out);
        self.pacing.mourning = if self.dead().is_empty() { 0 } else { self.pacing.mourning.saturating_add(1) };
        self.decide(live, out);
    }

    /// Says what can be said by now, without waiting for the next tick.
    pub(crate) fn decide(&mut self, live: bool, out: &mut Vec<Action<R>>) {
        if live {
            match (&self.view, self.leaving) {
                (None, false) => self.greet(out),
                (None, true) => {}
                (Some(_), _) => self.propose(out),
            }
        }
        self.take_leave(out);
    }

    fn watch(&mut self, out: &mut Vec<Action<R>>) {
        // Who does not hear itself learns nothing from the silence of others: they may be no more able to say anything, while the server
        // API is away.
        let heard = self.pacing.quiet <= QUIET;
        if heard {
            self.ledger.tick();
        }
        let members = self.view.iter().flat_map(|view| &view.members);
        let watched: BTreeSet<_> = members.chain(self.ledger.owners()).collect();
        let others = watched.into_iter().filter(|member| **member != self.me);
        let silence = |member: &Member| if heard { self.ledger.silence(member) } else { 0 };
        if self.presence.tick(others.map(|member| (member, silence(member)))) {
            out.push(Action::AskPresence);
        }
    }

    /// Reports about once a second, as long as anybody works.
    fn report(&mut self, out: &mut Vec<Action<R>>) {
        self.pacing.reported = self.pacing.reported.saturating_add(1);
        // While others work too: what it reads of itself tells it that it still reads.
        let busy = self.pacing.dirty || !self.open.is_empty() || self.ledger.owners().next().is_some();
        if self.view.is_none() || self.pacing.reported < REPORT || !busy {
            return;
        }
        self.pacing.reported = 0;
        self.pacing.dirty = false;
        let upto = self.open.iter().nth(MAX_OPEN).map_or(self.position, |next| *next);
        let open = self.open.range(..upto).copied().collect();
        self.say(Message::Progress { member: self.me.clone(), upto, open, end: false }, out);
    }

    /// Who was away may read what is long over, through a connection that has ended: it would get requests that it never sees. What
    /// it says now and reads shows that it is back.
    fn prove(&mut self, at: Millis, out: &mut Vec<Action<R>>) {
        if self.now >= at {
            self.pacing.prove_at = Some(self.now + AGAIN);
            self.say(Message::Hello { member: self.me.clone() }, out);
        }
    }

    /// Proposes the view that should be.
    fn propose(&mut self, out: &mut Vec<Action<R>>) {
        let Some(view) = self.view.clone() else { return };
        if let Some(at) = self.pacing.prove_at.filter(|_| !self.leaving) {
            return self.prove(at, out);
        }
        let dead = self.dead();
        let mut members: Vec<_> = view.members.iter().filter(|member| !dead.contains(member)).cloned().collect();
        let is_member = view.contains(&self.me);
        let rank = members.iter().position(|member| *member == self.me).unwrap_or(members.len());
        if self.leaving {
            if !is_member {
                return;
            }
            members.retain(|member| *member != self.me);
        } else if !is_member {
            members.push(self.me.clone());
        }
        let joins_or_leaves = self.leaving || !is_member;
        // One proposal is enough: the others wait a little for the first of them.
        let turn = u32::try_from(rank).unwrap_or(u32::MAX).saturating_mul(2);
        let under_way = self.pacing.proposed_at.is_some_and(|at| self.now < at + PROPOSAL);
        if !under_way && (joins_or_leaves || !dead.is_empty() && self.pacing.mourning > turn) {
            self.pacing.proposed_at = Some(self.now);
            let time = members.is_empty().then_some(self.now);
            self.say(Message::View { prev: view.version, members, dead, time }, out);
        }
        let turn = STATE + 1000 * Millis::try_from(rank).unwrap_or(0);
        if is_member && self.now >= self.pacing.stated_at + turn {
            self.pacing.stated_at = self.now;
            self.state(self.now, out);
        }
    }

    /// Members that seem to be dead, and those who left and seem to have died before they were finished.
    fn dead(&self) -> Vec<Member> {
        let view = self.view.iter().flat_map(|view| &view.members);
        let leavers = self.ledger.owners().filter(|owner| !self.view.iter().any(|view| view.contains(owner)));
        let others = view.chain(leavers).filter(|member| **member != self.me);
        others.filter(|member| self.presence.suspects(member, self.ledger.silence(member))).cloned().collect()
    }

    /// Says that there is no member, if it was the last one; finishes what it has, says so, and is gone.
    fn take_leave(&mut self, out: &mut Vec<Action<R>>) {
        if !self.leaving || self.standing() == Standing::Member {
            return;
        }
        if let Some(since) = self.pacing.owes_state
            && self.pacing.stated_end_at.is_none_or(|at| self.now >= at + AGAIN)
        {
            self.pacing.stated_end_at = Some(self.now);
            self.state(since, out);
        }
        // A proposal to join may still come true.
        let may_join = self.pacing.proposed_at.is_some_and(|at| self.now < at + PROPOSAL);
        if !self.open.is_empty() || may_join {
            return;
        }
        if self.view.is_none() || self.pacing.end_seen && self.pacing.owes_state.is_none() {
            self.pacing.left = true;
        } else if !self.pacing.end_seen && self.pacing.farewell_at.is_none_or(|at| self.now >= at + AGAIN) {
            self.pacing.farewell_at = Some(self.now);
            let (member, upto) = (self.me.clone(), self.position);
            self.say(Message::Progress { member, upto, open: Vec::new(), end: true }, out);
        }
    }

    /// A member says what is in force with the next tick, though nothing asks for it.
    pub(crate) fn state_soon(&mut self) {
        self.pacing.stated_at = 0;
    }

    /// Says what is in force as of all that it has read.
    pub(super) fn state(&self, time: Millis, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return };
        let (version, members) = (view.version, view.members.clone());
        self.say(Message::State { at: self.position, version, members, time }, out);
    }

    pub(super) fn say(&self, message: Message, out: &mut Vec<Action<R>>) {
        out.push(Action::Publish(Sent { epoch: self.epoch.clone(), message }));
    }
}
