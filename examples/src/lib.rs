//! The demo service: the methods that documentation, tests and benchmarks call. `examples/demo.rs` serves them.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use centrifugo_rpc::{Call, Connection, FromCall, RpcError, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, JsonSchema)]
struct TaskStatsParams {
    /// User ID
    #[allow(dead_code)] // every user gets the same numbers
    user_id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TaskStatsResult {
    /// Total tasks
    total: u32,
    /// Completed tasks
    completed: u32,
}

/// Get task statistics for a user.
#[websocket_rpc("tasks.get_stats")]
async fn get_task_stats(_conn: Connection, _params: TaskStatsParams) -> TaskStatsResult {
    TaskStatsResult { total: 100, completed: 75 }
}

/// A text, there and back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// Any text
    text: String,
}

/// Answers what it is sent.
#[websocket_rpc("demo.echo")]
async fn echo(params: Echo) -> Echo {
    params
}

/// The caller, as Centrifugo identifies it.
#[derive(Debug, Serialize, JsonSchema)]
struct Whoami {
    /// User ID; empty for an anonymous caller
    user: String,
    /// The ID of the connection
    client: String,
    /// The `info` of the token, or null
    info: serde_json::Value,
}

/// Tells callers who they are.
#[websocket_rpc("demo.whoami")]
async fn whoami(conn: Connection) -> Result<Whoami, RpcError> {
    Ok(Whoami { user: conn.user().to_owned(), client: conn.client().to_owned(), info: conn.info()? })
}

/// A time to sleep.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Sleep {
    /// Milliseconds
    ms: u32,
}

/// Answers after a while.
#[websocket_rpc("demo.sleep")]
async fn sleep(params: Sleep) -> Sleep {
    tokio::time::sleep(Duration::from_millis(params.ms.into())).await;
    params
}

/// Panics, to show that nothing else stops.
#[websocket_rpc("demo.panic")]
async fn panic() {
    panic!("demo.panic was called");
}

/// The error to fail with.
#[derive(Debug, Deserialize, JsonSchema)]
struct Fail {
    /// 1000 to 1999
    code: u16,
    /// For people
    message: String,
}

/// Fails with an error of the application's own.
#[websocket_rpc("demo.fail")]
async fn fail(params: Fail) -> Result<(), RpcError> {
    if !(1000..=1999).contains(&params.code) {
        return Err(RpcError::invalid_params("invalid params: code: applications have 1000 to 1999"));
    }
    Err(RpcError::application(params.code, params.message))
}

/// The text to append.
#[derive(Debug, Deserialize, JsonSchema)]
struct Append {
    /// A line of the log
    key: String,
}

/// Nothing to say.
#[derive(Debug, Serialize, JsonSchema)]
struct Done {}

/// Appends the key to the file named by `DEMO_LOG`.
#[websocket_rpc("demo.append")]
async fn append(params: Append) -> Result<Done, RpcError> {
    log_run(&params.key)
}

/// Appends the key to the file named by `DEMO_LOG`; may run again after its worker died.
#[websocket_rpc("demo.append_idempotent", idempotent)]
async fn append_idempotent(params: Append) -> Result<Done, RpcError> {
    log_run(&params.key)
}

/// Appends the key to the file named by `DEMO_LOG`, without an answer.
#[websocket_rpc("demo.notify", no_wait)]
async fn notify(params: Append) -> Result<(), RpcError> {
    log_run(&params.key).map(drop)
}

/// Writes each line with one `write`, so that the lines of several workers never mix. It does so without awaiting, so
/// that a run is counted before anything can cancel it.
fn log_run(key: &str) -> Result<Done, RpcError> {
    let Some(path) = std::env::var_os("DEMO_LOG") else {
        return Err(RpcError::application(1001, "start the demo with DEMO_LOG naming the file to append to"));
    };
    let mut log = OpenOptions::new().create(true).append(true).open(path).map_err(RpcError::internal)?;
    log.write_all(format!("{key}\n").as_bytes()).map_err(RpcError::internal)?;
    Ok(Done {})
}

/// A caller whose token contains `"info": {"role": "admin"}`.
#[derive(Debug)]
struct Admin;

impl FromCall for Admin {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        #[derive(Deserialize)]
        struct Info {
            role: String,
        }
        call.connection().require_user()?;
        match call.connection().info::<Info>()?.role.as_str() {
            "admin" => Ok(Self),
            _ => Err(RpcError::permission_denied("only administrators may do this")),
        }
    }
}

/// Answers administrators alone.
#[websocket_rpc("demo.admin")]
async fn admin(_admin: Admin) -> Done {
    Done {}
}
