//! Two methods, a worker, and a client that calls them: all in one process, on the embedded hub.
//!
//! ```text
//! cargo run --example quickstart
//! ```

use std::time::Duration;

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

/// Greets the caller by name; refuses anonymous callers.
#[websocket_rpc("hello")]
async fn hello(conn: Connection) -> Result<String, RpcError> {
    Ok(format!("hello, {}", conn.require_user()?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The embedded hub, in place of a Centrifugo. In production, `Config::from_env()` names the real one.
    let config = Config::new("quickstart-api-key", "quickstart-token-secret-of-32-bytes");
    let hub = Hub::start(config.centrifugo_config()).await?;
    let config = config.centrifugo_url(hub.url()).centrifugo_api_url(hub.api_url());

    // Starts the worker.
    let token = config.connection_token("user-123", Duration::from_secs(60))?;
    let worker = Server::new(config).start().await?;

    // Connects a caller.
    let client = Client::builder(hub.url()).token(token).connect().await?;
    println!("calling tasks.get_stats");
    let stats: TaskStatsResult = client.call("tasks.get_stats", &TaskStatsParams { user_id: "123".to_owned() }).await?;
    println!("  client: {} of {} tasks are completed", stats.completed, stats.total);
    println!("calling hello");
    let greeting: String = client.call("hello", &()).await?;
    println!("  client: {greeting}");

    client.close().await;
    worker.stop().await;
    hub.shutdown().await;
    Ok(())
}
