//! A call on its way to its handler, and the result on its way back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use super::connection::Connection;
use super::method::Method;
use super::states::States;
use crate::error::RpcError;

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

/// The future of a type-erased handler.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Reply, RpcError>> + Send>>;
