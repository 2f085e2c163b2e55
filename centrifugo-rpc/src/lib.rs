//! Typed RPC for browsers, apps and services over Centrifugo.

// What is printed is the command line's business.
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Macro expansions name the crate by its own name, in here too.
#[allow(unused_extern_crates)]
extern crate self as centrifugo_rpc;

mod centrifugo;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "client")]
mod client;
mod config;
mod connection;
mod dispatch;
mod error;
mod handler;
#[cfg(feature = "hub")]
pub mod hub;
mod json;
mod protocol;
mod registry;
mod server;
mod throttle;

pub use centrifugo_rpc_macros::websocket_rpc;

pub use centrifugo::server_config as centrifugo_config;
#[cfg(feature = "client")]
pub use client::{CallError, CallOptions, Client, ClientBuilder};
pub use config::{Config, Secret};
pub use connection::{Caller, Connection};
pub use dispatch::service::CallService;
pub use error::{BoxError, Error, ErrorKind, RpcError};
pub use handler::{Call, FromCall, Needs, Reply, State};
pub use protocol::codes;
pub use registry::{Method, Options};
pub use server::{Server, Worker, serve};

/// What the expansion of [`websocket_rpc`] refers to. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use crate::handler::private::*;
    pub use crate::handler::{HandlerFuture, Needs};
    pub use crate::registry::{Location, Method, Options, Type};
    pub use inventory;
}

/// Runs the Rust code of the documentation as tests.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/setup.md")]
    mod setup {}
    #[doc = include_str!("../../docs/backend-guide.md")]
    mod backend_guide {}
}
