//! Each value of the type zoo goes Rust → client → Rust through real calls and arrives unchanged; what serde refuses is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::zoo::{List, drivers};
use tests::{Column, Table, Zoo, toolchain, typescript};

const SERVICE: &str = env!("CARGO_BIN_EXE_zoo_service");

/// Longer than the driver of any language takes.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a driver on a zoo of its own.
async fn run(language: &str, mut command: Command) -> Column {
    let zoo = Zoo::start(Path::new(SERVICE)).await;
    let output = zoo.run(&mut command).ended_within(LIMIT).await;
    // Shown where a type failed.
    println!("--- {language} printed ---\n{}\n", output.lines.join("\n"));
    println!("--- came back to the service as another value ---\n{}\n", zoo.changed().join("\n"));
    Column::read(language, output.lines.iter().map(String::as_str), output.status.success())
}

/// Clients and drivers of all languages, in a directory that stays for whoever wants to look at them.
struct Generated {
    dir: PathBuf,
}

impl Generated {
    fn new(list: &List) -> Self {
        let dir = toolchain::target_dir().join("zoo");
        let _ = fs::remove_dir_all(&dir);
        let mut generate = Command::new(SERVICE);
        generate.args(["generate_centrifugo_clients", "--all", "--output"]).arg(dir.join("opensdk"));
        toolchain::run(&mut generate, "cargo builds it with the tests");
        let generated = Self { dir };
        let api = |file: &str| {
            let path = generated.dir.join("opensdk").join(file);
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
        };
        generated.write("driver.py", &drivers::python(list, &api("python/api.py")));
        generated.write("driver.ts", &drivers::typescript(list, &api("typescript/api.ts")));
        generated.write("driver/main.go", &drivers::go(list, &api("go/methods.go")));
        generated.write("driver/go.mod", "module driver\n\ngo 1.24\n");
        generated
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

    fn driver(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
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

    let mut rust = Command::new(SERVICE);
    rust.arg("round_trip");
    table.push(run("Rust", rust).await);

    let (_project, command) = typescript::driver(&generated.client("typescript"), &generated.driver("driver.ts"));
    table.push(run("TypeScript", command).await);

    table.keep("zoo.txt");
}
