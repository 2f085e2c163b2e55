//! Calls from the program itself: no encoding around params and results, no connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::engine::dispatcher::Dispatcher;
use crate::engine::incoming::Incoming;
use crate::error::RpcError;
use crate::service::call::Reply;
use crate::service::connection::Caller;

/// Runs a method like a call from outside. Dropping the future cancels the call.
pub(crate) async fn call(
    dispatcher: &Dispatcher,
    caller: Caller,
    method: &str,
    params: Bytes,
) -> Result<Reply, RpcError> {
    let call = Incoming {
        caller: &Arc::new(caller),
        method: method.into(),
        params: Some(params),
        timeout: None,
        received: Instant::now(),
        age: Duration::ZERO,
        traceparent: None,
        id: None,
    };
    dispatcher.call(call).await
}
