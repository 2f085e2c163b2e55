//! Throughput, latency and cost of calls through several systems, side by side.
//!
//! ```text
//! cargo bench -p tests --bench compare                 # everything, about half an hour
//! cargo bench -p tests --bench compare -- --quick      # small params, under two minutes
//! cargo bench -p tests --bench compare -- --help       # one load, one system, longer
//! ```
//!
//! Every system is started once, and all systems are measured in turns, so that other load on the machine affects all
//! of them. `docs/performance.md` explains the columns.

mod report;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::backends::METHOD;
use crate::measure::{Measurement, Shape, measure};
use crate::systems::System;

use report::{Cell, Report};

const SHAPES: [Shape; 4] = [Shape::new(1, 1), Shape::new(64, 1), Shape::new(64, 32), Shape::new(500, 8)];

/// The sizes of params in bytes.
const SIZES: [usize; 3] = [30, 1024, 16 * 1024];

/// Calls through several systems, side by side.
#[derive(Debug, Parser)]
#[command(name = "compare")]
struct Args {
    /// Small params and short rounds: under two minutes
    #[arg(long)]
    quick: bool,
    /// Only these systems, by a part of their names
    #[arg(long, value_name = "NAME")]
    system: Vec<String>,
    /// Only these loads: connections x calls in flight on each
    #[arg(long, value_name = "64x32")]
    load: Vec<Shape>,
    /// Only params of these sizes
    #[arg(long, value_name = "BYTES")]
    payload: Vec<usize>,
    /// The number of rounds in which each is measured
    #[arg(long)]
    rounds: Option<usize>,
    /// The duration of each measurement
    #[arg(long, value_name = "MILLISECONDS")]
    window: Option<u64>,
    /// Accepted and ignored: cargo passes it to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

struct Plan {
    systems: Vec<String>,
    shapes: Vec<Shape>,
    sizes: Vec<usize>,
    rounds: usize,
    warm_up: Duration,
    window: Duration,
}

impl Plan {
    fn new(args: Args) -> Self {
        let (sizes, rounds, warm_up, window) =
            if args.quick { (&SIZES[..1], 3, 200, 500) } else { (&SIZES[..], 7, 500, 1500) };
        let or = |given: Vec<_>, all: &[_]| if given.is_empty() { all.to_vec() } else { given };
        Self {
            systems: args.system,
            shapes: if args.load.is_empty() { SHAPES.to_vec() } else { args.load },
            sizes: or(args.payload, sizes),
            rounds: args.rounds.unwrap_or(rounds).max(1),
            warm_up: Duration::from_millis(warm_up),
            window: Duration::from_millis(args.window.unwrap_or(window)),
        }
    }

    fn wants(&self, system: &str) -> bool {
        self.systems.is_empty() || self.systems.iter().any(|part| system.contains(part.as_str()))
    }
}

/// Runs the benchmark.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    // The load has one thread: with more, it would take CPU time from the systems.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(compare(&Plan::new(args)));
    ExitCode::SUCCESS
}

async fn compare(plan: &Plan) {
    let systems = System::start(|name| plan.wants(name)).await;
    let mut report = Report::default();
    for &size in &plan.sizes {
        for &shape in &plan.shapes {
            for round in 1..=plan.rounds {
                for system in &systems {
                    print!("\r{:<60}\r{shape}, {size} B, round {round}: {}", "", system.name);
                    std::io::stdout().flush().expect("standard output");
                    report.add(shape, size, system.name, one(plan, system, shape, size).await);
                }
            }
            println!("\r{:<60}\r{}", "", report.table(shape, size));
        }
    }
    println!("{}", report.summary());
    let path = tests::toolchain::target_dir().join("compare.json");
    std::fs::write(&path, report.json()).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    println!("written to {}", path.display());
}

async fn one(plan: &Plan, system: &System, shape: Shape, size: usize) -> Cell {
    let frame = r#"{"user_id":""}"#;
    let params = format!(r#"{{"user_id":"{}"}}"#, "7".repeat(size - frame.len()));
    let measurement = Measurement {
        target: &system.target,
        shape,
        calls: &[(METHOD, &params)],
        warm_up: plan.warm_up,
        window: plan.window,
    };
    Cell::new(&measure(measurement, async || system.usage().await).await)
}
