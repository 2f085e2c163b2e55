//! Finds out what a type can do, given only its name.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::RpcError;
use crate::service::extract::FromCall;

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
