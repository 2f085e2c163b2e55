//! Allocations per call in each stage of a request. `cargo bench -p centrifugo-rpc --bench allocations`.
//!
//! The stages are those of `micro`. Unlike times, allocations are the same in every run and on every machine.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::alloc::System;
use std::hint::black_box;

use centrifugo_rpc::bench::{Ready, decode, encode, log_to_nowhere, worst, worst_caller};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

mod stages;

use stages::{BURST, SIZES, Worker};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The number of runs of a stage: enough to average out rare events, such as a table that grows.
const ROUNDS: usize = 1000;

fn main() {
    println!("{:<18} {:<38} {:>12} {:>14} {:>10}", "per call", "", "allocations", "reallocations", "bytes");
    for (size, bytes) in SIZES {
        let (data, caller) = (stages::publication(7, bytes), stages::caller(7));
        report("decode", size, 1, || (), |()| decode(&data, &caller));
    }
    for (size, bytes) in SIZES {
        dispatching("dispatch", size, bytes);
    }
    let logging = log_to_nowhere();
    for (size, bytes) in SIZES {
        dispatching("dispatch, logged", size, bytes);
    }
    drop(logging);
    for (size, bytes) in SIZES {
        let result = stages::payload(bytes);
        report("encode", size, 1, || (), |()| encode("00000007-6b8a-4c6c-9d53-8c4f0f2c8f6e", result.as_bytes()));
    }
    for (size, bytes) in SIZES {
        let ready = stages::ready(BURST, bytes);
        report("batch", &format!("{BURST} replies, {size}"), BURST, || (), |()| ready.body());
    }
    let ready = stages::ready_together(BURST, SIZES[0].1);
    report("batch", &format!("{BURST} of 1 caller"), BURST, || (), |()| ready.body());
    let answer = stages::answer(BURST);
    report("answer", &format!("{BURST} replies"), BURST, || (), |()| Ready::published(answer.as_bytes()));
    let worker = Worker::new(SIZES[0].1);
    for (kind, data) in worst("bench.echo") {
        report("worst, 64 KB", kind, 1, worst_caller, |caller| worker.publication(&data, caller));
    }
}

fn dispatching(stage: &str, size: &str, bytes: usize) {
    let worker = Worker::new(bytes);
    let callers = || (0..BURST).map(stages::caller).collect();
    report(stage, size, BURST, callers, |callers| worker.calls(callers));
    let together = format!("{size}, {BURST} together");
    report(stage, &together, BURST, || stages::caller(7), |caller| worker.calls_together(caller));
}

/// Runs a stage that handles `calls` calls, and prints its allocations per call. Creating the input is not counted.
fn report<T, R>(stage: &str, what: &str, calls: usize, mut input: impl FnMut() -> T, mut run: impl FnMut(T) -> R) {
    drop(run(input()));
    let (mut allocations, mut reallocations, mut bytes) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let input = input();
        let region = Region::new(ALLOCATOR);
        drop(black_box(run(input)));
        let used = region.change();
        allocations += used.allocations;
        reallocations += used.reallocations;
        bytes += used.bytes_allocated;
    }
    #[expect(clippy::cast_precision_loss, reason = "there are no so many")]
    let [allocations, reallocations, bytes] =
        [allocations, reallocations, bytes].map(|sum| sum as f64 / (ROUNDS * calls) as f64);
    println!("{stage:<18} {what:<38} {allocations:>12.2} {reallocations:>14.2} {bytes:>10.0}");
}
