//! The rules under random schedules: a stream, workers that read it at their own pace, callers, and all kinds of
//! failures.
//!
//! Every schedule comes from a seed and is deterministic. A failure prints its seed:
//!
//! ```text
//! CENTRIFUGO_RPC_SEED=1234 cargo test -p centrifugo-rpc --lib group::simulation     # that schedule, with a trace
//! CENTRIFUGO_RPC_SCHEDULES=100000 cargo test --release -p centrifugo-rpc --lib group::simulation
//! ```

use std::fmt::Display;

use world::{Outcome, World};

mod faults;
mod random;
mod truth;
mod worker;
mod world;

/// The failures that a schedule may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Every failure, of every worker.
    Anything,
    /// Every failure, but one member that has been in the group for a while is always unharmed: then every call ends.
    OneStaysWell,
    /// Workers only start and leave gracefully: then every call ends with its result.
    Graceful,
}

fn schedules() -> u64 {
    std::env::var("CENTRIFUGO_RPC_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(700)
}

/// The seed of the schedule to replay with a trace.
fn seed() -> Option<u64> {
    std::env::var("CENTRIFUGO_RPC_SEED").ok().and_then(|seed| seed.parse().ok())
}

fn run(kind: Kind) -> Outcome {
    if let Some(seed) = seed() {
        return schedule(kind, seed, true);
    }
    let mut all = Outcome::default();
    let count = schedules();
    for seed in 0..count {
        all += schedule(kind, seed, false);
    }
    print(format!("{kind:?}: {count} schedules, {all}"));
    all
}

fn schedule(kind: Kind, seed: u64, trace: bool) -> Outcome {
    match World::new(kind, seed, trace).run() {
        Ok(outcome) => outcome,
        Err(why) => panic!("{kind:?}: {why}; repeat it with CENTRIFUGO_RPC_SEED={seed}"),
    }
}

#[expect(clippy::print_stderr, reason = "a test prints its outcome and its trace")]
fn print(line: impl Display) {
    eprintln!("{line}");
}

#[test]
fn no_fault_causes_a_second_run_or_different_owners_of_a_request() {
    let outcome = run(Kind::Anything);
    assert!(outcome.requests > 0 && outcome.answered * 10 > outcome.requests * 8, "{outcome}");
}

#[test]
fn every_call_ends_while_one_member_stays_well() {
    let outcome = run(Kind::OneStaysWell);
    assert!(outcome.requests > 0, "{outcome}");
    // One schedule alone need not have any.
    assert!(seed().is_some() || outcome.lost > 0 && outcome.again > 0, "{outcome}");
}

#[test]
fn graceful_starts_and_stops_lose_no_call() {
    let outcome = run(Kind::Graceful);
    assert!(outcome.requests > 0, "{outcome}");
    assert_eq!((outcome.lost, outcome.again), (0, 0), "{outcome}");
}
