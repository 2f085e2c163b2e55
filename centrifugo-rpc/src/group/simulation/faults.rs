//! The failures, and the starts and stops of workers.

use super::Kind;
use super::worker::Worker;
use super::world::{Event, KNOWS_ALL, World};
use crate::group::MemberStatus;

/// The time that Centrifugo takes to detect a connection that answers no ping.
const PING: u64 = 12_000;

impl World {
    pub(super) fn add_worker(&mut self) {
        let name = format!("w{:03}", self.names);
        self.names += 1;
        self.log(|| format!("{name} starts"));
        let mut worker = Worker::new(name, self.now, &mut self.random);
        self.connect(&mut worker);
        self.workers.push(worker);
    }

    /// Connects a worker, which resumes at its position if the history still has it.
    fn connect(&mut self, worker: &mut Worker) {
        let client = format!("{}/{}", worker.name, self.random.next());
        let oldest = (self.stream.len() as u64).saturating_sub(self.history) + 1;
        if worker.stream != self.streams {
            let first = if self.stream.is_empty() { 1 } else { oldest };
            worker.begin(self.streams, first, self.stream.len() as u64);
        } else if worker.next < oldest {
            self.log(|| format!("{} lost its position", worker.name));
            worker.begin(self.streams, oldest, self.stream.len() as u64);
        }
        worker.client = Some(client.clone());
        self.send_presence_event(&client, &worker.name, true);
    }

    pub(super) fn disconnected(&mut self, worker: &Worker) {
        if let Some(client) = worker.client.clone() {
            self.send_presence_event(&client, &worker.name, false);
        }
    }

    fn cut(&mut self, index: usize) {
        if let Some(client) = self.workers[index].client.take() {
            let name = self.workers[index].name.clone();
            self.send_presence_event(&client, &name, false);
        }
    }

    /// Sends join and leave events, at most once each.
    fn send_presence_event(&mut self, client: &str, worker: &str, here: bool) {
        let others: Vec<_> = self.workers.iter().map(|other| other.name.clone()).collect();
        for to in others {
            if self.kind != Kind::Graceful && self.random.chance(1000) {
                continue;
            }
            let at = self.now + self.random.pick(&[0, 50, 300]);
            let (client, worker) = (client.to_owned(), worker.to_owned());
            self.events.push((at, Event::Presence { to, client, worker, here }));
        }
    }

    pub(super) fn faults(&mut self) {
        self.reconnect();
        let candidates = self.candidates();
        let dice = self.random.below(4000);
        let victim = (!candidates.is_empty()).then(|| self.random.pick(&candidates));
        let until = self.now + self.random.pick(&[200, 1000, 5000, 20_000]);
        if self.kind == Kind::Graceful {
            match (dice, victim) {
                (..40, _) if self.workers.len() < 5 => self.add_worker(),
                (40..70, Some(victim)) => self.leave(victim),
                _ => {}
            }
            return self.keep_one_worker();
        }
        match (dice, victim) {
            (..20, Some(victim)) => self.crash(victim),
            (20..40, Some(victim)) => {
                self.log(|| format!("{} freezes until {until}", self.workers[victim].name));
                self.workers[victim].frozen_until = until;
                if until - self.now > PING {
                    self.cut(victim);
                    self.workers[victim].cut_until = until + 100;
                }
            }
            (40..55, Some(victim)) => {
                self.log(|| format!("{} is cut off until {until}", self.workers[victim].name));
                self.cut(victim);
                self.workers[victim].cut_until = until;
            }
            (55..65, Some(victim)) => {
                self.log(|| format!("{} is deaf until {until}", self.workers[victim].name));
                self.workers[victim].deaf_until = until;
            }
            (65..75, Some(victim)) => {
                self.log(|| format!("{} is mute until {until}", self.workers[victim].name));
                self.workers[victim].mute_until = until;
            }
            (75..85, Some(victim)) => {
                // A leave event of a connected worker.
                let worker = &self.workers[victim];
                if let Some(client) = worker.client.clone() {
                    let name = worker.name.clone();
                    self.log(|| format!("{name} is reported as disconnected"));
                    self.send_presence_event(&client, &name, false);
                }
            }
            (85..110, Some(victim)) => self.leave(victim),
            (120..140, _) if dice < 120 + self.data_loss_chance => self.lose_data(),
            (140..200, _) if self.workers.len() < 6 => self.add_worker(),
            _ => {}
        }
        self.keep_one_worker();
    }

    fn leave(&mut self, victim: usize) {
        self.log(|| format!("{} leaves", self.workers[victim].name));
        if self.workers[victim].group.status() == MemberStatus::Member {
            self.truth.left_at = self.now;
        }
        self.workers[victim].leaving = true;
        self.workers[victim].group.leave();
    }

    fn crash(&mut self, victim: usize) {
        let worker = self.workers.remove(victim);
        self.log(|| format!("{} crashes", worker.name));
        self.disconnected(&worker);
    }

    /// Centrifugo loses its data and all connections.
    fn lose_data(&mut self) {
        self.log(|| "Centrifugo loses its data".to_owned());
        self.streams += 1;
        self.stream.clear();
        // Messages in flight arrive in the next stream.
        for sent in std::mem::take(&mut self.recent) {
            if self.random.chance(2500) {
                let at = self.now + self.random.pick(&[100, 1000, 4000, 15_000]);
                self.events.push((at, Event::Publish(sent)));
            }
        }
        for index in 0..self.workers.len() {
            self.cut(index);
            self.workers[index].cut_until = self.now + self.random.pick(&[50, 500, 3000]);
        }
    }

    /// Reconnects workers when it is time, and disconnects workers that received nothing for too long.
    fn reconnect(&mut self) {
        for index in 0..self.workers.len() {
            let worker = &self.workers[index];
            let gone = worker.client.is_none() && worker.cut_until <= self.now && worker.frozen_until <= self.now;
            if worker.deaf_until > self.now + PING {
                self.workers[index].deaf_until = self.now + PING;
            }
            if gone {
                let placeholder = Worker::new(String::new(), self.now, &mut self.random);
                let mut worker = std::mem::replace(&mut self.workers[index], placeholder);
                self.connect(&mut worker);
                self.workers[index] = worker;
            }
        }
        let oldest = (self.stream.len() as u64).saturating_sub(self.history) + 1;
        for index in 0..self.workers.len() {
            // Deaf for longer than the history covers: the worker detects it when it reads again.
            let worker = &self.workers[index];
            if worker.client.is_some()
                && worker.deaf_until <= self.now
                && worker.stream == self.streams
                && worker.next < oldest
            {
                let (stream, end) = (self.streams, self.stream.len() as u64);
                self.log(|| format!("{} lost its position", self.workers[index].name));
                self.workers[index].begin(stream, oldest, end);
            }
        }
    }

    /// The workers that may fail.
    fn candidates(&mut self) -> Vec<usize> {
        let all = 0..self.workers.len();
        match self.kind {
            Kind::Anything => all.collect(),
            Kind::Graceful => all.filter(|index| !self.workers[*index].leaving).collect(),
            Kind::OneStaysWell => {
                // The first worker that has been a member for long enough. Until there is one, the same worker is kept
                // as long as it is well: it may be the only one that knows of the calls in flight.
                let well = |worker: &Worker| worker.is_well(self.now);
                let old = |w: &Worker| well(w) && w.joined_at.is_some_and(|at| at + KNOWS_ALL <= self.now);
                let same = |worker: &Worker| well(worker) && worker.name == self.kept;
                let position = |such: &dyn Fn(&Worker) -> bool| self.workers.iter().position(such);
                let kept = position(&old).or_else(|| position(&same)).or_else(|| position(&well)).unwrap_or(0);
                if let Some(worker) = self.workers.get(kept) {
                    worker.name.clone_into(&mut self.kept);
                }
                all.filter(|index| *index != kept).collect()
            }
        }
    }

    /// Keeps at least one worker that can work.
    pub(super) fn keep_one_worker(&mut self) {
        self.reconnect();
        let able = |worker: &Worker| !worker.leaving && worker.group.status() != MemberStatus::Left;
        if !self.workers.iter().any(able) {
            // Sometimes after a while without a worker.
            let soon = self.random.chance(if self.kind == Kind::OneStaysWell { 10_000 } else { 300 });
            if soon {
                self.add_worker();
            }
        }
    }
}
