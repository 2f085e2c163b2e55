//! Which workers are connected, and which members are therefore thought to be dead.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::message::Member;

/// For how many ticks one may be away before presence is asked: a worker that lost its connection is back within a second.
const GRACE: u32 = 4;

/// Every how many ticks presence is asked anyway: a node of Centrifugo that dies takes its leave events with it.
const ROUND: u32 = 80;

/// How long, in ticks, a member that has something to do may not be seen doing it.
const SILENCE: u32 = 40;

/// Every how many ticks of such silence presence is asked: perhaps its leave event was lost.
const DOUBT: u32 = 12;

/// How many workers that left are remembered where there is no presence to ask.
const MAX_LEFT: usize = 1024;

/// What is known of connections. Being wrong costs a member its place until it joins again, and never a second run.
#[derive(Debug)]
pub(super) struct Presence {
    /// The worker of each connection.
    clients: HashMap<String, String>,
    /// Workers that were seen leaving, with their last connection.
    left: BTreeSet<String>,
    /// The newest member that was heard of for a worker: the earlier ones are gone.
    generations: HashMap<String, u32>,
    away: BTreeMap<Member, Away>,
    /// What Centrifugo said, if it did.
    asked: Asked,
    since_asked: u32,
}

#[derive(Debug, Default)]
struct Away {
    ticks: u32,
    /// Presence was asked since.
    asked: bool,
    confirmed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Never,
    Answered,
    /// The namespace keeps none: what is seen of joining and leaving has to do.
    Unavailable,
}

impl Presence {
    pub(super) fn new() -> Self {
        Self {
            clients: HashMap::new(),
            left: BTreeSet::new(),
            generations: HashMap::new(),
            away: BTreeMap::new(),
            asked: Asked::Never,
            since_asked: ROUND,
        }
    }

    pub(super) fn joined(&mut self, client: &str, worker: &str) {
        self.clients.insert(client.to_owned(), worker.to_owned());
        self.left.remove(worker);
        self.away.retain(|member, _| member.worker() != worker);
    }

    pub(super) fn left(&mut self, client: &str, worker: &str) {
        self.clients.remove(client);
        if self.asked != Asked::Answered && !self.is_here(worker) {
            if self.left.len() >= MAX_LEFT {
                self.left.pop_first();
            }
            self.left.insert(worker.to_owned());
        }
    }

    /// Who is connected, as Centrifugo says when it is asked; none where it never will.
    pub(super) fn snapshot(&mut self, clients: Option<Vec<(String, String)>>) {
        let Some(clients) = clients else {
            self.asked = Asked::Unavailable;
            return;
        };
        self.asked = Asked::Answered;
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

    /// A member said something.
    pub(super) fn heard(&mut self, member: &Member) {
        let newest = self.generations.entry(member.worker().to_owned()).or_default();
        *newest = member.generation().max(*newest);
    }

    /// Whether every worker that is connected is such a one, as far as that is known.
    pub(super) fn all(&self, such: impl Fn(&String) -> bool) -> bool {
        self.asked == Asked::Answered && self.clients.values().all(such)
    }

    /// Another piece of time has passed in which what happens to the `watched` was seen; they were silent for so many ticks. Says
    /// whether presence should be asked.
    pub(super) fn tick<'a>(&mut self, watched: impl Iterator<Item = (&'a Member, u32)>) -> bool {
        self.since_asked = self.since_asked.saturating_add(1);
        let mut ask = self.asked == Asked::Never && self.since_asked > GRACE;
        let mut away = BTreeMap::new();
        let mut others = false;
        for (member, silence) in watched {
            others = true;
            if !self.is_absent(member.worker()) {
                ask |= self.asked == Asked::Answered && silence > 0 && silence.is_multiple_of(DOUBT);
                continue;
            }
            let mut one = self.away.remove(member).unwrap_or_default();
            one.ticks += 1;
            if one.ticks >= GRACE && !one.confirmed {
                match self.asked {
                    Asked::Unavailable => one.confirmed = true,
                    // Asked again when no answer came.
                    _ => ask |= !one.asked || one.ticks.is_multiple_of(GRACE),
                }
                one.asked = true;
            }
            away.insert(member.clone(), one);
        }
        self.away = away;
        ask |= others && self.asked == Asked::Answered && self.since_asked >= ROUND;
        if ask {
            self.since_asked = 0;
        }
        ask
    }

    /// Whether a member is thought to be dead.
    pub(super) fn suspects(&self, member: &Member, silence: u32) -> bool {
        self.is_replaced(member) || silence >= SILENCE || self.away.get(member).is_some_and(|away| away.confirmed)
    }

    fn is_replaced(&self, member: &Member) -> bool {
        self.generations.get(member.worker()).is_some_and(|newest| *newest > member.generation())
    }

    fn is_absent(&self, worker: &str) -> bool {
        match self.asked {
            Asked::Never => false,
            Asked::Answered => !self.is_here(worker),
            Asked::Unavailable => self.left.contains(worker),
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
        let asked: Vec<_> = (0..GRACE).map(|_| presence.tick([(&b, 0)].into_iter())).collect();
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
        assert!((0..2 * GRACE).all(|_| !presence.tick([(&b, 0)].into_iter())), "another connection of it is there");
    }

    #[test]
    fn one_that_is_silent_is_asked_about_before_it_is_taken_for_dead() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        let asked: Vec<_> = (0..SILENCE).filter(|silence| presence.tick([(&b, *silence)].into_iter())).collect();
        assert_eq!(asked, [12, 24, 36]);
    }

    #[test]
    fn without_presence_only_those_seen_leaving_are_dead() {
        let (mut presence, b, c) = (Presence::new(), Member::new("b", 0), Member::new("c", 0));
        presence.snapshot(None);
        presence.left("client of b", "b");
        for _ in 0..GRACE {
            presence.tick([(&b, 0), (&c, 0)].into_iter());
        }
        assert!(presence.suspects(&b, 0) && !presence.suspects(&c, 0));
    }

    #[test]
    fn the_silent_and_the_replaced_are_dead() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        assert!(presence.suspects(&b, SILENCE) && !presence.suspects(&b, SILENCE - 1));
        presence.heard(&Member::new("b", 1));
        assert!(presence.suspects(&b, 0) && !presence.suspects(&Member::new("b", 1), 0));
    }
}
