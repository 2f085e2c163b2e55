//! Tests of one worker whose own messages arrive late, or never.

use crate::group::plain::{MEMORY, Plain};
use crate::group::propose::{PROPOSAL_TIMEOUT, REPEAT_INTERVAL, TICK};
use crate::group::*;

/// A worker, and the only reader of its stream.
struct Lone {
    group: Group<Plain>,
    now: Millis,
    next: u64,
}

impl Lone {
    fn start(first: u64) -> Self {
        let mut group = Group::new("w", MEMORY);
        group.begin("e", first);
        group.presence(Some(vec![("a client".to_owned(), "w".to_owned())]));
        Self { group, now: 1_000_000, next: first }
    }

    /// Advances the time, and returns the messages that the worker then publishes.
    fn tick(&mut self, millis: Millis) -> Vec<Message> {
        self.now += millis;
        let mut out = Vec::new();
        self.group.tick(self.now, true, &mut out);
        let messages = out.into_iter().filter_map(|action| match action {
            Action::Publish(sent) => Some(sent.message),
            _ => None,
        });
        messages.collect()
    }

    fn read(&mut self, message: &Message) {
        let sent = Sent { epoch: "e".to_owned(), message: message.clone() };
        self.group.message(self.next, sent, self.now, &mut Vec::new());
        self.next += 1;
    }

    fn request(&mut self) {
        self.group.request(self.next, Plain::of(false), self.now, &mut Vec::new());
        self.next += 1;
    }
}

#[test]
fn a_report_from_before_a_late_join_is_not_the_final_one() {
    let mut worker = Lone::start(1);
    let join = worker.tick(1);
    worker.group.leave();
    // The proposal to join is late, so the worker takes it for lost.
    let early_report = worker.tick(PROPOSAL_TIMEOUT);
    assert!(matches!(early_report[..], [Message::Progress { upto: 1, end: true, .. }]), "{early_report:?}");
    worker.read(&join[0]);
    worker.request();
    let leave = worker.tick(PROPOSAL_TIMEOUT);
    let leave = leave.iter().find(|message| matches!(message, Message::View { .. })).expect("a proposal to leave");
    worker.read(leave);
    worker.read(&early_report[0]);
    worker.group.finished(0, 2);
    let last = worker.tick(REPEAT_INTERVAL);
    assert_ne!(worker.group.status(), MemberStatus::Left);
    let final_report = last.iter().find(|message| matches!(message, Message::Progress { upto: 5, end: true, .. }));
    assert!(final_report.is_some(), "{last:?}");
    for message in &last {
        worker.read(message);
    }
    worker.tick(1);
    assert_eq!(worker.group.status(), MemberStatus::Left);
}

/// Starts a worker that leaves after it has published its bootstrap, and returns it and the bootstrap.
fn leave_with_bootstrap_in_flight() -> (Lone, Message) {
    let mut worker = Lone::start(3);
    let request = worker.tick(0);
    worker.read(&request[0]);
    let published = worker.tick(PROPOSAL_TIMEOUT);
    let [bootstrap @ Message::Bootstrap { .. }] = &published[..] else { panic!("{published:?}") };
    worker.group.leave();
    (worker, bootstrap.clone())
}

#[test]
fn a_worker_whose_bootstrap_arrives_late_leaves_as_a_member() {
    let (mut worker, bootstrap) = leave_with_bootstrap_in_flight();
    assert_eq!((worker.tick(TICK), worker.group.status()), (vec![], MemberStatus::Outside));
    worker.read(&bootstrap);
    assert_eq!(worker.group.status(), MemberStatus::Member);
    for _ in 0..3 {
        for message in worker.tick(TICK) {
            worker.read(&message);
        }
    }
    assert_eq!(worker.group.view().map(|view| view.members.len()), Some(0));
    assert_eq!(worker.group.status(), MemberStatus::Left);
}

#[test]
fn a_worker_whose_bootstrap_never_arrives_leaves() {
    let (mut worker, _) = leave_with_bootstrap_in_flight();
    worker.tick(PROPOSAL_TIMEOUT);
    assert_eq!(worker.group.status(), MemberStatus::Left);
}
