//! The `#[websocket_rpc]` attribute of `centrifugo-rpc`. Use it through that crate.

use proc_macro::TokenStream;

mod args;
mod errors;
mod expand;
mod handler;
mod name;

/// Registers an `async fn` as a method that callers address by its name.
///
/// ```
/// use centrifugo_rpc::{Connection, RpcError, websocket_rpc};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct TaskStatsParams {
///     /// User ID
///     user_id: String,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct TaskStatsResult {
///     /// Total tasks
///     total: u32,
/// }
///
/// /// Get task statistics for a user.
/// #[websocket_rpc("tasks.get_stats", idempotent, timeout = "5s")]
/// async fn get_task_stats(conn: Connection, params: TaskStatsParams) -> Result<TaskStatsResult, RpcError> {
///     if conn.require_user()? != params.user_id {
///         return Err(RpcError::permission_denied("these are not your tasks"));
///     }
///     Ok(TaskStatsResult { total: 100 })
/// }
/// ```
///
/// The function stays an ordinary function: other code and tests can call it, and its attributes and visibility do not
/// change. Its doc comment is the method's description.
///
/// # Name
///
/// The first argument is a string literal in dotted snake case: segments of `a-z`, `0-9` and `_` that begin with a
/// letter, joined by `.`, at most 128 bytes. The first segment `system` is reserved for the server. Names of methods
/// are unique in a program; a duplicate is an error before the server connects.
///
/// # Options
///
/// - `no_wait`: a notification. Its callers do not wait, and there is no reply. The function returns `()` or
///   `Result<(), E>`, whose error is logged. Default: callers wait.
/// - `idempotent`: running twice is as good as running once, so a call may be retried if its worker died. Default: a
///   call runs at most once.
/// - `timeout = "5s"`: the maximum duration of one call. A longer call is dropped and answered with 408. Units as in
///   `"500ms"`, `"1m 30s"`; more than zero, at most 24 hours. Default: the server's `call_timeout`.
/// - `max_concurrency = 16`: the maximum number of calls of this method in flight on a worker. Further calls are
///   answered with 429. At least 1. Default: only the server's limits.
/// - `deprecated = "use tasks.list"`: the replacement, for readers of the method's options. Default: not deprecated.
/// - `crate = ::my_prelude::centrifugo_rpc`: the path of this library, for crates that reach it only through another
///   crate. Renaming it in `Cargo.toml` needs no option. Default: found in `Cargo.toml`.
///
/// # Arguments
///
/// Any number of extractors, then at most one params type. No markers are needed: an argument whose type implements
/// `FromCall` is an extractor, such as `Connection`, `State<T>` and your own types. If the type of the last argument
/// does not implement `FromCall`, the argument is the params, and its type implements `serde::Deserialize` and
/// `schemars::JsonSchema`. Extractors run in the order in which they are written. The params are decoded after all
/// extractors have accepted the call. An argument may be a pattern.
///
/// ```
/// use centrifugo_rpc::{Call, Connection, FromCall, RpcError, State, websocket_rpc};
///
/// struct Names {
///     all: Vec<String>,
/// }
///
/// /// Any caller except an anonymous one.
/// struct User(Connection);
///
/// impl FromCall for User {
///     async fn from_call(call: &Call) -> Result<Self, RpcError> {
///         call.connection().require_user()?;
///         Ok(Self(call.connection().clone()))
///     }
/// }
///
/// /// Finds a name by its number.
/// #[websocket_rpc("names.find")]
/// async fn find(User(_): User, names: State<Names>, number: usize) -> Option<String> {
///     names.all.get(number).cloned()
/// }
/// ```
///
/// A method without params accepts missing params, `null`, and an object, whose members it ignores. All other params
/// are answered with 400.
///
/// # Result
///
/// `T`, or `Result<T, E>`, under any alias: `T` implements `serde::Serialize` and `schemars::JsonSchema`, and `E`
/// converts into an `RpcError`. Without a return type, the result is `null`.
///
/// ```
/// use centrifugo_rpc::{RpcError, websocket_rpc};
///
/// enum TaskError {
///     NoSuchTask(u32),
/// }
///
/// impl From<TaskError> for RpcError {
///     fn from(error: TaskError) -> Self {
///         match error {
///             TaskError::NoSuchTask(id) => Self::application(1404, format!("there is no task {id}")),
///         }
///     }
/// }
///
/// /// Closes a task.
/// #[websocket_rpc("tasks.close")]
/// async fn close(id: u32) -> Result<(), TaskError> {
///     Err(TaskError::NoSuchTask(id))
/// }
/// ```
///
/// # Restrictions
///
/// A handler is a free `async fn` whose future is `Send`: not in an `impl` block, not generic (nor `impl Trait`), not
/// `unsafe`, `const` or `extern`, and without references in its arguments. `#[cfg]` goes on the function, and the
/// registration follows it; it cannot go on an argument. Each error in a signature is reported at its place, and all
/// errors of one signature are reported together.
///
/// # Description
///
/// The doc comment without its indentation and without blank lines around it. `#[doc = include_str!("…")]` and other
/// expressions that the compiler evaluates are part of it; `#[doc(…)]` is not.
///
/// # Lints
///
/// The lints of your crate apply to the function as they would without the attribute, except `clippy::unused_async`,
/// because the attribute requires `async`. Lints that the function allows with `#[allow]` are also allowed in its
/// registration.
#[proc_macro_attribute]
pub fn websocket_rpc(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), &item.into()).into()
}
