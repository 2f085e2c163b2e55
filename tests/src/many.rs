//! Services with many methods: large programs, for tests of workers and of the client generators.

use std::fmt::Write;
use std::path::PathBuf;

use crate::toolchain;
use crate::user_crate::{Build, UserCrate};

const DEPENDENCIES: &str = r#"
centrifugo-rpc = { path = "{workspace}/centrifugo-rpc" }
schemars = "1"
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }"#;

const HEAD: &str = r"//! Many methods, each with types of its own.

use centrifugo_rpc::{Connection, Server, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    Server::from_env().run().await
}
";

const METHOD: &str = r#"
/// Whose tasks `bench.m{N}` counts
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct M{N}Params {
    /// User ID
    user_id: String,
}

/// The count of `bench.m{N}`
#[derive(Serialize, JsonSchema)]
struct M{N}Result {
    /// Total tasks
    total: u32,
    /// Completed tasks
    completed: u32,
}

/// Counts the tasks of a user, as number {N}.
#[websocket_rpc("bench.m{N}")]
async fn m{N}(_conn: Connection, _params: M{N}Params) -> M{N}Result {
    M{N}Result { total: 100, completed: 75 }
}
"#;

/// A program with the methods `bench.m0`, `bench.m1` and so on. Each takes `{"user_id": "…"}`, as `tasks.get_stats` of
/// the demo service does, and has types of its own. The program has the command line of
/// [`Server::run`](centrifugo_rpc::Server::run).
#[derive(Debug)]
pub struct Many(UserCrate);

impl Many {
    /// Writes a program with this number of methods. It is not built yet.
    #[must_use]
    pub fn new(methods: usize) -> Self {
        let mut main = HEAD.to_owned();
        for number in 0..methods {
            // Writing to a `String` never fails.
            let _ = main.write_str(&METHOD.replace("{N}", &number.to_string()));
        }
        Self(UserCrate::new(&format!("many_{methods}"), DEPENDENCIES, &main))
    }

    /// Builds the program with optimizations if it is out of date: a thousand methods take a minute.
    ///
    /// # Panics
    ///
    /// Panics if it does not build.
    #[must_use]
    pub fn build(&self) -> Build {
        self.0.build(&target())
    }

    /// Builds the program, but not its dependencies, even if it is up to date.
    ///
    /// # Panics
    ///
    /// Panics if it does not build.
    #[must_use]
    pub fn rebuild(&self) -> Build {
        // Brings the dependencies up to date first.
        drop(Self::new(1).build());
        self.0.clean(&target());
        self.build()
    }
}

/// The target directory of all these programs, since they have the same dependencies.
fn target() -> PathBuf {
    toolchain::target_dir().join("user-crates/many-target")
}
