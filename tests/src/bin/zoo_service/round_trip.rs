//! The driver in Rust: sends every value there and back, with the types themselves.

use std::process::ExitCode;

use centrifugo_rpc::{BoxError, Client};

use tests::zoo::drivers::METHODS as METHODS_ROW;

use crate::{animals, report};

pub(crate) async fn run() -> ExitCode {
    let client = match client().await {
        Ok(client) => client,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut outcomes = Vec::new();
    for animal in animals::all() {
        outcomes.push((animal.name(), animal.round_trip(&client).await));
    }
    outcomes.push((METHODS_ROW, methods(&client).await));
    report(outcomes)
}

async fn methods(client: &Client) -> Result<(), BoxError> {
    for method in animals::METHODS {
        let answer: String = client.call(method, &()).await?;
        if answer != *method {
            return Err(format!("{method} answered {answer}").into());
        }
    }
    Ok(())
}

async fn client() -> Result<Client, BoxError> {
    let [url, token] = ["ZOO_URL", "ZOO_TOKEN"].map(|name| std::env::var(name).map_err(|_| format!("set {name}")));
    Ok(Client::builder(url?).token(token?).connect().await?)
}
