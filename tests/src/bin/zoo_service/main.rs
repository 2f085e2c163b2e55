//! The type zoo: difficult Rust types, and a service whose values the clients of every language take and send back.
//! Serde is the referee: a value that Rust wrote must come back unchanged, and JSON that serde refuses must be refused.
//!
//! | arguments | effect |
//! | --- | --- |
//! | none, and the command line of every worker | serves, or generates clients |
//! | `list` | prints types and methods as JSON, from which the drivers of all languages are generated |
//! | `judge` | tests the samples with serde alone, without a service: values survive, refusals fail; a line per type |
//! | `round_trip` | the driver in Rust: calls the service at `ZOO_URL` with the token `ZOO_TOKEN`; a line per type |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what this program prints is its result")]

use std::process::ExitCode;

use centrifugo_rpc::{BoxError, Server};
use serde_json::json;

mod animal;
mod animals;
mod round_trip;

#[tokio::main]
async fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("list") => {
            let types: Vec<_> = animals::all().map(animal::Animal::describe).collect();
            println!("{}", json!({ "types": types, "methods": animals::METHODS }));
            ExitCode::SUCCESS
        }
        Some("judge") => report(animals::all().map(|animal| (animal.name(), animal.judge()))),
        Some("round_trip") => round_trip::run().await,
        _ => Server::from_env().run().await,
    }
}

/// Prints `ok NAME` or `FAILED NAME: REASON` for each type.
fn report(outcomes: impl IntoIterator<Item = (&'static str, Result<(), BoxError>)>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (name, outcome) in outcomes {
        match outcome {
            Ok(()) => println!("ok {name}"),
            Err(reason) => {
                println!("FAILED {name}: {}", reason.to_string().replace('\n', " "));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
