//! The places of build artefacts, and building each only once when many test binaries need it at the same time.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The advice if cargo or a program that it builds is missing.
pub(crate) const CARGO: &str = "install Rust with rustup and run again";

/// Returns the directory of the build that this test belongs to, such as `target/debug`.
#[must_use]
pub fn profile_dir() -> PathBuf {
    // The path of the binary is right under CARGO_TARGET_DIR, `build.target-dir` and `--target` alike.
    let exe = std::env::current_exe().expect("the path of the running binary");
    let profile = profile_of(&exe);
    profile.unwrap_or_else(|| panic!("{} is not inside a cargo target directory", exe.display())).to_path_buf()
}

/// Returns the profile directory of a binary: a program is in the directory itself, a test or a benchmark in its
/// `deps`, an example in its `examples`.
fn profile_of(exe: &Path) -> Option<&Path> {
    let dir = exe.parent()?;
    if dir.join("deps").is_dir() {
        return Some(dir);
    }
    dir.ancestors().find(|dir| matches!(dir.file_name().and_then(OsStr::to_str), Some("deps" | "examples")))?.parent()
}

/// Returns the target directory of the workspace.
#[must_use]
pub fn target_dir() -> PathBuf {
    let profile = profile_dir();
    profile.parent().unwrap_or(&profile).to_path_buf()
}

/// Returns the root of the workspace.
#[must_use]
pub fn workspace_dir() -> PathBuf {
    tests_dir().parent().expect("the tests member lies in the workspace").to_path_buf()
}

/// Returns the directory of the `tests` member.
#[must_use]
pub fn tests_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Builds a program of this workspace, an `example` or a `bin`, if it is out of date, and returns its path. Cargo
/// decides what is out of date, and has a lock of its own.
///
/// # Panics
///
/// Panics if it does not build, or if there is no program `name`.
#[must_use]
pub fn program(package: &str, kind: &str, name: &str) -> PathBuf {
    static DONE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let dir = profile_dir();
    let dir = match dir.file_name().and_then(OsStr::to_str) {
        // Benchmarks start the programs that users would have in production.
        Some("release") => dir.with_file_name("production"),
        _ => dir,
    };
    let profile = match dir.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let path = match kind {
        "example" => dir.join("examples").join(name),
        _ => dir.join(name),
    };
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !done.contains(&path) {
        if profile != "dev" {
            eprintln!("building `{name}` with `--profile {profile}`, which takes minutes the first time");
        }
        let mut build = cargo();
        build.args(["build", "--quiet", "--profile", profile, "--package", package, &format!("--{kind}"), name]);
        build.arg("--target-dir").arg(target_dir()).current_dir(workspace_dir());
        run(&mut build, CARGO);
        done.insert(path.clone());
    }
    path
}

/// Runs `command` to its end.
///
/// # Panics
///
/// Panics with `fix` if the program is not installed, and with its output if it fails.
pub fn run(command: &mut Command, fix: &str) {
    try_run(command, fix).unwrap_or_else(|error| panic!("{error}"));
}

/// As [`run`], but returns the failure, for commands that may be retried.
///
/// # Errors
///
/// Returns `fix` if the program is not installed, and its output if it fails.
pub fn try_run(command: &mut Command, fix: &str) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("`{program}` was not found: {fix}"),
        _ => format!("`{program}` did not start: {error}"),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream));
    Err(format!("{command:?} failed with {}\n{stdout}{stderr}", output.status))
}

/// Returns a cargo command as in a user's shell.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo sets variables that name the package of a test. The build script of ring asks to be run again when they
    // change, so everything that depends on ring would be compiled again for each build from within a test, and again
    // for the next build from outside.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Removes the developer's own `CENTRIFUGO_…` variables, which configure servers and workers alike, from `command`.
pub fn without_centrifugo_variables(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CENTRIFUGO_") {
            command.env_remove(name);
        }
    }
    command
}

/// Returns the path of the Go program `package`, which the module in the directory `module` of the tests names. Builds
/// it when it is missing or its version changed.
///
/// # Panics
///
/// Panics with `fix` if Go is not installed, and with Go's output if the build fails.
#[must_use]
pub fn go_program(module: &str, package: &str, fix: &str) -> PathBuf {
    let dir = tests_dir().join(module);
    let binary = target_dir().join("tools").join(module);
    make_once(&binary, &[dir.join("go.mod"), dir.join("go.sum")], || {
        let mut build = Command::new("go");
        build.arg("build").arg("-o").arg(&binary).arg(package).current_dir(&dir);
        run(&mut build, fix);
    });
    binary
}

/// Makes `artefact` unless it was made from exactly these `inputs` before. Safe across threads and processes.
///
/// # Panics
///
/// Panics if `make` does, with the same message. The message is also kept in a file beside the artefact's stamp: when
/// many tests fail together, the output of the test that tried is easily lost.
pub fn make_once(artefact: &Path, inputs: &[PathBuf], make: impl FnOnce()) {
    make_once_in(&target_dir().join("tools"), artefact, inputs, make);
}

fn make_once_in(tools: &Path, artefact: &Path, inputs: &[PathBuf], make: impl FnOnce()) {
    let name = artefact.file_name().expect("an artefact has a name").to_string_lossy();
    fs::create_dir_all(tools).unwrap_or_else(|error| panic!("cannot create {}: {error}", tools.display()));

    let _guard = lock(&tools.join(format!("{name}.lock")));
    let stamp = tools.join(format!("{name}.stamp"));
    let wanted: String = inputs.iter().map(|input| read(input)).collect();
    if artefact.exists() && fs::read_to_string(&stamp).is_ok_and(|stamped| stamped == wanted) {
        return;
    }
    // An interrupted attempt must not be mistaken for the one before it.
    let _ = fs::remove_file(&stamp);
    let failure = tools.join(format!("{name}.failure.log"));
    // The next caller makes a half-done artefact anew.
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(make)) {
        let message = panic.downcast_ref::<String>().cloned();
        let error = message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
        let kept = match fs::write(&failure, &error) {
            Ok(()) => format!("kept in {}", failure.display()),
            Err(error) => format!("{} cannot be written: {error}", failure.display()),
        };
        panic!("{} could not be made ({kept}):\n{error}", artefact.display());
    }
    let _ = fs::remove_file(&failure);
    fs::write(&stamp, wanted).unwrap_or_else(|error| panic!("cannot write {}: {error}", stamp.display()));
}

/// Holds the file lock at `path` until the returned file is dropped.
fn lock(path: &Path) -> File {
    let file = File::create(path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
    file.lock().unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_knows_its_profile_wherever_cargo_puts_it() {
        // The path has parent directories with these names that are not cargo's.
        let dir = tempfile::tempdir().expect("a directory");
        let profile = dir.path().join("examples/deps/target/debug");
        for inside in ["deps", "examples"] {
            fs::create_dir_all(profile.join(inside)).expect("created");
        }
        for exe in ["calls", "deps/calls-0123", "examples/demo"] {
            assert_eq!(profile_of(&profile.join(exe)), Some(&*profile), "{exe}");
        }
        assert_eq!(profile_of(Path::new("/usr/bin/calls")), None);
    }

    #[test]
    fn cargo_is_not_told_which_package_asks() {
        let name = std::ffi::OsStr::new("CARGO_PKG_NAME");
        assert!(std::env::var_os(name).is_some(), "cargo runs the tests, and says of which package");
        assert!(cargo().get_envs().any(|(removed, value)| removed == name && value.is_none()));
    }

    #[test]
    fn what_could_not_be_made_says_all_and_is_made_by_the_next_who_asks() {
        let dir = tempfile::tempdir().expect("a directory");
        let (artefact, input) = (dir.path().join("thing"), dir.path().join("input"));
        fs::write(&input, "1").expect("written");
        let make = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            make_once_in(dir.path(), &artefact, std::slice::from_ref(&input), || run(&mut command, "sh is everywhere"));
        };
        let failing = std::panic::catch_unwind(|| make("echo first; echo second >&2; exit 7"));
        let payload = failing.expect_err("it fails");
        let message = payload.downcast_ref::<String>().expect("a message");
        for part in ["first", "second", "exit status: 7", "thing.failure.log"] {
            assert!(message.contains(part), "{part} in {message}");
        }
        let kept = fs::read_to_string(dir.path().join("thing.failure.log")).expect("it is kept");
        assert!(kept.contains("first") && kept.contains("second"), "{kept}");
        make(&format!("echo > {}", artefact.display()));
        assert!(!dir.path().join("thing.failure.log").exists(), "it did not fail the last time");
        make("exit 1");
    }
}
