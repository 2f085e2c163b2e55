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

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call::{Call, HandlerFuture, Reply};
use super::extract::FromCall;
use super::method::Type;
use super::states::Needs;
use crate::error::RpcError;
use crate::json;

pub mod must;

/// Detects what a type can do, given only its name.
pub struct Probe<T>(PhantomData<fn() -> T>);

#[derive(Debug)]
pub struct Yes;
#[derive(Debug)]
pub struct No;

impl<T> Probe<T> {
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe<{}>", std::any::type_name::<T>())
    }
}

impl<T: FromCall> Probe<T> {
    pub fn extracts(&self) -> Yes {
        Yes
    }
}

impl<T: DeserializeOwned> Probe<T> {
    pub fn decodes(&self) -> Yes {
        Yes
    }
}

impl<T: Serialize> Probe<T> {
    pub fn encodes(&self) -> Yes {
        Yes
    }
}

impl<T: JsonSchema> Probe<T> {
    pub fn described(&self) -> Yes {
        Yes
    }
}

impl<T: Into<RpcError>> Probe<T> {
    pub fn refuses(&self) -> Yes {
        Yes
    }
}

impl<T, E> Probe<Result<T, E>> {
    pub fn returned(&self) -> Returned<Result<T, E>, T, E> {
        Returned(PhantomData)
    }
}

/// The answers for types without the inherent method.
pub trait Otherwise {
    type Type;

    fn extracts(&self) -> No {
        No
    }

    fn decodes(&self) -> No {
        No
    }

    fn encodes(&self) -> No {
        No
    }

    fn described(&self) -> No {
        No
    }

    fn refuses(&self) -> No {
        No
    }

    fn returned(&self) -> Returned<Self::Type, Self::Type, RpcError> {
        Returned(PhantomData)
    }
}

impl<T> Otherwise for Probe<T> {
    type Type = T;
}

/// An argument other than the last one.
#[derive(Debug)]
pub struct Extractor<T, Extracts>(PhantomData<fn() -> (T, Extracts)>);

/// The last argument.
#[derive(Debug)]
pub struct Argument<T, Extracts, Decodes, Described>(PhantomData<fn() -> (T, Extracts, Decodes, Described)>);

impl<T> Probe<T> {
    pub fn extractor<X>(&self, _extracts: X) -> Extractor<T, X> {
        Extractor(PhantomData)
    }

    pub fn argument<X, D, S>(&self, _extracts: X, _decodes: D, _described: S) -> Argument<T, X, D, S> {
        Argument(PhantomData)
    }
}

impl<T: FromCall> Extractor<T, Yes> {
    pub fn check(&self) {}

    pub fn needs(&self, needs: &mut Needs) {
        T::needs(needs);
    }

    /// # Errors
    ///
    /// Returns the extractor's error.
    // Not an `async fn`: for types with a `'static` inside, the compiler cannot see that the future is `Send`, so the
    // signature declares it.
    pub fn take(&self, call: &Call) -> impl Future<Output = Result<T, RpcError>> + Send {
        T::from_call(call)
    }
}

impl<T> Extractor<T, No> {
    pub fn check(&self)
    where
        T: must::BeExtractor,
    {
    }

    pub fn needs(&self, _: &mut Needs) {}

    /// # Errors
    ///
    /// Always fails.
    pub async fn take(&self, _: &Call) -> Result<T, RpcError> {
        never()
    }
}

impl<T: FromCall, D, S> Argument<T, Yes, D, S> {
    pub fn check(&self) {}

    pub fn shape(&self) -> Option<Type> {
        None
    }

    pub fn needs(&self, needs: &mut Needs) {
        T::needs(needs);
    }

    /// # Errors
    ///
    /// Returns the extractor's error, or 400 if there are params.
    pub fn take(&self, call: &Call) -> impl Future<Output = Result<T, RpcError>> + Send {
        async {
            let argument = T::from_call(call).await?;
            no_params(call)?;
            Ok(argument)
        }
    }
}

impl<T: DeserializeOwned + JsonSchema> Argument<T, No, Yes, Yes> {
    pub fn check(&self) {}

    pub fn shape(&self) -> Option<Type> {
        Some(params_type::<T>())
    }

    pub fn needs(&self, _: &mut Needs) {}

    /// # Errors
    ///
    /// Returns 400 with the name of the field.
    pub async fn take(&self, call: &Call) -> Result<T, RpcError> {
        decode(call.params())
    }
}

impl<T> Argument<T, No, Yes, No> {
    pub fn check(&self)
    where
        T: must::DescribeParams,
    {
    }
}

impl<T> Argument<T, No, No, Yes> {
    pub fn check(&self)
    where
        T: must::DecodeParams,
    {
    }
}

impl<T> Argument<T, No, No, No> {
    pub fn check(&self)
    where
        T: must::BeParamsOrExtractor,
    {
    }
}

macro_rules! no_argument {
    ($decodes:ident, $described:ident) => {
        impl<T> Argument<T, No, $decodes, $described> {
            pub fn shape(&self) -> Option<Type> {
                None
            }

            pub fn needs(&self, _: &mut Needs) {}

            /// # Errors
            ///
            /// Always fails.
            pub async fn take(&self, _: &Call) -> Result<T, RpcError> {
                never()
            }
        }
    };
}

no_argument!(Yes, No);
no_argument!(No, Yes);
no_argument!(No, No);

/// The return type `R` of the function: a value `T` or an error `E`.
#[derive(Debug)]
pub struct Returned<R, T, E>(PhantomData<fn() -> (R, T, E)>);

impl<R, T, E> Returned<R, T, E> {
    pub fn value(&self) -> Probe<T> {
        Probe::new()
    }

    pub fn error(&self) -> Probe<E> {
        Probe::new()
    }
}

/// The value that a function returns.
#[derive(Debug)]
pub struct Value<T, Encodes, Described>(PhantomData<fn() -> (T, Encodes, Described)>);

/// The error that a function returns.
#[derive(Debug)]
pub struct Failure<E, Refuses>(PhantomData<fn() -> (E, Refuses)>);

impl<T> Probe<T> {
    pub fn output<S, D>(&self, _encodes: S, _described: D) -> Value<T, S, D> {
        Value(PhantomData)
    }

    pub fn failure<X>(&self, _refuses: X) -> Failure<T, X> {
        Failure(PhantomData)
    }
}

impl<T, E> Returned<Result<T, E>, T, E> {
    /// # Errors
    ///
    /// Returns the function's own error.
    pub fn result(&self, returned: Result<T, E>) -> Result<T, E> {
        returned
    }
}

impl<T> Returned<T, T, RpcError> {
    /// # Errors
    ///
    /// Never fails.
    pub fn result(&self, returned: T) -> Result<T, RpcError> {
        Ok(returned)
    }
}

impl<T, S, D> Value<T, S, D> {
    /// Replaces `check` for methods whose callers do not wait.
    pub fn check_nothing(&self)
    where
        T: must::BeNothing,
    {
    }
}

impl<T: Serialize + JsonSchema> Value<T, Yes, Yes> {
    pub fn check(&self) {}

    pub fn shape(&self) -> Type {
        Type::of::<T>()
    }

    /// # Errors
    ///
    /// Returns the function's own error, or 500 if its value has no JSON form.
    pub fn encode(&self, result: Result<T, RpcError>) -> Result<Reply, RpcError> {
        serde_json::to_vec(&result?).map(Reply::new).map_err(RpcError::internal)
    }
}

impl<T> Value<T, Yes, No> {
    pub fn check(&self)
    where
        T: must::DescribeResult,
    {
    }
}

impl<T> Value<T, No, Yes> {
    pub fn check(&self)
    where
        T: must::EncodeResult,
    {
    }
}

impl<T> Value<T, No, No> {
    pub fn check(&self)
    where
        T: must::BeResult,
    {
    }
}

macro_rules! no_value {
    ($encodes:ident, $described:ident) => {
        impl<T> Value<T, $encodes, $described> {
            pub fn shape(&self) -> Type {
                nothing()
            }

            /// # Errors
            ///
            /// Always fails.
            pub fn encode(&self, _: Result<T, RpcError>) -> Result<Reply, RpcError> {
                never()
            }
        }
    };
}

no_value!(Yes, No);
no_value!(No, Yes);
no_value!(No, No);

impl<E: Into<RpcError>> Failure<E, Yes> {
    pub fn check(&self) {}

    /// # Errors
    ///
    /// Returns the function's own error.
    pub fn convert<T>(&self, result: Result<T, E>) -> Result<T, RpcError> {
        result.map_err(Into::into)
    }
}

impl<E> Failure<E, No> {
    pub fn check(&self)
    where
        E: must::BecomeRpcError,
    {
    }

    /// # Errors
    ///
    /// Always fails.
    pub fn convert<T>(&self, _: Result<T, E>) -> Result<T, RpcError> {
        never()
    }
}

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

/// The type `T` as one of params.
pub(crate) fn params_type<T: DeserializeOwned + JsonSchema>() -> Type {
    let described = Type::of::<T>();
    #[cfg(feature = "codegen")]
    let described = described.read_by(|json| decode::<T>(Some(json)).map(drop));
    described
}

/// Boxes a handler's future. No other place requires the future to be `Send`.
pub fn boxed(handler: impl Future<Output = Result<Reply, RpcError>> + Send + 'static) -> HandlerFuture {
    Box::pin(handler)
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

fn decode<T: DeserializeOwned>(params: Option<&[u8]>) -> Result<T, RpcError> {
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

#[cfg(test)]
mod tests;
