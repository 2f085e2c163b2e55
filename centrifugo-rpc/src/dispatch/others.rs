//! What a worker does about requests that it does not run.

use std::time::Duration;

use bytes::Bytes;

use super::Dispatcher;
use super::intake::{self, Address, Intake, Reason, Request};
use crate::connection::Caller;
use crate::error::RpcError;
use crate::protocol;

impl Dispatcher {
    /// Ends a call, if that is what the publication is for: then, which.
    pub(crate) fn cancel(&self, data: &Bytes, caller: &Caller) -> Option<Address> {
        let Intake::Cancel(address) = self.reader(caller).read(data) else { return None };
        self.running.cancel(&address);
        Some(address)
    }

    /// Which call a request is; none for a batch.
    pub(crate) fn address(&self, data: &Bytes, caller: &Caller) -> Option<Address> {
        let Intake::Request(request) = self.reader(caller).read(data) else { return None };
        request.address
    }

    /// Tells a caller that its calls were cancelled before they began.
    pub(crate) fn cancelled(&self, data: &Bytes, caller: &Caller) {
        self.each(data, caller, |intake| {
            if let Intake::Request(request) = intake {
                self.tell(request, caller, &RpcError::cancelled(), Reason::Notification);
            }
        });
    }

    /// Whether the request, which is no batch, may run again after its worker died.
    pub(crate) fn is_idempotent(&self, data: &Bytes, caller: &Caller) -> bool {
        let Intake::Request(request) = self.reader(caller).read(data) else { return false };
        self.registry.get(&request.method).is_some_and(|method| method.options.idempotent)
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
            Intake::Cancel(_) | Intake::Dropped(_) | Intake::Batch(_) => {}
        });
    }

    fn each(&self, data: &Bytes, caller: &Caller, mut act: impl FnMut(Intake<'_>)) {
        let mut reader = self.reader(caller);
        match reader.read(data) {
            Intake::Batch(requests) => {
                for request in requests {
                    act(reader.read_part(request, data));
                }
            }
            intake => act(intake),
        }
    }

    fn tell(&self, request: Request<'_>, caller: &Caller, error: &RpcError, reason: Reason) {
        self.journal.refused(caller, &request.method, error, None);
        match request.address {
            Some(address) => {
                let key = format!("{}:{}", error.code(), address.correlation_id);
                self.outbox.try_push(address.reply(Err(error), tokio::time::Instant::now()).once(key));
            }
            None => self.journal.dropped(reason, caller, Some(error)),
        }
    }
}

/// Whether a publication may be a cancellation: all others need not be read to know that they are none.
pub(crate) fn may_cancel(data: &[u8]) -> bool {
    memchr::memmem::find(data, protocol::CANCEL).is_some()
}

/// How many requests a publication is.
pub(crate) fn count(data: &Bytes) -> usize {
    intake::batch(data).map_or(1, |requests| requests.len())
}

/// The requests of a publication that are `first`, and the others, each as a publication; those of a batch stay together.
pub(crate) fn partition(data: Bytes, first: impl Fn(&Bytes) -> bool) -> (Option<Bytes>, Option<Bytes>) {
    let Some(requests) = intake::batch(&data) else {
        return if first(&data) { (Some(data), None) } else { (None, Some(data)) };
    };
    let publication = |requests: Vec<Bytes>| {
        let mut data = Vec::new();
        protocol::write_together(&mut data, requests.iter(), |request, data| data.extend_from_slice(request));
        (!requests.is_empty()).then(|| data.into())
    };
    let requests = requests.into_iter().map(|request| data.slice_ref(request.as_bytes()));
    let (first, others) = requests.partition(first);
    (publication(first), publication(others))
}
