//! The arguments of an annotated function that are made from the call: extractors and guards.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use super::call::Call;
use super::connection::Connection;
use super::states::{Needs, missing_state};
use crate::error::RpcError;

/// An argument that is made from the call before the params are decoded: [`Connection`], [`State`], and your own types.
///
/// An extractor that refuses calls works as a guard:
///
/// ```
/// use centrifugo_rpc::{Call, Connection, FromCall, RpcError};
///
/// #[derive(serde::Deserialize)]
/// struct Info {
///     role: String,
/// }
///
/// /// A caller whose token says that they are an administrator.
/// struct Admin(Connection);
///
/// impl FromCall for Admin {
///     async fn from_call(call: &Call) -> Result<Self, RpcError> {
///         let connection = call.connection();
///         match connection.info::<Info>()?.role.as_str() {
///             "admin" => Ok(Self(connection.clone())),
///             _ => Err(RpcError::permission_denied("only administrators may do this")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `#[websocket_rpc]` function here",
    label = "not an extractor",
    note = "extractors implement `FromCall`: `Connection`, `State<T>` and your own",
    note = "params come last: only the last argument may be a type that is decoded from the caller's params"
)]
pub trait FromCall: Sized + Send {
    /// Makes the argument, or refuses the call.
    ///
    /// # Errors
    ///
    /// Returns the error that the caller gets instead of a result. The handler does not run in this case.
    fn from_call(call: &Call) -> impl Future<Output = Result<Self, RpcError>> + Send;

    /// Names the states that this extractor takes from the call. A server without them reports an error before it
    /// connects. Default: none.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

impl FromCall for Connection {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        Ok(call.connection.clone())
    }
}

/// A value that all calls share, as passed to [`Server::state`](crate::Server::state).
///
/// ```
/// # use centrifugo_rpc::{State, websocket_rpc};
/// # struct Database;
/// # impl Database { async fn count(&self) -> u32 { 0 } }
/// /// Counts the tasks.
/// #[websocket_rpc("tasks.count")]
/// async fn count(database: State<Database>) -> u32 {
///     database.count().await
/// }
/// ```
pub struct State<T>(pub Arc<T>);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromCall for State<T> {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        // The server checked the state before it connected. It can be missing only if an extractor does not name its
        // needs.
        call.state().map(Self).ok_or_else(|| RpcError::internal(missing_state(type_name::<T>())))
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}
