//! Clients of all languages, generated from a service of the tests, and programs that use them.

use std::any::Any;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Column, toolchain};

/// The clients of a service, in a directory that stays after the test, for inspection.
#[derive(Debug, Clone)]
pub struct Generated {
    dir: PathBuf,
}

/// A program that is checked and built, with a guard that must live as long as the program runs.
pub type Built = (Command, Option<Box<dyn Any + Send>>);

/// Checks and builds a program of one language.
pub type Make = fn(&Generated) -> Built;

impl Generated {
    /// Runs the program at `service`, which writes its clients, called `package`, below `name` in the target directory.
    /// It runs twice: the second run must find nothing to change.
    ///
    /// # Panics
    ///
    /// Panics if a run fails.
    #[must_use]
    pub fn new(service: &Path, name: &str, package: &str) -> Self {
        let generated = Self { dir: toolchain::target_dir().join(name) };
        let _ = fs::remove_dir_all(&generated.dir);
        let generate = |more: &[&str]| {
            let mut generate = Command::new(service);
            generate.args(["generate_centrifugo_clients", "--all", "--package", package]).args(more);
            generate.arg("--output").arg(generated.dir.join("opensdk"));
            toolchain::run(&mut generate, "cargo builds it with the tests");
        };
        generate(&[]);
        generate(&["--check"]);
        generated
    }

    /// Returns the directory: the clients are in its `opensdk`, other files of a test beside that.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the directory of the package of `language`, such as `python`.
    #[must_use]
    pub fn client(&self, language: &str) -> PathBuf {
        self.dir.join("opensdk").join(language)
    }

    /// Reads a file of a client, such as `python/api.py`.
    ///
    /// # Panics
    ///
    /// Panics if the file does not exist.
    #[must_use]
    pub fn read(&self, file: &str) -> String {
        let path = self.client(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Writes a file beside the clients.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        let parent = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("cannot create {}: {error}", parent.display()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    }

    /// Checks and builds a program. A failed build becomes a column of its own, so that the table shows it.
    ///
    /// # Errors
    ///
    /// Returns the column of `language` if `make` panics.
    pub async fn build(&self, language: &str, make: Make) -> Result<Built, Column> {
        let generated = self.clone();
        let built = tokio::task::spawn_blocking(move || make(&generated)).await;
        built.map_err(|_| Column::broken(language, "its checks fail, or its program does not build: see above"))
    }
}
