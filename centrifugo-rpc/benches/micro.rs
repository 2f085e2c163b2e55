//! The cost of each stage of a request, so that a regression can be located.
//! `cargo bench -p centrifugo-rpc --bench micro`.
//!
//! | group | from | to |
//! | --- | --- | --- |
//! | `decode` | a publication and its caller | a request |
//! | `dispatch` | a publication and its caller | its reply in the reply queue: `decode`, the handler and `encode` included |
//! | `dispatch, logged` | the same | the same, with the spans of a log at `info`, which `Server::run` has |
//! | `encode` | a result as JSON | a reply |
//! | `batch` | replies | the body of the request that publishes them |
//! | `answer` | Centrifugo's answer to that | the outcome of each reply |
//! | `worst` | a publication of 64 KB that asks for as much as possible | all of it dropped, refused or answered |

use std::hint::black_box;
use std::time::{Duration, Instant};

use centrifugo_rpc::bench::{Ready, decode, encode, log_to_nowhere, worst, worst_caller};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

mod stages;

use stages::{BURST, SIZES, Worker};

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, bytes) in SIZES {
        let (data, caller) = (stages::publication(7, bytes), stages::caller(7));
        assert!(decode(&data, &caller).is_call());
        group.bench_function(name, |bencher| bencher.iter(|| decode(black_box(&data), black_box(&caller))));
    }
    group.finish();
}

fn dispatching(criterion: &mut Criterion) {
    dispatching_as(criterion, "dispatch");
    let _logging = log_to_nowhere();
    dispatching_as(criterion, "dispatch, logged");
}

fn dispatching_as(criterion: &mut Criterion, name: &str) {
    let mut group = criterion.benchmark_group(name);
    for (name, bytes) in SIZES {
        let worker = Worker::new(bytes);
        let reply = String::from_utf8(worker.calls(vec![stages::caller(0)])).expect("replies are text");
        assert!(reply.ends_with(&format!(r#","result":{}}}"#, stages::payload(bytes))), "{reply}");
        group.throughput(Throughput::Elements(1));
        group.bench_function(name, |bencher| bencher.iter_custom(|calls| time_of(&worker, calls)));
    }
    let worker = Worker::new(SIZES[0].1);
    group.throughput(Throughput::Elements(BURST as u64));
    group.bench_function(BenchmarkId::new(format!("{BURST} calls of 1 caller"), SIZES[0].0), |bencher| {
        bencher.iter_batched(|| stages::caller(7), |caller| worker.calls_together(caller), BatchSize::SmallInput);
    });
    group.finish();
}

/// Makes `calls` calls and measures them alone: callers come from Centrifugo's client, so creating them is excluded.
fn time_of(worker: &Worker, calls: u64) -> Duration {
    let mut time = Duration::ZERO;
    let mut left = calls;
    while left > 0 {
        let burst = left.min(BURST as u64);
        left -= burst;
        let callers = (0..BURST).take(usize::try_from(burst).unwrap_or(BURST)).map(stages::caller).collect();
        let started = Instant::now();
        black_box(worker.calls(callers));
        time += started.elapsed();
    }
    time
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for (name, bytes) in SIZES {
        let result = stages::payload(bytes);
        group.bench_function(name, |bencher| {
            bencher.iter(|| encode(black_box("00000007-6b8a-4c6c-9d53-8c4f0f2c8f6e"), black_box(result.as_bytes())));
        });
    }
    group.finish();
}

fn batching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch");
    for (count, (size, bytes)) in [(1, SIZES[0]), (64, SIZES[0]), (1000, SIZES[0]), (64, SIZES[1]), (64, SIZES[2])] {
        let ready = stages::ready(count, bytes);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new(replies(count), size), |bencher| bencher.iter(|| ready.body()));
    }
    let ready = stages::ready_together(64, SIZES[0].1);
    group.throughput(Throughput::Elements(64));
    group.bench_function(BenchmarkId::new("64 replies of 1 caller", SIZES[0].0), |bencher| {
        bencher.iter(|| ready.body());
    });
    group.finish();
}

fn answering(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("answer");
    for count in [1, 64, 1000] {
        let answer = stages::answer(count);
        assert_eq!(Ready::published(answer.as_bytes()), count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(replies(count), |bencher| bencher.iter(|| Ready::published(black_box(answer.as_bytes()))));
    }
    group.finish();
}

/// Measures the work that one user can cause with one publication; compare the others with the first one.
fn worst_publications(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("worst");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500)).sample_size(20);
    let worker = Worker::new(SIZES[0].1);
    for (kind, data) in worst("bench.echo") {
        group.bench_function(kind, |bencher| {
            bencher.iter_batched(worst_caller, |caller| worker.publication(&data, caller), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn replies(count: usize) -> String {
    if count == 1 { "1 reply".to_owned() } else { format!("{count} replies") }
}

criterion_group! {
    name = benches;
    // The whole benchmark takes little more than a minute; the stages are short and their times steady.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = decoding, dispatching, encoding, batching, answering, worst_publications
}
criterion_main!(benches);
