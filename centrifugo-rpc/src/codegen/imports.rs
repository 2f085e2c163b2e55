//! Collects the imports of a module while its code is printed.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// The imports of one module so far. All printers of the module share it: printing a name records the import that the
/// name needs.
#[derive(Debug)]
pub(crate) struct Imports<T>(RefCell<BTreeSet<T>>);

impl<T: Ord + Clone> Imports<T> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(BTreeSet::new()))
    }

    pub(crate) fn record(&self, import: T) {
        self.0.borrow_mut().insert(import);
    }

    pub(crate) fn has(&self, import: &T) -> bool {
        self.0.borrow().contains(import)
    }

    /// All imports, in their order.
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().iter().cloned().collect()
    }
}
