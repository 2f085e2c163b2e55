//! The parts of an annotated function: extractors, params, a result, and the type-erased handler that joins them.
//!
//! [`#[websocket_rpc]`](crate::websocket_rpc) generates calls to the items of [`private`]. Users implement
//! [`FromCall`].

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::connection::Connection;
use crate::error::RpcError;
use crate::registry::Method;

pub(crate) mod private;

/// A call on its way to its handler, as tower layers and extractors see it.
#[derive(Debug)]
pub struct Call {
    pub(crate) method: &'static Method,
    pub(crate) connection: Connection,
    pub(crate) params: Option<Bytes>,
    pub(crate) states: States,
    extensions: http::Extensions,
}

impl Call {
    pub(crate) fn new(method: &'static Method, connection: Connection, params: Option<Bytes>, states: States) -> Self {
        Self { method, connection, params, states, extensions: http::Extensions::new() }
    }

    /// The connection of the caller.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The called method, with its options.
    #[must_use]
    pub fn method(&self) -> &'static Method {
        self.method
    }

    /// The params as the caller sent them: JSON, or `None` if there are none. They are not decoded yet and may be
    /// invalid.
    #[must_use]
    pub fn params(&self) -> Option<&[u8]> {
        self.params.as_deref()
    }

    /// A state that was passed to [`Server::state`](crate::Server::state).
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.states.get()
    }

    /// Values that layers left for extractors: any type, one value per type.
    #[must_use]
    pub fn extensions(&self) -> &http::Extensions {
        &self.extensions
    }

    /// Mutable extensions, in which a layer leaves values for extractors.
    pub fn extensions_mut(&mut self) -> &mut http::Extensions {
        &mut self.extensions
    }
}

/// The result of a call, as JSON.
#[derive(Clone)]
pub struct Reply {
    json: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(json: Vec<u8>) -> Self {
        Self { json }
    }

    pub(crate) fn into_json(self) -> Vec<u8> {
        self.json
    }

    /// The result as JSON.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} bytes)", self.json.len())
    }
}

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

/// The states that a method needs; see [`FromCall::needs`].
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<(TypeId, &'static str)>,
}

impl Needs {
    /// Requires a [`State<T>`].
    pub fn state<T: Send + Sync + 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), type_name::<T>()));
    }

    /// The required types that are not among `states`.
    pub(crate) fn missing_in(&self, states: &States) -> impl Iterator<Item = &'static str> {
        self.states.iter().filter(|(id, _)| !states.0.contains_key(id)).map(|(_, name)| *name)
    }
}

/// The error message for a missing state.
pub(crate) fn missing_state(type_name: &str) -> String {
    format!("there is no `State<{type_name}>`: give the server one with `.state(…)`")
}

/// One value per type, shared by all calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct States(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        // The map has a single owner until the server starts.
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(state));
    }

    fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.get(&TypeId::of::<T>())?).downcast().ok()
    }
}

/// The future of a type-erased handler.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Reply, RpcError>> + Send>>;
