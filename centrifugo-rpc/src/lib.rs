//! Typed RPC for browsers, apps and services over Centrifugo.

// Macro expansions name the crate by its own name, in here too.
#[allow(unused_extern_crates)]
extern crate self as centrifugo_rpc;

mod centrifugo;
mod config;
mod connection;
mod dispatch;
mod error;
mod handler;
mod protocol;
mod registry;
mod throttle;

pub use centrifugo_rpc_macros::websocket_rpc;

pub use config::{Config, Secret};
pub use connection::{Caller, Connection};
pub use error::{BoxError, Error, ErrorKind, RpcError};
pub use handler::{Call, FromCall, Needs, Reply, State};
pub use protocol::codes;
pub use registry::{Method, Options};

/// What the expansion of [`websocket_rpc`] refers to. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::handler::private::*;
    pub use crate::handler::{HandlerFuture, Needs};
    pub use crate::registry::{Location, Method, Options, Type};
    pub use inventory;
}
