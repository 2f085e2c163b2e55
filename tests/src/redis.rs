//! A real Redis, for several nodes of Centrifugo.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::centrifugo::free_port;
use crate::process::Process;
use crate::{config, eventually};

const DEBIAN: &str = "install the package `redis-server`";

/// A running Redis that keeps nothing on disk. It dies with its handle.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    _process: Process,
    _dir: TempDir,
}

impl Redis {
    /// Whether there is one to start.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("redis-server").arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start() -> Self {
        let port = free_port();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(port.to_string());
        command.current_dir(dir.path());
        let process = Process::start(&command, DEBIAN);
        eventually("Redis to listen", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        Self { port, _process: process, _dir: dir }
    }

    /// The configuration of a node of Centrifugo that keeps everything here.
    #[must_use]
    pub fn engine(&self, of: Value) -> Value {
        let address = format!("redis://127.0.0.1:{}", self.port);
        config::with(of, json!({"engine": {"type": "redis", "redis": {"address": address}}}))
    }
}
