//! What the tests of this workspace share: a real Centrifugo, the toolchains around it, and a hand on every wire.
//!
//! Needs Go 1.26 or later, which builds the Centrifugo that `tests/centrifugo/go.mod` names, Node 20 or later with
//! npm, and Python 3.10 or later. Whatever is missing is named by the first test that wants it. All are prepared once,
//! below the target directory, `tests/node/node_modules` and `centrifugo-rpc/clients/typescript/node_modules`, by
//! whichever test binary comes first.
//!
//! | module | its one job |
//! | --- | --- |
//! | [`toolchain`] | where things are built, and building them once |
//! | [`process`] | a child process that never outlives its test |
//! | [`config`] | the Centrifugo configuration the protocol asks for |
//! | [`centrifugo`] | a real Centrifugo, plain or under TLS |
//! | [`tls`] | a private certificate authority |
//! | [`server`] | where a server is and what opens it, whatever runs there |
//! | [`api`] | its HTTP API |
//! | [`raw`] | its JSON client protocol, byte for byte |
//! | [`tokens`] | JWTs, good ones and bad ones |
//! | [`clock`] | programs whose clock is wrong |
//! | [`proxy`] | a network that fails on demand |
//! | [`node`] | JavaScript, with the official SDK |
//! | [`typescript`] | TypeScript, and projects that use generated clients |
//! | [`golang`] | Go, its tools, and programs on generated clients |
//! | [`python`] | Python, with generated clients and their checks |
//! | [`example`] | the example binaries of this workspace |
//! | [`demo`] | the demo service on a server, and a caller for it |
//! | [`publisher`] | a caller that waits for nothing |
//! | [`generated`] | clients of all languages, and programs that use them |
//! | [`table`] | what the programs of several languages said, side by side |
//! | [`scenarios`] | what every client language goes through |
//! | [`zoo`] | the types that every client language must not change |
//! | [`crew`] | several workers of the demo service, and what they ran |
//! | [`load`] | callers that never stop, and what became of their calls |
//! | [`redis`] | a real Redis |
//! | [`user_crate`] | a program outside of this workspace, and what it costs to build |
//! | [`many`] | programs with many methods |

pub mod api;
pub mod centrifugo;
pub mod clock;
pub mod config;
pub mod crew;
pub mod demo;
pub mod example;
pub mod generated;
pub mod golang;
pub mod load;
pub mod many;
pub mod node;
pub mod process;
pub mod proxy;
pub mod publisher;
pub mod python;
pub mod raw;
pub mod redis;
pub mod scenarios;
pub mod server;
pub mod table;
pub mod tls;
pub mod tokens;
pub mod toolchain;
pub mod typescript;
pub mod user_crate;
pub mod zoo;

use std::time::Duration;

pub use api::{Api, parts};
pub use centrifugo::Centrifugo;
pub use crew::Crew;
pub use demo::Demo;
pub use example::Example;
pub use load::Load;
pub use many::Many;
pub use node::Node;
pub use process::Process;
pub use proxy::TcpProxy;
pub use publisher::Publisher;
pub use raw::Raw;
pub use redis::Redis;
pub use scenarios::Scenarios;
pub use server::Server;
pub use table::{Column, Table};
pub use tokens::Tokens;
pub use user_crate::UserCrate;
pub use zoo::Zoo;

/// How long anything that should happen is waited for. Generous: it is only ever used up by a failing test.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, or panics naming `what` did not come within [`PATIENCE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let value = tokio::time::timeout(PATIENCE, future).await;
    value.unwrap_or_else(|_| panic!("waited {} s for {what}", PATIENCE.as_secs()))
}

/// Asks until `probe` gives a value, or panics naming `what` did not come within [`PATIENCE`].
///
/// For what a server does not announce; everything else is better waited for with [`within`].
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// A name no other test uses, on servers that are shared.
#[must_use]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}
