//! Tracks which workers are connected, and which members are therefore suspected to be dead.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::message::Member;

/// The number of ticks that a worker may be absent before presence is queried: a worker that lost its connection is
/// back within a second.
const ABSENCE_GRACE: u32 = 4;

/// The interval in ticks at which presence is queried anyway: if a node of Centrifugo dies, its leave events are lost.
const QUERY_INTERVAL: u32 = 80;

/// The number of ticks for which a member with open requests may show no progress.
const MAX_SILENCE: u32 = 40;

/// The interval in ticks at which presence is queried during such silence: the leave event may have been lost.
const SILENCE_QUERY_INTERVAL: u32 = 12;

/// The number of workers that left that are kept if there is no presence to query.
const MAX_LEFT: usize = 1024;

/// The known connections. A wrong suspicion costs a member its place until it joins again; it never causes a second
/// run.
#[derive(Debug)]
pub(super) struct Presence {
    /// The worker of each connection.
    clients: HashMap<String, String>,
    /// Workers whose last connection was observed to leave.
    left: BTreeSet<String>,
    /// The newest known generation of each worker: the earlier ones are gone.
    generations: HashMap<String, u32>,
    away: BTreeMap<Member, Away>,
    /// The state of the presence query.
    asked: PresenceQuery,
    since_asked: u32,
}

#[derive(Debug, Default)]
struct Away {
    ticks: u32,
    /// True if presence was queried since.
    asked: bool,
    confirmed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PresenceQuery {
    Never,
    Answered,
    /// The namespace keeps no presence: join and leave events must do.
    Unavailable,
}

impl Presence {
    pub(super) fn new() -> Self {
        Self {
            clients: HashMap::new(),
            left: BTreeSet::new(),
            generations: HashMap::new(),
            away: BTreeMap::new(),
            asked: PresenceQuery::Never,
            since_asked: QUERY_INTERVAL,
        }
    }

    pub(super) fn joined(&mut self, client: &str, worker: &str) {
        self.clients.insert(client.to_owned(), worker.to_owned());
        self.left.remove(worker);
        self.away.retain(|member, _| member.worker() != worker);
    }

    pub(super) fn left(&mut self, client: &str, worker: &str) {
        self.clients.remove(client);
        if self.asked != PresenceQuery::Answered && !self.is_here(worker) {
            if self.left.len() >= MAX_LEFT {
                self.left.pop_first();
            }
            self.left.insert(worker.to_owned());
        }
    }

    /// Applies the answer to a presence query: the connections and their workers; `None` if there is no presence.
    pub(super) fn snapshot(&mut self, clients: Option<Vec<(String, String)>>) {
        let Some(clients) = clients else {
            self.asked = PresenceQuery::Unavailable;
            return;
        };
        self.asked = PresenceQuery::Answered;
        self.since_asked = 0;
        self.clients = clients.into_iter().collect();
        let here: BTreeSet<_> = self.clients.values().cloned().collect();
        self.left.clear();
        self.generations.retain(|worker, _| here.contains(worker));
        self.away.retain(|member, _| !here.contains(member.worker()));
        for away in self.away.values_mut() {
            away.confirmed |= away.asked;
        }
    }

    /// Records a message of a member.
    pub(super) fn observed(&mut self, member: &Member) {
        let newest = self.generations.entry(member.worker().to_owned()).or_default();
        *newest = member.generation().max(*newest);
    }

    /// Returns true if presence is known and every connected worker matches.
    pub(super) fn all(&self, such: impl Fn(&String) -> bool) -> bool {
        self.asked == PresenceQuery::Answered && self.clients.values().all(such)
    }

    /// Handles a tick in which publications were read. `watched` has each member and its ticks of silence. Returns true
    /// if presence should be queried.
    pub(super) fn tick<'a>(&mut self, watched: impl Iterator<Item = (&'a Member, u32)>) -> bool {
        self.since_asked = self.since_asked.saturating_add(1);
        let mut ask = self.asked == PresenceQuery::Never && self.since_asked > ABSENCE_GRACE;
        let mut away = BTreeMap::new();
        let mut others = false;
        for (member, silence) in watched {
            others = true;
            if !self.is_absent(member.worker()) {
                ask |= self.asked == PresenceQuery::Answered
                    && silence > 0
                    && silence.is_multiple_of(SILENCE_QUERY_INTERVAL);
                continue;
            }
            let mut one = self.away.remove(member).unwrap_or_default();
            one.ticks += 1;
            if one.ticks >= ABSENCE_GRACE && !one.confirmed {
                match self.asked {
                    PresenceQuery::Unavailable => one.confirmed = true,
                    // Repeated if there was no answer.
                    _ => ask |= !one.asked || one.ticks.is_multiple_of(ABSENCE_GRACE),
                }
                one.asked = true;
            }
            away.insert(member.clone(), one);
        }
        self.away = away;
        ask |= others && self.asked == PresenceQuery::Answered && self.since_asked >= QUERY_INTERVAL;
        if ask {
            self.since_asked = 0;
        }
        ask
    }

    /// Returns whether a member is suspected to be dead.
    pub(super) fn suspects(&self, member: &Member, silence: u32) -> bool {
        self.is_replaced(member) || silence >= MAX_SILENCE || self.away.get(member).is_some_and(|away| away.confirmed)
    }

    fn is_replaced(&self, member: &Member) -> bool {
        self.generations.get(member.worker()).is_some_and(|newest| *newest > member.generation())
    }

    fn is_absent(&self, worker: &str) -> bool {
        match self.asked {
            PresenceQuery::Never => false,
            PresenceQuery::Answered => !self.is_here(worker),
            PresenceQuery::Unavailable => self.left.contains(worker),
        }
    }

    fn is_here(&self, worker: &str) -> bool {
        self.clients.values().any(|other| other == worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(presence: &mut Presence, workers: &[&str]) {
        let clients = workers.iter().map(|worker| (format!("client of {worker}"), (*worker).to_owned())).collect();
        presence.snapshot(Some(clients));
    }

    #[test]
    fn one_that_left_is_dead_once_presence_confirms_it() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        presence.left("client of b", "b");
        let asked: Vec<_> = (0..ABSENCE_GRACE).map(|_| presence.tick([(&b, 0)].into_iter())).collect();
        assert_eq!(asked, [false, false, false, true]);
        assert!(!presence.suspects(&b, 0), "not before it is confirmed");
        snapshot(&mut presence, &["a"]);
        assert!(presence.suspects(&b, 0));
        presence.joined("another client of b", "b");
        assert!(!presence.suspects(&b, 0));
    }

    #[test]
    fn one_that_comes_back_in_time_is_not_asked_about() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        presence.joined("new client of b", "b");
        presence.left("client of b", "b");
        assert!(
            (0..2 * ABSENCE_GRACE).all(|_| !presence.tick([(&b, 0)].into_iter())),
            "another connection of it is there"
        );
    }

    #[test]
    fn one_that_is_silent_is_asked_about_before_it_is_taken_for_dead() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        let asked: Vec<_> = (0..MAX_SILENCE).filter(|silence| presence.tick([(&b, *silence)].into_iter())).collect();
        assert_eq!(asked, [12, 24, 36]);
    }

    #[test]
    fn without_presence_only_those_seen_leaving_are_dead() {
        let (mut presence, b, c) = (Presence::new(), Member::new("b", 0), Member::new("c", 0));
        presence.snapshot(None);
        presence.left("client of b", "b");
        for _ in 0..ABSENCE_GRACE {
            presence.tick([(&b, 0), (&c, 0)].into_iter());
        }
        assert!(presence.suspects(&b, 0) && !presence.suspects(&c, 0));
    }

    #[test]
    fn the_silent_and_the_replaced_are_dead() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        assert!(presence.suspects(&b, MAX_SILENCE) && !presence.suspects(&b, MAX_SILENCE - 1));
        presence.observed(&Member::new("b", 1));
        assert!(presence.suspects(&b, 0) && !presence.suspects(&Member::new("b", 1), 0));
    }
}
