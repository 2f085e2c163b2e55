//! Reports that the calls of a publication are complete, whatever their outcome.

use std::sync::{Arc, Mutex, PoisonError};

/// The publications completed since the last [`drain`](Self::drain).
#[derive(Debug, Default)]
pub(crate) struct Completions(Mutex<Vec<(u32, u64)>>);

impl Completions {
    pub(crate) fn drain(&self, mut each: impl FnMut(u32, u64)) {
        let completed = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (generation, offset) in completed {
            each(generation, offset);
        }
    }
}

/// Accompanies a call, and then its reply. All calls of one publication share one guard. When the last clone is
/// dropped, the publication is complete: each reply is delivered or dropped, or there is none.
#[derive(Debug, Clone)]
pub(crate) struct CompletionGuard {
    _shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    completed: Arc<Completions>,
    generation: u32,
    offset: u64,
}

impl CompletionGuard {
    pub(crate) fn new(completed: &Arc<Completions>, generation: u32, offset: u64) -> Self {
        Self { _shared: Arc::new(Shared { completed: Arc::clone(completed), generation, offset }) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut completed = self.completed.0.lock().unwrap_or_else(PoisonError::into_inner);
        completed.push((self.generation, self.offset));
    }
}
