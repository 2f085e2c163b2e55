//! The values that all calls share, and those that a method needs.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::Arc;

/// The states that a method needs; see [`FromCall::needs`](crate::FromCall::needs).
#[derive(Debug, Default)]
pub struct Needs {
    states: Vec<(TypeId, &'static str)>,
}

impl Needs {
    /// Requires a [`State<T>`](crate::State).
    pub fn state<T: Send + Sync + 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), type_name::<T>()));
    }

    /// The required types that are not among `states`.
    pub(crate) fn missing_in(&self, states: &States) -> impl Iterator<Item = &'static str> {
        self.states.iter().filter(|(id, _)| !states.0.contains_key(id)).map(|(_, name)| *name)
    }
}

/// The error message for a missing state.
pub(crate) fn missing_state(type_name: &str) -> String {
    format!("there is no `State<{type_name}>`: give the server one with `.state(…)`")
}

/// One value per type, shared by all calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct States(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        // The map has a single owner until the server starts.
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(state));
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.get(&TypeId::of::<T>())?).downcast().ok()
    }
}
