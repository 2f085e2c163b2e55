//! A real NATS server, for benchmarks.

use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;
use tests::centrifugo::free_port;
use tests::{Process, toolchain};

const GO: &str =
    "the benchmarks build a NATS server with Go 1.26 or later; install it from your package manager and run again";

/// The data that the server holds for a connection before closing it: the default of 64 MiB is 4,000 calls of 16 KB.
/// The floor has as much.
const CONFIG: &str = "max_pending: 256MiB\n";

/// Starts a NATS server on a free port, and returns its address.
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
