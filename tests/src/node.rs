//! JavaScript: scripts of `tests/node`, with the official SDK of Centrifugo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Output, Process};
use crate::toolchain;

const NODE: &str = "the tests run the official JavaScript SDK on Node 20 or later; install it from your package \
                    manager and run again";
const NPM: &str = "the tests install the official JavaScript SDK with npm; install it from your package manager and \
                   run again";

/// Node.js, with the packages of `tests/node/package-lock.json` installed.
#[derive(Debug)]
pub struct Node {
    dir: PathBuf,
}

impl Node {
    /// Installs the packages when they are missing or the lock file changed.
    #[must_use]
    pub fn install() -> Self {
        let dir = toolchain::tests_dir().join("node");
        packages(&dir, &dir.join("node_modules"));
        Self { dir }
    }

    /// Starts a script of `tests/node`.
    #[must_use]
    pub fn start(&self, script: &str, args: &[&str], env: &[(&str, &str)]) -> Process {
        let mut command = Command::new("node");
        command.arg(self.dir.join(script)).args(args).envs(env.iter().copied()).current_dir(&self.dir);
        Process::start(&command, NODE)
    }

    /// Runs a script of `tests/node` to its end.
    ///
    /// # Panics
    ///
    /// When it fails, with what it printed, or takes too long.
    pub async fn run_script(&self, script: &str, args: &[&str], env: &[(&str, &str)]) -> Output {
        let process = self.start(script, args, env);
        let output = process.ended().await;
        assert!(output.status.success(), "{script} ended with {}:\n{}", output.status, output.lines.join("\n"));
        output
    }
}

/// Installs the packages of a directory's `package-lock.json` when the `artefact` of that is missing or the file changed.
pub(crate) fn packages(dir: &Path, artefact: &Path) {
    toolchain::make_once(artefact, &[dir.join("package-lock.json")], || {
        // Twice: a network that fails once is no reason for a test to fail. The second time asks for everything again, in
        // case that npm's cache is what is broken.
        let first = install(dir, "--prefer-offline");
        first.or_else(|first| {
            let again = install(dir, "--prefer-online");
            again.map_err(|again| format!("{first}\n--- and once more ---\n{again}"))
        })
    });
}

fn install(dir: &Path, cache: &str) -> Result<(), String> {
    let mut install = Command::new("npm");
    // No package is allowed to run anything of its own.
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", cache]).current_dir(dir);
    toolchain::try_run(&mut install, NPM)
}
