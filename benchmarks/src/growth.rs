//! The cost of a call as methods, connections, workers, calls in flight and durations grow.
//!
//! ```text
//! cargo bench -p tests --bench growth            # about ten minutes, and the build of a worker with 1,000 methods
//! cargo bench -p tests --bench growth -- slow    # one part: methods, idle, workers, flight, slow, uneven, start
//! ```

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};
use tests::demo::environment;
use tests::{Many, Process, example, load};
use tokio::task::{JoinSet, LocalSet};

use crate::backends::{METHOD, SLOW};
use crate::measure::{Measured, Measurement, Shape, measure, median};
use crate::systems::{HTTP_PROXY, System, Used};

const PARAMS: &str = r#"{"user_id":"7777777777777777"}"#;
const ROUNDS: usize = 7;
const WARM_UP: Duration = Duration::from_millis(400);
const WINDOW: Duration = Duration::from_millis(1500);

/// A load that keeps all processes busy.
const BUSY: Shape = Shape::new(64, 32);

/// The number of connections with a reply channel each, like callers between their calls.
const IDLE: usize = 10_000;

/// The cost of a call as methods, connections, workers, calls in flight and durations grow.
#[derive(Debug, Parser)]
#[command(name = "growth")]
struct Args {
    /// Only these parts
    part: Vec<Part>,
    /// Accepted and ignored: cargo passes it to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// 1, 100 and 1,000 registered methods
    Methods,
    /// Connections that do nothing
    Idle,
    /// 1, 2 and 4 workers in a group
    Workers,
    /// 1 to 8,000 calls in flight
    Flight,
    /// Ten fast calls behind a slow one on the same connection
    Slow,
    /// Calls of varying durations, so that few calls on a connection end and begin together
    Uneven,
    /// From the start of a worker to its first answer
    Start,
}

/// One line of a table, and of `growth.json`.
#[derive(Debug, Serialize)]
struct Row {
    part: String,
    setting: String,
    p50_us: f64,
    p99_us: f64,
    /// `None` if only latencies were measured.
    #[serde(flatten)]
    cost: Option<Cost>,
}

#[derive(Debug, Serialize)]
struct Cost {
    calls_per_s: f64,
    backend_cpu_us_per_call: f64,
    centrifugo_cpu_us_per_call: f64,
    http_requests_per_call: f64,
}

/// Runs the benchmark.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let wanted = |part| args.part.is_empty() || args.part.contains(&part);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rows = runtime.block_on(LocalSet::new().run_until(async {
        let mut rows = Vec::new();
        for part in Part::value_variants().iter().filter(|part| wanted(**part)) {
            rows.extend(match part {
                Part::Methods => methods().await,
                Part::Idle => idle().await,
                Part::Workers => workers().await,
                Part::Flight => flight().await,
                Part::Slow => slow().await,
                Part::Uneven => uneven().await,
                Part::Start => start().await,
            });
        }
        rows
    }));
    let path = tests::toolchain::target_dir().join("growth.json");
    let json = serde_json::to_string_pretty(&rows).expect("numbers are JSON");
    std::fs::write(&path, json).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    println!("written to {}", path.display());
    ExitCode::SUCCESS
}

/// A system in one of the settings of a part.
struct Setting<'a> {
    name: String,
    system: &'a System,
    shape: Shape,
    calls: Vec<(String, String)>,
}

impl<'a> Setting<'a> {
    fn busy(name: String, system: &'a System) -> Self {
        Self { name, system, shape: BUSY, calls: vec![(METHOD.to_owned(), PARAMS.to_owned())] }
    }
}

async fn methods() -> Vec<Row> {
    let mut systems = Vec::new();
    for count in [1, 100, 1000] {
        systems.push((count, System::worker(&Many::new(count).build().binary).await));
    }
    let settings = systems.iter().map(|(count, system)| {
        let calls = vec![(format!("bench.m{}", count - 1), PARAMS.to_owned())];
        Setting { calls, ..Setting::busy(format!("{count} methods"), system) }
    });
    turns("registered methods", &settings.collect::<Vec<_>>()).await
}

async fn idle() -> Vec<Row> {
    let (without, with) = (System::ours(1).await, System::ours(1).await);
    let mut connections = JoinSet::new();
    for number in 0..IDLE {
        // The load does not use these numbers.
        let (mut socket, mut wire) = with.target.open(100_000 + number, &[]).await;
        connections.spawn_local(async move {
            let (mut frames, mut ended) = (Vec::new(), Vec::new());
            loop {
                wire.read(&socket.receive().await, &mut frames, &mut ended);
                socket.send(&mut frames).await;
            }
        });
    }
    let settings = [Setting::busy("0 idle".to_owned(), &without), Setting::busy(format!("{IDLE} idle"), &with)];
    turns("idle connections", &settings).await
}

async fn workers() -> Vec<Row> {
    let mut systems = Vec::new();
    for count in [1, 2, 4] {
        systems.push((count, System::ours(count).await));
    }
    let settings = systems.iter().map(|(count, system)| Setting::busy(format!("{count} workers"), system));
    turns("workers in a group", &settings.collect::<Vec<_>>()).await
}

async fn flight() -> Vec<Row> {
    let system = System::ours(1).await;
    let shapes = [(1, 1), (1, 8), (8, 8), (64, 8), (64, 32), (500, 8), (500, 16)];
    let settings = shapes.map(|(connections, in_flight)| {
        let shape = Shape::new(connections, in_flight);
        Setting { shape, ..Setting::busy(format!("{} ({shape})", connections * in_flight), &system) }
    });
    turns("calls in flight", &settings).await
}

/// Measures each setting in turn, and returns the medians.
async fn turns(part: &str, settings: &[Setting<'_>]) -> Vec<Row> {
    let mut measured: Vec<Vec<Measured<Used>>> = settings.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (setting, turns) in settings.iter().zip(&mut measured) {
            let calls: Vec<_> =
                setting.calls.iter().map(|(method, params)| (method.as_str(), params.as_str())).collect();
            let measurement = Measurement {
                target: &setting.system.target,
                shape: setting.shape,
                calls: &calls,
                warm_up: WARM_UP,
                window: WINDOW,
            };
            turns.push(measure(measurement, async || setting.system.usage().await).await);
        }
    }
    let rows = settings.iter().zip(&measured).map(|(setting, turns)| Row::of_turns(part, &setting.name, turns));
    let rows = rows.collect::<Vec<_>>();
    show(&rows);
    rows
}

async fn slow() -> Vec<Row> {
    const TIMES: usize = 50;
    const MS: u64 = 100;
    let systems = [
        System::ours(1).await,
        System::proxy(HTTP_PROXY[0], "axum", "http", 0).await,
        System::proxy(HTTP_PROXY[1], "axum", "http", 64).await,
    ];
    let mut rows = Vec::new();
    for system in &systems {
        let sleep = format!(r#"{{"ms":{MS}}}"#);
        let (mut socket, mut wire) = system.target.open(0, &[(SLOW, &sleep), (METHOD, PARAMS)]).await;
        let (mut frames, mut ended) = (Vec::new(), Vec::new());
        let mut latencies = Histogram::<u64>::new(3).expect("three digits are possible");
        for time in 0..TIMES {
            let first = time as u64 * 11;
            wire.call(first, 0, &mut frames);
            socket.send(&mut frames).await;
            let started = Instant::now();
            for call in 1..=10 {
                wire.call(first + call, 1, &mut frames);
            }
            let mut open = 11;
            while open > 0 {
                socket.send(&mut frames).await;
                wire.read(&socket.receive().await, &mut frames, &mut ended);
                for id in ended.drain(..) {
                    open -= 1;
                    if id != first {
                        let took = u64::try_from(started.elapsed().as_nanos()).expect("less than 500 years");
                        latencies.record(took).expect("the histogram grows");
                    }
                }
            }
        }
        rows.push(Row::of_latencies(&format!("ten fast calls behind one of {MS} ms"), system.name, &latencies));
    }
    show(&rows);
    rows
}

async fn uneven() -> Vec<Row> {
    const MS: u64 = 20;
    let systems = [
        System::ours(1).await,
        System::ours_apart().await,
        System::proxy(HTTP_PROXY[0], "axum", "http", 0).await,
        System::proxy(HTTP_PROXY[1], "axum", "http", 64).await,
    ];
    let settings = systems.iter().map(|system| {
        let calls = (0..=MS).map(|ms| (SLOW.to_owned(), format!(r#"{{"ms":{ms}}}"#))).collect();
        Setting { calls, ..Setting::busy(system.name.to_owned(), system) }
    });
    turns(&format!("calls of 0 to {MS} ms"), &settings.collect::<Vec<_>>()).await
}

async fn start() -> Vec<Row> {
    let system = System::ours(0).await;
    let server = system.server();
    let client = load::client(server, "early").await;
    let mut command = example::command("demo");
    command.envs(environment(server));
    let params = json!({ "user_id": "7" });
    let mut latencies = Histogram::<u64>::new(3).expect("three digits are possible");
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let worker = Process::start(&command, "");
        // Retries while there is no worker to accept the call.
        while client.call::<Value>(METHOD, &params).await.is_err() {}
        let took = u64::try_from(started.elapsed().as_nanos()).expect("less than 500 years");
        latencies.record(took).expect("the histogram grows");
        worker.signal("TERM");
        worker.ended().await;
    }
    let rows = vec![Row::of_latencies("from the start of a worker", "first answer", &latencies)];
    show(&rows);
    rows
}

impl Row {
    /// Returns the medians of the turns of a setting.
    fn of_turns(part: &str, setting: &str, turns: &[Measured<Used>]) -> Self {
        Self {
            part: part.to_owned(),
            setting: setting.to_owned(),
            p50_us: median(turns, |turn| turn.quantile_us(0.5)),
            p99_us: median(turns, |turn| turn.quantile_us(0.99)),
            cost: Some(Cost {
                calls_per_s: median(turns, Measured::calls_per_s),
                backend_cpu_us_per_call: median(turns, Measured::backend_cpu_us_per_call),
                centrifugo_cpu_us_per_call: median(turns, Measured::centrifugo_cpu_us_per_call),
                http_requests_per_call: median(turns, Measured::http_requests_per_call),
            }),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "latencies are under a minute")]
    fn of_latencies(part: &str, setting: &str, latencies: &Histogram<u64>) -> Self {
        let quantile = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            part: part.to_owned(),
            setting: setting.to_owned(),
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            cost: None,
        }
    }
}

impl Cost {
    fn cpu_us_per_call(&self) -> f64 {
        self.backend_cpu_us_per_call + self.centrifugo_cpu_us_per_call
    }
}

fn show(rows: &[Row]) {
    let first = &rows[0];
    print!("{}\n{:<20} {:>9} {:>9}", first.part, "", "p50 µs", "p99 µs");
    if first.cost.is_some() {
        print!(" {:>9}   {:>8} {:>10} {:>7}   {:>9}", "calls/s", "CPU µs", "Centrifugo", "÷ first", "HTTP/call");
    }
    println!();
    for row in rows {
        print!("{:<20} {:>9.0} {:>9.0}", row.setting, row.p50_us, row.p99_us);
        if let (Some(first), Some(cost)) = (&first.cost, &row.cost) {
            print!(
                " {:>9.0}   {:>8.1} {:>10.1} {:>7.2}   {:>9.4}",
                cost.calls_per_s,
                cost.backend_cpu_us_per_call,
                cost.centrifugo_cpu_us_per_call,
                cost.cpu_us_per_call() / first.cpu_us_per_call(),
                cost.http_requests_per_call,
            );
        }
        println!();
    }
    println!();
}
