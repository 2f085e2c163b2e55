//! A type without values, which a method may return all the same: it can only fail. Clients of it must build.

use centrifugo_rpc::{RpcError, websocket_rpc};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Serialize, JsonSchema)]
enum NoOutcome {}

/// Fails.
#[websocket_rpc("zoo.fail")]
async fn fail() -> Result<NoOutcome, RpcError> {
    Err(RpcError::application(1000, "nothing is answered"))
}
