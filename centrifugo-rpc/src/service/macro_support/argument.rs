//! The arguments of a function: extractors, and params at the end.

use std::future::Future;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::detect::{No, Probe, Yes};
use super::{must, never};
use crate::error::RpcError;
use crate::service::call::Call;
use crate::service::extract::FromCall;
use crate::service::method::Type;
use crate::service::params::{decode, no_params, params_type};
use crate::service::states::Needs;

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
