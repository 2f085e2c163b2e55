//! The stream, the callers and the time.

use std::collections::VecDeque;
use std::fmt;
use std::ops::AddAssign;

use super::random::Random;
use super::truth::{CALL_TIMEOUT, Call, Truth};
use super::worker::{ApiRequest, Publication, STEP, Worker};
use super::{Kind, print};
use crate::group::Sent;
use crate::group::plain::Plain;

/// The length of a schedule, and of its quiet end, in which calls and messages in flight can end.
const LENGTH: u64 = 90_000;
const QUIET_END: u64 = 45_000;

/// The number of messages that may still be in flight, or be repeated, when Centrifugo loses its data.
const MAX_RECENT: usize = 40;

/// The outcome of some schedules.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Outcome {
    pub requests: u64,
    pub answered: u64,
    /// Reported as lost, and without a result.
    pub lost: u64,
    /// Run again, as idempotent calls may.
    pub again: u64,
    /// The duration of the slowest call, in milliseconds.
    pub slowest: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.answered += other.answered;
        self.lost += other.lost;
        self.again += other.again;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, answered, lost, again, slowest } = self;
        write!(
            f,
            "{requests} requests, {answered} answered, {lost} of them lost, {again} run again, the slowest after {slowest} ms"
        )
    }
}

/// An event that Centrifugo will deliver.
#[derive(Debug)]
pub(super) enum Event {
    Publish(Sent),
    /// A worker gets a join or leave event of a connection.
    Presence {
        to: String,
        client: String,
        worker: String,
        here: bool,
    },
    /// A worker gets the answer to its presence query.
    Snapshot {
        to: String,
        clients: Option<Vec<(String, String)>>,
    },
}

#[derive(Debug)]
pub(super) struct World {
    pub kind: Kind,
    pub random: Random,
    pub now: u64,
    pub stream: Vec<Publication>,
    /// The number of times that Centrifugo lost its data.
    pub streams: u32,
    /// The number of publications that the history keeps.
    pub history: u64,
    pub workers: Vec<Worker>,
    pub events: Vec<(u64, Event)>,
    pub truth: Truth,
    pub names: u32,
    /// The worker that is kept unharmed, if there must be one.
    pub kept: String,
    pub trace: bool,
    /// The chance that Centrifugo loses its data, per four thousand steps.
    pub data_loss_chance: u64,
    /// The most recent messages of this stream.
    pub recent: VecDeque<Sent>,
    /// The chance of a call per step, of ten thousand.
    load: u64,
    /// The minimum latency of the API in graceful schedules.
    latency: u64,
}

impl World {
    pub(super) fn new(kind: Kind, seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        // The last worker that leaves relies on the history to keep later requests.
        let history = if kind == Kind::Graceful { 100_000 } else { random.pick(&[60, 300, 10_000]) };
        let load = random.pick(&[500, 3000, 8000]);
        let latency = if kind == Kind::Graceful { random.pick(&[0, 0, 1200, 1900]) } else { 0 };
        let data_loss_chance = if kind == Kind::Anything { random.pick(&[4, 4, 20]) } else { 0 };
        Self {
            kind,
            random,
            now: 1_000_000,
            stream: Vec::new(),
            streams: 0,
            history,
            workers: Vec::new(),
            events: Vec::new(),
            truth: Truth::new(kind == Kind::Graceful),
            names: 0,
            kept: String::new(),
            trace,
            data_loss_chance,
            recent: VecDeque::new(),
            load,
            latency,
        }
    }

    pub(super) fn run(mut self) -> Result<Outcome, String> {
        let end = self.now + LENGTH;
        let quiet = end - QUIET_END;
        self.add_worker();
        while self.now < end {
            self.now += STEP;
            if self.now < quiet {
                self.call();
                self.faults();
            } else {
                self.keep_one_worker();
            }
            self.deliver();
            self.work()?;
        }
        self.check_ended()
    }

    pub(super) fn log(&self, what: impl FnOnce() -> String) {
        if self.trace {
            print(format!("{:>9} {}", self.now, what()));
        }
    }

    /// Publishes a request, or not.
    fn call(&mut self) {
        if self.random.chance(self.load) {
            let idempotent = self.random.chance(3000);
            self.stream.push(Publication::Request(Plain::of(idempotent)));
            let place = (self.streams, self.stream.len() as u64);
            let call = Call {
                born: self.now,
                after_leave: self.truth.left_at,
                idempotent,
                runs: Vec::new(),
                ended: None,
                done: false,
                lost: false,
            };
            self.truth.calls.insert(place, call);
        }
    }

    /// Delivers the events that are due.
    fn deliver(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.events.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, event) in due {
            match event {
                Event::Publish(sent) => {
                    self.log(|| format!("#{} {:?}", self.stream.len() + 1, sent.message));
                    self.recent.push_back(sent.clone());
                    if self.recent.len() > MAX_RECENT {
                        self.recent.pop_front();
                    }
                    self.stream.push(Publication::Message(sent));
                }
                Event::Presence { to, client, worker, here } => {
                    if let Some(to) = self.workers.iter_mut().find(|other| other.name == to) {
                        if here { to.group.joined(&client, &worker) } else { to.group.left(&client, &worker) }
                    }
                }
                Event::Snapshot { to, clients } => {
                    if let Some(to) = self.workers.iter_mut().find(|other| other.name == to) {
                        to.group.presence(clients);
                    }
                }
            }
        }
    }

    /// Has every worker run one step.
    fn work(&mut self) -> Result<(), String> {
        let mut workers = std::mem::take(&mut self.workers);
        for index in 0..workers.len() {
            let worker = &mut workers[index];
            if worker.frozen_until > self.now {
                continue;
            }
            let api_requests = worker.step(self.now, &self.stream, &mut self.truth, &mut self.random)?;
            let (name, mute) = (worker.name.clone(), worker.mute_until > self.now);
            for api_request in api_requests {
                match api_request {
                    ApiRequest::Publish(sent) => {
                        if !mute {
                            self.send(sent);
                        }
                    }
                    ApiRequest::QueryPresence => {
                        if !mute {
                            self.answer_presence_query(&workers, &name);
                        }
                    }
                }
            }
        }
        let gone: Vec<_> = workers.extract_if(.., |worker| worker.is_gone()).collect();
        self.workers = workers;
        for worker in gone {
            self.log(|| format!("{} is gone", worker.name));
            self.disconnected(&worker);
        }
        Ok(())
    }

    /// Publishes a message through the API: late, twice or not at all.
    fn send(&mut self, sent: Sent) {
        let graceful = self.kind == Kind::Graceful;
        let delay = if graceful {
            self.latency + self.random.pick(&[0, 0, 50])
        } else {
            self.random.pick(&[0, 0, 0, 50, 250, 2000])
        };
        if !graceful && self.random.chance(300) {
            return;
        }
        if self.random.chance(500) {
            let late = self.random.pick(&[50, 500, 10_000]);
            self.events.push((self.now + delay + late, Event::Publish(sent.clone())));
        }
        self.events.push((self.now + delay, Event::Publish(sent)));
    }

    /// Answers a presence query.
    fn answer_presence_query(&mut self, workers: &[Worker], to: &str) {
        let mut clients: Vec<_> = workers.iter().filter_map(|w| Some((w.client.clone()?, w.name.clone()))).collect();
        // Presence may be wrong: entries of another node are missing, or dead connections are still listed.
        if self.kind != Kind::Graceful && self.random.chance(200) && !clients.is_empty() {
            let wrong = self.random.below(clients.len() as u64);
            clients.remove(usize::try_from(wrong).unwrap_or(0));
        }
        let unavailable = self.kind == Kind::Anything && self.history == 60 && self.random.chance(1000);
        let at = self.now + self.latency + self.random.pick(&[0, 50, 500]);
        self.events.push((at, Event::Snapshot { to: to.to_owned(), clients: (!unavailable).then_some(clients) }));
    }

    /// Checks that every call that had to end has ended.
    fn check_ended(&self) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        let mut places: Vec<_> = self.truth.calls.iter().collect();
        places.sort_by_key(|(place, _)| **place);
        for (place, call) in places {
            outcome.requests += 1;
            let answered = call.ended.is_some();
            let took = call.ended.map_or(0, |ended| ended - call.born);
            outcome.slowest = outcome.slowest.max(took);
            outcome.answered += u64::from(answered);
            outcome.lost += u64::from(call.lost && !call.done);
            outcome.again += u64::from(call.runs.len() > 1);
            // Requests that Centrifugo lost cannot be answered.
            let is_data_lost = place.0 != self.streams;
            if self.kind != Kind::Anything && !answered && !is_data_lost {
                return Err(format!("{place:?} never ended: {call:?}"));
            }
            if self.kind == Kind::OneStaysWell && took > CALL_TIMEOUT && !is_data_lost {
                return Err(format!("{place:?} took {took} ms: {call:?}"));
            }
        }
        Ok(outcome)
    }
}

/// The time after which a member knows every call that a caller still waits for.
pub(super) const KNOWS_ALL: u64 = CALL_TIMEOUT + 5_000;
