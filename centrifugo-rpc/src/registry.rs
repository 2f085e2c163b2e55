//! The methods of this program, collected by the linker. Nothing else reads the global inventory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use crate::contract::SYSTEM_CONTRACT;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "codegen")]
use crate::handler::private::decode;
use crate::handler::{Call, HandlerFuture, Needs, States, missing_state};

mod names;

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
    file: &'static str,
    line: u32,
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

/// A params or result type, represented by its schema.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Type {
    subschema: fn(&mut SchemaGenerator) -> Schema,
    /// Decodes JSON as params. None for results, which are only written.
    #[cfg(feature = "codegen")]
    pub(crate) read: Option<crate::codegen::probe::Read>,
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

    /// A params type.
    pub(crate) fn of_params<T: JsonSchema + DeserializeOwned>() -> Self {
        Self {
            #[cfg(feature = "codegen")]
            read: Some(|json| decode::<T>(Some(json)).map(drop)),
            ..Self::of::<T>()
        }
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

/// All methods of the program, sorted by name and checked for conflicts.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    methods: BTreeMap<&'static str, &'static Method>,
}

impl Registry {
    /// Collects the methods linked into the program.
    ///
    /// # Errors
    ///
    /// Lists all problems with the methods at once.
    pub(crate) fn collect(states: &States) -> Result<Self, Error> {
        Self::checked(inventory::iter::<Method>.into_iter(), Some(states))
    }

    /// Collects the methods linked into the program in order to describe them. Only a server needs states, so they are
    /// not checked.
    ///
    /// # Errors
    ///
    /// Lists all other problems with the methods at once.
    #[cfg(feature = "codegen")]
    pub(crate) fn describe() -> Result<Self, Error> {
        Self::checked(inventory::iter::<Method>.into_iter(), None)
    }

    #[cfg(test)]
    pub(crate) fn of(methods: impl Iterator<Item = &'static Method>, states: &States) -> Result<Self, Error> {
        Self::checked(methods, Some(states))
    }

    fn checked(methods: impl Iterator<Item = &'static Method>, states: Option<&States>) -> Result<Self, Error> {
        let mut all: Vec<_> = methods.collect();
        // The linker's order is arbitrary. Sorting makes the order of problems reproducible, too.
        all.sort_by_key(|method| (method.name, method.location.file, method.location.line));
        let mut problems = Vec::new();
        if all.is_empty() {
            problems.push(
                "no method is registered: annotate an `async fn` with `#[websocket_rpc(\"name\")]`; if your handlers are in a \
                 crate of their own, refer to it in the binary (`use my_handlers as _;`), or the linker leaves it out"
                    .to_owned(),
            );
        }
        let mut by_name: BTreeMap<&'static str, &'static Method> = BTreeMap::new();
        for method in &all {
            if let Some(first) = by_name.get(method.name) {
                problems.push(format!(
                    "method `{}` is registered twice, at {} and at {}: rename one of them",
                    method.name, first.location, method.location
                ));
            } else {
                by_name.insert(method.name, method);
            }
            let mut needs = Needs::default();
            (method.needs)(&mut needs);
            for state in states.into_iter().flat_map(|states| needs.missing_in(states)) {
                problems.push(format!("method `{}` ({}): {}", method.name, method.location, missing_state(state)));
            }
        }
        problems.extend(names::collisions(&all));
        if problems.is_empty() {
            return Ok(Self { methods: by_name });
        }
        let count = problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        Err(Error::new(
            ErrorKind::Registry,
            format!("the registered methods cannot be served, {count} {noun}:\n  - {}", problems.join("\n  - ")),
        ))
    }

    /// Collects the methods linked into the program without checking for conflicts.
    pub(crate) fn linked() -> Self {
        Self { methods: inventory::iter::<Method>.into_iter().map(|method| (method.name, method)).collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'static Method> {
        let own = (name == SYSTEM_CONTRACT.name).then_some(&SYSTEM_CONTRACT);
        self.methods.get(name).copied().or(own)
    }

    /// The methods, sorted by name.
    pub(crate) fn methods(&self) -> impl Iterator<Item = &'static Method> {
        self.methods.values().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.methods.len()
    }
}

#[cfg(test)]
mod tests;
