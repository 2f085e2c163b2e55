//! Matches replies to calls: a map, no I/O.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::{Error, RpcError};

/// The end of a call, other than by its caller or its deadline.
#[derive(Debug)]
pub(super) enum Answer {
    /// The result, as JSON.
    Result(Bytes),
    /// The worker's error.
    Error(RpcError),
    /// The client has ended.
    Ended(Error),
}

/// The calls in flight. There is one entry per waiting caller, so callers bound its size.
#[derive(Debug, Default)]
pub(super) struct Pending {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<Uuid, Waiting>,
    ended: Option<Error>,
}

#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Answer>,
    /// True from the moment that a worker may receive the request.
    sent: bool,
}

impl Pending {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a call; fails once the client has ended.
    pub(super) fn open(&self, id: Uuid) -> Result<oneshot::Receiver<Answer>, Error> {
        let mut state = self.state();
        if let Some(error) = &state.ended {
            return Err(error.clone());
        }
        let (answer, receiver) = oneshot::channel();
        state.calls.insert(id, Waiting { answer, sent: false });
        Ok(receiver)
    }

    /// Records that the request is being sent. Returns false if the call has ended meanwhile: then it must not be sent.
    #[must_use]
    pub(super) fn sending(&self, id: Uuid) -> bool {
        self.state().calls.get_mut(&id).map(|call| call.sent = true).is_some()
    }

    /// Records that the request reached no worker after all.
    pub(super) fn not_sent(&self, id: Uuid) {
        if let Some(call) = self.state().calls.get_mut(&id) {
            call.sent = false;
        }
    }

    /// Ends a call. Returns false if no call with this ID waits: the answer is late, a duplicate or meant for another
    /// client.
    #[must_use]
    pub(super) fn answer(&self, id: Uuid, answer: Answer) -> bool {
        self.state().calls.remove(&id).is_some_and(|call| call.answer.send(answer).is_ok())
    }

    /// Forgets a call that its caller gave up. Returns true if a worker may be running it.
    #[must_use]
    pub(super) fn forget(&self, id: Uuid) -> bool {
        self.state().calls.remove(&id).is_some_and(|call| call.sent)
    }

    /// Ends all calls in flight and rejects new ones. Returns the calls that a worker may be running. The first reason
    /// stays.
    pub(super) fn end(&self, error: &Error) -> Vec<Uuid> {
        let mut state = self.state();
        state.ended.get_or_insert_with(|| error.clone());
        let ended = state.calls.drain().filter_map(|(id, call)| {
            let sent = call.sent;
            // The send fails if the caller has just gone; then the call is over for the caller anyway.
            let _ = call.answer.send(Answer::Ended(error.clone()));
            sent.then_some(id)
        });
        ended.collect()
    }

    /// The number of calls waiting for a reply.
    pub(super) fn len(&self) -> usize {
        self.state().calls.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn result() -> Answer {
        Answer::Result(Bytes::from_static(b"1"))
    }

    fn error(message: &str) -> Error {
        Error::new(ErrorKind::Other, message)
    }

    #[test]
    fn an_answer_reaches_its_call_and_only_once() {
        let pending = Pending::default();
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let mut answer_a = pending.open(a).expect("open");
        let mut answer_b = pending.open(b).expect("open");
        assert!(pending.answer(a, result()));
        assert!(!pending.answer(a, result()), "a duplicate");
        assert!(!pending.answer(Uuid::new_v4(), result()), "unknown");
        assert!(matches!(answer_a.try_recv(), Ok(Answer::Result(_))));
        assert!(answer_b.try_recv().is_err());
        assert_eq!(pending.len(), 1);
    }

    #[test]
    fn only_a_call_that_went_out_and_has_no_answer_is_worth_a_cancel() {
        let pending = Pending::default();
        let [unsent, refused, sent, answered] = [(); 4].map(|()| Uuid::new_v4());
        let _receivers = [unsent, refused, sent, answered].map(|id| pending.open(id).expect("open"));
        assert!(pending.sending(refused) && pending.sending(sent) && pending.sending(answered));
        pending.not_sent(refused);
        assert!(pending.answer(answered, result()));
        assert!(!pending.forget(unsent) && !pending.forget(refused));
        assert!(!pending.forget(answered));
        assert!(pending.forget(sent));
        assert!(!pending.forget(sent), "forgotten already");
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn the_end_reaches_every_call_and_those_to_come() {
        let pending = Pending::default();
        let (sent, unsent) = (Uuid::new_v4(), Uuid::new_v4());
        let mut answers = [sent, unsent].map(|id| pending.open(id).expect("open"));
        assert!(pending.sending(sent));
        assert_eq!(pending.end(&error("first")), [sent]);
        assert!(pending.end(&error("second")).is_empty());
        for answer in &mut answers {
            assert!(matches!(answer.try_recv(), Ok(Answer::Ended(error)) if error.to_string() == "first"));
        }
        assert_eq!(pending.open(Uuid::new_v4()).expect_err("ended").to_string(), "first");
        assert!(!pending.sending(unsent), "an ended call does not go out");
    }
}
