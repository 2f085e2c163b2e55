//! The tower layers between the dispatcher and the handlers.

use std::fmt;
use std::task::{Context, Poll};

use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::refused::{OnRefused, Refused};
use crate::error::{BoxError, RpcError};
use crate::service::call::{Call, HandlerFuture, Reply};

/// The service that a layer wraps: runs one [`Call`] and returns its [`Reply`].
///
/// Its errors are boxed [`RpcError`]s. A layer may fail with an `RpcError` of its own, which reaches the caller
/// unchanged. tower's `Elapsed` becomes 408, its `Overloaded` 429, every other error 500.
pub type CallService = BoxCloneSyncService<Call, Reply, BoxError>;

/// Runs handlers.
#[derive(Debug, Clone, Copy)]
struct Handlers;

impl Service<Call> for Handlers {
    type Response = Reply;
    type Error = RpcError;
    type Future = HandlerFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), RpcError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> HandlerFuture {
        (call.method.handle)(call)
    }
}

/// The application's layers around the handlers, and its hook for calls that do not reach them.
#[derive(Clone, Default)]
pub(crate) struct LayerStack {
    layers: Option<CallService>,
    on_refused: OnRefused,
}

impl fmt::Debug for LayerStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerStack")
            .field("layers", &self.layers.is_some())
            .field("on_refused", &self.on_refused)
            .finish()
    }
}

impl LayerStack {
    /// Puts `layer` around the existing layers.
    pub(crate) fn layer<L>(self, layer: &L) -> Self
    where
        L: Layer<CallService>,
        L::Service: Service<Call, Response = Reply, Future: Send> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
    {
        let inner = self.layers.unwrap_or_else(|| BoxCloneSyncService::new(Handlers.map_err(BoxError::from)));
        Self { layers: Some(BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into))), ..self }
    }

    /// Adds a hook for refused calls.
    pub(crate) fn on_refused(self, hook: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        Self { on_refused: self.on_refused.and(hook), ..self }
    }

    /// Calls the hooks for a refused call. Returns false if one panicked.
    pub(super) fn notify_refused<'a>(&self, refused: impl FnOnce() -> Refused<'a>) -> bool {
        self.on_refused.notify(refused)
    }

    /// Runs a call through the layers, or directly if there are none.
    pub(crate) async fn run(&self, call: Call) -> Result<Reply, RpcError> {
        match &self.layers {
            None => (call.method.handle)(call).await,
            Some(service) => service.clone().oneshot(call).await.map_err(to_rpc_error),
        }
    }
}

fn to_rpc_error(error: BoxError) -> RpcError {
    match error.downcast::<RpcError>() {
        Ok(error) => *error,
        Err(error) if error.is::<Elapsed>() => RpcError::deadline_exceeded(),
        Err(error) if error.is::<Overloaded>() => RpcError::overloaded("the worker is overloaded"),
        Err(error) => RpcError::internal(error),
    }
}
