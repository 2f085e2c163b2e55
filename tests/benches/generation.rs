//! The time that programs with many methods take to generate their clients and to build:
//! `cargo bench -p tests --bench generation`, a few minutes.
//!
//! Prints a table and writes `target/generation.json`. Numbers of methods after `--` replace 1, 100 and 1,000.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Many, toolchain};

const LANGUAGES: [&str; 3] = ["python", "typescript", "go"];

/// The number of times that clients are generated; the median counts.
const ROUNDS: usize = 7;

fn main() {
    let wanted: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if wanted.is_empty() { vec![1, 100, 1000] } else { wanted };
    println!(
        "{:>8}{:>10}{:>9}{:>13}{:>14}{:>8}{:>13}{:>17}{:>9}",
        "methods",
        "build, s",
        "CPU, s",
        "binary, KiB",
        "generate, ms",
        "files",
        "Python, KiB",
        "TypeScript, KiB",
        "Go, KiB"
    );
    let measured = sizes.into_iter().map(measure).collect();
    let path = toolchain::target_dir().join("generation.json");
    fs::write(&path, format!("{:#}\n", Value::Array(measured))).expect("the target directory can be written");
    println!("\nBuilt without what they depend on. Written to {}.", path.display());
}

fn measure(methods: usize) -> Value {
    let build = Many::new(methods).rebuild();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let dir = tempfile::tempdir().expect("a directory");
            generate(&build.binary, dir.path())
        })
        .collect();
    times.sort();
    let generate_ms = times[ROUNDS / 2].as_secs_f64() * 1000.0;

    let dir = tempfile::tempdir().expect("a directory");
    let _ = generate(&build.binary, dir.path());
    let sizes = LANGUAGES.map(|language| size(&dir.path().join(language)));
    let files: u64 = sizes.iter().map(|(files, _)| files).sum();
    let [python, typescript, go] = sizes.map(|(_, bytes)| bytes);
    println!(
        "{methods:>8}{:>10.1}{:>9.1}{:>13}{generate_ms:>14.1}{files:>8}{:>13}{:>17}{:>9}",
        build.time.as_secs_f64(),
        build.cpu.as_secs_f64(),
        build.bytes / 1024,
        python / 1024,
        typescript / 1024,
        go / 1024,
    );
    json!({
        "methods": methods,
        "build_s": build.time.as_secs_f64(),
        "build_cpu_s": build.cpu.as_secs_f64(),
        "binary_bytes": build.bytes,
        "generate_ms": generate_ms,
        "files": files,
        "python_bytes": python,
        "typescript_bytes": typescript,
        "go_bytes": go,
    })
}

/// Generates the clients of all languages into an empty directory, and returns the duration.
fn generate(binary: &Path, dir: &Path) -> Duration {
    let mut command = Command::new(binary);
    toolchain::without_centrifugo_variables(&mut command);
    command.args(["generate_centrifugo_clients", "--all", "--output"]).arg(dir);
    let started = Instant::now();
    let output = command.output().expect("it was built");
    let time = started.elapsed();
    assert!(output.status.success(), "{output:?}");
    time
}

/// Returns the number of files below `dir`, and their size in bytes.
fn size(dir: &Path) -> (u64, u64) {
    let mut total = (0, 0);
    for entry in fs::read_dir(dir).expect("a directory") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("a file or a directory");
        let (files, bytes) = if metadata.is_dir() { size(&entry.path()) } else { (1, metadata.len()) };
        total = (total.0 + files, total.1 + bytes);
    }
    total
}
