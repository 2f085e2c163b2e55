//! A user's crate: outside of this workspace, with a path dependency on this checkout, built with optimizations as for
//! production.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::toolchain;

mod compilers;

pub use compilers::run_as_compiler;

/// A program of one file, below the target directory. Its dependencies have the versions of this workspace, so that
/// only crates that the workspace was built with are downloaded.
#[derive(Debug)]
pub struct UserCrate {
    name: String,
    dir: PathBuf,
}

/// The result of a build.
#[derive(Debug)]
pub struct Build {
    /// The duration of the build.
    pub time: Duration,
    /// The CPU time of the compiler and all its helpers: steadier than `time` on a shared machine.
    pub cpu: Duration,
    /// The number of crates besides its own, whether they were compiled now or before.
    pub crates: usize,
    /// The stripped program.
    pub binary: PathBuf,
    /// The size of the program.
    pub bytes: u64,
}

impl UserCrate {
    /// Writes the crate, if it changed: an unchanged crate is not built again. `dependencies` are lines of its
    /// manifest, in which `{workspace}` stands for the path of this checkout.
    #[must_use]
    pub fn new(name: &str, dependencies: &str, main: &str) -> Self {
        let dir = toolchain::target_dir().join("user-crates").join(name);
        fs::create_dir_all(dir.join("src")).expect("the target directory can be written");
        let workspace = toolchain::workspace_dir();
        let dependencies = dependencies.replace("{workspace}", &workspace.to_string_lossy());
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{dependencies}\n\n[profile.release]\nstrip = true\n\n# Of no workspace, least of all of the one above.\n[workspace]\n"
        );
        write(&dir.join("Cargo.toml"), &manifest);
        write(&dir.join("src/main.rs"), main);
        // Cargo removes the entries that the crate does not need.
        fs::copy(workspace.join("Cargo.lock"), dir.join("Cargo.lock")).expect("the workspace has a lock file");
        Self { name: name.to_owned(), dir }
    }

    /// Builds the crate into the target directory `target`.
    ///
    /// # Panics
    ///
    /// Panics with the output of the compiler if it does not build.
    #[must_use]
    pub fn build(&self, target: &Path) -> Build {
        self.run(self.cargo("build", target), target)
    }

    /// Builds the crate into the target directory `target`, which must be empty. Returns the CPU time that the compiler
    /// took for each crate, too, the most expensive one first; the rest of [`Build::cpu`] is that of build scripts and
    /// of cargo. `main` of the program must begin with [`run_as_compiler`].
    ///
    /// # Panics
    ///
    /// Panics with the output of the compiler if it does not build.
    #[must_use]
    pub fn build_and_time_crates(&self, target: &Path) -> (Build, Vec<(String, Duration)>) {
        let times = target.join("times.txt");
        let mut cargo = self.cargo("build", target);
        compilers::time(&mut cargo, &times);
        (self.run(cargo, target), compilers::read(&times))
    }

    fn run(&self, mut cargo: Command, target: &Path) -> Build {
        let (started, before) = (Instant::now(), cpu_of_children());
        let output = cargo.arg("--message-format=json").output().expect("cargo starts");
        let (time, cpu) = (started.elapsed(), cpu_of_children().saturating_sub(before));
        assert!(output.status.success(), "`{}` does not build", self.name);
        let messages = String::from_utf8(output.stdout).expect("JSON is UTF-8");
        let crates: BTreeSet<String> = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["reason"] == "compiler-artifact")
            .filter_map(|message| message["package_id"].as_str().map(ToOwned::to_owned))
            .collect();
        let binary = target.join("release").join(&self.name);
        let bytes = fs::metadata(&binary).expect("it was built").len();
        Build { time, cpu, crates: crates.len() - 1, binary, bytes }
    }

    /// Returns the enabled features of each crate in the program, by the crate's name and compatible version, such as
    /// `url 2` or `http 0.2`: cargo unifies the features of compatible versions. Builds nothing.
    ///
    /// # Panics
    ///
    /// Panics if cargo fails.
    #[must_use]
    pub fn features(&self) -> BTreeMap<String, BTreeSet<String>> {
        let version = Command::new("rustc").arg("-vV").output().expect("rustc starts");
        let version = String::from_utf8(version.stdout).expect("UTF-8");
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        let mut command = toolchain::cargo();
        command.args(["metadata", "--format-version=1", "--quiet", "--filter-platform", host]).current_dir(&self.dir);
        let output = command.stderr(Stdio::inherit()).output().expect("cargo starts");
        assert!(output.status.success(), "`cargo metadata` failed for `{}`", self.name);
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let names: BTreeMap<_, _> = list(&metadata["packages"])
            .iter()
            .map(|package| {
                let text = |member: &str| package[member].as_str().unwrap_or_default();
                (package["id"].to_string(), format!("{} {}", text("name"), series(text("version"))))
            })
            .collect();
        let mut features = BTreeMap::<_, BTreeSet<_>>::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let on = list(&node["features"]).into_iter().filter_map(|feature| feature.as_str().map(ToOwned::to_owned));
            features.entry(names[&node["id"].to_string()].clone()).or_default().extend(on);
        }
        features
    }

    /// Removes the artefacts of this crate, and of no other, from the target directory `target`.
    ///
    /// # Panics
    ///
    /// Panics if cargo fails.
    pub fn clean(&self, target: &Path) {
        let status = self.cargo("clean", target).args(["--package", &self.name]).status().expect("cargo starts");
        assert!(status.success(), "`cargo clean` failed");
    }

    fn cargo(&self, subcommand: impl AsRef<OsStr>, target: &Path) -> Command {
        let mut command = toolchain::cargo();
        command.arg(subcommand).args(["--release", "--quiet", "--target-dir"]).arg(target);
        command.current_dir(&self.dir).stderr(Stdio::inherit());
        command
    }
}

/// Skips unchanged files: cargo compares modification times.
fn write(path: &Path, contents: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == contents) {
        return;
    }
    fs::write(path, contents).unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}

/// Returns the CPU time of all ended child processes of this process and of their children; zero if the system does not
/// report it.
fn cpu_of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold any text; user and system time of children are the 14th and
    // 15th fields after it.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks = after.split_whitespace().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    // The kernel reports hundredths of a second, whatever the rate of its own clock.
    Duration::from_millis(ticks * 10)
}

/// Returns the part of a version that cargo compares: versions with the same part are compatible.
fn series(version: &str) -> &str {
    let parts = if version.starts_with("0.") { 2 } else { 1 };
    let end = version.match_indices('.').nth(parts - 1).map_or(version.len(), |(at, _)| at);
    &version[..end]
}
