//! Who runs what, where several workers share a request channel: the rules, as a state machine without a clock and without I/O.
//!
//! Centrifugo hands every publication to every worker, in one order that is the same for all. What workers tell each other is
//! part of that order, so that each knows at every offset who the members are, without asking anybody:
//!
//! - A **view** names the members. It is a proposal until it is read, and takes effect at its own offset, if its `prev` is the
//!   version in force there.
//! - The **owner** of the request at offset `o` is member `o mod n` of the view in force at `o`. It alone runs it.
//! - A newcomer knows no view. It adopts a **state**, which says what was in force where, and reads on from there. It never
//!   adopts a view out of the history: that may be a proposal that lost.
//!
//! `docs/architecture.md` tells the whole story; [`propose`] says when a worker says what.

use std::collections::BTreeSet;
use std::sync::Arc;

mod ledger;
mod message;
mod newcomer;
mod presence;
mod propose;
mod view;

pub(crate) use message::{Envelope, Member, Message, Sent};
pub(crate) use propose::TICK;
pub(crate) use view::View;

use ledger::{Backlog, Entry, Ledger, Read, Unowned};
use newcomer::Asking;
use presence::Presence;
use propose::Pacing;

/// A time in milliseconds: of a clock that never goes back, and near to what other workers take the time to be.
pub(crate) type Millis = u64;

/// What the rules have to know of a request, or of requests that have one place in the channel.
pub(crate) trait Request {
    /// How many bytes it takes to remember it.
    fn size(&self) -> usize;

    /// What of it may run again after its worker died, and what may not.
    #[must_use]
    fn by_idempotence(self) -> (Option<Self>, Option<Self>)
    where
        Self: Sized;

    /// Called before it is remembered: it must not keep more alive than its size.
    #[must_use]
    fn remembered(self) -> Self
    where
        Self: Sized;
}

/// What has to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action<R> {
    /// This worker runs the request, and calls [`Group::finished`] in the end.
    Run {
        offset: u64,
        request: R,
        /// It was published after this, where that is known better than from how it arrived.
        after: Option<Millis>,
    },
    /// Nobody will finish the request: whoever knows that says so to its caller.
    Lost { offset: u64, request: R },
    /// Publish this in the request channel. It need not arrive: what matters is said again.
    Publish(Sent),
    /// Ask who is subscribed, for [`Group::presence`].
    AskPresence,
}

/// Where a worker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does not know the group yet, or is no member.
    Outside,
    Member,
    /// It is no member, and has said everything it had to say.
    Left,
}

/// One worker's idea of the group.
#[derive(Debug)]
pub(crate) struct Group<R> {
    worker: String,
    generation: u32,
    me: Member,
    epoch: String,
    /// All below was read, from `start` on.
    position: u64,
    start: u64,
    now: Millis,
    /// What is in force at `position`, if that is known.
    view: Option<Arc<View>>,
    backlog: Backlog<R>,
    ledger: Ledger<R>,
    /// Its own requests that run.
    open: BTreeSet<u64>,
    presence: Presence,
    leaving: bool,
    /// All later publications are younger.
    last_time: Option<Millis>,
    asking: Asking,
    pacing: Pacing,
}

impl<R: Request> Group<R> {
    /// A worker of this name, which nobody else has. It remembers at most `max_bytes` of requests, twice.
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
            leaving: false,
            last_time: None,
            asking: Asking::default(),
            pacing: Pacing::default(),
        }
    }

    /// The next publication is the one at `first`: a new worker begins to read, or one that lost its place begins anew, as
    /// somebody else. It cannot know the views that it missed.
    pub(crate) fn begin(&mut self, epoch: &str, first: u64) {
        if self.position > 0 {
            self.generation += 1;
            self.me = Member::new(&self.worker, self.generation);
        }
        self.presence.heard(&self.me);
        epoch.clone_into(&mut self.epoch);
        (self.position, self.start) = (first, first);
        // A stream begins without members, and from its first offset on nothing can be missed.
        self.view = (first == 1).then(Arc::default);
        self.backlog.take();
        self.ledger.clear();
        self.open.clear();
        self.last_time = None;
        self.asking = Asking::default();
        self.pacing = Pacing::default();
    }

    /// Who it is now. What it runs belongs to its generation, see [`finished`](Self::finished).
    pub(crate) fn me(&self) -> &Member {
        &self.me
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// What is in force, if that is known.
    pub(crate) fn view(&self) -> Option<&View> {
        self.view.as_deref()
    }

    pub(crate) fn standing(&self) -> Standing {
        match &self.view {
            Some(view) if view.contains(&self.me) => Standing::Member,
            _ if self.pacing.left => Standing::Left,
            _ => Standing::Outside,
        }
    }

    /// How many requests of others were forgotten, as there were too many: nobody can speak for them if their owners die.
    pub(crate) fn forgotten(&self) -> u64 {
        self.ledger.forgotten()
    }

    /// Whom it takes the requests that it remembers to belong to, as far as that was decided where they were published.
    #[cfg(test)]
    fn beliefs(&self) -> Vec<(u64, Option<&Member>)> {
        self.ledger.beliefs()
    }

    /// It wants to be no member any more, and to say so.
    pub(crate) fn leave(&mut self) {
        self.leaving = true;
    }

    /// One of its own calls is over, and its reply delivered or given up.
    pub(crate) fn finished(&mut self, generation: u32, offset: u64) {
        if generation == self.generation && self.open.remove(&offset) {
            self.pacing.dirty = true;
        }
    }

    pub(crate) fn joined(&mut self, client: &str, worker: &str) {
        self.presence.joined(client, worker);
    }

    pub(crate) fn left(&mut self, client: &str, worker: &str) {
        self.presence.left(client, worker);
    }

    /// The connections that are subscribed and their workers; none where Centrifugo does not keep them.
    pub(crate) fn presence(&mut self, clients: Option<Vec<(String, String)>>) {
        self.presence.snapshot(clients);
        self.presence.heard(&self.me);
    }

    /// A publication that means nothing to the group.
    pub(crate) fn skip(&mut self, offset: u64) {
        self.position = offset + 1;
    }

    /// A request of a caller.
    pub(crate) fn request(&mut self, offset: u64, request: R, now: Millis, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.position = offset + 1;
        self.place(offset, request, out);
    }

    /// A message of a worker.
    pub(crate) fn message(&mut self, offset: u64, sent: Sent, now: Millis, out: &mut Vec<Action<R>>) {
        self.now = now;
        self.position = offset + 1;
        if sent.epoch != self.epoch {
            return;
        }
        if self.view.is_some() {
            self.apply(offset, sent.message, out);
        } else {
            self.overhear(offset, sent.message, out);
        }
    }

    /// Who runs the request is decided here, and nowhere else.
    fn place(&mut self, offset: u64, request: R, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return self.keep(offset, Read::Request(request.remembered())) };
        match view.owner(offset) {
            Some(owner) if *owner == self.me => self.run(offset, request, None, out),
            Some(owner) => {
                let entry = Entry { request: request.remembered(), view: Arc::clone(view), since: offset };
                self.ledger.add(owner, offset, entry);
            }
            None => {
                let unowned = Unowned { request: request.remembered(), after: self.last_time };
                self.ledger.add_unowned(offset, unowned);
            }
        }
    }

    fn run(&mut self, offset: u64, request: R, after: Option<Millis>, out: &mut Vec<Action<R>>) {
        self.open.insert(offset);
        self.pacing.dirty = true;
        out.push(Action::Run { offset, request, after });
    }

    fn apply(&mut self, offset: u64, message: Message, out: &mut Vec<Action<R>>) {
        let Some(view) = &self.view else { return };
        match message {
            Message::Hello { member } => {
                self.presence.heard(&member);
                if member == self.me {
                    self.pacing.prove_at = None;
                }
                if view.owner(offset) == Some(&self.me) {
                    self.state(self.now, out);
                }
            }
            Message::State { version, members, time, .. } => {
                self.last_time = self.last_time.max(Some(time));
                self.pacing.stated_at = self.now;
                if version == view.version && members.is_empty() {
                    self.pacing.owes_state = None;
                }
            }
            Message::View { prev, members, dead, time } if prev == view.version => {
                self.last_time = self.last_time.max(time);
                self.change(View { version: offset, members }, &dead, time, out);
            }
            Message::View { .. } => {}
            Message::Genesis { member } => self.genesis(offset, member, out),
            Message::Progress { member, upto, open, end } => {
                self.presence.heard(&member);
                self.ledger.progress(&member, upto, &open);
                if member == self.me {
                    self.pacing.quiet = 0;
                    self.pacing.end_seen |= end;
                }
            }
        }
    }

    /// The next view is in force.
    fn change(&mut self, view: View, dead: &[Member], time: Option<Millis>, out: &mut Vec<Action<R>>) {
        for member in &view.members {
            self.presence.heard(member);
        }
        let view = Arc::new(view);
        let Some(old) = self.view.replace(Arc::clone(&view)) else { return };
        let emptied = view.members.is_empty() && old.contains(&self.me) && !dead.contains(&self.me);
        self.pacing.owes_state = emptied.then(|| time.unwrap_or(self.now));
        self.pacing.prove_at = match self.pacing.prove_at {
            _ if view.contains(&self.me) => None,
            None if old.contains(&self.me) => Some(self.now),
            at => at,
        };
        self.pacing.changed();
        for member in dead {
            for (lost, entry) in self.ledger.take(member) {
                self.inherit(lost, entry, &view, out);
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

    /// A request whose owner is dead: run by one who knows of it, where it may run again; otherwise lost.
    fn inherit(&mut self, lost: u64, entry: Entry<R>, view: &View, out: &mut Vec<Action<R>>) {
        let Entry { request, view: known_to, .. } = entry;
        // A member that joined after it was published may not have seen it.
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

    /// The group begins anew with one member. Nobody is known to run what it can see below.
    fn genesis(&mut self, offset: u64, member: Member, out: &mut Vec<Action<R>>) {
        self.presence.heard(&member);
        let mine = member == self.me;
        if !mine && self.standing() == Standing::Member {
            self.pacing.prove_at = Some(self.now);
        }
        for (lost, Unowned { request, .. }) in self.ledger.take_unowned() {
            out.push(Action::Lost { offset: lost, request });
        }
        for (lost, read) in self.backlog.take() {
            if let Read::Request(request) = read
                && mine
            {
                out.push(Action::Lost { offset: lost, request });
            }
        }
        self.view = Some(Arc::new(View { version: offset, members: vec![member] }));
        self.pacing.changed();
        self.pacing.owes_state = None;
    }
}

#[cfg(test)]
mod plain;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
