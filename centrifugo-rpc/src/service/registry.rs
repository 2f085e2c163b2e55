//! The methods of this program, collected by the linker. Nothing else reads the global inventory.

use std::collections::BTreeMap;

use super::method::Method;
use super::states::{Needs, States, missing_state};
use crate::error::{Error, ErrorKind};

mod names;

/// All methods of the program, sorted by name and checked for conflicts.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    methods: BTreeMap<&'static str, &'static Method>,
    /// Served too, but not described.
    built_in: &'static [&'static Method],
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
            return Ok(Self { methods: by_name, built_in: &[] });
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
        let methods = inventory::iter::<Method>.into_iter().map(|method| (method.name, method)).collect();
        Self { methods, built_in: &[] }
    }

    /// Adds methods that the program does not declare.
    pub(crate) fn with_built_in(self, methods: &'static [&'static Method]) -> Self {
        Self { built_in: methods, ..self }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'static Method> {
        let built_in = || self.built_in.iter().find(|method| method.name == name);
        self.methods.get(name).or_else(built_in).copied()
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
