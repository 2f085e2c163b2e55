//! The demo service, on the Centrifugo that the `CENTRIFUGO_…` variables name.
//!
//! ```text
//! cargo run --example demo -- --help
//! ```

use std::process::ExitCode;

use centrifugo_rpc::Server;
// The methods: without a word that refers to them, the linker leaves them out.
use examples as _;

#[tokio::main]
async fn main() -> ExitCode {
    Server::from_env().run().await
}
