//! The `#[websocket_rpc]` attribute of `centrifugo-rpc`; use it through that crate.

use proc_macro::TokenStream;

mod args;
mod errors;
mod expand;
mod handler;
mod name;

/// Registers an `async fn` as a method that callers reach by its name.
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
/// The function stays what it is: other code calls it, tests call it, its attributes and its visibility are its own. Its doc
/// comment is the method's description.
///
/// # Name
///
/// Comes first, as a string literal in dotted snake case: segments of `a-z`, `0-9` and `_` that begin with a letter, joined
/// by `.`, at most 128 bytes. The first segment `system` belongs to the server. A program has one method of a name; a second
/// one is found before the server connects.
///
/// # Options
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `no_wait` | A notification: its callers do not wait, and nothing is answered. The function returns `()` or `Result<(), E>`, whose error is logged. | callers wait |
/// | `idempotent` | Running twice is as good as running once, so the call may be run again where the worker died that had it. | a call runs at most once |
/// | `timeout = "5s"` | How long one call may run before it is dropped and answered with 408. Units as in `"500ms"`, `"1m 30s"`; more than zero, at most 24 hours. | the server's `call_timeout` |
/// | `max_concurrency = 16` | How many calls of this method a worker runs at once; further ones are answered with 429. At least 1. | only the server's limits |
/// | `deprecated = "use tasks.list"` | What to use instead, for those who read the method's options. | not deprecated |
/// | `crate = ::my_prelude::centrifugo_rpc` | Where this library is, for crates that reach it only through another one. Renaming it in `Cargo.toml` needs no option. | found in `Cargo.toml` |
///
/// # Arguments
///
/// Any number of extractors, then at most one params type. There is nothing to mark them: an argument whose type implements
/// `FromCall` is an extractor, such as `Connection`, `State<T>` and your own; a last argument that does not is the params and
/// implements `serde::Deserialize` and `schemars::JsonSchema`. Extractors run in the order in which they are written, and the
/// params are decoded when all of them have agreed. Patterns are welcome.
///
/// ```
/// use centrifugo_rpc::{Call, Connection, FromCall, RpcError, State, websocket_rpc};
///
/// struct Names {
///     all: Vec<String>,
/// }
///
/// /// Anybody but the anonymous.
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
/// A method without params accepts that there are none, `null` and an object, whose members it ignores; anything else is
/// answered with 400.
///
/// # Result
///
/// `T`, or `Result<T, E>` under whatever name: `T` implements `serde::Serialize` and `schemars::JsonSchema`, `E` converts
/// into an `RpcError`. Without a return type the result is `null`.
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
/// # What a handler is not
///
/// It is a free `async fn` that is `Send`: not in an `impl` block, not generic (nor `impl Trait`), not `unsafe`, `const` or
/// `extern`, without references in its arguments. `#[cfg]` goes on the function, whose registration follows it, and not on
/// an argument. A wrong signature is an error at its place, and all errors of one signature come together.
///
/// # Description
///
/// The doc comment without its indentation and without blank lines around it. `#[doc = include_str!("…")]` and other
/// expressions of the compiler's own are a part of it; `#[doc(…)]` is not.
///
/// # Lints
///
/// The lints of your crate apply to the function as they would without the attribute, but for `clippy::unused_async`: it is
/// the attribute that asks for `async`. What the function is allowed to do with `#[allow]`, its registration may do, too.
#[proc_macro_attribute]
pub fn websocket_rpc(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), &item.into()).into()
}
