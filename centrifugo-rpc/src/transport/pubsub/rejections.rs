//! Rejects requests that this worker does not run, and divides publications.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::address::ReplyAddress;
use super::decode::{self, Decoded, DropReason, Request};
use super::endpoint::Endpoint;
use super::responder::ReplyTo;
use crate::engine::incoming::CallId;
use crate::engine::responder::{Refusal, Responder};
use crate::error::RpcError;
use crate::protocol;
use crate::service::connection::Caller;

impl Endpoint {
    /// Rejects a request that is not a call: answers it with an error.
    pub(super) fn reject(&self, to: ReplyTo, caller: &Caller, error: RpcError) {
        self.dispatcher().record_rejected(caller, "", &error);
        self.responder().refuse(to, caller, &Refusal::Error(error));
    }

    /// Rejects the requests of a batch beyond the limit, the first of which has this address: one reply and one log
    /// line for all of them.
    pub(super) fn reject_batch_rest(&self, ReplyTo { address, completion }: ReplyTo, caller: &Caller) {
        let error = self.record_batch_rest(caller);
        if let Some(address) = address {
            self.responder().queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion));
        }
    }

    fn record_batch_rest(&self, caller: &Caller) -> RpcError {
        let (calls, notifications) = (protocol::MAX_CALLS, protocol::MAX_REQUESTS);
        let error = RpcError::too_large(format!(
            "a batch has at most {calls} calls or {notifications} notifications: this one and those after it do not run"
        ));
        self.responder().drops.record(DropReason::TooMany, caller, Some(&error));
        self.dispatcher().notify_application(caller, "", &error);
        error
    }

    /// Divides a publication into its cancelled calls and its other requests, each as a publication.
    pub(super) fn split_cancelled(
        &self,
        data: Bytes,
        caller: &Caller,
        cancelled: impl Fn(&CallId) -> bool,
    ) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| request.address.as_ref().is_some_and(|address| cancelled(&address.call)))
    }

    /// Divides a publication into the requests that may run again after the death of their worker, and the others, each
    /// as a publication.
    pub(super) fn split_idempotent(&self, data: Bytes, caller: &Caller) -> (Option<Bytes>, Option<Bytes>) {
        self.partition(data, caller, |request| self.dispatcher().is_idempotent(&request.method))
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
                Decoded::Dropped(reason) => self.responder().drops.record(reason, caller, None),
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
    pub(super) fn reject_cancelled(&self, data: &Bytes, caller: &Caller) {
        self.for_each(data, caller, |item| {
            if let Decoded::Request(request) = item {
                self.reject_once(request, caller, &RpcError::cancelled(), DropReason::Notification);
            }
        });
    }

    /// Answers calls whose worker is gone, except those whose deadline has passed. Every remaining worker answers, with
    /// the same idempotency key for each call, so that Centrifugo delivers one reply.
    pub(super) fn reject_lost(&self, data: &Bytes, caller: &Caller, age: Duration) {
        self.for_each(data, caller, |item| match item {
            Decoded::Request(request) => {
                if self.dispatcher().timeout(&request.method, request.timeout) > age {
                    let error = RpcError::worker_lost("the worker that had the call is gone: its outcome is unknown");
                    self.reject_once(request, caller, &error, DropReason::Lost);
                }
            }
            item => self.reject_as_owner(item, caller),
        });
    }

    /// Answers calls that were published while there was no worker, so that the time they have waited is unknown.
    pub(super) fn reject_unserved(&self, data: &Bytes, caller: &Caller) {
        self.for_each(data, caller, |item| match item {
            Decoded::Request(request) => {
                let error = RpcError::unavailable("no worker was there when the call was made");
                self.reject_once(request, caller, &error, DropReason::Notification);
            }
            item => self.reject_as_owner(item, caller),
        });
    }

    /// Answers what is not a call as the worker that owned the publication would have done.
    fn reject_as_owner(&self, item: Decoded<'_>, caller: &Caller) {
        match item {
            Decoded::Malformed(address, error) => {
                self.reject(ReplyTo { address: Some(address), completion: None }, caller, error);
            }
            Decoded::TooMany(address) => self.reject_batch_rest_once(address, caller),
            Decoded::Request(_) | Decoded::Cancel(_) | Decoded::Dropped(_) | Decoded::Batch(_) => {}
        }
    }

    fn reject_once(&self, request: Request<'_>, caller: &Caller, error: &RpcError, reason: DropReason) {
        self.dispatcher().record_rejected(caller, &request.method, error);
        match request.address {
            Some(address) => self.reply_once(address, error),
            None => self.responder().drops.record(reason, caller, Some(error)),
        }
    }

    fn reject_batch_rest_once(&self, first: Option<ReplyAddress>, caller: &Caller) {
        let error = self.record_batch_rest(caller);
        if let Some(address) = first {
            self.reply_once(address, &error);
        }
    }

    fn reply_once(&self, address: ReplyAddress, error: &RpcError) {
        let key = format!("{}:{}", error.code(), address.call.correlation_id);
        self.responder().queue.try_push(address.reply(Err(error), Instant::now()).with_idempotency_key(key));
    }
}

/// Returns whether a publication may be a cancellation. Others need not be parsed to know that they are not.
pub(super) fn may_cancel(data: &[u8]) -> bool {
    memchr::memmem::find(data, protocol::CANCEL).is_some()
}

/// The number of requests in a publication, up to one more than the limit.
pub(super) fn request_count(data: &Bytes) -> usize {
    decode::batch(data).map_or(1, |requests| requests.len())
}
