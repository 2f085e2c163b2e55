//! Support code for the expansion of `#[websocket_rpc]`. It is not a public API: no stability, and no documentation but
//! this.
//!
//! A macro sees names, not types. Method resolution finds out what a type can do: an inherent method takes precedence
//! over a trait's method, and exists only if its `impl` applies. An inherent method of [`Probe`] therefore answers each
//! question with [`Yes`], a method of [`Otherwise`] answers it with [`No`], and the answers select the `impl` that does
//! the work.
//!
//! A wrong type must produce one error that names the fix, not one error per use of the type. Answers that cannot be
//! served therefore have an `impl`, too. Its `check` requires a trait that the type certainly lacks, and its other
//! methods require nothing. `check` is called once, with the user's type as its span.
#![allow(missing_docs, clippy::must_use_candidate, clippy::new_without_default)]
// Methods for answers that cannot be served have the same signatures as the others.
#![allow(clippy::unused_async, clippy::unused_self)]
#![allow(clippy::manual_async_fn, clippy::mismatching_type_param_order, clippy::type_complexity)]

use std::future::Future;

use super::call::{HandlerFuture, Reply};
use super::method::Type;
use crate::error::RpcError;

mod argument;
mod detect;
pub mod must;
mod returned;

pub use super::params::no_params;
pub use argument::{Argument, Extractor};
pub use detect::{No, Otherwise, Probe, Returned, Yes};
pub use returned::{Failure, Value};

/// Does nothing. A call of this function is an expression with its own span.
pub fn checked<T>(checked: &T) -> &T {
    checked
}

/// The result type of a function that returns nothing.
pub fn nothing() -> Type {
    Type::of::<()>()
}

/// The result of unreachable code: the corresponding `check` does not compile.
fn never<T>() -> Result<T, RpcError> {
    Err(RpcError::internal("this signature does not compile"))
}

/// Boxes a handler's future. No other place requires the future to be `Send`.
pub fn boxed(handler: impl Future<Output = Result<Reply, RpcError>> + Send + 'static) -> HandlerFuture {
    Box::pin(handler)
}

#[cfg(test)]
mod tests;
