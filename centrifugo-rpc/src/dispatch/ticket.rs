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

/// Goes with a call and then with its reply; calls that came together share one. With its last clone all of them are over: their
/// replies are delivered or given up, or they have none.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    _calls: Arc<Calls>,
}

#[derive(Debug)]
struct Calls {
    finished: Arc<Finished>,
    generation: u32,
    offset: u64,
}

impl Ticket {
    pub(crate) fn new(finished: &Arc<Finished>, generation: u32, offset: u64) -> Self {
        Self { _calls: Arc::new(Calls { finished: Arc::clone(finished), generation, offset }) }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let mut finished = self.finished.0.lock().unwrap_or_else(PoisonError::into_inner);
        finished.push((self.generation, self.offset));
    }
}
