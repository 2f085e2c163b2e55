//! TypeScript: compilers, a bundler, and projects that use generated clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{node, toolchain};

const NODE: &str =
    "the tests run TypeScript clients on Node 20 or later; install it from your package manager and run again";

/// The paths of browsers of the Chromium family; `CHROMIUM` overrides them.
const BROWSERS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
/// The advice if there is no browser.
pub const CHROMIUM: &str = "the tests open the example's page in Chromium; install it from your package manager, or name another browser of \
                   its family with CHROMIUM=…, and run again";

/// The compiler options that generated declarations must pass: all options that a user's project may turn on.
pub const STRICT: [&str; 14] = [
    "--noEmit",
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--noPropertyAccessFromIndexSignature",
    "--noImplicitOverride",
    "--noImplicitReturns",
    "--noFallthroughCasesInSwitch",
    "--noUnusedLocals",
    "--noUnusedParameters",
    "--isolatedModules",
    "--erasableSyntaxOnly",
    "--target",
    "es2022",
];

/// Returns the directory of the base client, with the packages of its `package-lock.json` installed.
#[must_use]
pub fn base() -> PathBuf {
    let dir = toolchain::workspace_dir().join("centrifugo-rpc/clients/typescript");
    // Npm's own record of the installation: `node_modules` would be the same artefact as that of `tests/node`.
    let installed = dir.join("node_modules/.package-lock.json");
    toolchain::make_once(&installed, &[dir.join("package-lock.json")], || node::install_packages(&dir));
    dir
}

/// A project like a user's, in a directory of its own: npm packages, sources, a generated client. Removed when dropped.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
}

impl Project {
    /// Creates an empty project, in which `centrifuge`, `ws` and the tools are installed.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be created.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&base().join("node_modules"))
    }

    /// Creates an empty project, in which the packages of the directory `packages` are installed.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be created.
    #[must_use]
    pub fn with(packages: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::os::unix::fs::symlink(packages, dir.path().join("node_modules")).expect("a link to the packages");
        let project = Self { dir };
        project.write("package.json", r#"{"type": "module", "private": true}"#);
        project
    }

    /// Returns the path of the project.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into the project.
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

    /// Copies a directory into the project.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be copied.
    pub fn copy(&self, from: &Path, to: &str) {
        copy(from, &self.path().join(to));
    }

    /// Returns a command of the TypeScript compiler.
    #[must_use]
    pub fn tsc(&self, args: &[&str]) -> Command {
        self.script("typescript/bin/tsc", args)
    }

    /// As [`tsc`](Self::tsc), with the major version before the one that builds the clients.
    #[must_use]
    pub fn tsc_5(&self, args: &[&str]) -> Command {
        self.script("typescript-5/bin/tsc", args)
    }

    /// Bundles a program and all its imports into one file for Node.
    ///
    /// # Panics
    ///
    /// Panics with the output of the bundler if it fails.
    pub fn bundle_for_node(&self, program: &str, into: &str) {
        let out = format!("--outfile={into}");
        let args =
            [program, "--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", &out];
        // Packages stay outside: Node resolves them itself.
        run(self.script("esbuild/bin/esbuild", &args).arg("--packages=external"));
    }

    /// Returns a Node command in this directory.
    #[must_use]
    pub fn node(&self, args: &[&str]) -> Command {
        let mut command = Command::new("node");
        command.args(args).current_dir(self.path());
        toolchain::without_centrifugo_variables(&mut command);
        command
    }

    fn script(&self, path: &str, args: &[&str]) -> Command {
        let script = self.path().join("node_modules").join(path);
        let mut command = self.node(&[]);
        command.arg(script);
        command.args(args);
        command
    }
}

impl Default for Project {
    fn default() -> Self {
        Self::new()
    }
}

/// Type-checks and bundles the scenario program with the client at `sdk`. The project must live as long as the program
/// runs.
///
/// # Panics
///
/// Panics with the output of the compiler if it fails.
#[must_use]
pub fn scenarios(sdk: &Path) -> (Project, Command) {
    let project = Project::new();
    project.copy(&toolchain::tests_dir().join("clients/typescript"), "src");
    project.copy(sdk, "src/sdk");
    run(project.tsc(&STRICT).args(["--module", "nodenext", "--types", "node", "src/main.ts"]));
    project.bundle_for_node("src/main.ts", "main.mjs");
    let command = project.node(&["--enable-source-maps", "main.mjs"]);
    (project, command)
}

/// Type-checks and bundles the program in the file `driver`, which imports the client at `sdk` as `./sdk`. The project
/// must live as long as the program runs.
///
/// # Panics
///
/// Panics with the output of the compiler if it fails.
#[must_use]
pub fn driver(sdk: &Path, driver: &Path) -> (Project, Command) {
    let project = Project::new();
    project.copy(sdk, "sdk");
    fs::copy(driver, project.path().join("driver.ts"))
        .unwrap_or_else(|error| panic!("cannot copy {}: {error}", driver.display()));
    run(project.tsc(&STRICT).args(["--module", "nodenext", "--types", "node", "driver.ts"]));
    project.bundle_for_node("driver.ts", "driver.mjs");
    let command = project.node(&["--enable-source-maps", "driver.mjs"]);
    (project, command)
}

/// Runs a Node command to its end.
///
/// # Panics
///
/// Panics with its output if it fails.
pub fn run(command: &mut Command) {
    toolchain::run(command, NODE);
}

/// Returns the path of a browser of the Chromium family.
///
/// # Panics
///
/// Panics if there is none.
#[must_use]
pub fn browser() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| {
        let found = BROWSERS.into_iter().find(|path| Path::new(path).is_file());
        found.unwrap_or_else(|| panic!("Chromium was not found: {CHROMIUM}")).to_owned()
    })
}

/// Copies sources, without the files that package managers and compilers leave beside them.
fn copy(from: &Path, to: &Path) {
    let copied = || -> std::io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(name))?;
            } else if name != "node_modules" {
                copy(&entry.path(), &to.join(name));
            }
        }
        Ok(())
    };
    copied().unwrap_or_else(|error| panic!("cannot copy {}: {error}", from.display()));
}
