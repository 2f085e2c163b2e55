//! The resource usage of processes, from `/proc` of Linux.

use std::fs;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde_json::{Value, json};
use tests::Server;

/// The CPU time of a process since its start, and its current memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// The CPU time.
    pub cpu: Duration,
    /// The resident memory in bytes.
    pub rss: u64,
}

/// Reads the usage of the process `pid`.
///
/// # Panics
///
/// Panics if there is no such process, and on systems other than Linux.
#[must_use]
pub fn usage(pid: u32) -> Usage {
    let read = |path: String| fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    let status = read(format!("/proc/{pid}/status"));
    let rss =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // `schedstat` has nanoseconds, `stat` only ticks of 10 ms.
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("a process has threads");
    let cpu = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Usage { cpu: Duration::from_nanos(cpu.sum()), rss: rss.expect("a process has resident memory") * 1024 }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, rss: self.rss + other.rss }
    }
}

impl Sub for Usage {
    type Output = Self;

    /// Returns the CPU time since `earlier`, and the current memory.
    fn sub(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), rss: self.rss }
    }
}

/// Returns the number of HTTP requests that a Centrifugo has received on its server API, or sent to the backends behind
/// its proxies (a gRPC call is a request of HTTP/2). Needs the configuration [`counting`].
pub async fn http_requests(server: &Server) -> u64 {
    let text = server.api().metrics().await;
    let counted = |line: &&str| {
        line.starts_with("centrifugo_proxy_duration_seconds_count{")
            || (line.starts_with("centrifugo_node_incoming_http_requests_total{") && line.contains("path=\"/api"))
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter")]
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok().map(|value| value as u64);
    text.lines().filter(counted).filter_map(value).sum()
}

/// Returns the configuration that makes a Centrifugo count HTTP requests.
#[must_use]
pub fn counting() -> Value {
    json!({"prometheus": {"enabled": true, "instrument_http_handlers": true}})
}
