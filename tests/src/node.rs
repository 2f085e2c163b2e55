//! JavaScript: scripts of `tests/node`, with Centrifugo's official SDK.

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
        toolchain::make_once(&dir.join("node_modules"), &[dir.join("package-lock.json")], || install_packages(&dir));
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
    /// Panics with its output if it fails, or if it takes too long.
    pub async fn run_script(&self, script: &str, args: &[&str], env: &[(&str, &str)]) -> Output {
        let process = self.start(script, args, env);
        let output = process.ended().await;
        assert!(output.status.success(), "{script} ended with {}:\n{}", output.status, output.lines.join("\n"));
        output
    }
}

/// Installs the packages of the `package-lock.json` in `dir`.
///
/// Retries once, so that a single network failure does not fail a test. The retry fetches every package again, in case
/// npm's cache is broken.
///
/// # Panics
///
/// Panics with npm's output if both attempts fail.
pub fn install_packages(dir: &Path) {
    install_packages_with(Path::new("npm"), dir);
}

fn install_packages_with(npm: &Path, dir: &Path) {
    let install = |cache: &str| {
        let mut install = Command::new(npm);
        // Packages must not run scripts of their own.
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", cache]).current_dir(dir);
        toolchain::try_run(&mut install, NPM)
    };
    let Err(first) = install("--prefer-offline") else { return };
    install("--prefer-online").unwrap_or_else(|again| panic!("{first}\n--- and once more ---\n{again}"));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_installation_that_fails_is_tried_once_more_and_says_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let npm = dir.path().join("npm");
        fs::write(&npm, "#!/bin/sh\necho \"$@\" >> tries\ntest $(wc -l < tries) = 2\n").expect("written");
        fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).expect("executable");
        install_packages_with(&npm, dir.path());
        let tries = fs::read_to_string(dir.path().join("tries")).expect("it was called");
        let tries: Vec<_> = tries.lines().collect();
        assert!(
            matches!(tries[..], [first, second] if first.contains("prefer-offline") && second.contains("prefer-online"))
        );

        fs::write(&npm, "#!/bin/sh\necho no network for $5; exit 1\n").expect("written");
        let failed = std::panic::catch_unwind(|| install_packages_with(&npm, dir.path())).expect_err("it fails twice");
        let message = failed.downcast_ref::<String>().expect("a message");
        assert!(message.contains("for --prefer-offline") && message.contains("for --prefer-online"), "{message}");
    }
}
