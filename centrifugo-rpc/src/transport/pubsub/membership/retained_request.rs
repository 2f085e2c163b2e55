//! A publication as the group retains it: its bytes, which are decoded again only if its worker dies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::engine::incoming::CallId;
use crate::group::Request;
use crate::service::connection::Caller;
use crate::transport::pubsub::endpoint::Endpoint;
use crate::transport::pubsub::rejections::request_count;
use crate::transport::pubsub::replies::completion::CompletionGuard;

#[derive(Debug)]
pub(super) struct RetainedRequest {
    data: Bytes,
    caller: Caller,
    /// The earliest time at which it may have been published, if known.
    since: Option<Instant>,
    endpoint: Arc<Endpoint>,
}

impl RetainedRequest {
    pub(super) fn new(data: Bytes, caller: Caller, since: Option<Instant>, endpoint: Arc<Endpoint>) -> Self {
        Self { data, caller, since, endpoint }
    }

    /// The greatest possible age, if known from the delivery or from the messages of other workers (`reported`).
    pub(super) fn age(&self, reported: Option<Duration>) -> Option<Duration> {
        let seen = self.since.map(|since| since.elapsed());
        seen.into_iter().chain(reported).min()
    }

    pub(super) fn run(self, age: Option<Duration>, completion: CompletionGuard) {
        match age {
            Some(age) => self.endpoint.accept(&self.data, self.caller, age, Some(completion)),
            // The caller may have given up long ago, or may just have called.
            None => self.endpoint.reject_unserved(&self.data, &self.caller),
        }
    }

    /// The number of requests in the publication.
    pub(super) fn request_count(&self) -> usize {
        request_count(&self.data)
    }

    /// Divides the publication into its cancelled calls and the rest.
    pub(super) fn split_cancelled(mut self, cancelled: impl Fn(&CallId) -> bool) -> (Option<Self>, Option<Self>) {
        let data = std::mem::take(&mut self.data);
        let parts = self.endpoint.split_cancelled(data, &self.caller, cancelled);
        self.into_parts(parts)
    }

    fn into_parts(self, (first, others): (Option<Bytes>, Option<Bytes>)) -> (Option<Self>, Option<Self>) {
        let with = |data| Self { data, caller: self.caller.clone(), endpoint: Arc::clone(&self.endpoint), ..self };
        (first.map(with), others.map(with))
    }

    pub(super) fn reject_cancelled(self) {
        self.endpoint.reject_cancelled(&self.data, &self.caller);
    }

    pub(super) fn reject_lost(self) {
        self.endpoint.reject_lost(&self.data, &self.caller, self.age(None).unwrap_or_default());
    }
}

impl Request for RetainedRequest {
    fn size(&self) -> usize {
        let caller =
            self.caller.user.len() + self.caller.client.len() + self.caller.info.as_ref().map_or(0, Bytes::len);
        self.data.len() + caller + size_of::<Self>()
    }

    fn by_idempotence(mut self) -> (Option<Self>, Option<Self>) {
        let parts = self.endpoint.split_idempotent(std::mem::take(&mut self.data), &self.caller);
        self.into_parts(parts)
    }

    /// Copies the bytes: they are a slice of a frame that may hold many publications.
    fn into_retained(mut self) -> Self {
        self.data = Bytes::copy_from_slice(&self.data);
        self.caller.info = self.caller.info.map(|info| Bytes::copy_from_slice(&info));
        self
    }
}
