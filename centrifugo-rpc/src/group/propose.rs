//! Decides when a worker sends which message: to join, to report, to remove dead members, to leave.

use std::collections::BTreeSet;

use super::phase::Phase;
use super::{Action, Group, Member, MemberStatus, Message, Millis, Request, Sent};

/// The interval at which [`Group::tick`] is called.
pub(crate) const TICK: Millis = 250;

/// The number of ticks between reports of a worker that has work.
const REPORT_INTERVAL: u32 = 4;

/// The number of open requests in one report. Requests beyond it are reported as not reached yet.
pub(super) const MAX_OPEN: usize = 4096;

/// The interval at which an unread or unanswered message is repeated.
pub(super) const REPEAT_INTERVAL: Millis = 1000;

/// The time that a proposal may be in flight before it is repeated.
pub(super) const PROPOSAL_TIMEOUT: Millis = 2000;

/// The interval at which a member publishes the view in force: short enough that a history of one minute has several.
const STATE_INTERVAL: Millis = 15_000;

/// After this many ticks without reading one of its own reports, a worker stops treating silence of others as a sign of
/// failure: twice the interval of reports.
const MAX_QUIET: u32 = 8;

/// The timers that decide when messages are sent, in every phase.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Ticks since the last report.
    ticks_since_report: u32,
    /// True if its own requests have changed since.
    pub(super) has_unreported: bool,
    /// Ticks since it read a report of its own.
    pub(super) ticks_since_own_report: u32,
    /// The time of its last proposal of a view, until a view takes effect.
    proposed_at: Option<Millis>,
    /// Ticks since a member was first suspected to be dead.
    failure_suspected_for: u32,
    pub(super) state_sent_at: Millis,
}

impl Timers {
    /// Returns true if its proposal of a view may still take effect.
    fn is_proposing(&self, now: Millis) -> bool {
        self.proposed_at.is_some_and(|at| now < at + PROPOSAL_TIMEOUT)
    }

    /// Resets what depends on the view: a pending proposal has been accepted or never will be.
    pub(super) fn view_changed(&mut self) {
        self.proposed_at = None;
        self.failure_suspected_for = 0;
    }
}

impl<R: Request> Group<R> {
    /// Handles a tick. `live` is true if all earlier publications have been read.
    pub(crate) fn tick(&mut self, now: Millis, live: bool, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.timers.ticks_since_own_report = self.timers.ticks_since_own_report.saturating_add(1);
        if live {
            self.check_presence(out);
        }
        self.report(out);
        self.timers.failure_suspected_for =
            if self.suspects().is_empty() { 0 } else { self.timers.failure_suspected_for.saturating_add(1) };
        self.poll(live, out);
    }

    /// Sends the messages that are due, without waiting for the next tick.
    pub(crate) fn poll(&mut self, live: bool, out: &mut Vec<Action<R>>) {
        if live {
            match (&self.view, self.phase.is_staying()) {
                (None, true) => self.request_to_join(out),
                (None, false) => {}
                (Some(_), _) => self.propose_view(out),
            }
        }
        self.finish_leaving(out);
    }

    /// Counts the silence of other workers, and queries presence if it or their absence calls for it.
    fn check_presence(&mut self, out: &mut Vec<Action<R>>) {
        // A worker that does not read its own reports learns nothing from the silence of others: they may be unable to
        // publish too while the server API is unreachable.
        let reads_own_reports = self.timers.ticks_since_own_report <= MAX_QUIET;
        if reads_own_reports {
            self.ledger.tick();
        }
        let members = self.view.iter().flat_map(|view| &view.members);
        let watched: BTreeSet<_> = members.chain(self.ledger.owners()).collect();
        let others = watched.into_iter().filter(|member| **member != self.me);
        let silence = |member: &Member| if reads_own_reports { self.ledger.silence(member) } else { 0 };
        if self.presence.tick(others.map(|member| (member, silence(member)))) {
            out.push(Action::QueryPresence);
        }
    }

    /// Reports about once a second while any worker has work.
    fn report(&mut self, out: &mut Vec<Action<R>>) {
        self.timers.ticks_since_report = self.timers.ticks_since_report.saturating_add(1);
        // Also while only others have work: reading its own reports proves that it still reads.
        let is_busy = self.timers.has_unreported || !self.open.is_empty() || self.ledger.owners().next().is_some();
        if self.view.is_none() || self.timers.ticks_since_report < REPORT_INTERVAL || !is_busy {
            return;
        }
        self.timers.ticks_since_report = 0;
        self.timers.has_unreported = false;
        let upto = self.open.iter().nth(MAX_OPEN).map_or(self.position, |next| *next);
        let open = self.open.range(..upto).copied().collect();
        self.publish(Message::Progress { member: self.me.clone(), upto, open, end: false }, out);
    }

    /// Publishes a message that the worker must read back before it rejoins. A worker that was cut off may still be
    /// reading stale publications, through a connection that has ended, and would own requests that it never sees.
    /// Reading back a message that it sends now proves that its connection is live.
    fn confirm_liveness(&mut self, at: Millis, out: &mut Vec<Action<R>>) {
        if self.now >= at {
            self.phase.confirm_liveness(Some(self.now + REPEAT_INTERVAL));
            self.publish(Message::StateRequest { member: self.me.clone() }, out);
        }
    }

    /// Proposes the next view, if it differs from the one in force, and publishes the one in force from time to time.
    fn propose_view(&mut self, out: &mut Vec<Action<R>>) {
        let Some(view) = self.view.clone() else { return };
        if let Phase::Staying { confirm_liveness_at: Some(at) } = self.phase {
            return self.confirm_liveness(at, out);
        }
        let dead = self.suspects();
        let mut members: Vec<_> = view.members.iter().filter(|member| !dead.contains(member)).cloned().collect();
        let is_member = view.contains(&self.me);
        let rank = members.iter().position(|member| *member == self.me).unwrap_or(members.len());
        let stays = self.phase.is_staying();
        match (stays, is_member) {
            (true, true) => {}
            (true, false) => members.push(self.me.clone()),
            (false, true) => members.retain(|member| *member != self.me),
            (false, false) => return,
        }
        let joins_or_leaves = stays != is_member;
        // One proposal is enough: members wait according to their rank, so the first one proposes.
        let delay = u32::try_from(rank).unwrap_or(u32::MAX).saturating_mul(2);
        let removes_dead = !dead.is_empty() && self.timers.failure_suspected_for > delay;
        if (joins_or_leaves || removes_dead) && !self.timers.is_proposing(self.now) {
            self.timers.proposed_at = Some(self.now);
            let time = members.is_empty().then_some(self.now);
            self.publish(Message::View { prev: view.version, members, dead, time }, out);
        }
        if is_member {
            self.publish_state_if_due(rank, out);
        }
    }

    /// Publishes the view in force once per interval. Members wait according to their rank, so the first one publishes.
    fn publish_state_if_due(&mut self, rank: usize, out: &mut Vec<Action<R>>) {
        let delay = 1000 * Millis::try_from(rank).unwrap_or(0);
        if self.now >= self.timers.state_sent_at + STATE_INTERVAL + delay {
            self.timers.state_sent_at = self.now;
            self.publish_state(self.now, out);
        }
    }

    /// Members that are suspected to be dead, and workers that left and are suspected to have died before they were
    /// finished.
    fn suspects(&self) -> Vec<Member> {
        let view = self.view.iter().flat_map(|view| &view.members);
        let leavers = self.ledger.owners().filter(|owner| !self.view.iter().any(|view| view.contains(owner)));
        let others = view.chain(leavers).filter(|member| **member != self.me);
        others.filter(|member| self.presence.suspects(member, self.ledger.silence(member))).cloned().collect()
    }

    /// Leaves: publishes that there is no member if it was the last one, finishes its requests, sends the final report.
    fn finish_leaving(&mut self, out: &mut Vec<Action<R>>) {
        let now = self.now;
        let is_due = |sent_at: Option<Millis>| sent_at.is_none_or(|at| now >= at + REPEAT_INTERVAL);
        let is_member = self.status() == MemberStatus::Member;
        let Some(departure) = self.phase.departure().filter(|_| !is_member) else { return };
        if let Some(since) = departure.empty_state_since
            && is_due(departure.empty_state_sent_at)
        {
            departure.empty_state_sent_at = Some(now);
            self.publish_state(since, out);
        }
        // A proposal to join, or a bootstrap of the group, may still take effect.
        let may_join = self.timers.is_proposing(now) || self.joining.is_bootstrapping(now);
        if !self.open.is_empty() || may_join {
            return;
        }
        let Some(departure) = self.phase.departure() else { return };
        if self.view.is_none() || departure.final_report_read && departure.empty_state_since.is_none() {
            self.phase = Phase::Left;
        } else if !departure.final_report_read && is_due(departure.final_report_sent_at) {
            departure.final_report_sent_at = Some(now);
            let (member, upto) = (self.me.clone(), self.position);
            self.publish(Message::Progress { member, upto, open: Vec::new(), end: true }, out);
        }
    }

    /// Publishes the view in force with the next tick, although nothing asks for it.
    pub(crate) fn publish_state_soon(&mut self) {
        self.timers.state_sent_at = 0;
    }

    /// Publishes the view in force at the current position.
    pub(super) fn publish_state(&self, time: Millis, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return };
        let (version, members) = (view.version, view.members.clone());
        self.publish(Message::State { at: self.position, version, members, time }, out);
    }

    pub(super) fn publish(&self, message: Message, out: &mut Vec<Action<R>>) {
        out.push(Action::Publish(Sent { epoch: self.epoch.clone(), message }));
    }
}
