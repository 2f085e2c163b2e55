//! The demo service, on the Centrifugo that the `CENTRIFUGO_…` variables name.
//!
//! ```text
//! cargo run --example demo -- --help
//! ```

use std::process::ExitCode;

use centrifugo_rpc::Server;
// This use makes the linker keep the methods.
use examples as _;

#[tokio::main]
async fn main() -> ExitCode {
    Server::from_env().run().await
}
