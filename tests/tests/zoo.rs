//! Each value of the type zoo goes Rust → client → Rust through real calls and arrives unchanged; values that serde
//! refuses are refused.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::generated::{Built, Generated, Make};
use tests::python::Python;
use tests::zoo::{List, drivers};
use tests::{Column, Table, Zoo, golang, toolchain, typescript};

const SERVICE: &str = env!("CARGO_BIN_EXE_zoo_service");

/// Longer than the driver of any language takes.
const LIMIT: Duration = Duration::from_secs(300);

/// Generates the clients, and beside them the driver of each language.
fn generated(list: &List) -> Generated {
    let generated = Generated::new(Path::new(SERVICE), "zoo", "zoo-client");
    generated.write("driver.py", &drivers::python(list, &generated.read("python/api.py")));
    generated.write("driver.ts", &drivers::typescript(list, &generated.read("typescript/api.js")));
    generated.write("driver/main.go", &drivers::go(list, &generated.read("go/methods.go")));
    generated.write("driver/go.mod", "module driver\n\ngo 1.24\n");
    generated
}

fn rust(_: &Generated) -> Built {
    let mut command = Command::new(SERVICE);
    command.arg("round_trip");
    (command, None)
}

fn python(generated: &Generated) -> Built {
    let python = Python::install();
    python.check(&generated.client("python"));
    python.run("mypy", &["--strict", "driver.py"], generated.dir(), &[]);
    let mut command = python.command("python");
    command.arg("driver.py").current_dir(generated.dir());
    (command, None)
}

fn typescript(generated: &Generated) -> Built {
    let (project, command) = typescript::driver(&generated.client("typescript"), &generated.dir().join("driver.ts"));
    (command, Some(Box::new(project)))
}

fn go(generated: &Generated) -> Built {
    let (client, driver) = (generated.client("go"), generated.dir().join("driver"));
    golang::check(&client);
    let project = golang::Project::new();
    project.join(&[&driver, &client]);
    let binary = project.path().join("driver");
    golang::run(project.go(&["build", "-o"]).arg(&binary).arg(".").current_dir(&driver));
    (Command::new(binary), Some(Box::new(project)))
}

/// Builds a driver and runs it on a zoo of its own.
async fn run(language: &str, make: Make, generated: &Generated) -> Column {
    let (mut command, _alive) = match generated.build(language, make).await {
        Ok(built) => built,
        Err(column) => return column,
    };
    let zoo = Zoo::start(Path::new(SERVICE)).await;
    let output = zoo.run(&mut command).ended_within(LIMIT).await;
    // The harness shows this output if a type fails.
    println!("--- {language} printed ---\n{}\n", output.lines.join("\n"));
    println!("--- came back to the service as another value ---\n{}\n", zoo.changed().join("\n"));
    Column::read(language, output.lines.iter().map(String::as_str), output.status.success())
}

#[test]
fn serde_reads_what_it_writes_and_refuses_the_rest() {
    let output = Command::new(SERVICE).arg("judge").output().expect("cargo builds it with the tests");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.lines().count(), List::of(Path::new(SERVICE)).types.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_of_every_type_survives_every_language() {
    let list = List::of(Path::new(SERVICE));
    let generated = generated(&list);
    let mut table = Table::new("type", list.types.iter().map(|animal| animal.name.as_str()).chain([drivers::METHODS]));
    let languages: [(_, Make); 4] = [("Rust", rust), ("Python", python), ("TypeScript", typescript), ("Go", go)];
    for (language, make) in languages {
        table.push(run(language, make, &generated).await);
    }
    table.keep("zoo.txt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typescript_client_with_numbers_for_integers_rounds_none() {
    let dir = toolchain::target_dir().join("zoo_numbers");
    let _ = std::fs::remove_dir_all(&dir);
    let mut generate = Command::new(SERVICE);
    generate
        .args(["generate_centrifugo_clients", "--typescript", "--typescript-int64", "number", "--output"])
        .arg(&dir);
    toolchain::run(&mut generate, "cargo builds it with the tests");
    let program = toolchain::tests_dir().join("src/zoo/drivers/numbers.ts");
    let (_project, mut command) = typescript::driver(&dir.join("typescript"), &program);
    let zoo = Zoo::start(Path::new(SERVICE)).await;
    let output = zoo.run(&mut command).ended_within(LIMIT).await;
    assert_eq!(output.lines, ["ok"], "{}", zoo.changed().join("\n"));
    assert!(output.status.success());
}
