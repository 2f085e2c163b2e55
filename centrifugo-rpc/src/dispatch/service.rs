//! The tower stack between the dispatcher and the handlers.

use std::fmt;
use std::task::{Context, Poll};

use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::refused::{OnRefused, Refused};
use crate::error::{BoxError, RpcError};
use crate::handler::{Call, HandlerFuture, Reply};

/// What a layer wraps: runs one [`Call`] and gives its [`Reply`].
///
/// Its errors are [`RpcError`]s in a box. A layer may fail with an `RpcError` of its own, which reaches the caller as it is;
/// tower's `Elapsed` becomes 408, its `Overloaded` 429, everything else 500.
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

/// What the application puts around the handlers: the layers, and the hook for calls that do not reach them.
#[derive(Clone, Default)]
pub(crate) struct Stack {
    layers: Option<CallService>,
    on_refused: OnRefused,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("layers", &self.layers.is_some()).field("on_refused", &self.on_refused).finish()
    }
}

impl Stack {
    /// Puts `layer` around all that is there.
    pub(crate) fn layer<L>(self, layer: &L) -> Self
    where
        L: Layer<CallService>,
        L::Service: Service<Call, Response = Reply, Future: Send> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
    {
        let inner = self.layers.unwrap_or_else(|| BoxCloneSyncService::new(Handlers.map_err(BoxError::from)));
        Self { layers: Some(BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into))), ..self }
    }

    /// Tells `hook` of calls that are refused.
    pub(crate) fn on_refused(self, hook: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        Self { on_refused: self.on_refused.and(hook), ..self }
    }

    /// Tells the hooks of a refused call, and says whether that worked.
    pub(super) fn refused<'a>(&self, refused: impl FnOnce() -> Refused<'a>) -> bool {
        self.on_refused.tell(refused)
    }

    /// Without layers a call goes straight to its handler.
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
