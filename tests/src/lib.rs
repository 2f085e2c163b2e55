//! The shared harness of the tests of this workspace: a real Centrifugo, the toolchains around it, and control over
//! every connection.
//!
//! Needs Go 1.26 or later, which builds the Centrifugo that `tests/centrifugo/go.mod` names, Node 20 or later with npm,
//! and Python 3.10 or later. The first test that needs a missing tool fails and names it. The first test binary to run
//! prepares all tools once, below the target directory, `tests/node/node_modules` and
//! `centrifugo-rpc/clients/typescript/node_modules`.
//!
//! | module | its one job |
//! | --- | --- |
//! | [`toolchain`] | the places of build artefacts, and building each once |
//! | [`process`] | a child process that never outlives its test |
//! | [`config`] | the Centrifugo configuration that the protocol needs |
//! | [`centrifugo`] | a real Centrifugo, plain or under TLS |
//! | [`tls`] | a private certificate authority |
//! | [`server`] | the address and the credentials of a server, real or fake |
//! | [`api`] | its HTTP API |
//! | [`raw`] | its JSON client protocol, byte for byte |
//! | [`tokens`] | JWTs, valid and invalid |
//! | [`clock`] | programs with a wrong clock |
//! | [`preload`] | programs in which a function of the C library is another one |
//! | [`proxy`] | a network that fails on demand |
//! | [`node`] | JavaScript, with the official SDK |
//! | [`typescript`] | TypeScript, and projects that use generated clients |
//! | [`golang`] | Go, its tools, and programs on generated clients |
//! | [`python`] | Python, with generated clients and their checks |
//! | [`example`] | the example binaries of this workspace |
//! | [`demo`] | the demo service on a server, and a caller for it |
//! | [`publisher`] | a caller that does not wait for replies |
//! | [`generated`] | clients of all languages, and programs that use them |
//! | [`table`] | the results of the programs of several languages, side by side |
//! | [`scenarios`] | the scenarios that every client language passes |
//! | [`zoo`] | the types that every client language must not change |
//! | [`crew`] | several workers of the demo service, and what they ran |
//! | [`load`] | callers that call until they are stopped, and the outcomes of their calls |
//! | [`redis`] | a real Redis |
//! | [`user_crate`] | a program outside of this workspace, and the cost of building it |
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
pub mod preload;
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

/// The timeout of everything that should happen. It is generous, since only a failing test waits that long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, or panics naming `what` after [`PATIENCE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let value = tokio::time::timeout(PATIENCE, future).await;
    value.unwrap_or_else(|_| panic!("waited {} s for {what}", PATIENCE.as_secs()))
}

/// Polls `probe` until it gives a value, or panics naming `what` after [`PATIENCE`].
///
/// For conditions that a server does not announce; [`within`] is better for everything else.
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

/// Returns a name that no other test uses, for servers that tests share.
#[must_use]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
}
