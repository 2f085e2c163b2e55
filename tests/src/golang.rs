//! Go: its own tools, and programs that use generated clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::toolchain;

const GO: &str = "the tests run Go clients with Go 1.26 or later; install it from your package manager and run again";

/// Returns the path of staticcheck, built when it is missing or its version changed.
#[must_use]
pub fn staticcheck() -> PathBuf {
    toolchain::go_program("staticcheck", "honnef.co/go/tools/cmd/staticcheck", GO)
}

/// Returns the directory of the base client.
#[must_use]
pub fn base() -> PathBuf {
    toolchain::workspace_dir().join("centrifugo-rpc/clients/go")
}

/// A directory like a user's, removed when dropped.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
}

impl Project {
    /// Creates an empty directory.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be created.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into the directory.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let parent = path.parent().expect("a file has a directory");
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("cannot create {}: {error}", parent.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Makes a workspace of these modules, so that they find each other by their names.
    pub fn join(&self, modules: &[&Path]) {
        let uses: Vec<_> = modules.iter().map(|module| format!("\t\"{}\"", module.display())).collect();
        self.write("go.work", &format!("go 1.24\n\nuse (\n{}\n)\n", uses.join("\n")));
    }

    /// Returns a Go command in this directory.
    #[must_use]
    pub fn go(&self, args: &[&str]) -> Command {
        let mut command = go(self.path(), args);
        let workspace = self.path().join("go.work");
        command.env("GOWORK", if workspace.is_file() { workspace.as_os_str() } else { "off".as_ref() });
        command
    }
}

impl Default for Project {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns a Go command in `dir` that fetches no modules: clients need none.
#[must_use]
pub fn go(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(args).current_dir(dir).env("GOPROXY", "off").env("GOWORK", "off").env("GOFLAGS", "");
    toolchain::without_centrifugo_variables(&mut command);
    command
}

/// Runs a Go command to its end.
///
/// # Panics
///
/// Panics with its output if it fails.
pub fn run(command: &mut Command) {
    toolchain::run(command, GO);
}

/// Runs a Go command and returns its output.
///
/// # Panics
///
/// Panics with its output if it fails.
#[must_use]
pub fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: {GO}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Checks the sources of a module as strictly as Go's tools can.
///
/// # Panics
///
/// Panics with the findings of the tools, if there are any.
pub fn check(module: &Path) {
    let mut gofmt = Command::new("gofmt");
    gofmt.arg("-d").arg(".").current_dir(module);
    let differences = printed(&mut gofmt);
    assert!(differences.is_empty(), "gofmt would write {} as:\n{differences}", module.display());
    run(&mut go(module, &["vet", "./..."]));
    let mut command = Command::new(staticcheck());
    command.arg("-checks=all,-ST1000,-ST1003,-ST1020,-ST1021,-ST1022").arg("./...").current_dir(module);
    run(command.env("GOPROXY", "off").env("GOWORK", "off"));
}

/// Builds the scenario program with the client at `sdk`, which is called `scenario-client`. The project must live as
/// long as the program runs.
///
/// # Panics
///
/// Panics with the output of the compiler if it does not build.
#[must_use]
pub fn scenarios(sdk: &Path) -> (Project, Command) {
    let project = Project::new();
    let program = toolchain::tests_dir().join("clients/go");
    project.join(&[&program, sdk]);
    let binary = project.path().join("scenarios");
    let mut build = project.go(&["build", "-race", "-o"]);
    run(build.arg(&binary).arg(".").current_dir(&program));
    let command = Command::new(binary);
    (project, command)
}
