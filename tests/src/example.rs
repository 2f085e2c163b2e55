//! The example binaries of this workspace, started as their users do.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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
    let binary = build().join(name);
    assert!(binary.is_file(), "there is no example `{name}`: {} does not exist", binary.display());
    let mut command = Command::new(binary);
    toolchain::without_centrifugo_variables(&mut command);
    command
}

impl Deref for Example {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// The directory of the examples, built if they are not up to date. Cargo knows, and has a lock of its own.
fn build() -> &'static Path {
    static EXAMPLES: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let profile = toolchain::profile_dir();
        let mut build = toolchain::cargo();
        build.args(["build", "--quiet", "--package", "examples", "--examples", "--target-dir"]);
        build.arg(toolchain::target_dir()).current_dir(toolchain::workspace_dir());
        match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => {}
            Some(name) => {
                build.args(["--profile", name]);
            }
        }
        toolchain::run(&mut build, CARGO);
        profile.join("examples")
    })
}
