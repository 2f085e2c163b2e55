//! The cost of the crate in a user's build, for each set of features: `cargo bench -p tests --bench build_cost`, about
//! ten minutes. With `-- --quick` half of it: a caller, a production worker and the quickstart.
//!
//! Each row is a cold release build of a small program with one method that uses its features, compared with the same
//! function without this crate. Prints a table and the most expensive crates of each row, and writes
//! `target/build-cost.json`, which has all crates. A part of a row's name after `--` selects rows.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::fs;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tests::toolchain;
use tests::user_crate::{self, Build, UserCrate};

/// The part that every program has.
const FUNCTION: &str = r"
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
struct TaskStatsParams {
    /// User ID
    user_id: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct TaskStatsResult {
    /// Total tasks
    total: u32,
    /// Completed tasks
    completed: u32,
}
";

const METHOD: &str = r#"
/// Get task statistics for a user.
#[centrifugo_rpc::websocket_rpc("tasks.get_stats")]
async fn get_task_stats(params: TaskStatsParams) -> TaskStatsResult {
    println!("{}", params.user_id);
    TaskStatsResult { total: 100, completed: 75 }
}
"#;

const BARE: &str = r#"
async fn get_task_stats(params: TaskStatsParams) -> TaskStatsResult {
    println!("{}", params.user_id);
    TaskStatsResult { total: 100, completed: 75 }
}

#[tokio::main]
async fn main() {
    println!("{:?}", get_task_stats(TaskStatsParams { user_id: "123".to_owned() }).await);
}
"#;

const SERVE: &str = r"
#[tokio::main]
async fn main() -> Result<(), centrifugo_rpc::Error> {
    centrifugo_rpc::serve(centrifugo_rpc::Config::from_env()?).await
}
";

const RUN: &str = r"
#[tokio::main]
async fn main() -> std::process::ExitCode {
    centrifugo_rpc::Server::from_env().run().await
}
";

/// Serves, or calls another process that serves.
const CALL: &str = r#"
#[tokio::main]
async fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    let Ok(token) = std::env::var("CALLER_TOKEN") else {
        return Ok(centrifugo_rpc::Server::from_env().run().await);
    };
    let client = centrifugo_rpc::Client::builder("ws://localhost:8000/connection/websocket").token(token).connect().await?;
    let params = TaskStatsParams { user_id: "123".to_owned() };
    let stats: TaskStatsResult = client.call("tasks.get_stats", &params).await?;
    println!("{stats:?}");
    Ok(std::process::ExitCode::SUCCESS)
}
"#;

/// Only calls.
const CALL_ALONE: &str = r#"
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = centrifugo_rpc::Client::builder("ws://localhost:8000/connection/websocket").connect().await?;
    let params = TaskStatsParams { user_id: "123".to_owned() };
    let stats: TaskStatsResult = client.call("tasks.get_stats", &params).await?;
    println!("{stats:?}");
    Ok(())
}
"#;

/// Runs a Centrifugo of its own, and a caller.
const HUB: &str = r#"
#[tokio::main]
async fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    if std::env::var_os("WITH_HUB").is_none() {
        return Ok(centrifugo_rpc::Server::from_env().run().await);
    }
    let config = centrifugo_rpc::Config::from_env()?;
    let hub = centrifugo_rpc::hub::Hub::start(config.centrifugo_config()).await?;
    let token = config.connection_token("123", std::time::Duration::from_secs(60))?;
    let config = config.centrifugo_url(hub.url()).centrifugo_api_url(hub.api_url());
    let worker = centrifugo_rpc::Server::new(config).start().await?;
    let client = centrifugo_rpc::Client::builder(hub.url()).token(token).connect().await?;
    let params = TaskStatsParams { user_id: "123".to_owned() };
    let stats: TaskStatsResult = client.call("tasks.get_stats", &params).await?;
    println!("{stats:?}");
    worker.stop().await;
    Ok(std::process::ExitCode::SUCCESS)
}
"#;

const DEPENDENCIES: &str = r#"
schemars = "1"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#;

/// A program, and the features of the crate that it uses.
struct Row {
    name: &'static str,
    /// The end of its dependency on the crate; `None` for a program without the crate.
    features: Option<&'static str>,
    /// True if it has a method.
    serves: bool,
    /// True if `--quick` builds it, too.
    quick: bool,
    main: &'static str,
}

/// The row that all others are compared with.
const BARE_ROW: Row = Row { name: "without the crate", features: None, serves: false, quick: true, main: BARE };

const ROWS: [Row; 6] = [
    Row {
        name: "client",
        features: Some(r#", default-features = false, features = ["client"]"#),
        serves: false,
        quick: true,
        main: CALL_ALONE,
    },
    Row {
        name: "server",
        features: Some(r#", default-features = false, features = ["server"]"#),
        serves: true,
        quick: true,
        main: SERVE,
    },
    Row {
        name: "cli",
        features: Some(r#", default-features = false, features = ["cli"]"#),
        serves: true,
        quick: false,
        main: RUN,
    },
    Row { name: "default: server, cli, codegen", features: Some(""), serves: true, quick: false, main: RUN },
    Row {
        name: "default, client",
        features: Some(r#", features = ["client"]"#),
        serves: true,
        quick: false,
        main: CALL,
    },
    // The features of the example `quickstart`.
    Row {
        name: "default, client, hub",
        features: Some(r#", features = ["client", "hub"]"#),
        serves: true,
        quick: true,
        main: HUB,
    },
];

/// The crates of a build that are printed.
const HEAVIEST: usize = 10;

/// The CPU time of each crate, the most expensive one first.
type Crates = Vec<(String, Duration)>;

fn main() {
    user_crate::run_as_compiler();
    let quick = std::env::args().any(|arg| arg == "--quick");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wanted = |row: &Row| {
        (row.quick || !quick) && (wanted.is_empty() || wanted.iter().any(|part| row.name.contains(part.as_str())))
    };
    println!("{:<30}{:>12}{:>18}{:>18}{:>20}", "features", "crates", "build, s", "CPU, s", "binary, KiB");
    let (bare, crates) = build(0, &BARE_ROW);
    let mut measured = vec![report(&BARE_ROW, &bare, &bare, &crates)];
    let mut heaviest = String::new();
    for (index, row) in ROWS.iter().enumerate().filter(|(_, row)| wanted(row)) {
        let (build, crates) = build(index + 1, row);
        measured.push(report(row, &build, &bare, &crates));
        heaviest += &heaviest_of(row, &build, &crates);
    }
    let path = toolchain::target_dir().join("build-cost.json");
    fs::write(&path, format!("{:#}\n", Value::Array(measured))).expect("the target directory can be written");
    println!("\nIn parentheses: more than without the crate. The CPU time of the compiler by crate:\n{heaviest}");
    println!("Written to {}.", path.display());
}

fn heaviest_of(row: &Row, build: &Build, crates: &Crates) -> String {
    let list: Vec<_> =
        crates.iter().take(HEAVIEST).map(|(name, cpu)| format!("{name}: {:.1} s", cpu.as_secs_f64())).collect();
    let compiled: Duration = crates.iter().map(|(_, cpu)| *cpu).sum();
    let rest = build.cpu.saturating_sub(compiled).as_secs_f64();
    format!("\n{}: {}; build scripts and cargo: {rest:.1} s\n", row.name, list.join(", "))
}

fn report(row: &Row, build: &Build, bare: &Build, crates: &Crates) -> Value {
    let by_crate: Map<_, _> = crates.iter().map(|(name, cpu)| (name.clone(), json!(cpu.as_secs_f64()))).collect();
    let [crates, before] = [build, bare].map(|build| build.crates as u64);
    let [kib, kib_before] = [build, bare].map(|build| build.bytes / 1024);
    let [time, time_before] = [build, bare].map(|build| build.time.as_secs_f64());
    let [cpu, cpu_before] = [build, bare].map(|build| build.cpu.as_secs_f64());
    println!(
        "{:<30}{:>12}{:>18}{:>18}{:>20}",
        row.name,
        format!("{crates} (+{})", crates - before),
        format!("{time:.1} ({:+.1})", time - time_before),
        format!("{cpu:.1} ({:+.1})", cpu - cpu_before),
        format!("{kib} (+{})", kib - kib_before),
    );
    json!({
        "features": row.name,
        "crates": crates,
        "build_s": time,
        "build_cpu_s": cpu,
        "binary_bytes": build.bytes,
        "compiler_cpu_s": by_crate,
        "added": {
            "crates": crates - before,
            "build_s": time - time_before,
            "build_cpu_s": cpu - cpu_before,
            "binary_bytes": build.bytes - bare.bytes,
        },
    })
}

/// Builds the program from scratch.
fn build(number: usize, row: &Row) -> (Build, Crates) {
    let this = row.features.map_or_else(String::new, |features| {
        format!("centrifugo-rpc = {{ path = \"{{workspace}}/centrifugo-rpc\"{features} }}\n")
    });
    let method = if row.serves { METHOD } else { "" };
    let main = [FUNCTION, method, row.main].concat();
    let program = UserCrate::new(&format!("cost_{number}"), &(this + DEPENDENCIES), &main);
    let target = tempfile::tempdir_in(toolchain::target_dir()).expect("a directory");
    program.build_and_time_crates(target.path())
}
