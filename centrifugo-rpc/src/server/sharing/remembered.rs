//! A publication as the group remembers it: as it came, read again only if its worker dies.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::connection::Caller;
use crate::dispatch::completion::CompletionGuard;
use crate::dispatch::{Dispatcher, ReplyAddress, count};
use crate::group::Request;

#[derive(Debug)]
pub(super) struct Remembered {
    data: Bytes,
    caller: Caller,
    /// When it was published at the earliest, if that is known.
    since: Option<Instant>,
    dispatcher: Arc<Dispatcher>,
}

impl Remembered {
    pub(super) fn new(data: Bytes, caller: Caller, since: Option<Instant>, dispatcher: Arc<Dispatcher>) -> Self {
        Self { data, caller, since, dispatcher }
    }

    /// How old it is at most, if that is known from how it arrived or from what others said.
    pub(super) fn age(&self, said: Option<Duration>) -> Option<Duration> {
        let seen = self.since.map(|since| since.elapsed());
        seen.into_iter().chain(said).min()
    }

    pub(super) fn run(self, age: Option<Duration>, completion: CompletionGuard) {
        match age {
            Some(age) => self.dispatcher.accept(&self.data, self.caller, age, Some(completion)),
            // Its caller may have given up long ago, or just have called.
            None => self.dispatcher.reject_unserved(&self.data, &self.caller),
        }
    }

    /// How many requests it is.
    pub(super) fn count(&self) -> usize {
        count(&self.data)
    }

    /// The calls that were cancelled, and the rest.
    pub(super) fn by_cancellation(mut self, cancelled: impl Fn(&ReplyAddress) -> bool) -> (Option<Self>, Option<Self>) {
        let data = std::mem::take(&mut self.data);
        let parts = self.dispatcher.split_cancelled(data, &self.caller, cancelled);
        self.apart(parts)
    }

    fn apart(self, (first, others): (Option<Bytes>, Option<Bytes>)) -> (Option<Self>, Option<Self>) {
        let with = |data| Self { data, caller: self.caller.clone(), dispatcher: Arc::clone(&self.dispatcher), ..self };
        (first.map(with), others.map(with))
    }

    pub(super) fn cancelled(self) {
        self.dispatcher.reject_cancelled(&self.data, &self.caller);
    }

    pub(super) fn lost(self) {
        self.dispatcher.reject_lost(&self.data, &self.caller, self.age(None).unwrap_or_default());
    }
}

impl Request for Remembered {
    fn size(&self) -> usize {
        let caller =
            self.caller.user.len() + self.caller.client.len() + self.caller.info.as_ref().map_or(0, Bytes::len);
        self.data.len() + caller + size_of::<Self>()
    }

    fn by_idempotence(mut self) -> (Option<Self>, Option<Self>) {
        let parts = self.dispatcher.split_idempotent(std::mem::take(&mut self.data), &self.caller);
        self.apart(parts)
    }

    /// It is a slice of a frame that may hold many.
    fn remembered(mut self) -> Self {
        self.data = Bytes::copy_from_slice(&self.data);
        self.caller.info = self.caller.info.map(|info| Bytes::copy_from_slice(&info));
        self
    }
}
