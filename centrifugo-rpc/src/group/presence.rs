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
    absences: BTreeMap<Member, Absence>,
    query: PresenceQuery,
    ticks_since_query: u32,
}

/// The absence of a member whose worker has no known connection.
#[derive(Debug, Default)]
struct Absence {
    ticks: u32,
    /// True if presence was queried since.
    queried: bool,
    /// True if presence shows it too, or cannot be queried.
    confirmed: bool,
}

/// The last answer to a presence query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PresenceQuery {
    Unanswered,
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
            absences: BTreeMap::new(),
            query: PresenceQuery::Unanswered,
            ticks_since_query: QUERY_INTERVAL,
        }
    }

    pub(super) fn joined(&mut self, client: &str, worker: &str) {
        self.clients.insert(client.to_owned(), worker.to_owned());
        self.left.remove(worker);
        self.absences.retain(|member, _| member.worker() != worker);
    }

    pub(super) fn left(&mut self, client: &str, worker: &str) {
        self.clients.remove(client);
        if self.query != PresenceQuery::Answered && !self.is_connected(worker) {
            if self.left.len() >= MAX_LEFT {
                self.left.pop_first();
            }
            self.left.insert(worker.to_owned());
        }
    }

    /// Applies the answer to a presence query: the connections and their workers; `None` if there is no presence.
    pub(super) fn snapshot(&mut self, clients: Option<Vec<(String, String)>>) {
        let Some(clients) = clients else {
            self.query = PresenceQuery::Unavailable;
            return;
        };
        self.query = PresenceQuery::Answered;
        self.ticks_since_query = 0;
        self.clients = clients.into_iter().collect();
        let connected: BTreeSet<_> = self.clients.values().cloned().collect();
        self.left.clear();
        self.generations.retain(|worker, _| connected.contains(worker));
        self.absences.retain(|member, _| !connected.contains(member.worker()));
        for absence in self.absences.values_mut() {
            absence.confirmed |= absence.queried;
        }
    }

    /// Records that a member is named in a message: earlier generations of its worker are gone.
    pub(super) fn observed(&mut self, member: &Member) {
        let newest = self.generations.entry(member.worker().to_owned()).or_default();
        *newest = member.generation().max(*newest);
    }

    /// Returns true if presence is known and the predicate holds for every connected worker.
    pub(super) fn all_workers(&self, predicate: impl Fn(&String) -> bool) -> bool {
        self.query == PresenceQuery::Answered && self.clients.values().all(predicate)
    }

    /// Handles a tick in which publications were read. `watched` has each member and its ticks of silence. Returns true
    /// if presence should be queried.
    pub(super) fn tick<'a>(&mut self, watched: impl Iterator<Item = (&'a Member, u32)>) -> bool {
        self.ticks_since_query = self.ticks_since_query.saturating_add(1);
        let mut is_due = self.query == PresenceQuery::Unanswered && self.ticks_since_query > ABSENCE_GRACE;
        let mut absences = BTreeMap::new();
        let mut watches_others = false;
        for (member, silence) in watched {
            watches_others = true;
            if !self.is_absent(member.worker()) {
                is_due |= self.query == PresenceQuery::Answered
                    && silence > 0
                    && silence.is_multiple_of(SILENCE_QUERY_INTERVAL);
                continue;
            }
            let mut absence = self.absences.remove(member).unwrap_or_default();
            absence.ticks += 1;
            if absence.ticks >= ABSENCE_GRACE && !absence.confirmed {
                match self.query {
                    PresenceQuery::Unavailable => absence.confirmed = true,
                    // Repeated if there was no answer.
                    _ => is_due |= !absence.queried || absence.ticks.is_multiple_of(ABSENCE_GRACE),
                }
                absence.queried = true;
            }
            absences.insert(member.clone(), absence);
        }
        self.absences = absences;
        is_due |= watches_others && self.query == PresenceQuery::Answered && self.ticks_since_query >= QUERY_INTERVAL;
        if is_due {
            self.ticks_since_query = 0;
        }
        is_due
    }

    /// Returns whether a member is suspected to be dead.
    pub(super) fn suspects(&self, member: &Member, silence: u32) -> bool {
        self.is_replaced(member)
            || silence >= MAX_SILENCE
            || self.absences.get(member).is_some_and(|absence| absence.confirmed)
    }

    fn is_replaced(&self, member: &Member) -> bool {
        self.generations.get(member.worker()).is_some_and(|newest| *newest > member.generation())
    }

    fn is_absent(&self, worker: &str) -> bool {
        match self.query {
            PresenceQuery::Unanswered => false,
            PresenceQuery::Answered => !self.is_connected(worker),
            PresenceQuery::Unavailable => self.left.contains(worker),
        }
    }

    fn is_connected(&self, worker: &str) -> bool {
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
    fn a_worker_that_left_is_suspected_once_presence_confirms_it() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        presence.left("client of b", "b");
        let queries: Vec<_> = (0..ABSENCE_GRACE).map(|_| presence.tick([(&b, 0)].into_iter())).collect();
        assert_eq!(queries, [false, false, false, true]);
        assert!(!presence.suspects(&b, 0), "not before it is confirmed");
        snapshot(&mut presence, &["a"]);
        assert!(presence.suspects(&b, 0));
        presence.joined("another client of b", "b");
        assert!(!presence.suspects(&b, 0));
    }

    #[test]
    fn a_worker_that_returns_in_time_causes_no_query() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        presence.joined("new client of b", "b");
        presence.left("client of b", "b");
        assert!(
            (0..2 * ABSENCE_GRACE).all(|_| !presence.tick([(&b, 0)].into_iter())),
            "another connection of this worker is there"
        );
    }

    #[test]
    fn silence_causes_queries_before_it_causes_suspicion() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        snapshot(&mut presence, &["a", "b"]);
        let queries: Vec<_> = (0..MAX_SILENCE).filter(|silence| presence.tick([(&b, *silence)].into_iter())).collect();
        assert_eq!(queries, [12, 24, 36]);
    }

    #[test]
    fn without_presence_only_workers_that_were_seen_leaving_are_suspected() {
        let (mut presence, b, c) = (Presence::new(), Member::new("b", 0), Member::new("c", 0));
        presence.snapshot(None);
        presence.left("client of b", "b");
        for _ in 0..ABSENCE_GRACE {
            presence.tick([(&b, 0), (&c, 0)].into_iter());
        }
        assert!(presence.suspects(&b, 0) && !presence.suspects(&c, 0));
    }

    #[test]
    fn silent_and_replaced_members_are_suspected() {
        let (mut presence, b) = (Presence::new(), Member::new("b", 0));
        assert!(presence.suspects(&b, MAX_SILENCE) && !presence.suspects(&b, MAX_SILENCE - 1));
        presence.observed(&Member::new("b", 1));
        assert!(presence.suspects(&b, 0) && !presence.suspects(&Member::new("b", 1), 0));
    }
}
