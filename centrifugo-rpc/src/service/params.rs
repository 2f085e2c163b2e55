//! Decodes the params of calls.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::call::Call;
use super::method::Type;
use crate::error::RpcError;
use crate::json;

/// The type `T` as one of params.
pub(crate) fn params_type<T: DeserializeOwned + JsonSchema>() -> Type {
    let described = Type::of::<T>();
    #[cfg(feature = "codegen")]
    let described = described.read_by(|json| decode::<T>(Some(json)).map(drop));
    described
}

/// Checks the params of a function without params. Accepts missing params, `null`, and an object, whose members are
/// ignored like all unknown members.
///
/// # Errors
///
/// Returns 400 for all other params.
pub fn no_params(call: &Call) -> Result<(), RpcError> {
    match call.params().map(<[u8]>::trim_ascii) {
        None | Some(b"null" | [b'{', ..]) => Ok(()),
        Some(_) => Err(RpcError::invalid_params("invalid params: this method takes none")),
    }
}

pub(super) fn decode<T: DeserializeOwned>(params: Option<&[u8]>) -> Result<T, RpcError> {
    let params = params.unwrap_or(b"null");
    match serde_json::from_slice(params) {
        Ok(value) => Ok(value),
        // Missing params count as an empty object for types that need an object. The error then names its fields.
        Err(_) if params == b"null" => serde_json::from_slice(b"{}").map_err(|_| refused::<T>(b"{}")),
        Err(_) => Err(refused::<T>(params)),
    }
}

fn refused<T: DeserializeOwned>(params: &[u8]) -> RpcError {
    let why = json::explain::<T>(params);
    let error = RpcError::invalid_params(format!("invalid params: {why}"));
    match why.path {
        Some(path) => error.with_data(&serde_json::json!({ "path": path })),
        None => error,
    }
}
