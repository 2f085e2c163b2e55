//! A method as `#[websocket_rpc]` registers it: its name, its options, its types, its handler.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::call::{Call, HandlerFuture};
use super::states::Needs;
#[cfg(feature = "codegen")]
use crate::error::RpcError;

/// A registered method, as [`#[websocket_rpc]`](crate::websocket_rpc) describes a function.
#[derive(Debug)]
pub struct Method {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) options: MethodOptions,
    pub(crate) params: fn() -> Option<Type>,
    pub(crate) result: fn() -> Type,
    pub(crate) needs: fn(&mut Needs),
    pub(crate) handle: fn(Call) -> HandlerFuture,
    pub(crate) location: Location,
}

/// How a method answers its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MethodKind {
    /// One result or one error for each call.
    Unary,
    /// No reply: callers do not wait, and an error is only logged. `no_wait` in the attribute.
    Notification,
}

/// The options of the attribute, each with its default.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct MethodOptions {
    /// How the method answers. Default: [`MethodKind::Unary`].
    pub kind: MethodKind,
    /// `idempotent`: a call may be retried after its worker died. Default: false.
    pub idempotent: bool,
    /// `timeout = "5s"`: the maximum duration of one call. Default:
    /// [`Config::call_timeout`](crate::Config#structfield.call_timeout).
    pub timeout: Option<Duration>,
    /// `max_concurrency = 16`: the maximum number of calls in flight on a worker. Default: no limit of its own.
    pub max_concurrency: Option<u32>,
    /// `deprecated = "use x"`: what to use instead. Default: not deprecated.
    pub deprecated: Option<&'static str>,
}

/// A builder for the macro: it names only the options that are given, so that a new option changes no expansion.
#[doc(hidden)]
#[allow(clippy::new_without_default)] // `Default` is not `const`
impl MethodOptions {
    #[must_use]
    pub const fn new() -> Self {
        Self { kind: MethodKind::Unary, idempotent: false, timeout: None, max_concurrency: None, deprecated: None }
    }

    #[must_use]
    pub const fn notification(self) -> Self {
        Self { kind: MethodKind::Notification, ..self }
    }

    #[must_use]
    pub const fn idempotent(self) -> Self {
        Self { idempotent: true, ..self }
    }

    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    #[must_use]
    pub const fn max_concurrency(self, calls: u32) -> Self {
        Self { max_concurrency: Some(calls), ..self }
    }

    #[must_use]
    pub const fn deprecated(self, instead: &'static str) -> Self {
        Self { deprecated: Some(instead), ..self }
    }
}

/// The source location of a method.
#[derive(Debug, Clone, Copy)]
pub struct Location {
    pub(super) file: &'static str,
    pub(super) line: u32,
}

impl Location {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(file: &'static str, line: u32) -> Self {
        Self { file, line }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Decodes JSON as the params of a method.
#[cfg(feature = "codegen")]
pub(crate) type Read = fn(&[u8]) -> Result<(), RpcError>;

/// A params or result type, represented by its schema.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Type {
    subschema: fn(&mut SchemaGenerator) -> Schema,
    /// Decodes JSON as params. None for results, which are only written.
    #[cfg(feature = "codegen")]
    pub(crate) read: Option<Read>,
}

impl Type {
    /// A result type.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self {
            subschema: SchemaGenerator::subschema_for::<T>,
            #[cfg(feature = "codegen")]
            read: None,
        }
    }

    /// The type as one of params, which `read` decodes.
    #[cfg(feature = "codegen")]
    pub(crate) fn read_by(self, read: Read) -> Self {
        Self { read: Some(read), ..self }
    }

    /// Describes the type in `generator`, and adds the types that it refers to as definitions.
    pub(crate) fn describe(self, generator: &mut SchemaGenerator) -> Schema {
        (self.subschema)(generator)
    }
}

impl Method {
    #[doc(hidden)]
    #[allow(clippy::too_many_arguments)] // one call, written by the macro
    #[must_use]
    pub const fn new(
        name: &'static str,
        description: &'static str,
        options: MethodOptions,
        params: fn() -> Option<Type>,
        result: fn() -> Type,
        needs: fn(&mut Needs),
        handle: fn(Call) -> HandlerFuture,
        location: Location,
    ) -> Self {
        Self { name, description, options, params, result, needs, handle, location }
    }

    /// The name on the wire: dotted snake case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The doc comment of the function.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// The options of the attribute.
    #[must_use]
    pub fn options(&self) -> &MethodOptions {
        &self.options
    }
}

inventory::collect!(Method);
