//! Tells that a call is over, whatever became of it.

use std::sync::{Arc, Mutex, PoisonError};

/// The calls that are over since somebody looked: what they were given tickets for.
#[derive(Debug, Default)]
pub(crate) struct Finished(Mutex<Vec<(u32, u64)>>);

impl Finished {
    pub(crate) fn drain(&self, mut each: impl FnMut(u32, u64)) {
        let finished = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (generation, offset) in finished {
            each(generation, offset);
        }
    }
}

/// Goes with a call and then with its reply. Dropped, the call is over: its reply is delivered or given up, or it has none.
#[derive(Debug)]
pub(crate) struct Ticket {
    finished: Arc<Finished>,
    generation: u32,
    offset: u64,
}

impl Ticket {
    pub(crate) fn new(finished: &Arc<Finished>, generation: u32, offset: u64) -> Self {
        Self { finished: Arc::clone(finished), generation, offset }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut finished = self.finished.0.lock().unwrap_or_else(PoisonError::into_inner);
        finished.push((self.generation, self.offset));
    }
}
