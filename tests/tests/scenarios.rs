//! The same scenarios in every client language, against a real Centrifugo: one table, without holes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::scenarios::{SCENARIOS, Scenarios};
use tests::{Column, Process, Table, toolchain};

const SERVICE: &str = env!("CARGO_BIN_EXE_scenario_service");

/// Longer than the program of any language takes.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs `command` through scenarios of its own, so that languages do not get into each other's way.
async fn run(language: &str, mut command: Command, sdk: &Path) -> Column {
    let scenarios = Scenarios::start(Path::new(SERVICE)).await;
    toolchain::without_centrifugo_variables(&mut command);
    command.envs(scenarios.environment(sdk));
    let process = Process::start(&command, "cargo builds it with the tests");
    let output = process.ended_within(LIMIT).await;
    let column = Column::read(language, output.lines.iter().map(String::as_str), output.status.success());
    // Shown where a scenario failed.
    println!("--- {language} printed ---\n{}\n", output.lines.join("\n"));
    column
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_is_green_in_every_language() {
    let mut table = Table::new("scenario", SCENARIOS.iter().copied());
    let rust = Command::new(env!("CARGO_BIN_EXE_scenarios_rust"));
    table.push(run("Rust", rust, Path::new("")).await);

    table.keep("scenarios.txt");
}
