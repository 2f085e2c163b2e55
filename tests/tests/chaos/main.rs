//! Several workers, restarts, crashes and bad networks: every call ends, and no call runs twice. The processes are
//! real, with a real Centrifugo on its memory engine, and two of its nodes on a real Redis if `redis-server` is
//! installed.
//!
//! Scenarios run one at a time, since each needs the whole machine. The table is printed and kept in
//! `target/chaos.txt`.

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use centrifugo_rpc::Config;
use serde_json::Value;
use tests::load::Report;
use tests::{Centrifugo, Load, Redis, Server, eventually, toolchain};
use tokio::sync::{Mutex, MutexGuard};

mod alone;
mod cancels;
mod floods;
mod network;
mod restarts;
mod tokens;

/// The pause of a caller between two calls: 64 callers make some hundred calls per second.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until no other scenario runs.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Waits until `calls` more calls have ended.
async fn go_on(load: &Load, calls: usize) {
    let until = load.ended() + calls;
    eventually("callers to go on", async || (load.ended() >= until).then_some(())).await;
}

/// Returns the configuration that `centrifugo_config` prints.
fn config() -> Value {
    let config = Config::new(tests::unique("key"), tests::unique("secret")).centrifugo_config().allowed_origins(["*"]);
    serde_json::to_value(config).expect("JSON")
}

/// The servers of a scenario.
struct Place {
    name: &'static str,
    nodes: Vec<Centrifugo>,
    _redis: Option<Redis>,
}

impl Place {
    async fn memory() -> Self {
        Self::with(Centrifugo::start(config()).await)
    }

    /// Creates a place of one node on its memory engine.
    fn with(node: Centrifugo) -> Self {
        Self { name: "memory", nodes: vec![node], _redis: None }
    }

    /// Starts two nodes on one Redis, if Redis is installed.
    async fn redis() -> Option<Self> {
        if !Redis::is_installed() {
            println!("`redis-server` is not installed: what is promised on Redis is not tested here");
            return None;
        }
        let redis = Redis::start().await;
        let config = redis.engine(config());
        let nodes = vec![Centrifugo::start(config.clone()).await, Centrifugo::start(config).await];
        Some(Self { name: "2 nodes, Redis", nodes, _redis: Some(redis) })
    }

    /// Returns all servers: workers and callers are spread over them.
    fn servers(&self) -> Vec<&Server> {
        self.nodes.iter().map(|node| &**node).collect()
    }

    fn server(&self, number: usize) -> &Server {
        &self.nodes[number % self.nodes.len()]
    }
}

/// Prints a row of the table.
fn row(what: &str, place: &str, report: &Report) {
    let (head, line) = (format!("{:64} {}", "", Report::HEADER), format!("{what:46} {place:17} {report}"));
    println!("{head}");
    note(line);
}

/// Prints a line and appends it to the table's file.
fn note(line: impl Display) {
    println!("{line}");
    let file = toolchain::target_dir().join("chaos.txt");
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("the table");
    writeln!(file, "{line}").expect("a line of the table");
}
