//! A test bench: some workers on one stream.

use crate::group::plain::{MEMORY, Plain};
use crate::group::propose::TICK;
use crate::group::*;

#[derive(Debug, Clone)]
pub(super) enum Publication {
    Request(Plain),
    Message(Sent),
}

/// Some workers, and all their actions.
#[derive(Default)]
pub(super) struct Bench {
    pub now: Millis,
    pub stream: Vec<Publication>,
    pub workers: Vec<(Group<Plain>, u64)>,
    /// The started calls: worker and offset.
    pub runs: Vec<(String, u64)>,
    /// The lower bounds of their times of publication.
    pub after: Vec<Option<Millis>>,
    pub lost: Vec<(String, u64)>,
    pub presence_queries: usize,
    /// Workers that do nothing, like dead ones.
    pub dead: Vec<usize>,
    /// The dead workers that are still connected.
    pub hung: Vec<usize>,
    /// True if no message of a worker arrives.
    pub loses_messages: bool,
}

impl Bench {
    pub(super) fn with(count: usize) -> Self {
        let mut bench = Self { now: 1_000_000, ..Self::default() };
        for index in 0..count {
            bench.start(index, 1);
        }
        bench
    }

    pub(super) fn start(&mut self, index: usize, first: u64) {
        let mut group = Group::new(&name(index), MEMORY);
        group.begin("e", first);
        self.workers.push((group, first));
        self.connected();
        self.settle();
    }

    /// Sends presence to every worker.
    pub(super) fn connected(&mut self) {
        let here = (0..self.workers.len()).filter(|index| !self.dead.contains(index) || self.hung.contains(index));
        let clients: Vec<_> = here.map(|index| (format!("client {index}"), name(index))).collect();
        for (group, _) in &mut self.workers {
            group.presence(Some(clients.clone()));
        }
    }

    pub(super) fn request(&mut self, idempotent: bool) -> u64 {
        self.stream.push(Publication::Request(Plain::of(idempotent)));
        self.settle();
        self.stream.len() as u64
    }

    pub(super) fn publish(&mut self, message: Message) -> u64 {
        self.stream.push(Publication::Message(Sent { epoch: "e".to_owned(), message }));
        self.settle();
        self.stream.len() as u64
    }

    /// Runs until no worker has anything to read or to send.
    pub(super) fn settle(&mut self) {
        loop {
            let before = self.stream.len();
            for index in 0..self.workers.len() {
                if !self.dead.contains(&index) {
                    self.read(index);
                    self.with_worker(index, |group, _, out| group.poll(true, out));
                }
            }
            let caught_up = |index: usize| self.workers[index].1 > self.stream.len() as u64;
            if self.stream.len() == before && (0..self.workers.len()).all(|i| self.dead.contains(&i) || caught_up(i)) {
                return;
            }
        }
    }

    pub(super) fn read(&mut self, index: usize) {
        while let Some(publication) =
            self.stream.get(usize::try_from(self.workers[index].1 - 1).expect("small")).cloned()
        {
            let offset = self.workers[index].1;
            self.workers[index].1 += 1;
            self.with_worker(index, |group, now, out| match publication {
                Publication::Request(request) => group.request(offset, request, now, out),
                Publication::Message(sent) => group.message(offset, sent, now, out),
            });
        }
    }

    pub(super) fn with_worker(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Group<Plain>, Millis, &mut Vec<Action<Plain>>),
    ) {
        let mut out = Vec::new();
        let group = &mut self.workers[index].0;
        act(group, self.now, &mut out);
        for action in out {
            match action {
                Action::Run { offset, after, .. } => {
                    self.runs.push((name(index), offset));
                    self.after.push(after);
                }
                Action::Lost { offset, .. } => self.lost.push((name(index), offset)),
                Action::Publish(_) if self.loses_messages => {}
                Action::Publish(sent) => self.stream.push(Publication::Message(sent)),
                Action::QueryPresence => self.presence_queries += 1,
            }
        }
    }

    /// Advances the time for all workers that are not dead, and answers presence queries.
    pub(super) fn pass(&mut self, millis: Millis) {
        let until = self.now + millis;
        while self.now < until {
            self.now += TICK;
            let before = self.presence_queries;
            for index in 0..self.workers.len() {
                if !self.dead.contains(&index) {
                    self.with_worker(index, |group, now, out| group.tick(now, true, out));
                }
            }
            if self.presence_queries > before {
                self.connected();
            }
            self.settle();
        }
    }

    pub(super) fn finish(&mut self, offset: u64) {
        for (group, _) in &mut self.workers {
            group.finished(group.generation(), offset);
        }
    }

    /// Removes a worker; the others get a leave event.
    pub(super) fn crash(&mut self, index: usize) {
        self.dead.push(index);
        for (group, _) in &mut self.workers {
            group.left(&format!("client {index}"), &name(index));
        }
    }

    pub(super) fn members(&self, of: usize) -> Vec<&str> {
        self.workers[of].0.view().expect("a view").members.iter().map(|member| &**member).collect()
    }

    /// Counts the published messages for which the predicate holds.
    pub(super) fn published(&self, predicate: impl Fn(&Message) -> bool) -> usize {
        let messages = self.stream.iter().filter(|publication| match publication {
            Publication::Message(sent) => predicate(&sent.message),
            Publication::Request(_) => false,
        });
        messages.count()
    }
}

pub(super) fn name(index: usize) -> String {
    format!("w{index}")
}
