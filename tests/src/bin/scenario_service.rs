//! The service of the scenarios, for clients in every language: the methods of `demo`, and `scenario.*`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centrifugo_rpc::{RpcError, Server, websocket_rpc};
use examples as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    Server::from_env().run().await
}

/// Counts by key.
type Counts = LazyLock<Mutex<HashMap<String, u32>>>;

static RUNNING: Counts = Counts::new(Mutex::default);
static NOTED: Counts = Counts::new(Mutex::default);

fn of(counts: &Counts) -> MutexGuard<'_, HashMap<String, u32>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(counts: &Counts, key: &str) -> u32 {
    of(counts).get(key).copied().unwrap_or_default()
}

/// Selects calls.
#[derive(Debug, Deserialize, JsonSchema)]
struct Key {
    /// A key that no other scenario uses
    key: String,
}

/// An empty result.
#[derive(Debug, Serialize, JsonSchema)]
struct Empty {}

/// A hold, counted while its handler runs.
struct Held(String);

impl Held {
    fn new(key: String) -> Self {
        *of(&RUNNING).entry(key.clone()).or_default() += 1;
        Self(key)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *of(&RUNNING).entry(std::mem::take(&mut self.0)).or_default() -= 1;
    }
}

/// Runs until it is cancelled, or its deadline passes.
#[websocket_rpc("scenario.hold")]
async fn hold(params: Key) -> Empty {
    let _held = Held::new(params.key);
    std::future::pending().await
}

/// One call of several.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Gate {
    /// The key of the gate
    key: String,
    /// The number of this call
    number: u32,
}

/// Waits until the gate is open: a file of the key's name.
#[websocket_rpc("scenario.gate")]
async fn gate(params: Gate) -> Result<Gate, RpcError> {
    let gates = std::env::var("SCENARIO_GATES").map_err(RpcError::internal)?;
    while !std::path::Path::new(&gates).join(&params.key).exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(params)
}

/// Returns how many holds with this key run now.
#[websocket_rpc("scenario.running")]
async fn running(params: Key) -> u32 {
    count(&RUNNING, &params.key)
}

/// Takes 300 ms, one call at a time.
#[websocket_rpc("scenario.limited", max_concurrency = 1)]
async fn limited() -> Empty {
    tokio::time::sleep(Duration::from_millis(300)).await;
    Empty {}
}

/// The error to reply with.
#[derive(Debug, Deserialize, JsonSchema)]
struct Answer {
    /// One of the protocol's codes, or one of the application's own
    code: u16,
}

/// Fails with the error of this code, whose data is `{"asked": code}`.
#[websocket_rpc("scenario.answer")]
async fn answer(params: Answer) -> Result<Empty, RpcError> {
    let error = match params.code {
        400 => RpcError::invalid_params("as asked"),
        401 => RpcError::unauthenticated("as asked"),
        403 => RpcError::permission_denied("as asked"),
        404 => RpcError::method_not_found("as.asked"),
        408 => RpcError::deadline_exceeded(),
        413 => RpcError::too_large("as asked"),
        429 => RpcError::overloaded("as asked"),
        499 => RpcError::cancelled(),
        500 => RpcError::internal("as asked"),
        503 => RpcError::unavailable("as asked"),
        504 => RpcError::worker_lost("as asked"),
        1000..=1999 => RpcError::application(params.code, "as asked"),
        other => return Err(RpcError::invalid_params(format!("invalid params: code: there is no error {other}"))),
    };
    Err(error.with_data(&json!({ "asked": params.code })))
}

/// Counts a note, without a reply.
#[websocket_rpc("scenario.note", no_wait)]
async fn note(params: Key) {
    *of(&NOTED).entry(params.key).or_default() += 1;
}

/// Returns how often this key was noted.
#[websocket_rpc("scenario.noted")]
async fn noted(params: Key) -> u32 {
    count(&NOTED, &params.key)
}

/// The size of a text.
#[derive(Debug, Deserialize, JsonSchema)]
struct Large {
    /// Bytes of text
    bytes: u32,
}

/// A text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Text {
    /// Any characters
    text: String,
}

/// Returns a text of this many letters.
#[websocket_rpc("scenario.large")]
async fn large(params: Large) -> Result<Text, RpcError> {
    let bytes = usize::try_from(params.bytes).map_err(RpcError::internal)?;
    if bytes > 1024 * 1024 {
        return Err(RpcError::application(1001, "a megabyte is enough"));
    }
    Ok(Text { text: "x".repeat(bytes) })
}

/// Returns the same text.
#[websocket_rpc("scenario.unicode")]
async fn unicode(params: Text) -> Text {
    params
}
