//! A service whose methods misbehave on purpose.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use centrifugo_rpc::{RpcError, Server, websocket_rpc};

/// Blocks a thread of the runtime until the process ends.
#[websocket_rpc("stubborn.block")]
async fn block() {
    say("blocking");
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// Panics with the text of its params.
#[websocket_rpc("stubborn.panic")]
async fn panic(text: String) {
    panic!("{text}");
}

/// Fails with an internal error, with the text of its params.
#[websocket_rpc("stubborn.fail")]
async fn fail(text: String) -> Result<(), RpcError> {
    Err(RpcError::internal(text))
}

/// Refuses its params, as a notification whose error is not sent to the caller.
#[websocket_rpc("stubborn.refuse", no_wait)]
async fn refuse(text: String) -> Result<(), RpcError> {
    Err(RpcError::application(1001, text))
}

/// Allows one call at a time, and runs until its deadline.
#[websocket_rpc("stubborn.alone", max_concurrency = 1)]
async fn alone() {
    say("alone");
    std::future::pending::<()>().await;
}

/// Prints to standard output, since the log is on standard error.
#[expect(clippy::print_stdout, reason = "tests wait for it")]
fn say(what: &str) {
    println!("{what}");
}

/// Runs on `THREADS` threads; 0 means the main thread alone. The default is 2.
fn main() -> ExitCode {
    let threads = std::env::var("THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(2);
    let mut runtime = match threads {
        0 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(threads.max(1)).enable_all().build().expect("a runtime");
    runtime.block_on(Server::from_env().run())
}
