//! The driver in Rust: every value there and back, with the types themselves.

use std::process::ExitCode;

use centrifugo_rpc::{BoxError, Client};

use crate::animals;

pub(crate) async fn run() -> ExitCode {
    match round_trips().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn round_trips() -> Result<bool, BoxError> {
    let [url, token] = ["ZOO_URL", "ZOO_TOKEN"].map(|name| std::env::var(name).map_err(|_| format!("set {name}")));
    let client = Client::builder(url?).token(token?).connect().await?;
    let mut all_ok = true;
    for animal in animals::all() {
        match animal.round_trip(&client).await {
            Ok(()) => println!("ok {}", animal.name()),
            Err(reason) => {
                all_ok = false;
                println!("FAILED {}: {}", animal.name(), reason.to_string().replace('\n', " "));
            }
        }
    }
    Ok(all_ok)
}
