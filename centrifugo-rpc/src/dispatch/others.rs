//! What a worker does about requests that it does not run.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Dispatcher;
use super::completion::CompletionGuard;
use super::intake::{self, Address, Intake, Reason, Request};
use super::running::Limit;
use crate::connection::Caller;
use crate::error::RpcError;
use crate::protocol;

impl Dispatcher {
    /// Answers without having run anything.
    pub(super) fn refuse(
        &self,
        address: Option<Address>,
        caller: &Caller,
        method: &str,
        error: &RpcError,
        limit: Option<Limit>,
        completion: Option<CompletionGuard>,
    ) {
        self.refused(caller, method, error, limit);
        match address {
            Some(address) => {
                self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion))
            }
            // Nobody is told, so the log is.
            None => self.journal.dropped(Reason::Notification, caller, Some(error)),
        }
    }

    /// Refuses the rest of a batch, whose first request has this address: one answer and one line for all of it.
    pub(super) fn too_many(&self, address: Option<Address>, caller: &Caller, completion: Option<CompletionGuard>) {
        let error = too_many();
        self.journal.dropped(Reason::TooMany, caller, Some(&error));
        self.tell_application(caller, "", &error);
        if let Some(address) = address {
            self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion));
        }
    }

    /// Ends a call, if that is what the publication is for: then, which.
    pub(crate) fn cancel(&self, data: &Bytes, caller: &Caller) -> Option<Address> {
        let Intake::Cancel(address) = self.reader(caller).read(data) else { return None };
        self.running.cancel(&address);
        Some(address)
    }

    /// The calls of a publication that were cancelled, and its other requests, each as a publication.
    pub(crate) fn by_cancellation(
        &self,
        data: Bytes,
        caller: &Caller,
        cancelled: impl Fn(&Address) -> bool,
    ) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| request.address.as_ref().is_some_and(&cancelled))
    }

    /// The requests of a publication that may run again after its worker died, and the others, each as a publication.
    pub(crate) fn by_idempotence(&self, data: Bytes, caller: &Caller) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| {
            self.registry.get(&request.method).is_some_and(|method| method.options.idempotent)
        })
    }

    /// The requests of a publication that are `first`, and the others; those of a batch stay together. What is dropped of a batch is
    /// in neither.
    fn partition(
        &self,
        data: Bytes,
        caller: &Caller,
        first: impl Fn(&Request<'_>) -> bool,
    ) -> (Option<Bytes>, Option<Bytes>) {
        let first = |intake: &Intake<'_>| matches!(intake, Intake::Request(request) if first(request));
        let mut reader = self.reader(caller);
        let intake = reader.read(&data);
        let Intake::Batch(requests) = intake else {
            let is_first = first(&intake);
            drop(intake);
            return if is_first { (Some(data), None) } else { (None, Some(data)) };
        };
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        let intakes = reader.parts(requests.clone(), &data);
        for (request, intake) in requests.into_iter().zip(intakes) {
            match intake {
                intake if first(&intake) => firsts.push(request),
                Intake::TooMany(address) => self.tell_too_many(address, caller),
                Intake::Dropped(reason) => self.journal.dropped(reason, caller, None),
                _ => others.push(request),
            }
        }
        let publication = |requests: Vec<&[u8]>| {
            let mut data = Vec::new();
            protocol::write_together(&mut data, requests.iter(), |request, data| data.extend_from_slice(request));
            (!requests.is_empty()).then(|| data.into())
        };
        (publication(firsts), publication(others))
    }

    /// Tells a caller that its calls were cancelled before they began.
    pub(crate) fn cancelled(&self, data: &Bytes, caller: &Caller) {
        self.each(data, caller, |intake| {
            if let Intake::Request(request) = intake {
                self.tell(request, caller, &RpcError::cancelled(), Reason::Notification);
            }
        });
    }

    /// Tells a caller that the worker that had its calls is gone, unless it has given them up since. Every worker that is left
    /// says so, with one key for each call, so that Centrifugo passes it on once.
    pub(crate) fn lost(&self, data: &Bytes, caller: &Caller, age: Duration) {
        self.each(data, caller, |intake| match intake {
            Intake::Request(request) => {
                let limit = self.registry.get(&request.method).map(|method| self.timeout_of(method, request.timeout));
                if limit.unwrap_or(self.limits.call_timeout) > age {
                    let error = RpcError::worker_lost("the worker that had the call is gone: its outcome is unknown");
                    self.tell(request, caller, &error, Reason::Lost);
                }
            }
            // What its worker would have said.
            Intake::Malformed(address, error) => self.refuse(Some(address), caller, "", &error, None, None),
            Intake::TooMany(address) => self.tell_too_many(address, caller),
            Intake::Cancel(_) | Intake::Dropped(_) | Intake::Batch(_) => {}
        });
    }

    /// Tells a caller that no worker was there, and that nobody knows for how long it has waited.
    pub(crate) fn nobody_was_there(&self, data: &Bytes, caller: &Caller) {
        self.each(data, caller, |intake| match intake {
            Intake::Request(request) => {
                let error = RpcError::unavailable("no worker was there when the call was made");
                self.tell(request, caller, &error, Reason::Notification);
            }
            Intake::Malformed(address, error) => self.refuse(Some(address), caller, "", &error, None, None),
            Intake::TooMany(address) => self.tell_too_many(address, caller),
            Intake::Cancel(_) | Intake::Dropped(_) | Intake::Batch(_) => {}
        });
    }

    /// Reply channels went back to an older state, and Centrifugo takes new replies for old ones: for a while they are sent without a
    /// place in the history, which callers that are connected get.
    pub(crate) fn replies_went_back(&self) {
        self.reply_queue.suspend_history();
    }

    fn each(&self, data: &Bytes, caller: &Caller, mut act: impl FnMut(Intake<'_>)) {
        let mut reader = self.reader(caller);
        match reader.read(data) {
            Intake::Batch(requests) => {
                for intake in reader.parts(requests, data) {
                    act(intake);
                }
            }
            intake => act(intake),
        }
    }

    fn tell(&self, request: Request<'_>, caller: &Caller, error: &RpcError, reason: Reason) {
        self.refused(caller, &request.method, error, None);
        match request.address {
            Some(address) => self.tell_once(address, error),
            None => self.journal.dropped(reason, caller, Some(error)),
        }
    }

    /// What the worker that had the batch would have said of its rest.
    fn tell_too_many(&self, first: Option<Address>, caller: &Caller) {
        let error = too_many();
        self.journal.dropped(Reason::TooMany, caller, Some(&error));
        self.tell_application(caller, "", &error);
        if let Some(address) = first {
            self.tell_once(address, &error);
        }
    }

    fn tell_once(&self, address: Address, error: &RpcError) {
        let key = format!("{}:{}", error.code(), address.correlation_id);
        self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_idempotency_key(key));
    }
}

/// Why the rest of a batch does not run.
fn too_many() -> RpcError {
    let (most, call) = (protocol::MAX_REQUESTS, protocol::CALL);
    RpcError::too_large(format!(
        "a batch has at most {most} requests, and a call counts as {call}: this one and those after it do not run"
    ))
}

/// Whether a publication may be a cancellation: all others need not be read to know that they are none.
pub(crate) fn may_cancel(data: &[u8]) -> bool {
    memchr::memmem::find(data, protocol::CANCEL).is_some()
}

/// How many requests a publication is, as far as they are counted.
pub(crate) fn count(data: &Bytes) -> usize {
    intake::batch(data).map_or(1, |requests| requests.len())
}
