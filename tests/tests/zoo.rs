//! Each value of the type zoo goes Rust → client → Rust through real calls and arrives unchanged; what serde refuses is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::python::Python;
use tests::zoo::{List, drivers};
use tests::{Column, Table, Zoo, golang, toolchain, typescript};

const SERVICE: &str = env!("CARGO_BIN_EXE_zoo_service");

/// Longer than the driver of any language takes.
const LIMIT: Duration = Duration::from_secs(300);

/// Clients and drivers of all languages, in a directory that stays for whoever wants to look at them.
#[derive(Clone)]
struct Generated {
    dir: PathBuf,
}

impl Generated {
    fn new(list: &List) -> Self {
        let generated = Self { dir: toolchain::target_dir().join("zoo") };
        let _ = fs::remove_dir_all(&generated.dir);
        generated.generate(&["--all"]);
        // The same bytes from another process.
        generated.generate(&["--all", "--check"]);
        let api = |file: &str| {
            let path = generated.client(file);
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
        };
        generated.write("driver.py", &drivers::python(list, &api("python/api.py")));
        generated.write("driver.ts", &drivers::typescript(list, &api("typescript/api.ts")));
        generated.write("driver/main.go", &drivers::go(list, &api("go/methods.go")));
        generated.write("driver/go.mod", "module driver\n\ngo 1.24\n");
        generated
    }

    fn generate(&self, args: &[&str]) {
        let mut generate = Command::new(SERVICE);
        generate.arg("generate_centrifugo_clients").args(args).arg("--output").arg(self.dir.join("opensdk"));
        toolchain::run(&mut generate, "cargo builds it with the tests");
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        let parent = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("cannot create {}: {error}", parent.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    fn client(&self, language: &str) -> PathBuf {
        self.dir.join("opensdk").join(language)
    }
}

/// A driver that is checked and built, and what must live as long as it runs.
type Built = (Command, Option<Box<dyn std::any::Any + Send>>);

fn rust(_: &Generated) -> Built {
    let mut command = Command::new(SERVICE);
    command.arg("round_trip");
    (command, None)
}

fn python(generated: &Generated) -> Built {
    let python = Python::install();
    python.check(&generated.client("python"));
    python.run("mypy", &["--strict", "driver.py"], &generated.dir, &[]);
    let mut command = python.command("python");
    command.arg("driver.py").current_dir(&generated.dir);
    (command, None)
}

fn typescript(generated: &Generated) -> Built {
    let (project, command) = typescript::driver(&generated.client("typescript"), &generated.dir.join("driver.ts"));
    (command, Some(Box::new(project)))
}

fn go(generated: &Generated) -> Built {
    let (client, driver) = (generated.client("go"), generated.dir.join("driver"));
    golang::check(&client);
    let project = golang::Project::new();
    project.join(&[&driver, &client]);
    let binary = project.path().join("driver");
    golang::run(project.go(&["build", "-o"]).arg(&binary).arg(".").current_dir(&driver));
    (Command::new(binary), Some(Box::new(project)))
}

/// Builds a driver and runs it on a zoo of its own. One that does not build is a column like all others.
async fn run(language: &str, build: fn(&Generated) -> Built, generated: &Generated) -> Column {
    let generated = generated.clone();
    let Ok((mut command, _alive)) = tokio::task::spawn_blocking(move || build(&generated)).await else {
        return Column::broken(language, "its checks fail, or its driver does not build: see above");
    };
    let zoo = Zoo::start(Path::new(SERVICE)).await;
    let output = zoo.run(&mut command).ended_within(LIMIT).await;
    // Shown where a type failed.
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
    let generated = Generated::new(&list);
    let mut table = Table::new("type", list.types.iter().map(|animal| animal.name.as_str()).chain([drivers::METHODS]));
    let languages: [(_, fn(&Generated) -> Built); 4] =
        [("Rust", rust), ("Python", python), ("TypeScript", typescript), ("Go", go)];
    for (language, build) in languages {
        table.push(run(language, build, &generated).await);
    }
    table.keep("zoo.txt");
}
