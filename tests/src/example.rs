//! The example binaries of this workspace, started as their users do.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::process::Process;
use crate::toolchain;

const CARGO: &str = "install Rust with rustup and run again";

/// A running example. It dies with its handle.
///
/// Dereferences to its [`Process`].
#[derive(Debug)]
pub struct Example {
    process: Process,
}

impl Example {
    /// Starts the example `name` with `env` on top of the environment of the tests, less all `CENTRIFUGO_…` in there.
    ///
    /// # Panics
    ///
    /// When the examples do not build, or there is none of that name.
    #[must_use]
    pub fn start(name: &str, env: &[(&str, &str)]) -> Self {
        Self::start_with(name, &[], env)
    }

    /// [`Example::start`] with arguments.
    ///
    /// # Panics
    ///
    /// When the examples do not build, or there is none of that name.
    #[must_use]
    pub fn start_with(name: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = command(name);
        command.args(args).envs(env.iter().copied());
        Self { process: Process::start(&command, CARGO) }
    }
}

/// The command that runs the example `name`, in the environment of the tests less all `CENTRIFUGO_…` in there: for those that
/// end by themselves.
///
/// # Panics
///
/// When the examples do not build, or there is none of that name.
#[must_use]
pub fn command(name: &str) -> Command {
    let mut command = Command::new(build(name));
    toolchain::without_centrifugo_variables(&mut command);
    command
}

impl Deref for Example {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// The binary of an example, built if it is not up to date. Cargo knows, and has a lock of its own.
fn build(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let profile = toolchain::profile_dir();
    let source = toolchain::workspace_dir().join("examples/examples").join(name).with_extension("rs");
    assert!(source.is_file(), "there is no example `{name}`: {} does not exist", source.display());
    let mut done = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !done.contains(name) {
        let mut build = toolchain::cargo();
        build.args(["build", "--quiet", "--package", "examples", "--example", name, "--target-dir"]);
        build.arg(toolchain::target_dir()).current_dir(toolchain::workspace_dir());
        match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => {}
            Some(name) => {
                build.args(["--profile", name]);
            }
        }
        toolchain::run(&mut build, CARGO);
        done.insert(name.to_owned());
    }
    profile.join("examples").join(name)
}
