//! The backends that answer the calls: each does the least that its way to call needs, in a process of its own.

mod axum;
mod floor;
mod jsonrpsee;
mod nats;
mod tonic;

use serde::{Deserialize, Serialize};

/// Runs the backend that the first argument names. Serves until it is killed, and prints its address to standard
/// output.
///
/// # Panics
///
/// Panics if there is no such backend, or if it ends.
pub fn main() {
    // The usual runtime; only the bare worker has a reason to use less.
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["floor", url, api_url, api_key, connection, subscription] => {
            floor::run(url, api_url, api_key, connection, subscription);
        }
        ["axum"] => runtime().block_on(axum::run()),
        ["tonic"] => runtime().block_on(tonic::run()),
        ["jsonrpsee"] => runtime().block_on(jsonrpsee::run()),
        ["nats", address] => runtime().block_on(nats::run(address)),
        _ => panic!("there is no backend with {args:?}"),
    }
    panic!("the backend has ended: {args:?}");
}

/// The method that all systems have.
pub(crate) const METHOD: &str = "tasks.get_stats";

/// A slow method, where one is needed.
pub(crate) const SLOW: &str = "demo.sleep";

/// The params of the demo's `tasks.get_stats`.
#[derive(Deserialize)]
struct Params {
    #[expect(dead_code, reason = "decoding it is the work")]
    user_id: String,
}

/// The result of the demo's `tasks.get_stats`.
#[derive(Serialize, Clone)]
struct Stats {
    total: u32,
    completed: u32,
}

impl Stats {
    fn of(_: &Params) -> Self {
        Self { total: 100, completed: 75 }
    }
}

/// Binds a free port and prints the address.
async fn listen() -> tokio::net::TcpListener {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("serving {}", listener.local_addr().expect("an address"));
    listener
}
