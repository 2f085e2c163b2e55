//! A type without values. A method that returns it can only fail, and clients of such a method must still build.

use centrifugo_rpc::{RpcError, websocket_rpc};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Debug, Serialize, JsonSchema)]
enum NoOutcome {}

/// Always fails.
#[websocket_rpc("zoo.fail")]
async fn fail() -> Result<NoOutcome, RpcError> {
    Err(RpcError::application(1000, "nothing is answered"))
}
