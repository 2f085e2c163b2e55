//! A real NATS server, for benchmarks.

use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;
use tests::centrifugo::free_port;
use tests::{Process, toolchain};

const GO: &str =
    "the benchmarks build a NATS server with Go 1.26 or later; install it from your package manager and run again";

/// What it holds for a connection before it cuts it off: by default 64 MiB, which 4,000 calls with 16 KB are. As much as the floor has.
const CONFIG: &str = "max_pending: 256MiB\n";

/// Starts one on a free port, and says at which address it is.
pub(crate) async fn start() -> (Process, String) {
    let binary = toolchain::go_program("nats", "github.com/nats-io/nats-server/v2", GO);
    let port = free_port();
    let mut config = NamedTempFile::new().expect("a temporary file");
    config.write_all(CONFIG.as_bytes()).expect("a temporary file");
    let mut command = Command::new(binary);
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(config.path());
    let process = Process::start(&command, GO);
    process.line("Server is ready").await;
    (process, format!("127.0.0.1:{port}"))
}
