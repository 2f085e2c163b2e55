//! The methods that every worker serves beside the program's own.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Serialize;

use super::call::Reply;
use super::contract::{Contract, VERSION};
use super::macro_support::boxed;
use super::method::{Location, Method, MethodOptions, Type};
use super::registry::Registry;
use crate::error::RpcError;

/// All of them.
pub(crate) static METHODS: [&Method; 1] = [&SYSTEM_CONTRACT];

/// The result of `system.contract`.
#[derive(Serialize, JsonSchema)]
struct ContractInfo<'a> {
    hash: &'a str,
    version: u32,
}

/// The method with which clients check whether they were generated from the served contract. Every worker serves it.
pub(crate) static SYSTEM_CONTRACT: Method = Method::new(
    "system.contract",
    "The hash and the version of the contract that is served.",
    MethodOptions::new().idempotent(),
    || None,
    Type::of::<ContractInfo<'_>>,
    |_| {},
    |_| boxed(async { answer() }),
    Location::new(file!(), line!()),
);

fn answer() -> Result<Reply, RpcError> {
    // The methods linked into a program do not change while it runs. The first call computes the hash, so a worker that
    // never gets this call does not pay for it.
    static HASH: LazyLock<String> = LazyLock::new(|| Contract::of(&Registry::linked()).hash);
    let info = ContractInfo { hash: &HASH, version: VERSION };
    serde_json::to_vec(&info).map(Reply::new).map_err(RpcError::internal)
}
