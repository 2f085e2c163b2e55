//! Typed RPC for browsers, apps and services over [Centrifugo](https://centrifugal.dev): annotate an `async fn`, and
//! every client connected to Centrifugo can call it.
//!
//! ```no_run
//! use centrifugo_rpc::{Config, Connection, RpcError, websocket_rpc};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct TaskStatsParams {
//!     /// User ID
//!     user_id: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct TaskStatsResult {
//!     /// Total tasks
//!     total: u32,
//!     /// Completed tasks
//!     completed: u32,
//! }
//!
//! /// Get task statistics for a user.
//! #[websocket_rpc("tasks.get_stats")]
//! async fn get_task_stats(conn: Connection, params: TaskStatsParams) -> Result<TaskStatsResult, RpcError> {
//!     if conn.require_user()? != params.user_id {
//!         return Err(RpcError::permission_denied("these are not your tasks"));
//!     }
//!     Ok(TaskStatsResult { total: 100, completed: 75 })
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), centrifugo_rpc::Error> {
//!     centrifugo_rpc::serve(Config::from_env()?).await
//! }
//! ```
//!
//! Callers publish requests to one channel, to which the worker, this program, is subscribed. The worker runs the
//! function and publishes the result to a channel that only the caller can read. Replies that are ready at the same
//! time share one HTTP request. `cargo run --example quickstart` in the repository runs all of this without a separate
//! Centrifugo; [the guide](guide::setup) explains how to set one up.
//!
//! # Where to begin
//!
//! - [`websocket_rpc`] turns a function into a method: its name, options, arguments and result.
//! - [`Connection`] identifies the caller, [`State`] is shared by all calls, [`FromCall`] is the trait for extractors
//!   and guards.
//! - [`RpcError`] is the error that callers receive, with one of the [`codes`] or one of your own.
//! - [`Config`] locates Centrifugo. [`Server`] serves: with states, with tower layers, behind a command line, or one
//!   call at a time in unit tests ([`Server::call`]).
//! - [`Config::connection_token`] signs the token that a caller connects with, and [`Config::centrifugo_config`] builds
//!   the configuration of a matching Centrifugo.
//! - [`guide`] has the pages of the documentation: setup, methods, clients, deployment, the protocol.
//!
//! # Guarantees
//!
//! The caller's identity comes from Centrifugo; nothing in a request can change it. A call ends once, with its result,
//! an error, its deadline or its cancellation, and its handler runs at most once. Messages published while a worker or
//! a caller was disconnected are recovered. Concurrent calls, params, results and queued replies are limited, and
//! anything over a limit is refused at once. Any number of workers share a request channel: each call is run by one of
//! them, and a worker that stops leaves its share to the others.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `server` (default) | workers: `websocket_rpc`, `Server`, `serve` |
//! | `cli` (default) | `Server::run`: a command line that serves, prints tokens and Centrifugo's configuration, and checks a running Centrifugo |
//! | `codegen` (default) | typed clients in Python, TypeScript and Go, and the contract, on that command line |
//! | `client` | `Client`: a caller in Rust |
//! | `hub` | `hub::Hub`: a Centrifugo in process and in memory, for development and tests |
//!
//! A worker that needs no command line takes `server` alone; a program that only calls takes `client` alone.

#![cfg_attr(docsrs, feature(doc_cfg))]
// A client alone uses parts of the modules that it shares with workers.
#![cfg_attr(not(feature = "server"), allow(dead_code))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

// Macro expansions name the crate by its own name, also inside this crate.
#[allow(unused_extern_crates)]
extern crate self as centrifugo_rpc;

#[cfg(feature = "server")]
mod centrifugo;
mod channels;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "codegen")]
mod codegen;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod engine;
mod error;
#[cfg(test)]
mod floors;
#[cfg(feature = "server")]
mod group;
#[cfg(feature = "hub")]
pub mod hub;
mod json;
mod log_rate_limiter;
#[cfg(test)]
mod logged;
#[cfg(any(doc, doctest))]
mod pages;
mod protocol;
mod sdk;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod transport;
mod urls;

#[cfg(feature = "client")]
pub use client::{CallError, CallOptions, Client, ClientBuilder};
pub use error::{BoxError, Error, ErrorKind, RpcError, codes};
#[cfg(any(doc, doctest))]
pub use pages::guide;
#[cfg(feature = "cli")]
pub use server::Serving;
#[cfg(feature = "server")]
pub use {
    centrifugo::server_config as centrifugo_config,
    centrifugo_rpc_macros::websocket_rpc,
    config::{Config, Secret},
    engine::{layers::CallService, refused::Refused},
    server::{Server, Worker, serve},
    service::call::{Call, Reply},
    service::connection::{Caller, Connection},
    service::extract::{FromCall, State},
    service::method::{Method, MethodKind, MethodOptions},
    service::states::Needs,
};

/// Items that the expansion of [`websocket_rpc`] refers to. Not public API.
#[cfg(feature = "server")]
#[doc(hidden)]
pub mod __private {
    pub use crate::service::call::HandlerFuture;
    pub use crate::service::macro_support::*;
    pub use crate::service::method::{Location, Method, MethodOptions, Type};
    pub use crate::service::states::Needs;
    pub use inventory;
}

/// The stages of a request as separate functions, for the benchmarks. Not public API.
#[cfg(feature = "__bench")]
#[doc(hidden)]
pub mod bench {
    #[cfg(feature = "cli")]
    pub use crate::cli::logging::to_nowhere as log_to_nowhere;
    pub use crate::transport::pubsub::bench::{Decoded, InProcess, decode, encode, worst, worst_caller};
    pub use crate::transport::pubsub::replies::publisher::bench::Ready;
}

/// Runs the Rust code of the README as tests, as those of `guide` are.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
