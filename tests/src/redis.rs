//! A real Redis, for several nodes of Centrifugo.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::centrifugo::free_port;
use crate::process::Process;
use crate::{config, eventually, within};

const DEBIAN: &str = "install the package `redis-server`";

/// A running Redis that writes to disk only on request, killed when dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Process,
    dir: TempDir,
}

impl Redis {
    /// Returns whether Redis is installed.
    #[must_use]
    pub fn is_installed() -> bool {
        Command::new("redis-server").arg("--version").output().is_ok_and(|output| output.status.success())
    }

    /// Starts a Redis on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Panics if it does not start.
    pub async fn start() -> Self {
        let port = free_port();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let process = Self::process(port, &dir);
        let redis = Self { port, process, dir };
        redis.listens().await;
        redis
    }

    fn process(port: u16, dir: &TempDir) -> Process {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(port.to_string());
        command.current_dir(dir.path());
        Process::start(&command, DEBIAN)
    }

    async fn listens(&self) -> TcpStream {
        eventually("Redis to listen", async || TcpStream::connect(("127.0.0.1", self.port)).await.ok()).await
    }

    /// Writes all data to disk, for [`Redis::restore`].
    ///
    /// # Panics
    ///
    /// Panics if that fails.
    pub async fn save(&self) {
        let mut connection = self.listens().await;
        let mut answer = [0; 5];
        within("Redis to save", async {
            connection.write_all(b"SAVE\r\n").await.expect("it listens");
            connection.read_exact(&mut answer).await.expect("it answers");
        })
        .await;
        assert_eq!(&answer, b"+OK\r\n");
    }

    /// Kills Redis and starts it again, with the data of the last [`save`](Redis::save).
    pub async fn restore(&mut self) {
        self.process.kill();
        self.process.ended().await;
        self.process = Self::process(self.port, &self.dir);
        self.listens().await;
    }

    /// Returns the configuration `of` a Centrifugo node, changed to keep all its data in this Redis.
    #[must_use]
    pub fn engine(&self, of: Value) -> Value {
        let address = format!("redis://127.0.0.1:{}", self.port);
        config::with(of, json!({"engine": {"type": "redis", "redis": {"address": address}}}))
    }
}
