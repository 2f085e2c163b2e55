//! Tests of the rules one by one: a few workers on one stream, which all read at once.

use super::plain::{MEMORY, Plain};
use super::propose::TICK;
use super::*;

mod bench;
mod late_messages;

use bench::{Bench, Publication, name};

#[test]
fn each_request_has_one_owner_and_all_members_have_their_share() {
    let mut bench = Bench::with(3);
    assert_eq!(bench.members(0), ["w0.0", "w1.0", "w2.0"]);
    let offsets: Vec<_> = (0..30).map(|_| bench.request(false)).collect();
    let ran: Vec<_> = bench.runs.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(ran, offsets, "each once, in their order");
    for index in 0..3 {
        assert_eq!(bench.runs.iter().filter(|(worker, _)| *worker == name(index)).count(), 10);
    }
}

#[test]
fn a_proposal_that_lost_has_no_effect() {
    let mut bench = Bench::with(2);
    let before = bench.members(0).join(" ");
    bench.publish(Message::View { prev: 0, members: vec![Member::new("late", 0)], dead: vec![], time: None });
    assert_eq!(bench.members(0).join(" "), before);
}

#[test]
fn a_newcomer_adopts_the_view_in_force_and_not_a_proposal() {
    let mut bench = Bench::with(1);
    bench.request(false);
    // It sees a proposal that lost, and nothing older.
    let first =
        bench.publish(Message::View { prev: 0, members: vec![Member::new("late", 0)], dead: vec![], time: None });
    bench.start(1, first);
    assert_eq!(bench.published(|message| matches!(message, Message::StateRequest { .. })), 1, "it asks");
    assert_eq!(bench.members(1), ["w0.0", "w1.0"]);
    assert_eq!(bench.workers[0].0.view(), bench.workers[1].0.view());
}

#[test]
fn a_newcomer_without_an_answer_bootstraps_the_group_and_reports_what_it_sees_as_lost() {
    let mut bench = Bench::with(0);
    bench.stream = vec![Publication::Request(Plain::of(false)); 5];
    bench.start(0, 3);
    bench.pass(1000);
    assert_eq!(bench.members(0), ["w0.0"]);
    let lost: Vec<_> = bench.lost.iter().map(|(_, offset)| *offset).collect();
    assert_eq!((lost, bench.runs.len()), (vec![3, 4, 5], 0));
}

#[test]
fn a_newcomer_that_receives_nothing_does_not_bootstrap_the_group() {
    let mut bench = Bench::with(0);
    bench.stream = vec![Publication::Request(Plain::of(false)); 5];
    bench.dead.push(0);
    bench.start(0, 3);
    for _ in 0..60 {
        bench.now += TICK;
        bench.with_worker(0, |group, now, out| group.tick(now, true, out));
    }
    assert!(bench.published(|message| matches!(message, Message::StateRequest { .. })) > 5, "it asks");
    assert_eq!(bench.published(|message| matches!(message, Message::Bootstrap { .. })), 0);
}

#[test]
fn a_newcomer_that_has_seen_a_member_waits_for_its_answer_although_presence_shows_none() {
    let mut bench = Bench::with(0);
    bench.stream = vec![Publication::Request(Plain::of(false)); 5];
    bench.start(0, 3);
    let member = Member::new("there", 0);
    bench.publish(Message::Progress { member: member.clone(), upto: 6, open: vec![4], end: false });
    bench.pass(3000);
    assert_eq!(bench.published(|message| matches!(message, Message::Bootstrap { .. })), 0);
    bench.publish(Message::State { at: 7, version: 2, members: vec![member], time: 0 });
    bench.pass(1000);
    assert_eq!(bench.members(0), ["there.0", "w0.0"]);
}

#[test]
fn of_several_newcomers_without_an_answer_one_bootstraps_the_group() {
    let mut bench = Bench::with(0);
    bench.stream = vec![Publication::Request(Plain::of(false)); 5];
    bench.start(0, 3);
    bench.start(1, 3);
    bench.pass(2000);
    assert_eq!(bench.members(0), ["w0.0", "w1.0"]);
    assert_eq!(bench.published(|message| matches!(message, Message::Bootstrap { .. })), 1);
}

#[test]
fn a_worker_that_leaves_finishes_its_requests_and_reports_it() {
    let mut bench = Bench::with(2);
    let own = bench.request(false);
    let leaver = usize::from(bench.runs[0].0 == "w1");
    bench.workers[leaver].0.leave();
    bench.settle();
    bench.pass(3000);
    assert_eq!((bench.members(0).len(), bench.workers[leaver].0.status()), (1, MemberStatus::Outside));
    bench.finish(own);
    bench.pass(1000);
    assert_eq!(bench.workers[leaver].0.status(), MemberStatus::Left);
    bench.crash(leaver);
    bench.pass(20_000);
    assert_eq!(bench.lost, []);
}

#[test]
fn requests_that_arrive_when_all_have_left_are_run_by_the_next_worker() {
    let mut bench = Bench::with(1);
    bench.workers[0].0.leave();
    let left_at = bench.now;
    bench.settle();
    bench.pass(500);
    assert_eq!(bench.workers[0].0.status(), MemberStatus::Left);
    bench.dead.push(0);
    let waiting: Vec<_> = (0..3).map(|_| bench.request(false)).collect();
    bench.now += 10_000;
    // It sees the final report of the previous worker, and not the start of the stream.
    bench.start(1, 2);
    assert_eq!(bench.runs, waiting.iter().map(|offset| ("w1".to_owned(), *offset)).collect::<Vec<_>>());
    assert_eq!(bench.after, [Some(left_at); 3], "a lower bound of their times");
}

#[test]
fn requests_between_the_last_view_and_its_state_are_run_by_the_next_worker_too() {
    let mut bench = Bench::with(0);
    let published = |message| Publication::Message(Sent { epoch: "e".to_owned(), message });
    let empty = Message::View { prev: 1, members: vec![], dead: vec![], time: None };
    let state = Message::State { at: 5, version: 3, members: vec![], time: 900_000 };
    bench.stream = vec![Publication::Request(Plain::of(false)), published(empty.clone()), published(empty)];
    bench.stream.extend([
        Publication::Request(Plain::of(false)),
        published(state),
        Publication::Request(Plain::of(false)),
    ]);
    bench.start(0, 2);
    bench.pass(1000);
    assert_eq!(bench.runs, [("w0".to_owned(), 4), ("w0".to_owned(), 6)]);
    assert_eq!((bench.after, bench.lost), (vec![Some(900_000); 2], vec![]));
}

#[test]
fn open_requests_of_a_dead_member_are_lost_or_run_again_and_finished_ones_are_neither() {
    let mut bench = Bench::with(3);
    let offsets: Vec<_> = (0..9).map(|_| bench.request(false)).collect();
    let idempotent: Vec<_> = (0..3).map(|_| bench.request(true)).collect();
    let own = |bench: &Bench, offsets: &[u64]| -> Vec<u64> {
        let of_w0 = bench.runs.iter().filter(|(worker, offset)| worker == "w0" && offsets.contains(offset));
        of_w0.map(|(_, offset)| *offset).collect()
    };
    let (finished, lost) = (own(&bench, &offsets)[0], own(&bench, &offsets)[1..].to_vec());
    let again = own(&bench, &idempotent);
    bench.finish(finished);
    bench.pass(2000);
    let runs = bench.runs.len();
    bench.crash(0);
    bench.pass(5000);
    assert_eq!(bench.members(1), ["w1.0", "w2.0"]);
    let mut reported: Vec<_> = bench.lost.iter().map(|(_, offset)| *offset).collect();
    reported.sort_unstable();
    let of_both: Vec<_> = lost.iter().flat_map(|offset| [*offset; 2]).collect();
    assert_eq!(reported, of_both, "every member reports it");
    let ran_again: Vec<_> = bench.runs[runs..].iter().map(|(_, offset)| *offset).collect();
    assert_eq!(ran_again, again, "once");
}

#[test]
fn a_batch_of_a_dead_member_is_split_into_requests_that_run_again_and_lost_ones() {
    let mut bench = Bench::with(2);
    for _ in 0..4 {
        bench.stream.push(Publication::Request(Plain::BATCH));
    }
    bench.settle();
    let of_w0: Vec<_> = bench.runs.iter().filter(|(worker, _)| worker == "w0").map(|(_, offset)| *offset).collect();
    let before = bench.runs.len();
    bench.crash(0);
    bench.pass(5000);
    let heirs: Vec<_> = of_w0.iter().map(|offset| ("w1".to_owned(), *offset)).collect();
    assert_eq!((&bench.runs[before..], &bench.lost), (&heirs[..], &heirs));
}

#[test]
fn a_request_is_run_again_by_a_member_that_has_seen_it() {
    let mut bench = Bench::with(2);
    let offsets: Vec<_> = (0..8).map(|_| bench.request(true)).collect();
    bench.start(2, bench.stream.len() as u64);
    bench.start(3, bench.stream.len() as u64);
    bench.pass(2000);
    let runs = bench.runs.len();
    bench.crash(0);
    bench.pass(5000);
    assert_eq!(bench.runs.len(), runs + offsets.len() / 2);
    assert!(bench.runs[runs..].iter().all(|(worker, _)| worker == "w1"), "{:?}", &bench.runs[runs..]);
    assert_eq!(bench.lost, []);
}

#[test]
fn requests_of_a_worker_that_dies_after_it_left_are_answered() {
    let mut bench = Bench::with(2);
    let own = bench.request(false);
    let leaver = usize::from(bench.runs[0].0 == "w1");
    bench.workers[leaver].0.leave();
    bench.settle();
    bench.pass(1000);
    bench.crash(leaver);
    bench.pass(5000);
    assert_eq!(bench.lost, [(name(1 - leaver), own)]);
}

#[test]
fn a_member_that_was_declared_dead_rejoins() {
    let mut bench = Bench::with(2);
    bench.crash(0);
    bench.pass(3000);
    assert_eq!(bench.members(1), ["w1.0"]);
    bench.dead.clear();
    bench.connected();
    bench.settle();
    assert_eq!(bench.members(1), ["w1.0", "w0.0"]);
}

#[test]
fn a_removed_member_rejoins_only_after_it_has_read_its_own_new_message() {
    let mut bench = Bench::with(2);
    bench.crash(0);
    bench.pass(3000);
    assert_eq!(bench.members(1), ["w1.0"]);
    let late = bench.stream.len();
    bench.read(0);
    for _ in 0..4 {
        bench.now += TICK;
        bench.with_worker(0, |group, now, out| group.tick(now, true, out));
    }
    let is_report = |publication: &&Publication| match publication {
        Publication::Message(sent) => matches!(sent.message, Message::Progress { .. }),
        Publication::Request(_) => false,
    };
    let published: Vec<_> = bench.stream[late..].iter().filter(|publication| !is_report(publication)).collect();
    assert!(
        matches!(&published[..], [Publication::Message(Sent { message: Message::StateRequest { .. }, .. })]),
        "{published:?}"
    );
    bench.dead.clear();
    bench.connected();
    bench.settle();
    assert_eq!(bench.members(1), ["w1.0", "w0.0"]);
}

#[test]
fn a_worker_that_lost_its_position_returns_as_another_member() {
    let mut bench = Bench::with(2);
    let own = bench.request(false);
    let victim = usize::from(bench.runs[0].0 == "w1");
    let next = bench.stream.len() as u64 + 1;
    bench.workers[victim].0.begin("e", next);
    bench.workers[victim].1 = next;
    bench.settle();
    bench.pass(1000);
    let new = format!("w{victim}.1");
    assert_eq!(bench.members(1 - victim), [format!("w{}.0", 1 - victim).as_str(), &new]);
    assert!(bench.lost.contains(&(name(1 - victim), own)), "its earlier generation is dead: {:?}", bench.lost);
    bench.finish(own);
    assert_eq!(bench.workers[victim].0.status(), MemberStatus::Member);
}

#[test]
fn a_silent_member_with_work_is_declared_dead_although_it_is_connected() {
    let mut bench = Bench::with(2);
    bench.request(false);
    bench.request(false);
    bench.dead.push(0);
    bench.hung.push(0);
    bench.pass(9000);
    assert_eq!(bench.members(1).len(), 2, "not yet");
    bench.pass(4000);
    assert_eq!(bench.members(1), ["w1.0"]);
    assert_eq!(bench.lost.len(), 1);
}

#[test]
fn a_worker_whose_reports_do_not_arrive_ignores_the_silence_of_others() {
    let mut bench = Bench::with(3);
    bench.loses_messages = true;
    for _ in 0..30 {
        bench.request(false);
        bench.pass(1000);
    }
    assert!(bench.presence_queries < 10, "{} presence queries", bench.presence_queries);
    bench.loses_messages = false;
    bench.pass(5000);
    assert_eq!((bench.members(0).len(), bench.lost.len()), (3, 0));
}

#[test]
fn a_message_for_another_stream_is_ignored() {
    let mut bench = Bench::with(1);
    let before = bench.workers[0].0.view().expect("a view").clone();
    let view = Message::View { prev: before.version, members: vec![Member::new("late", 0)], dead: vec![], time: None };
    bench.stream.push(Publication::Message(Sent { epoch: "another".to_owned(), message: view }));
    bench.settle();
    assert_eq!(bench.workers[0].0.view(), Some(&before));
}

#[test]
fn busy_workers_report_once_a_second_and_idle_workers_do_not_report() {
    let mut bench = Bench::with(2);
    let progress = |message: &Message| matches!(message, Message::Progress { .. });
    bench.pass(10_000);
    assert_eq!(bench.published(progress), 0);
    let offset = bench.request(false);
    bench.pass(10_000);
    let reports = bench.published(progress);
    assert!((16..=22).contains(&reports), "{reports} reports of two workers in ten seconds");
    bench.finish(offset);
    bench.pass(3000);
    let before = bench.published(progress);
    bench.pass(10_000);
    assert_eq!(bench.published(progress), before);
    let states = bench.published(|message| matches!(message, Message::State { .. }));
    assert!((1..=3).contains(&states), "{states} states in half a minute");
}

#[test]
fn a_report_is_bounded_and_claims_nothing_beyond_its_last_request() {
    let mut bench = Bench::with(1);
    for _ in 0..5000 {
        bench.stream.push(Publication::Request(Plain::of(false)));
    }
    bench.settle();
    bench.pass(2000);
    let report = bench.stream.iter().rev().find_map(|publication| match publication {
        Publication::Message(Sent { message: Message::Progress { upto, open, .. }, .. }) => Some((*upto, open.clone())),
        _ => None,
    });
    let (upto, open) = report.expect("a report");
    assert_eq!((open.len(), upto), (4096, open.last().expect("one") + 1));
}

#[test]
fn the_memory_for_requests_of_others_is_bounded() {
    let mut bench = Bench::with(2);
    for _ in 0..20_000 {
        bench.stream.push(Publication::Request(Plain::of(false)));
    }
    bench.settle();
    assert!(bench.workers.iter().all(|(group, _)| group.dropped() > 1000));
    let mut newcomer = Group::new("new", MEMORY);
    newcomer.begin("e", 7);
    let mut out = Vec::new();
    for offset in 7..20_000 {
        newcomer.request(offset, Plain::of(false), 0, &mut out);
    }
    let state = Message::State { at: 7, version: 3, members: vec![], time: 0 };
    newcomer.message(20_000, Sent { epoch: "e".to_owned(), message: state }, 0, &mut out);
    assert_eq!(newcomer.view(), None, "its backlog does not reach back that far");
}
