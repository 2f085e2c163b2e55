//! tower layers around every call, one from tower and one of its own; and calls that are refused before the layers.
//!
//! ```text
//! cargo run --example layers
//! ```
//!
//! Calls the methods in process, as unit tests do: no Centrifugo is needed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use centrifugo_rpc::{Call, CallService, Caller, Config, FromCall, Reply, RpcError, Server, websocket_rpc};
use tower::Service;
use tower::layer::layer_fn;
use tower::timeout::TimeoutLayer;

/// Prints the duration of calls, and gives handlers the number of the call.
#[derive(Clone)]
struct Journal {
    inner: CallService,
    calls: Arc<AtomicU64>,
}

/// An extractor: the layer puts the number into the call's extensions, and handlers take it out.
#[derive(Clone, Copy)]
struct CallNumber(u64);

impl FromCall for CallNumber {
    async fn from_call(call: &Call) -> Result<Self, RpcError> {
        call.extensions().get().copied().ok_or_else(|| RpcError::internal("the journal's layer is missing"))
    }
}

impl Service<Call> for Journal {
    type Response = Reply;
    type Error = <CallService as Service<Call>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        // The service is cloned for every call; the `Arc` holds the state that the clones share.
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        call.extensions_mut().insert(CallNumber(number));
        let (method, started) = (call.connection().method(), Instant::now());
        let reply = self.inner.call(call);
        Box::pin(async move {
            let reply = reply.await;
            let outcome = if reply.is_ok() { "ok" } else { "failed" };
            println!("  call {number}, {method}: {outcome} after {} ms", started.elapsed().as_millis());
            reply
        })
    }
}

/// Returns the number of this call.
#[websocket_rpc("calls.number")]
async fn number(number: CallNumber) -> u64 {
    number.0
}

/// Runs longer than any caller waits.
#[websocket_rpc("calls.endless")]
async fn endless() {
    std::future::pending::<()>().await;
}

#[tokio::main]
async fn main() {
    let calls = Arc::default();
    let server = Server::new(Config::new("api-key", "token-secret"))
        // tower's own layer: its `Elapsed` error reaches callers as 408.
        .layer(TimeoutLayer::new(Duration::from_millis(100)))
        // The last layer is the outermost: the journal sees the outcome after the timeout.
        .layer(layer_fn(move |inner| Journal { inner, calls: Arc::clone(&calls) }))
        // Calls that are refused before they begin pass through no layer.
        .on_refused(|refused| println!("  refused, {}: {}", refused.method(), refused.error().code()));

    for method in ["calls.number", "calls.number", "calls.endless", "calls.unknown"] {
        println!("{method}");
        match server.call::<serde_json::Value>(Caller::user("ann"), method, &()).await {
            Ok(result) => println!("  result: {result}"),
            Err(error) => println!("  error {}: {}", error.code(), error.message()),
        }
    }
}
