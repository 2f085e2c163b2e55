//! A crew: several workers of the demo service on one channel, with one log that counts what they ran.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::demo::environment;
use crate::server::Server;
use crate::{Example, within};

/// Workers that join and leave. All running workers are killed when the crew is dropped.
#[derive(Debug)]
pub struct Crew {
    workers: Vec<Example>,
    dir: TempDir,
}

impl Crew {
    /// Creates a crew without workers.
    #[must_use]
    pub fn new() -> Self {
        Self { workers: Vec::new(), dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// Starts a worker on `server` and waits until it serves. Returns the number of the worker.
    pub async fn start(&mut self, server: &Server) -> usize {
        self.start_with(server, &[]).await
    }

    /// As [`Crew::start`], with additional environment variables.
    pub async fn start_with(&mut self, server: &Server, more: &[(&str, &str)]) -> usize {
        let log = self.log().to_string_lossy().into_owned();
        let mut env = environment(server);
        env.extend([("DEMO_LOG", log.as_str()), ("RUST_LOG", "info")]);
        env.extend_from_slice(more);
        let worker = Example::start("demo", &env);
        worker.line("serving").await;
        self.workers.push(worker);
        self.workers.len() - 1
    }

    /// Returns a worker by its number, running or not.
    #[must_use]
    pub fn worker(&self, number: usize) -> &Example {
        &self.workers[number]
    }

    /// Kills a worker as a crash would.
    pub fn kill(&self, number: usize) {
        self.workers[number].kill();
    }

    /// Stops a worker as a deployment does, and waits until it has exited.
    ///
    /// # Panics
    ///
    /// Panics if its exit status is not 0.
    pub async fn stop(&self, number: usize) {
        self.workers[number].signal("TERM");
        let output = within("a worker to stop", self.workers[number].ended()).await;
        assert!(output.status.success(), "a worker that stops gracefully: {output:?}");
    }

    /// Freezes a worker: it stops working and cannot notice the pause.
    pub fn freeze(&self, number: usize) {
        self.workers[number].pause();
    }

    /// Ends [`Crew::freeze`].
    pub fn thaw(&self, number: usize) {
        self.workers[number].signal("CONT");
    }

    /// Returns how often each key of `demo.append` ran, summed over all workers.
    #[must_use]
    pub fn runs(&self) -> HashMap<String, usize> {
        let mut runs = HashMap::new();
        for key in fs::read_to_string(self.log()).unwrap_or_default().lines() {
            *runs.entry(key.to_owned()).or_default() += 1;
        }
        runs
    }

    /// Returns the resident memory of a worker, in KiB.
    #[must_use]
    pub fn resident(&self, number: usize) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.workers[number].pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("runs.log")
    }
}

impl Default for Crew {
    fn default() -> Self {
        Self::new()
    }
}
