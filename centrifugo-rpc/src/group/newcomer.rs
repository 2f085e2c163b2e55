//! The rules of a worker that does not know the group: it asks for the view in force, and reads without acting until it
//! gets one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ledger::Buffered;
use super::propose::{PROPOSAL_TIMEOUT, REPEAT_INTERVAL};
use super::{Action, Group, Message, Millis, Request, View};

/// The number of unanswered state requests after which a newcomer takes the group for dead. Only requests that it has
/// read back count: without a working subscription, silence proves nothing.
const MAX_UNANSWERED: u32 = 5;

/// The time that it waits for an answer if no other worker is connected.
const ALONE_TIMEOUT: Millis = 500;

/// The progress of joining.
#[derive(Debug, Default)]
pub(super) struct Joining {
    requests_sent: u32,
    /// The number of its own state requests that it has read back.
    requests_read: u32,
    last_request_at: Millis,
    first_request_at: Millis,
    /// True if a member was observed since: the group is not dead, whatever presence reports.
    member_seen: bool,
    /// Other workers that do not know the group either.
    newcomers: BTreeSet<String>,
    /// The time of its last bootstrap, until that is read.
    bootstrap_sent_at: Option<Millis>,
}

impl Joining {
    /// Returns true if its bootstrap may still take effect.
    pub(super) fn is_bootstrapping(&self, now: Millis) -> bool {
        self.bootstrap_sent_at.is_some_and(|at| now < at + PROPOSAL_TIMEOUT)
    }

    /// Records that its bootstrap has taken effect.
    pub(super) fn bootstrapped(&mut self) {
        self.bootstrap_sent_at = None;
    }
}

impl<R: Request> Group<R> {
    /// Handles a message while the view in force is unknown.
    pub(super) fn observe(&mut self, offset: u64, message: Message, out: &mut Vec<Action<R>>) {
        match message {
            Message::State { at, version, members, time } if (self.start..=offset).contains(&at) => {
                self.adopt(offset, at, View { version, members }, time, out);
            }
            Message::Bootstrap { member } => self.bootstrap(offset, member, out),
            Message::View { .. } | Message::Progress { .. } => {
                self.joining.member_seen |= self.joining.requests_sent > 0;
                self.buffer(offset, Buffered::Message(message));
            }
            Message::StateRequest { member } if member == self.me => self.joining.requests_read += 1,
            Message::StateRequest { member } => {
                self.presence.observed(&member);
                self.joining.newcomers.insert(member.worker().to_owned());
            }
            // A state that starts before the visible publications is useless.
            Message::State { .. } => {}
        }
    }

    /// Adopts the view that was in force at `at`, and replays all later publications.
    fn adopt(&mut self, offset: u64, at: u64, view: View, time: Millis, out: &mut Vec<Action<R>>) {
        // The last worker to leave dates the publications after its view; other members date those after their message.
        self.last_time = view.members.is_empty().then_some(time);
        // The sender may have read some of these publications before it sent the state. Requests that belonged to
        // others are not this worker's to run.
        let from = if view.members.is_empty() { view.version + 1 } else { at };
        self.view = Some(Arc::new(view));
        for (earlier, read) in self.backlog.take() {
            if earlier < from {
                continue;
            }
            self.position = earlier + 1;
            match read {
                Buffered::Request(request) => self.assign(earlier, request, out),
                Buffered::Message(message) => self.apply_message(earlier, message, out),
            }
        }
        self.position = offset + 1;
        self.last_time = self.last_time.max(Some(time));
        self.timers.state_sent_at = self.now;
    }

    pub(super) fn buffer(&mut self, offset: u64, read: Buffered<R>) {
        if let Some(start) = self.backlog.push(offset, read) {
            self.start = start;
        }
    }

    /// Asks for the view in force, and finally bootstraps the group.
    pub(super) fn request_to_join(&mut self, out: &mut Vec<Action<R>>) {
        let now = self.now;
        if self.joining.is_bootstrapping(now) {
            return;
        }
        // Of several newcomers, one bootstraps the group: the one with the lowest name.
        let (me, newcomers) = (&self.worker, &self.joining.newcomers);
        let alone = !self.joining.member_seen
            && self.presence.all_workers(|other| other == me || other > me && newcomers.contains(other));
        let read = self.joining.requests_read;
        let enough =
            read >= MAX_UNANSWERED || read > 0 && alone && now >= self.joining.first_request_at + ALONE_TIMEOUT;
        if self.joining.requests_sent == 0 {
            self.joining.first_request_at = now;
        } else if enough && now >= self.joining.last_request_at + ALONE_TIMEOUT {
            self.joining.bootstrap_sent_at = Some(now);
            return self.publish(Message::Bootstrap { member: self.me.clone() }, out);
        } else if now < self.joining.last_request_at + REPEAT_INTERVAL {
            return;
        }
        self.joining.requests_sent += 1;
        self.joining.last_request_at = now;
        self.publish(Message::StateRequest { member: self.me.clone() }, out);
    }
}
