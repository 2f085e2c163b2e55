//! The rules that decide which worker runs which request of a shared channel: a state machine without a clock and
//! without I/O.
//!
//! Centrifugo delivers every publication to every worker, in one order that is the same for all. The messages of
//! workers are part of that order, so each worker knows the members at every offset without asking another:
//!
//! - A **view** names the members. It is a proposal until it is read. It takes effect at its own offset if its `prev`
//!   is the version in force there.
//! - The **owner** of the request at offset `o` is member `o mod n` of the view in force at `o`. Only the owner runs
//!   it.
//! - A newcomer knows no view. It adopts a **state**, which says which view was in force where, and reads on from
//!   there. It never adopts a view from the history: that view may be a proposal that lost.
//!
//! `docs/architecture.md` explains the whole protocol; [`propose`] decides when a worker sends which message.

use std::collections::BTreeSet;
use std::sync::Arc;

mod ledger;
mod message;
mod newcomer;
mod phase;
mod presence;
mod propose;
mod view;

pub(crate) use message::{Envelope, Member, Message, Sent};
pub(crate) use propose::TICK;
pub(crate) use view::View;

use ledger::{Backlog, Buffered, Entry, Ledger, Unowned};
use newcomer::Joining;
use phase::Phase;
use presence::Presence;
use propose::Timers;

/// A time in milliseconds, of a monotonic clock close to the clocks of other workers.
pub(crate) type Millis = u64;

/// A request, or the requests of one publication, as far as the rules need to know it.
pub(crate) trait Request {
    /// The bytes needed to retain the request.
    fn size(&self) -> usize;

    /// Splits the request into the part that may run again after the death of its worker, and the part that may not.
    #[must_use]
    fn by_idempotence(self) -> (Option<Self>, Option<Self>)
    where
        Self: Sized;

    /// Called before the request is retained: the result must not keep more memory alive than its size.
    #[must_use]
    fn into_retained(self) -> Self
    where
        Self: Sized;
}

/// An action for the caller of the state machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action<R> {
    /// This worker runs the request, and calls [`Group::finished`] when it is complete.
    Run {
        offset: u64,
        request: R,
        /// A lower bound of the time of publication, if a better one is known than from the delivery.
        after: Option<Millis>,
    },
    /// No worker will finish the request: every worker that receives this action reports it to the caller.
    Lost { offset: u64, request: R },
    /// Publish this in the request channel. It need not arrive: important messages are repeated.
    Publish(Sent),
    /// Query the subscribed connections, for [`Group::presence`].
    QueryPresence,
}

/// The status of a worker in the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberStatus {
    /// The worker does not know the group yet, or is not a member.
    Outside,
    Member,
    /// The worker is not a member any more, and has sent its final report.
    Left,
}

/// The group as one worker sees it.
#[derive(Debug)]
pub(crate) struct Group<R> {
    worker: String,
    generation: u32,
    me: Member,
    epoch: String,
    /// All publications from `start` to below this offset were read.
    position: u64,
    start: u64,
    now: Millis,
    /// The view in force at `position`, if known.
    view: Option<Arc<View>>,
    backlog: Backlog<R>,
    ledger: Ledger<R>,
    /// This worker's own requests in flight.
    open: BTreeSet<u64>,
    presence: Presence,
    phase: Phase,
    /// A lower bound of the time of all later publications.
    last_time: Option<Millis>,
    joining: Joining,
    timers: Timers,
}

impl<R: Request> Group<R> {
    /// Makes a worker with this unique name. It retains at most `max_bytes` of requests, twice.
    pub(crate) fn new(worker: &str, max_bytes: usize) -> Self {
        Self {
            worker: worker.to_owned(),
            generation: 0,
            me: Member::new(worker, 0),
            epoch: String::new(),
            position: 0,
            start: 0,
            now: 0,
            view: None,
            backlog: Backlog::new(max_bytes),
            ledger: Ledger::new(max_bytes),
            open: BTreeSet::new(),
            presence: Presence::new(),
            phase: Phase::default(),
            last_time: None,
            joining: Joining::default(),
            timers: Timers::default(),
        }
    }

    /// Starts to read at `first`: as a new worker, or, after losing its position, as a new member. It cannot know the
    /// views that it missed.
    pub(crate) fn begin(&mut self, epoch: &str, first: u64) {
        if self.position > 0 {
            self.generation += 1;
            self.me = Member::new(&self.worker, self.generation);
        }
        self.presence.observed(&self.me);
        epoch.clone_into(&mut self.epoch);
        (self.position, self.start) = (first, first);
        // A stream starts without members, and a reader from its first offset on has missed nothing.
        self.view = (first == 1).then(Arc::default);
        self.backlog.take();
        self.ledger.clear();
        self.open.clear();
        self.last_time = None;
        self.joining = Joining::default();
        self.phase.begin();
        self.timers = Timers::default();
    }

    /// The member that this worker is now. Its calls belong to its generation, see [`finished`](Self::finished).
    pub(crate) fn me(&self) -> &Member {
        &self.me
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// The view in force, if known.
    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_deref()
    }

    pub(crate) fn status(&self) -> MemberStatus {
        match &self.view {
            Some(view) if view.contains(&self.me) => MemberStatus::Member,
            _ if matches!(self.phase, Phase::Left) => MemberStatus::Left,
            _ => MemberStatus::Outside,
        }
    }

    /// The number of requests of other workers that were dropped because of the limit: no worker can answer for them if
    /// their owners die.
    pub(crate) fn dropped(&self) -> u64 {
        self.ledger.dropped()
    }

    /// The owners of the retained requests, as far as they were decided at publication.
    #[cfg(test)]
    fn known_owners(&self) -> Vec<(u64, Option<&Member>)> {
        self.ledger.known_owners()
    }

    /// Starts to leave the group.
    pub(crate) fn leave(&mut self) {
        self.phase.leave();
    }

    /// Records that one of its own calls is complete: its reply is delivered or dropped.
    pub(crate) fn finished(&mut self, generation: u32, offset: u64) {
        if generation == self.generation && self.open.remove(&offset) {
            self.timers.has_unreported = true;
        }
    }

    pub(crate) fn joined(&mut self, client: &str, worker: &str) {
        self.presence.joined(client, worker);
    }

    pub(crate) fn left(&mut self, client: &str, worker: &str) {
        self.presence.left(client, worker);
    }

    /// The subscribed connections and their workers; `None` if Centrifugo keeps no presence.
    pub(crate) fn presence(&mut self, clients: Option<Vec<(String, String)>>) {
        self.presence.snapshot(clients);
        self.presence.observed(&self.me);
    }

    /// Skips a publication that does not concern the group.
    pub(crate) fn skip(&mut self, offset: u64) {
        self.position = offset + 1;
    }

    /// Handles a request of a caller.
    pub(crate) fn request(&mut self, offset: u64, request: R, now: Millis, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.position = offset + 1;
        self.assign(offset, request, out);
    }

    /// Handles a message of a worker.
    pub(crate) fn message(&mut self, offset: u64, sent: Sent, now: Millis, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.position = offset + 1;
        if sent.epoch != self.epoch {
            return;
        }
        if self.view.is_some() {
            self.apply_message(offset, sent.message, out);
        } else {
            self.observe(offset, sent.message, out);
        }
    }

    /// Decides the owner of a request, from the view in force at its offset alone.
    fn assign(&mut self, offset: u64, request: R, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return self.buffer(offset, Buffered::Request(request.into_retained())) };
        match view.owner(offset) {
            Some(owner) if *owner == self.me => self.run(offset, request, None, out),
            Some(owner) => {
                let entry = Entry { request: request.into_retained(), view: Arc::clone(view), since: offset };
                self.ledger.add(owner, offset, entry);
            }
            None => {
                let unowned = Unowned { request: request.into_retained(), after: self.last_time };
                self.ledger.add_unowned(offset, unowned);
            }
        }
    }

    fn run(&mut self, offset: u64, request: R, after: Option<Millis>, out: &mut Vec<Action<R>>) {
        self.open.insert(offset);
        self.timers.has_unreported = true;
        out.push(Action::Run { offset, request, after });
    }

    fn apply_message(&mut self, offset: u64, message: Message, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return };
        match message {
            Message::StateRequest { member } => {
                self.presence.observed(&member);
                if member == self.me {
                    self.phase.confirm_liveness(None);
                }
                if view.owner(offset) == Some(&self.me) {
                    self.publish_state(self.now, out);
                }
            }
            Message::State { version, members, time, .. } => {
                self.last_time = self.last_time.max(Some(time));
                self.timers.state_sent_at = self.now;
                if version == view.version
                    && members.is_empty()
                    && let Some(departure) = self.phase.departure()
                {
                    departure.empty_state_since = None;
                }
            }
            Message::View { prev, members, dead, time } if prev == view.version => {
                self.last_time = self.last_time.max(time);
                self.apply_view(View { version: offset, members }, &dead, time, out);
            }
            Message::View { .. } => {}
            Message::Bootstrap { member } => self.bootstrap(offset, member, out),
            Message::Progress { member, upto, open, end } => {
                self.presence.observed(&member);
                self.ledger.progress(&member, upto, &open);
                if member == self.me {
                    self.timers.ticks_since_own_report = 0;
                    if let Some(departure) = self.phase.departure().filter(|_| end) {
                        departure.report_read(upto);
                    }
                }
            }
        }
    }

    /// Puts the next view in force.
    fn apply_view(&mut self, view: View, dead: &[Member], time: Option<Millis>, out: &mut Vec<Action<R>>) {
        for member in &view.members {
            self.presence.observed(member);
        }
        let view = Arc::new(view);
        let Some(old) = self.view.replace(Arc::clone(&view)) else { return };
        let (was_member, is_member) = (old.contains(&self.me), view.contains(&self.me));
        self.phase.view_changed(view.version, was_member, is_member);
        match &mut self.phase {
            Phase::Staying { confirm_liveness_at } if is_member => *confirm_liveness_at = None,
            Phase::Staying { confirm_liveness_at } if was_member => _ = confirm_liveness_at.get_or_insert(self.now),
            Phase::Leaving(departure) => {
                let emptied = view.members.is_empty() && was_member && !dead.contains(&self.me);
                departure.empty_state_since = emptied.then(|| time.unwrap_or(self.now));
            }
            Phase::Staying { .. } | Phase::Left => {}
        }
        self.timers.view_changed();
        for member in dead {
            for (lost, entry) in self.ledger.take(member) {
                self.reassign(lost, entry, &view, out);
            }
        }
        if old.members.is_empty() && !view.members.is_empty() {
            for (waiting, Unowned { request, after }) in self.ledger.take_unowned() {
                match view.owner(waiting) {
                    Some(owner) if *owner == self.me => self.run(waiting, request, after, out),
                    Some(owner) => {
                        let entry = Entry { request, view: Arc::clone(&view), since: view.version };
                        self.ledger.add(owner, waiting, entry);
                    }
                    None => {}
                }
            }
        }
    }

    /// Reassigns a request whose owner is dead: to a member that has seen it, if it may run again; otherwise the
    /// request is lost.
    fn reassign(&mut self, lost: u64, entry: Entry<R>, view: &View, out: &mut Vec<Action<R>>) {
        let Entry { request, view: known_to, .. } = entry;
        // A member that joined after the publication may not have seen the request.
        let heirs: Vec<_> = view.members.iter().filter(|member| known_to.contains(member)).collect();
        let Some(&heir) = view::pick(&heirs, lost) else { return out.push(Action::Lost { offset: lost, request }) };
        let (again, over) = request.by_idempotence();
        if let Some(request) = over {
            out.push(Action::Lost { offset: lost, request });
        }
        match again {
            Some(request) if *heir == self.me => self.run(lost, request, None, out),
            Some(request) => {
                let entry = Entry { request, view: known_to, since: view.version };
                self.ledger.add(heir, lost, entry);
            }
            None => {}
        }
    }

    /// Bootstraps the group with one member. No worker is known to run the visible requests before it.
    fn bootstrap(&mut self, offset: u64, member: Member, out: &mut Vec<Action<R>>) {
        self.presence.observed(&member);
        let (was_member, mine) = (self.status() == MemberStatus::Member, member == self.me);
        if mine {
            self.joining.bootstrapped();
        } else if was_member {
            self.phase.confirm_liveness(Some(self.now));
        }
        for (lost, Unowned { request, .. }) in self.ledger.take_unowned() {
            out.push(Action::Lost { offset: lost, request });
        }
        for (lost, read) in self.backlog.take() {
            if let Buffered::Request(request) = read
                && mine
            {
                out.push(Action::Lost { offset: lost, request });
            }
        }
        self.view = Some(Arc::new(View { version: offset, members: vec![member] }));
        self.timers.view_changed();
        self.phase.view_changed(offset, was_member, mine);
        if let Some(departure) = self.phase.departure() {
            departure.empty_state_since = None;
        }
    }
}

#[cfg(test)]
mod plain;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
