//! A worker of the simulation: the state machine with a position in the stream, and calls that take time.

use std::collections::BTreeMap;

use super::random::Random;
use super::truth::{Place, Truth};
use crate::group::plain::{MEMORY, Plain};
use crate::group::propose::TICK;
use crate::group::{Action, Group, MemberStatus, Sent};

/// A step of simulated time, in milliseconds.
pub(super) const STEP: u64 = 100;

/// A publication of the simulated stream.
#[derive(Debug, Clone)]
pub(super) enum Publication {
    Request(Plain),
    Message(Sent),
}

#[derive(Debug)]
pub(super) struct Worker {
    pub name: String,
    pub group: Group<Plain>,
    /// The offset that it reads next.
    pub next: u64,
    pub stream: u32,
    /// It sees publications from this offset on live.
    pub began_at: u64,
    /// Its connection; `None` while it is cut off.
    pub client: Option<String>,
    /// It is stopped, as by SIGSTOP, until then.
    pub frozen_until: u64,
    /// Its connection is gone until then.
    pub cut_until: u64,
    /// Its connection looks alive but delivers nothing until then.
    pub deaf_until: u64,
    /// Its publications fail until then.
    pub mute_until: u64,
    /// It reads at most this many publications in a step.
    pub pace: u64,
    next_tick: u64,
    pub joined_at: Option<u64>,
    pub leaving: bool,
    /// Its calls in flight: when each ends, and in which generation it started.
    running: BTreeMap<Place, (u64, u32)>,
    /// Replies that could not be sent.
    unsent: Vec<(Place, u32)>,
    actions: Vec<Action<Plain>>,
}

/// A request of a worker to the simulated Centrifugo.
#[derive(Debug)]
pub(super) enum ApiRequest {
    Publish(Sent),
    QueryPresence,
}

impl Worker {
    pub(super) fn new(name: String, now: u64, random: &mut Random) -> Self {
        Self {
            group: Group::new(&name, MEMORY),
            client: None,
            name,
            next: 0,
            stream: u32::MAX,
            began_at: 0,
            frozen_until: 0,
            cut_until: 0,
            deaf_until: 0,
            mute_until: 0,
            pace: random.pick(&[10, 30, 100]),
            next_tick: now,
            joined_at: None,
            leaving: false,
            running: BTreeMap::new(),
            unsent: Vec::new(),
            actions: Vec::new(),
        }
    }

    pub(super) fn is_well(&self, now: u64) -> bool {
        let since = [self.frozen_until, self.cut_until, self.deaf_until, self.mute_until].into_iter().max();
        !self.leaving && since.is_some_and(|since| since <= now) && self.group.status() == MemberStatus::Member
    }

    pub(super) fn is_gone(&self) -> bool {
        self.group.status() == MemberStatus::Left && self.running.is_empty() && self.unsent.is_empty()
    }

    /// Starts to read a stream that it does not know, or that it lost its position in.
    pub(super) fn begin(&mut self, stream: u32, first: u64, end: u64) {
        self.stream = stream;
        self.began_at = end + 1;
        self.next = first;
        self.group.begin(&stream.to_string(), first);
    }

    /// Runs one step of its time.
    pub(super) fn step(
        &mut self,
        now: u64,
        stream: &[Publication],
        truth: &mut Truth,
        random: &mut Random,
    ) -> Result<Vec<ApiRequest>, String> {
        let mut api_requests = Vec::new();
        self.finish_calls(now, truth);
        let receives = self.client.is_some() && now >= self.deaf_until;
        let before = self.next;
        if receives {
            for _ in 0..random.below(self.pace + 1) {
                let Some(publication) = stream.get(usize::try_from(self.next - 1).unwrap_or(usize::MAX)) else { break };
                self.read(publication.clone(), now, truth)?;
                self.act(now, truth, random, &mut api_requests)?;
            }
        }
        // A deaf worker takes itself for live: it has read everything that it received.
        let live = self.client.is_some() && (!receives || self.next > stream.len() as u64);
        if now >= self.next_tick {
            self.next_tick = (self.next_tick + TICK).max(now);
            self.group.tick(now, live, &mut self.actions);
        } else if self.next > before {
            self.group.poll(live, &mut self.actions);
        }
        self.act(now, truth, random, &mut api_requests)?;
        match self.group.status() {
            MemberStatus::Member => self.joined_at = self.joined_at.or(Some(now)),
            _ => self.joined_at = None,
        }
        Ok(api_requests)
    }

    fn read(&mut self, publication: Publication, now: u64, truth: &mut Truth) -> Result<(), String> {
        let place = (self.stream, self.next);
        self.next += 1;
        let knew = self.group.view().is_some();
        let me = self.group.me().clone();
        match publication {
            Publication::Request(request) => {
                if let Some(view) = self.group.view() {
                    truth.owner(place, view.owner(place.1), &me)?;
                }
                self.group.request(place.1, request, now, &mut self.actions);
            }
            Publication::Message(sent) => self.group.message(place.1, sent, now, &mut self.actions),
        }
        if let Some(view) = self.group.view() {
            truth.view(self.stream, self.next, view, &me)?;
            if !knew {
                for (offset, owner) in self.group.known_owners() {
                    truth.owner((self.stream, offset), owner, &me)?;
                }
            }
        }
        Ok(())
    }

    fn act(
        &mut self,
        now: u64,
        truth: &mut Truth,
        random: &mut Random,
        api_requests: &mut Vec<ApiRequest>,
    ) -> Result<(), String> {
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Run { offset, after, .. } => {
                    let place = (self.stream, offset);
                    let deadline = truth.run(place, self.group.me(), after, offset >= self.began_at)?;
                    let takes = random.pick(&[0, 0, 50, 100, 500, 3000, 8000]);
                    self.running.insert(place, ((now + takes).min(deadline), self.group.generation()));
                }
                // Sent through the same API, and repeated until it succeeds.
                Action::Lost { offset, .. } if now >= self.mute_until => truth.lost((self.stream, offset), now)?,
                Action::Lost { offset, .. } => self.unsent.push(((self.stream, offset), u32::MAX)),
                Action::Publish(sent) => api_requests.push(ApiRequest::Publish(sent)),
                Action::QueryPresence => api_requests.push(ApiRequest::QueryPresence),
            }
        }
        Ok(())
    }

    fn finish_calls(&mut self, now: u64, truth: &mut Truth) {
        let over: Vec<_> = self.running.iter().filter(|(_, (end, _))| *end <= now).map(|(place, _)| *place).collect();
        for place in over {
            if let Some((_, generation)) = self.running.remove(&place) {
                self.unsent.push((place, generation));
            }
        }
        if now >= self.mute_until {
            for (place, generation) in std::mem::take(&mut self.unsent) {
                if generation == u32::MAX {
                    let _ = truth.lost(place, now);
                } else {
                    truth.done(place, now);
                    self.group.finished(generation, place.1);
                }
            }
        }
    }
}
