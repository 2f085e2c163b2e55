//! The example binaries of this workspace, started as users start them.

use std::ops::Deref;
use std::process::Command;

use crate::process::Process;
use crate::toolchain::{self, CARGO};

/// A running example, killed when dropped.
///
/// Dereferences to its [`Process`].
#[derive(Debug)]
pub struct Example {
    process: Process,
}

impl Example {
    /// Starts the example `name` with `env` on top of the environment of the tests, without the `CENTRIFUGO_…`
    /// variables in there.
    ///
    /// # Panics
    ///
    /// Panics if the examples do not build, or if there is no example `name`.
    #[must_use]
    pub fn start(name: &str, env: &[(&str, &str)]) -> Self {
        Self::start_with(name, &[], env)
    }

    /// As [`Example::start`], with arguments.
    ///
    /// # Panics
    ///
    /// Panics if the examples do not build, or if there is no example `name`.
    #[must_use]
    pub fn start_with(name: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = command(name);
        command.args(args).envs(env.iter().copied());
        Self { process: Process::start(&command, CARGO) }
    }
}

/// Returns the command that runs the example `name`, in the environment of the tests without the `CENTRIFUGO_…`
/// variables in there: for examples that end by themselves.
///
/// # Panics
///
/// Panics if the examples do not build, or if there is no example `name`.
#[must_use]
pub fn command(name: &str) -> Command {
    let source = toolchain::workspace_dir().join("examples/examples").join(name).with_extension("rs");
    assert!(source.is_file(), "there is no example `{name}`: {} does not exist", source.display());
    let mut command = Command::new(toolchain::program("examples", "example", name));
    toolchain::without_centrifugo_variables(&mut command);
    command
}

impl Deref for Example {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}
