//! An HTTP server beside the worker: one program, one log, one stop.
//!
//! ```text
//! cargo run --example beside                    # the command line of a service, with HTTP at 127.0.0.1:3000
//! curl -d alice http://127.0.0.1:3000/token     # a connection token for alice
//! ```
//!
//! Needs a Centrifugo and its two secrets: see `docs/setup.md`.

use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use centrifugo_rpc::{BoxError, Config, Connection, RpcError, Server, Serving, websocket_rpc};
use tokio::net::TcpListener;

/// Greets the caller.
#[websocket_rpc("hello")]
async fn hello(conn: Connection) -> Result<String, RpcError> {
    Ok(format!("hello, {}", conn.require_user()?))
}

#[tokio::main]
async fn main() -> ExitCode {
    Server::from_env().run_with(serve_http).await
}

/// Runs from when the worker has joined until both stop.
async fn serve_http(serving: Serving) -> Result<(), BoxError> {
    let routes = Router::new().route("/token", post(token)).with_state(serving.config().clone());
    let address = std::env::var("HTTP_ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("HTTP at {}", listener.local_addr()?);
    axum::serve(listener, routes).with_graceful_shutdown(serving.stopping()).await?;
    Ok(())
}

/// Returns a connection token. A real application takes the user from the session; this one trusts the body.
async fn token(State(config): State<Config>, user: String) -> Result<String, StatusCode> {
    config.connection_token(&user, Duration::from_secs(600)).map_err(|_| StatusCode::BAD_REQUEST)
}
