//! Runs the same scenarios in every client language, against a real Centrifugo: one table, without holes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::generated::{Built, Generated, Make};
use tests::python::Python;
use tests::scenarios::{SCENARIOS, Scenarios};
use tests::{Column, Process, Table, golang, toolchain, typescript};

const SERVICE: &str = env!("CARGO_BIN_EXE_scenario_service");

/// Longer than the program of any language takes.
const LIMIT: Duration = Duration::from_secs(300);

fn rust(_: &Generated) -> Built {
    (Command::new(env!("CARGO_BIN_EXE_scenarios_rust")), None)
}

fn python(_: &Generated) -> Built {
    let mut command = Python::install().command("python");
    command.arg(toolchain::tests_dir().join("clients/python/scenarios.py"));
    (command, None)
}

fn typescript(generated: &Generated) -> Built {
    let (project, command) = typescript::scenarios(&generated.client("typescript"));
    (command, Some(Box::new(project)))
}

fn go(generated: &Generated) -> Built {
    let (project, command) = golang::scenarios(&generated.client("go"));
    (command, Some(Box::new(project)))
}

/// Runs a program on servers of its own, so that languages do not affect each other.
async fn run(language: &str, make: Make, generated: &Generated) -> Column {
    let (mut command, _alive) = match generated.build(language, make).await {
        Ok(built) => built,
        Err(column) => return column,
    };
    let scenarios = Scenarios::start(Path::new(SERVICE)).await;
    toolchain::without_centrifugo_variables(&mut command);
    command.envs(scenarios.environment(&generated.client(&language.to_lowercase())));
    let process = Process::start(&command, "the tests installed it before");
    let output = process.ended_within(LIMIT).await;
    // The harness shows this output if a scenario fails.
    println!("--- {language} printed ---\n{}\n", output.lines.join("\n"));
    Column::read(language, output.lines.iter().map(String::as_str), output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_is_green_in_every_language() {
    let generated = Generated::new(Path::new(SERVICE), "scenarios", "scenario-client");
    let mut table = Table::new("scenario", SCENARIOS.iter().copied());
    let languages: [(_, Make); 4] = [("Rust", rust), ("Python", python), ("TypeScript", typescript), ("Go", go)];
    for (language, make) in languages {
        table.push(run(language, make, &generated).await);
    }
    table.keep("scenarios.txt");
}
