//! What `#[websocket_rpc]` calls. Not for people: no stability, no documentation but this.
//!
//! A macro sees names, not types. Whether the last argument is an extractor or the params, and whether the function
//! returns a `Result`, is left to method resolution: an inherent method is preferred to a trait's, and exists only where
//! its `impl` applies.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Call, FromCall, Needs, Reply};
use crate::error::{RpcError, shortened};
use crate::registry::Type;

/// The longest message of a decoding error, in bytes: long enough to name a field, too short to echo the params.
const MAX_DECODE_MESSAGE: usize = 200;

/// A type of which only the name is known.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The last argument is made from the call.
#[derive(Debug)]
pub struct AsExtractor;
/// The last argument is decoded from the params.
#[derive(Debug)]
pub struct AsParams;

impl<T: FromCall> Probe<T> {
    #[must_use]
    pub const fn argument(&self) -> AsExtractor {
        AsExtractor
    }
}

/// The way out for types that are no extractors.
pub trait ParamsFallback {
    fn argument(&self) -> AsParams {
        AsParams
    }
}

impl<T> ParamsFallback for Probe<T> {}

/// Params that can be decoded and described.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the params of a `#[websocket_rpc]` function",
    label = "neither params nor an extractor",
    note = "params derive `serde::Deserialize` and `schemars::JsonSchema`; extractors implement `centrifugo_rpc::FromCall`"
)]
pub trait Params: DeserializeOwned + JsonSchema + Send {}
impl<T: DeserializeOwned + JsonSchema + Send> Params for T {}

/// A result that can be encoded and described.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a `#[websocket_rpc]` function",
    label = "not a result",
    note = "results derive `serde::Serialize` and `schemars::JsonSchema`; errors go into a `Result<T, E>` with `E: Into<RpcError>`"
)]
pub trait Output: Serialize + JsonSchema {}
impl<T: Serialize + JsonSchema> Output for T {}

impl AsExtractor {
    /// # Errors
    ///
    /// The extractor's.
    pub async fn take<T: FromCall>(&self, call: &Call) -> Result<T, RpcError> {
        T::from_call(call).await
    }

    #[must_use]
    pub fn shape<T: FromCall>(&self) -> Option<Type> {
        None
    }

    pub fn needs<T: FromCall>(&self, needs: &mut Needs) {
        T::needs(needs);
    }
}

impl AsParams {
    /// # Errors
    ///
    /// 400, with the name of the field.
    pub async fn take<T: Params>(&self, call: &Call) -> Result<T, RpcError> {
        decode(call.params())
    }

    #[must_use]
    pub fn shape<T: Params>(&self) -> Option<Type> {
        Some(Type::of::<T>())
    }

    pub fn needs<T: Params>(&self, _: &mut Needs) {}
}

/// The function returns a plain value.
#[derive(Debug)]
pub struct AsValue;
/// The function returns a `Result`.
#[derive(Debug)]
pub struct AsResult;

impl<T, E> Probe<Result<T, E>> {
    #[must_use]
    pub const fn output(&self) -> AsResult {
        AsResult
    }
}

/// The way out for everything but `Result`.
pub trait ValueFallback {
    fn output(&self) -> AsValue {
        AsValue
    }
}

impl<T> ValueFallback for Probe<T> {}

impl AsValue {
    /// # Errors
    ///
    /// 500 where `value` has no JSON form.
    pub fn encode<T: Output>(&self, value: T) -> Result<Reply, RpcError> {
        encode(&value)
    }

    #[must_use]
    pub fn shape<T: Output>(&self, _: PhantomData<T>) -> Type {
        Type::of::<T>()
    }
}

impl AsResult {
    /// # Errors
    ///
    /// The function's own; 500 where its value has no JSON form.
    pub fn encode<T: Output, E: Into<RpcError>>(&self, value: Result<T, E>) -> Result<Reply, RpcError> {
        encode(&value.map_err(Into::into)?)
    }

    #[must_use]
    pub fn shape<T: Output, E: Into<RpcError>>(&self, _: PhantomData<Result<T, E>>) -> Type {
        Type::of::<T>()
    }
}

/// A function without params takes none, `null` or an object, whose members are ignored as unknown ones always are.
///
/// # Errors
///
/// 400 for anything else.
pub fn no_params(call: &Call) -> Result<(), RpcError> {
    match call.params().map(<[u8]>::trim_ascii) {
        None | Some(b"null" | [b'{', ..]) => Ok(()),
        Some(_) => Err(RpcError::invalid_params("invalid params: this method takes none")),
    }
}

fn decode<T: DeserializeOwned>(params: Option<&[u8]>) -> Result<T, RpcError> {
    let params = params.unwrap_or(b"null");
    match serde_json::from_slice(params) {
        Ok(value) => Ok(value),
        // No params at all are an empty object to those that want one, and it is for its fields that they are refused.
        Err(_) if params == b"null" => serde_json::from_slice(b"{}").map_err(|_| refused::<T>(b"{}")),
        Err(_) => Err(refused::<T>(params)),
    }
}

/// Decodes once more, slowly, to name the place of the error. Only refused calls pay for it.
fn refused<T: DeserializeOwned>(params: &[u8]) -> RpcError {
    let mut json = serde_json::Deserializer::from_slice(params);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
        // What follows a first complete value is all that can still be wrong.
        return RpcError::invalid_params("invalid params: trailing characters");
    };
    let path = error.path().to_string();
    let message = error.inner().to_string();
    // Lines and columns of a text that only we see in this form help nobody.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let message = shortened(message, MAX_DECODE_MESSAGE);
    if path == "." {
        return RpcError::invalid_params(format!("invalid params: {message}"));
    }
    let path = shortened(&path, MAX_DECODE_MESSAGE);
    RpcError::invalid_params(format!("invalid params: {path}: {message}"))
        .with_data(&serde_json::json!({ "path": path }))
}

fn encode(value: &impl Serialize) -> Result<Reply, RpcError> {
    serde_json::to_vec(value).map(Reply::new).map_err(RpcError::internal)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Filter {
        #[allow(dead_code)]
        limit: u32,
    }

    #[derive(Debug, Deserialize)]
    struct Search {
        #[allow(dead_code)]
        filter: Filter,
    }

    fn message<T: DeserializeOwned + std::fmt::Debug>(params: Option<&[u8]>) -> String {
        decode::<T>(params).expect_err("invalid").message().to_owned()
    }

    #[test]
    fn invalid_params_name_the_field() {
        assert_eq!(message::<Filter>(None), "invalid params: missing field `limit`");
        assert_eq!(message::<Filter>(Some(b"null")), "invalid params: missing field `limit`");
        assert_eq!(
            message::<Search>(Some(br#"{"filter":{"limit":"x"}}"#)),
            "invalid params: filter.limit: invalid type: string \"x\", expected u32"
        );
    }

    #[test]
    fn invalid_params_never_echo_the_input() {
        let long = format!(r#"{{"filter":{{"limit":"{}"}}}}"#, "x".repeat(60_000));
        assert!(message::<Search>(Some(long.as_bytes())).len() < 300);
        let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(message::<serde_json::Value>(Some(deep.as_bytes())).contains("recursion limit"));
    }

    #[test]
    fn absent_params_are_what_the_type_takes_them_for() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Page {
            number: u32,
        }
        assert_eq!(decode::<Page>(None).expect("defaults").number, 0);
        assert_eq!(decode::<Option<u8>>(None).expect("null"), None);
        decode::<()>(None).expect("nothing");
    }
}
