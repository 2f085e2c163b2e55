//! Shared state of all calls, a guard that refuses callers, and errors of the application's own.
//!
//! ```text
//! cargo run --example guards
//! ```
//!
//! Calls the methods in process, as unit tests do: no Centrifugo is needed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use centrifugo_rpc::{Call, Caller, Config, Connection, FromCall, RpcError, Server, State, websocket_rpc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shared state. In a real application this is a pool of database connections.
#[derive(Default)]
struct Tasks {
    titles: Mutex<BTreeMap<u32, String>>,
}

/// The application's errors, with codes from 1000 to 1999.
enum TaskError {
    NotFound { id: u32 },
    Untitled,
}

impl From<TaskError> for RpcError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::NotFound { id } => RpcError::application(1404, format!("there is no task {id}"))
                .with_data(&serde_json::json!({ "id": id })),
            TaskError::Untitled => RpcError::application(1400, "a task needs a title"),
        }
    }
}

/// A guard that admits callers whose token contains `"info": {"role": "editor"}`. Taking it as an argument protects a
/// method: other callers are refused.
struct Editor {
    user: String,
}

impl FromCall for Editor {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        #[derive(Deserialize)]
        struct Info {
            role: String,
        }
        let connection = call.connection();
        match connection.info::<Info>()?.role.as_str() {
            "editor" => Ok(Self { user: connection.require_user()?.to_owned() }),
            role => Err(RpcError::permission_denied(format!("a {role} may not change tasks"))),
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Task {
    /// The number of the task
    id: u32,
    /// The text of the task
    title: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct TaskId {
    /// The number of the task
    id: u32,
}

/// Adds a task, or changes the task with the same number.
#[websocket_rpc("tasks.put", idempotent)]
async fn put(editor: Editor, tasks: State<Tasks>, task: Task) -> Result<TaskId, TaskError> {
    if task.title.is_empty() {
        return Err(TaskError::Untitled);
    }
    println!("  {} writes task {}", editor.user, task.id);
    tasks.titles.lock().unwrap_or_else(PoisonError::into_inner).insert(task.id, task.title);
    Ok(TaskId { id: task.id })
}

/// Reads a task. Every caller may.
#[websocket_rpc("tasks.get", timeout = "5s")]
async fn get(_conn: Connection, tasks: State<Tasks>, params: TaskId) -> Result<Task, TaskError> {
    let titles = tasks.titles.lock().unwrap_or_else(PoisonError::into_inner);
    let title = titles.get(&params.id).ok_or(TaskError::NotFound { id: params.id })?;
    Ok(Task { id: params.id, title: title.clone() })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::new(Config::new("api-key", "token-secret")).state(Tasks::default());
    let ann = Caller::user("ann").info(&serde_json::json!({ "role": "editor" }))?;
    let bob = Caller::user("bob").info(&serde_json::json!({ "role": "reader" }))?;
    let task = Task { id: 7, title: "write the docs".to_owned() };

    println!("ann puts a task");
    let _: TaskId = server.call(ann.clone(), "tasks.put", &task).await?;
    let read: Task = server.call(bob.clone(), "tasks.get", &TaskId { id: 7 }).await?;
    println!("  bob reads: {}", read.title);

    for (who, caller, method, params) in [
        ("bob puts a task", bob.clone(), "tasks.put", serde_json::json!({ "id": 8, "title": "sleep" })),
        ("ann puts an untitled one", ann, "tasks.put", serde_json::json!({ "id": 9, "title": "" })),
        ("bob reads task 8", bob.clone(), "tasks.get", serde_json::json!({ "id": 8 })),
        ("bob forgets which", bob, "tasks.get", serde_json::json!({})),
    ] {
        println!("{who}");
        match server.call::<serde_json::Value>(caller, method, &params).await {
            Ok(result) => println!("  result: {result}"),
            Err(error) => println!("  error {}: {}", error.code(), error.message()),
        }
    }
    Ok(())
}
