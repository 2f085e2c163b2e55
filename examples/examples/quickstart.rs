//! Two methods, a worker, and a client that calls them: all in one process, on the embedded hub.
//!
//! ```text
//! cargo run --example quickstart
//! ```

use centrifugo_rpc::hub::Hub;
use centrifugo_rpc::{Client, Config, Connection, RpcError, Server, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema)]
struct TaskStatsParams {
    /// User ID
    user_id: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct TaskStatsResult {
    /// Total tasks
    total: u32,
    /// Completed tasks
    completed: u32,
}

/// Get task statistics for a user.
#[websocket_rpc("tasks.get_stats")]
async fn get_task_stats(conn: Connection, params: TaskStatsParams) -> TaskStatsResult {
    println!("  worker: {} asks for the tasks of {}", conn.user(), params.user_id);
    TaskStatsResult { total: 100, completed: 75 }
}

/// Greets the caller by name; refuses the anonymous.
#[websocket_rpc("hello")]
async fn hello(conn: Connection) -> Result<String, RpcError> {
    Ok(format!("hello, {}", conn.require_user()?))
}
