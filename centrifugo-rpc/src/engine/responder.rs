//! The seam between the engine and the transports that it starts calls for.

use std::future::Future;

use crate::error::RpcError;
use crate::service::call::Reply;
use crate::service::connection::{Caller, Connection};

/// The reason why a call does not start.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The caller gets this error. It is counted already.
    Error(RpcError),
    /// A call with the same identity is in flight: its outcome is the answer.
    Duplicate,
}

/// The way of outcomes back to the callers of one transport.
pub(crate) trait Responder: Send + Sync + 'static {
    /// The destination of one outcome.
    type Destination: Send + 'static;

    /// Reports a call that does not start. Runs on the thread that reads calls: it must not wait.
    fn refuse(&self, to: Self::Destination, caller: &Caller, refusal: &Refusal);

    /// Reports the outcome of a call, before the future is polled. The call keeps its place among the calls in flight
    /// until the future is ready, so that a slow transport limits the number of calls. Dropping the future leaves the
    /// report to the transport.
    fn finish(
        &self,
        to: Self::Destination,
        connection: &Connection,
        outcome: Result<Reply, RpcError>,
    ) -> impl Future<Output = ()> + Send;
}
