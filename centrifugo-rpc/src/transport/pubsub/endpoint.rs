//! Makes calls of publications. Never waits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::decode::{Decoded, Decoder, DropReason, Request};
use super::drop_log::DropLog;
use super::replies::completion::CompletionGuard;
use super::replies::queue::ReplyQueue;
use super::responder::{QueueReplies, ReplyTo};
use crate::engine::dispatcher::Dispatcher;
use crate::engine::incoming::{CallId, Incoming};
use crate::engine::starter::Starter;
use crate::service::connection::Caller;

/// The pub/sub side of a dispatcher: publications in, replies out. No sockets.
#[derive(Debug)]
pub(crate) struct Endpoint {
    starter: Arc<Starter<QueueReplies>>,
    reply_namespace: String,
}

/// The properties shared by the requests of one publication.
#[derive(Debug)]
struct Origin {
    caller: Arc<Caller>,
    received: Instant,
    /// The time since the caller published it.
    age: Duration,
    completion: Option<CompletionGuard>,
}

impl Endpoint {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, reply_namespace: &str, queue: Arc<ReplyQueue>) -> Self {
        let telemetry = Arc::clone(dispatcher.telemetry());
        let responder = QueueReplies { queue, drops: DropLog::new(Arc::clone(&telemetry)), telemetry };
        Self { starter: Arc::new(Starter::new(dispatcher, responder)), reply_namespace: reply_namespace.to_owned() }
    }

    pub(super) fn dispatcher(&self) -> &Dispatcher {
        self.starter.dispatcher()
    }

    pub(super) fn responder(&self) -> &QueueReplies {
        self.starter.responder()
    }

    /// Accepts a publication of the request channel that a caller made `age` ago. Calls start in another task. The
    /// completion guard is dropped when the calls have ended and their replies are delivered or dropped.
    pub(super) fn accept(&self, data: &Bytes, caller: Caller, age: Duration, completion: Option<CompletionGuard>) {
        let origin = Origin { caller: Arc::new(caller), received: Instant::now(), age, completion };
        self.for_each(data, &origin.caller, |item| self.handle(item, &origin));
    }

    fn handle(&self, item: Decoded<'_>, origin: &Origin) {
        let caller = &origin.caller;
        match item {
            Decoded::Request(request) => self.start(request, origin),
            Decoded::Cancel(call) => self.dispatcher().cancel(&call),
            Decoded::Malformed(address, error) => {
                self.reject(ReplyTo { address: Some(address), completion: origin.completion.clone() }, caller, error);
            }
            Decoded::TooMany(address) => {
                self.reject_batch_rest(ReplyTo { address, completion: origin.completion.clone() }, caller);
            }
            Decoded::Dropped(reason) => self.responder().drops.record(reason, caller, None),
            Decoded::Batch(_) => self.responder().drops.record(DropReason::NoRequest, caller, None),
        }
    }

    fn start(&self, request: Request<'_>, origin: &Origin) {
        let Request { address, method, params, timeout, traceparent } = request;
        let call = Incoming {
            caller: &origin.caller,
            method,
            params,
            timeout,
            received: origin.received,
            age: origin.age,
            traceparent,
            id: address.as_ref().map(|address| address.call.clone()),
        };
        self.starter.accept(call, ReplyTo { address, completion: origin.completion.clone() });
    }

    /// Decodes the requests of a publication one by one.
    pub(super) fn for_each(&self, data: &Bytes, caller: &Caller, mut act: impl FnMut(Decoded<'_>)) {
        let mut decoder = self.decoder(caller);
        match decoder.decode(data) {
            Decoded::Batch(requests) => decoder.parts(requests, data).for_each(act),
            item => act(item),
        }
    }

    pub(super) fn decoder<'a>(&'a self, caller: &'a Caller) -> Decoder<'a> {
        Decoder::new(caller, &self.reply_namespace)
    }

    /// Cancels a call if the publication is a cancellation. Returns the identity of the call.
    pub(super) fn cancel(&self, data: &Bytes, caller: &Caller) -> Option<CallId> {
        let Decoded::Cancel(call) = self.decoder(caller).decode(data) else { return None };
        self.dispatcher().cancel(&call);
        Some(call)
    }

    /// Starts the calls that are queued behind one that blocks its thread. Must be called periodically.
    pub(super) fn resume_if_stalled(&self) {
        self.starter.resume_if_stalled();
    }

    /// Stops storing replies in the history for a while, because reply channels were reset to an older state and
    /// Centrifugo takes new replies for old ones. Connected callers still get their replies.
    pub(super) fn suspend_reply_history(&self) {
        self.responder().queue.suspend_history();
    }

    /// Logs suppressed events that would otherwise be reported only with the next event of the same kind.
    pub(crate) fn log_overdue(&self) {
        self.responder().drops.log_overdue();
        self.responder().queue.log_overdue();
    }

    /// Logs all suppressed events about requests.
    pub(crate) fn log_suppressed(&self) {
        self.responder().drops.log_suppressed();
    }
}
