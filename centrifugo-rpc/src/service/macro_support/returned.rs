//! The value or the error that a function returns.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;

use super::detect::{No, Probe, Returned, Yes};
use super::{must, never, nothing};
use crate::error::RpcError;
use crate::service::call::Reply;
use crate::service::method::Type;

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
