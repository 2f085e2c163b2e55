//! One who does not know the group: it asks what is in force, and reads on without acting until somebody says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ledger::Read;
use super::propose::{AGAIN, PROPOSAL};
use super::{Action, Group, Message, Millis, Request, View};

/// How many questions of a newcomer nobody answers until it takes the group for dead. Those count that it read itself: who hears
/// nothing learns nothing from silence.
const HELLOS: u32 = 5;

/// How long it waits for an answer where nobody else is connected.
const ALONE: Millis = 500;

/// What it asked, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Asking {
    hellos: u32,
    /// As many of them came back, as to everybody.
    hellos_read: u32,
    hello_at: Millis,
    first_hello_at: Millis,
    /// Somebody who knows the group was heard since: it is not dead, whatever presence says.
    others_know: bool,
    /// Others who do not know the group either.
    newcomers: BTreeSet<String>,
    genesis_at: Option<Millis>,
}

impl<R: Request> Group<R> {
    /// A message that it reads without knowing what is in force.
    pub(super) fn overhear(&mut self, offset: u64, message: Message, out: &mut Vec<Action<R>>) {
        match message {
            Message::State { at, version, members, time } if (self.start..=offset).contains(&at) => {
                self.adopt(offset, at, View { version, members }, time, out);
            }
            Message::Genesis { member } => self.genesis(offset, member, out),
            Message::View { .. } | Message::Progress { .. } => {
                self.asking.others_know |= self.asking.hellos > 0;
                self.keep(offset, Read::Message(message));
            }
            Message::Hello { member } if member == self.me => self.asking.hellos_read += 1,
            Message::Hello { member } => {
                self.presence.heard(&member);
                self.asking.newcomers.insert(member.worker().to_owned());
            }
            // One that begins before what can be seen.
            Message::State { .. } => {}
        }
    }

    /// Adopts what was in force at `at`, and reads again all that came after.
    fn adopt(&mut self, offset: u64, at: u64, view: View, time: Millis, out: &mut Vec<Action<R>>) {
        // The last one to leave dates what comes after its view, the others what comes after their message.
        self.last_time = view.members.is_empty().then_some(time);
        // It may have read some of that before it said so; what others had then is not for this one to know.
        let from = if view.members.is_empty() { view.version + 1 } else { at };
        self.view = Some(Arc::new(view));
        for (earlier, read) in self.backlog.take() {
            if earlier < from {
                continue;
            }
            self.position = earlier + 1;
            match read {
                Read::Request(request) => self.place(earlier, request, out),
                Read::Message(message) => self.apply(earlier, message, out),
            }
        }
        self.position = offset + 1;
        self.last_time = self.last_time.max(Some(time));
        self.pacing.stated_at = self.now;
    }

    pub(super) fn keep(&mut self, offset: u64, read: Read<R>) {
        if let Some(start) = self.backlog.push(offset, read) {
            self.start = start;
        }
    }

    /// Asks what is in force, and in the end begins the group anew.
    pub(super) fn greet(&mut self, out: &mut Vec<Action<R>>) {
        let now = self.now;
        if self.asking.genesis_at.is_some_and(|at| now < at + PROPOSAL) {
            return;
        }
        // Of several who know nothing, one is enough to begin.
        let (me, newcomers) = (&self.worker, &self.asking.newcomers);
        let alone = !self.asking.others_know
            && self.presence.all(|other| other == me || other > me && newcomers.contains(other));
        let read = self.asking.hellos_read;
        let enough = read >= HELLOS || read > 0 && alone && now >= self.asking.first_hello_at + ALONE;
        if self.asking.hellos == 0 {
            self.asking.first_hello_at = now;
        } else if enough && now >= self.asking.hello_at + ALONE {
            self.asking.genesis_at = Some(now);
            return self.say(Message::Genesis { member: self.me.clone() }, out);
        } else if now < self.asking.hello_at + AGAIN {
            return;
        }
        self.asking.hellos += 1;
        self.asking.hello_at = now;
        self.say(Message::Hello { member: self.me.clone() }, out);
    }
}
