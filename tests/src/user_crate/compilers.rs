//! The CPU time of each crate of a build. Cargo runs the program named by `RUSTC_WRAPPER` in place of the compiler: the
//! benchmark itself, which runs the compiler and adds a line to a file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, exit};
use std::time::Duration;
use std::{env, fs};

use super::cpu_of_children;

/// Names the file with the times.
const TIMES: &str = "USER_CRATE_TIMES";

/// Runs the compiler and ends the process, if cargo started this process in place of one. A program that measures
/// builds calls it first.
///
/// # Panics
///
/// Panics if the compiler cannot be started or the file cannot be written.
pub fn run_as_compiler() {
    let Some(times) = env::var_os(TIMES) else { return };
    let mut args = env::args_os().skip(1);
    let compiler = args.next().expect("cargo names the compiler");
    let status = Command::new(compiler).args(args).status().expect("the compiler starts");
    // Without these variables, cargo only asks the compiler for its version.
    if let (Ok(name), Ok(version)) = (env::var("CARGO_PKG_NAME"), env::var("CARGO_PKG_VERSION")) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(times).expect("the file can be written");
        // One write for each line: several compilers run at once.
        let line = format!("{name} {version} {}\n", cpu_of_children().as_millis());
        file.write_all(line.as_bytes()).expect("the file can be written");
    }
    exit(status.code().unwrap_or(1));
}

/// Has cargo run this program in place of the compiler, and write the times into `times`.
pub(super) fn time(cargo: &mut Command, times: &Path) {
    let this = env::current_exe().expect("the path of this program");
    cargo.env("RUSTC_WRAPPER", this).env(TIMES, times);
}

/// Returns the crates by name and version, the most expensive one first. The build script of a crate counts as a part of
/// it when it is compiled, not when it runs.
pub(super) fn read(times: &Path) -> Vec<(String, Duration)> {
    let mut crates = BTreeMap::<_, Duration>::new();
    for line in fs::read_to_string(times).expect("the compilers wrote it").lines() {
        let (name, millis) = line.rsplit_once(' ').expect("a line of `run_as_compiler`");
        let millis = millis.parse().expect("a number");
        *crates.entry(name.to_owned()).or_default() += Duration::from_millis(millis);
    }
    let mut crates: Vec<_> = crates.into_iter().collect();
    crates.sort_by_key(|(_, cpu)| std::cmp::Reverse(*cpu));
    crates
}
