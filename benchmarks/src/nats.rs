//! A real NATS server, for benchmarks.

use std::process::Command;

use tests::centrifugo::free_port;
use tests::{Process, toolchain};

const GO: &str =
    "the benchmarks build a NATS server with Go 1.26 or later; install it from your package manager and run again";

/// Starts one on a free port, and says at which address it is.
pub(crate) async fn start() -> (Process, String) {
    let binary = toolchain::go_program("nats", "github.com/nats-io/nats-server/v2", GO);
    let port = free_port();
    let mut command = Command::new(binary);
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
    let process = Process::start(&command, GO);
    process.line("Server is ready").await;
    (process, format!("127.0.0.1:{port}"))
}
