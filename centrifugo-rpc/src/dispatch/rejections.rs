//! Rejects requests that this worker does not run, and divides publications.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Dispatcher;
use super::completion::CompletionGuard;
use super::decode::{self, Decoded, DropReason, ReplyAddress, Request};
use super::in_flight::Limit;
use crate::connection::Caller;
use crate::error::RpcError;
use crate::protocol;

impl Dispatcher {
    /// Rejects a request: answers it without running its handler.
    pub(super) fn reject(
        &self,
        address: Option<ReplyAddress>,
        caller: &Caller,
        method: &str,
        error: &RpcError,
        limit: Option<Limit>,
        completion: Option<CompletionGuard>,
    ) {
        self.record_refused(caller, method, error, limit);
        match address {
            Some(address) => {
                self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion));
            }
            // There is no reply, so the log has the error.
            None => self.telemetry.publication_dropped(DropReason::Notification, caller, Some(error)),
        }
    }

    /// Rejects the requests of a batch beyond the limit, the first of which has this address: one reply and one log
    /// line for all of them.
    pub(super) fn reject_batch_rest(
        &self,
        address: Option<ReplyAddress>,
        caller: &Caller,
        completion: Option<CompletionGuard>,
    ) {
        let error = batch_too_large();
        self.telemetry.publication_dropped(DropReason::TooMany, caller, Some(&error));
        self.notify_application(caller, "", &error);
        if let Some(address) = address {
            self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion));
        }
    }

    /// Cancels a call if the publication is a cancellation. Returns the call's address.
    pub(crate) fn cancel(&self, data: &Bytes, caller: &Caller) -> Option<ReplyAddress> {
        let Decoded::Cancel(address) = self.decoder(caller).decode(data) else { return None };
        self.in_flight.cancel(&address);
        Some(address)
    }

    /// Divides a publication into its cancelled calls and its other requests, each as a publication.
    pub(crate) fn split_cancelled(
        &self,
        data: Bytes,
        caller: &Caller,
        cancelled: impl Fn(&ReplyAddress) -> bool,
    ) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| request.address.as_ref().is_some_and(&cancelled))
    }

    /// Divides a publication into the requests that may run again after the death of their worker, and the others, each
    /// as a publication.
    pub(crate) fn split_idempotent(&self, data: Bytes, caller: &Caller) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| {
            self.registry.get(&request.method).is_some_and(|method| method.options.idempotent)
        })
    }

    /// Divides a publication into the requests that are `first` and the others. The requests of a batch stay batched.
    /// Dropped requests of a batch are in neither part.
    fn partition(
        &self,
        data: Bytes,
        caller: &Caller,
        first: impl Fn(&Request<'_>) -> bool,
    ) -> (Option<Bytes>, Option<Bytes>) {
        let first = |item: &Decoded<'_>| matches!(item, Decoded::Request(request) if first(request));
        let mut decoder = self.decoder(caller);
        let item = decoder.decode(&data);
        let Decoded::Batch(requests) = item else {
            let is_first = first(&item);
            drop(item);
            return if is_first { (Some(data), None) } else { (None, Some(data)) };
        };
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        let parts = decoder.parts(requests.clone(), &data);
        for (request, item) in requests.into_iter().zip(parts) {
            match item {
                item if first(&item) => firsts.push(request),
                Decoded::TooMany(address) => self.reject_batch_rest_once(address, caller),
                Decoded::Dropped(reason) => self.telemetry.publication_dropped(reason, caller, None),
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

    /// Answers calls that were cancelled before they started.
    pub(crate) fn reject_cancelled(&self, data: &Bytes, caller: &Caller) {
        self.for_each(data, caller, |item| {
            if let Decoded::Request(request) = item {
                self.reject_once(request, caller, &RpcError::cancelled(), DropReason::Notification);
            }
        });
    }

    /// Answers calls whose worker is gone, except those whose deadline has passed. Every remaining worker answers, with
    /// the same idempotency key for each call, so that Centrifugo delivers one reply.
    pub(crate) fn reject_lost(&self, data: &Bytes, caller: &Caller, age: Duration) {
        self.for_each(data, caller, |item| match item {
            Decoded::Request(request) => {
                let limit = self.registry.get(&request.method).map(|method| self.timeout_of(method, request.timeout));
                if limit.unwrap_or(self.limits.call_timeout) > age {
                    let error = RpcError::worker_lost("the worker that had the call is gone: its outcome is unknown");
                    self.reject_once(request, caller, &error, DropReason::Lost);
                }
            }
            // The worker that is gone would have answered the same.
            Decoded::Malformed(address, error) => self.reject(Some(address), caller, "", &error, None, None),
            Decoded::TooMany(address) => self.reject_batch_rest_once(address, caller),
            Decoded::Cancel(_) | Decoded::Dropped(_) | Decoded::Batch(_) => {}
        });
    }

    /// Answers calls that were published while there was no worker, so that the time they have waited is unknown.
    pub(crate) fn reject_unserved(&self, data: &Bytes, caller: &Caller) {
        self.for_each(data, caller, |item| match item {
            Decoded::Request(request) => {
                let error = RpcError::unavailable("no worker was there when the call was made");
                self.reject_once(request, caller, &error, DropReason::Notification);
            }
            Decoded::Malformed(address, error) => self.reject(Some(address), caller, "", &error, None, None),
            Decoded::TooMany(address) => self.reject_batch_rest_once(address, caller),
            Decoded::Cancel(_) | Decoded::Dropped(_) | Decoded::Batch(_) => {}
        });
    }

    /// Stops storing replies in the history for a while, because reply channels were reset to an older state and
    /// Centrifugo takes new replies for old ones. Connected callers still get their replies.
    pub(crate) fn suspend_reply_history(&self) {
        self.reply_queue.suspend_history();
    }

    fn for_each(&self, data: &Bytes, caller: &Caller, mut act: impl FnMut(Decoded<'_>)) {
        let mut decoder = self.decoder(caller);
        match decoder.decode(data) {
            Decoded::Batch(requests) => {
                for item in decoder.parts(requests, data) {
                    act(item);
                }
            }
            item => act(item),
        }
    }

    fn reject_once(&self, request: Request<'_>, caller: &Caller, error: &RpcError, reason: DropReason) {
        self.record_refused(caller, &request.method, error, None);
        match request.address {
            Some(address) => self.reply_once(address, error),
            None => self.telemetry.publication_dropped(reason, caller, Some(error)),
        }
    }

    /// Answers the rest of a batch as the worker that owned the batch would have done.
    fn reject_batch_rest_once(&self, first: Option<ReplyAddress>, caller: &Caller) {
        let error = batch_too_large();
        self.telemetry.publication_dropped(DropReason::TooMany, caller, Some(&error));
        self.notify_application(caller, "", &error);
        if let Some(address) = first {
            self.reply_once(address, &error);
        }
    }

    fn reply_once(&self, address: ReplyAddress, error: &RpcError) {
        let key = format!("{}:{}", error.code(), address.correlation_id);
        self.reply_queue.try_push(address.reply(Err(error), Instant::now()).with_idempotency_key(key));
    }
}

/// The error for the requests of a batch beyond the limit.
fn batch_too_large() -> RpcError {
    let (most, call) = (protocol::MAX_REQUESTS, protocol::CALL);
    RpcError::too_large(format!(
        "a batch has at most {most} requests, and a call counts as {call}: this one and those after it do not run"
    ))
}

/// Returns whether a publication may be a cancellation. Others need not be parsed to know that they are not.
pub(crate) fn may_cancel(data: &[u8]) -> bool {
    memchr::memmem::find(data, protocol::CANCEL).is_some()
}

/// The number of requests in a publication, up to one more than the limit.
pub(crate) fn request_count(data: &Bytes) -> usize {
    decode::batch(data).map_or(1, |requests| requests.len())
}
