//! A reply on its way from its call to Centrifugo's server API.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::completion::CompletionGuard;
use super::encoded_reply::EncodedReply;

/// The memory that a reply takes besides its own bytes. Bounds the number of small replies.
const OVERHEAD: usize = 256;

/// The bytes of a reply's command in a request besides channel and reply.
const COMMAND: usize = 64;

/// A reply that waits to be published.
#[derive(Debug)]
pub(crate) struct PendingReply {
    /// The caller's reply channel.
    pub channel: Arc<str>,
    pub encoded: EncodedReply,
    /// The time after which the caller no longer waits for the reply.
    pub expires: Instant,
    /// True if the caller accepts batched replies.
    pub(crate) batch: bool,
    /// Centrifugo publishes replies with the same key once, whichever worker asks.
    pub(crate) idempotency_key: Option<Box<str>>,
    /// The hashes of the user and of the channel. The queue sets them.
    pub(crate) user: u64,
    pub(crate) session: u64,
    /// Dropped with the reply, which completes its call.
    completion: Option<CompletionGuard>,
    /// Dropped with the reply: its call no longer waits for capacity.
    pub(crate) capacity_waiter: Option<oneshot::Sender<()>>,
}

impl PendingReply {
    pub(crate) fn new(channel: impl Into<Arc<str>>, encoded: impl Into<EncodedReply>, expires: Instant) -> Self {
        Self {
            channel: channel.into(),
            encoded: encoded.into(),
            expires,
            batch: false,
            idempotency_key: None,
            user: 0,
            session: 0,
            completion: None,
            capacity_waiter: None,
        }
    }

    pub(crate) fn in_batch(mut self, batch: bool) -> Self {
        self.batch = batch;
        self
    }

    pub(crate) fn with_idempotency_key(mut self, key: String) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    pub(crate) fn with_completion(mut self, completion: Option<CompletionGuard>) -> Self {
        self.completion = completion;
        self
    }

    /// The approximate memory of the reply in bytes.
    pub(crate) fn cost(&self) -> usize {
        self.channel.len() + self.encoded.len() + OVERHEAD
    }

    /// The approximate size of the reply in a request, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.channel.len() + self.encoded.len() + COMMAND
    }
}
