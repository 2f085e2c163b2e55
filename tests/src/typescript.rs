//! TypeScript: compilers, a bundler, and projects that use generated clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::{node, toolchain};

const NODE: &str =
    "the tests run TypeScript clients on Node 20 or later; install it from your package manager and run again";

/// Where browsers of the Chromium family are, unless `CHROMIUM` says otherwise.
const BROWSERS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
/// What to do where there is none.
pub const CHROMIUM: &str = "the tests open the example's page in Chromium; install it from your package manager, or name another browser of \
                   its family with CHROMIUM=…, and run again";

/// The options that generated declarations must stand, whatever project they are put into: those that a project may turn on.
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

/// The base client's own directory, with the packages of its `package-lock.json` installed.
#[must_use]
pub fn base() -> PathBuf {
    let dir = toolchain::workspace_dir().join("centrifugo-rpc/clients/typescript");
    // Npm's own note of what it installed: `node_modules` would be the same artefact as that of `tests/node`.
    let installed = dir.join("node_modules/.package-lock.json");
    toolchain::make_once(&installed, &[dir.join("package-lock.json")], || node::install_packages(&dir));
    dir
}

/// A project of a user's, in a directory of its own: npm packages, sources, a generated client. Dies with its handle.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
}

impl Project {
    /// An empty one, in which `centrifuge`, `ws` and the tools are installed.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&base().join("node_modules"))
    }

    /// An empty one, in which the packages of this directory are installed.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[must_use]
    pub fn with(packages: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::os::unix::fs::symlink(packages, dir.path().join("node_modules")).expect("a link to the packages");
        let project = Self { dir };
        project.write("package.json", r#"{"type": "module", "private": true}"#);
        project
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Puts a file into it.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let parent = path.parent().expect("a file has a directory");
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("cannot create {}: {error}", parent.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Puts a copy of a directory into it.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn copy(&self, from: &Path, to: &str) {
        copy(from, &self.path().join(to));
    }

    /// A command of the TypeScript compiler.
    #[must_use]
    pub fn tsc(&self, args: &[&str]) -> Command {
        self.script("typescript/bin/tsc", args)
    }

    /// As [`tsc`](Self::tsc), of the series before the one that clients are built with.
    #[must_use]
    pub fn tsc_5(&self, args: &[&str]) -> Command {
        self.script("typescript-5/bin/tsc", args)
    }

    /// Makes one file that Node runs out of a program and all that it imports.
    ///
    /// # Panics
    ///
    /// With what the bundler says.
    pub fn bundle_for_node(&self, program: &str, into: &str) {
        let out = format!("--outfile={into}");
        let args =
            [program, "--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning", &out];
        // Packages stay outside: Node finds them by itself.
        run(self.script("esbuild/bin/esbuild", &args).arg("--packages=external"));
    }

    /// A command of Node in this directory.
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

/// The scenario program, with the client at `sdk`: type-checked, bundled, and ready to run. The project must live as long as it runs.
///
/// # Panics
///
/// With what the compiler says.
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

/// The program in the file `driver`, which imports the client at `sdk` as `./sdk`: type-checked, bundled, and ready to run. The
/// project must live as long as it runs.
///
/// # Panics
///
/// With what the compiler says.
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

/// Runs a command of Node's to its end.
///
/// # Panics
///
/// With what it printed, when it fails.
pub fn run(command: &mut Command) {
    toolchain::run(command, NODE);
}

/// A browser of the Chromium family.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn browser() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| {
        let found = BROWSERS.into_iter().find(|path| Path::new(path).is_file());
        found.unwrap_or_else(|| panic!("Chromium was not found: {CHROMIUM}")).to_owned()
    })
}

/// Copies sources, without what package managers and compilers leave beside them.
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
