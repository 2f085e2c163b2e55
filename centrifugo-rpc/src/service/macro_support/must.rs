//! Error messages for types that cannot be params, results or errors. The compiler reports these traits rather than the
//! traits behind them, because their `impl`s are marked `do_not_recommend`.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::RpcError;
use crate::service::extract::FromCall;

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `#[websocket_rpc]` function here: only the last can be params",
    label = "not an extractor",
    note = "several params are the fields of one struct, which is the last argument",
    note = "extractors implement `FromCall`: `Connection`, `State<T>` where `T` is `Send + Sync + 'static`, and your own"
)]
pub trait BeExtractor {}
#[diagnostic::do_not_recommend]
impl<T: FromCall> BeExtractor for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the params of a `#[websocket_rpc]` function: it has no JSON schema",
    label = "no `JsonSchema`",
    note = "add `#[derive(schemars::JsonSchema)]`; where it is a container, to what it contains"
)]
pub trait DescribeParams {}
#[diagnostic::do_not_recommend]
impl<T: JsonSchema> DescribeParams for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the params of a `#[websocket_rpc]` function: it cannot be decoded",
    label = "no `Deserialize`",
    note = "add `#[derive(serde::Deserialize)]`; where it is a container, to what it contains",
    note = "params own what they hold: `String`, not `&str`"
)]
pub trait DecodeParams {}
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> DecodeParams for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `#[websocket_rpc]` function",
    label = "neither params nor an extractor",
    note = "params: add `#[derive(serde::Deserialize, schemars::JsonSchema)]`; where it is a container, to what it contains",
    note = "extractors implement `FromCall`: `Connection`, `State<T>` where `T` is `Send + Sync + 'static`, and your own"
)]
pub trait BeParamsOrExtractor {}
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> BeParamsOrExtractor for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a `#[websocket_rpc]` function: it has no JSON schema",
    label = "no `JsonSchema`",
    note = "add `#[derive(schemars::JsonSchema)]`; where it is a container, to what it contains"
)]
pub trait DescribeResult {}
#[diagnostic::do_not_recommend]
impl<T: JsonSchema> DescribeResult for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a `#[websocket_rpc]` function: it cannot be encoded",
    label = "no `Serialize`",
    note = "add `#[derive(serde::Serialize)]`; where it is a container, to what it contains"
)]
pub trait EncodeResult {}
#[diagnostic::do_not_recommend]
impl<T: Serialize> EncodeResult for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a `#[websocket_rpc]` function",
    label = "neither `Serialize` nor `JsonSchema`",
    note = "add `#[derive(serde::Serialize, schemars::JsonSchema)]`; where it is a container, to what it contains"
)]
pub trait BeResult {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> BeResult for T {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a `#[websocket_rpc]` function",
    label = "callers cannot be told this error",
    note = "return an `RpcError`, or, for a type of your own, write `impl From<{Self}> for RpcError`",
    note = "`.map_err(RpcError::internal)` keeps an error in the log and tells callers \"internal error\""
)]
pub trait BecomeRpcError {}
#[diagnostic::do_not_recommend]
impl<T: Into<RpcError>> BecomeRpcError for T {}

#[diagnostic::on_unimplemented(
    message = "a `no_wait` function answers nothing: its `{Self}` would be lost",
    label = "not `()`",
    note = "return nothing, or `Result<(), E>` to have errors logged; or remove `no_wait`"
)]
pub trait BeNothing {}
#[diagnostic::do_not_recommend]
impl<T: Nothing> BeNothing for T {}

pub trait Nothing {}
impl Nothing for () {}
