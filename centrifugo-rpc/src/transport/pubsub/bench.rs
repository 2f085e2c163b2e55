//! The parts of the transport that the benchmarks measure.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::decode::{self, Decoder};
use super::endpoint::Endpoint;
use super::replies::completion::{CompletionGuard, Completions};
use super::replies::queue::ReplyQueue;
use super::worst;
use crate::config::Config;
use crate::engine::dispatcher::Dispatcher;
use crate::engine::layers::LayerStack;
use crate::error::Error;
use crate::protocol;
use crate::service::connection::Caller;
use crate::service::registry::Registry;
use crate::service::states::States;

/// A decoded publication.
#[derive(Debug)]
pub struct Decoded<'a>(decode::Decoded<'a>);

impl Decoded<'_> {
    /// Returns whether it is a call that would run.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(&self.0, decode::Decoded::Request(request) if request.address.is_some())
    }
}

/// Decodes a publication of `caller`.
#[must_use]
pub fn decode<'a>(data: &'a Bytes, caller: &Caller) -> Decoded<'a> {
    Decoded(Decoder::new(caller, "reply").decode(data))
}

/// Publications of 64 KB that cause as much work as possible, by name. The first one is the baseline: one call of
/// `method` with large params.
#[must_use]
pub fn worst(method: &str) -> Vec<(&'static str, Bytes)> {
    worst::publications(method)
}

/// The caller that publishes [`worst`].
#[must_use]
pub fn worst_caller() -> Caller {
    Caller::user(worst::USER).client("f3a0c1c2-d1a4-4d0c-9b0e-1d2f3a4b5c6d")
}

/// Encodes the reply with this result, which is JSON.
#[must_use]
pub fn encode(correlation_id: &str, result: &[u8]) -> Vec<u8> {
    let mut reply = Vec::with_capacity(correlation_id.len() + result.len() + 64);
    protocol::write_result(&mut reply, correlation_id, result);
    reply
}

/// A worker without Centrifugo: publications go in, replies come out.
#[derive(Debug)]
pub struct InProcess {
    endpoint: Endpoint,
    reply_queue: Arc<ReplyQueue>,
}

impl InProcess {
    /// Makes a worker with all methods of the program and a reply queue of `capacity` bytes.
    ///
    /// # Errors
    ///
    /// Every problem with the methods.
    pub fn new(capacity: usize) -> Result<Self, Error> {
        let registry = Registry::collect(&States::default())?;
        let reply_queue = Arc::new(ReplyQueue::new(capacity, usize::MAX, Arc::default()));
        let config = Config::new("key", "secret");
        let dispatcher = Dispatcher::new(&config, registry, States::default(), LayerStack::default(), Arc::default());
        let endpoint = Endpoint::new(Arc::new(dispatcher), &config.reply_namespace, Arc::clone(&reply_queue));
        Ok(Self { endpoint, reply_queue })
    }

    /// Accepts a publication of `caller`.
    pub fn accept(&self, data: &Bytes, caller: Caller) {
        self.endpoint.accept(data, caller, Duration::ZERO, None);
    }

    /// Accepts a publication of `caller` and waits until it is complete. Takes its replies, as if they had been
    /// published at once, and returns their number. Dropping this future leaves the remaining calls running.
    pub async fn publication(&self, data: &Bytes, caller: Caller) -> usize {
        let completions = Arc::new(Completions::default());
        self.endpoint.accept(data, caller, Duration::ZERO, Some(CompletionGuard::new(&completions, 0, 0)));
        let (mut replies, mut over) = (0, false);
        while !over {
            while self.reply_queue.pending() > 0 {
                for publication in self.reply_queue.next_batch(usize::MAX, usize::MAX).await {
                    replies += publication.replies().len();
                }
            }
            tokio::task::yield_now().await;
            completions.drain(|_, _| over = true);
        }
        replies
    }

    /// Takes `count` replies, as if they had been published at once, and returns the last one. Dropping this future
    /// loses the replies that it took.
    pub async fn replies(&self, count: usize) -> Vec<u8> {
        let mut last = Vec::new();
        let mut left = count;
        while left > 0 {
            for publication in self.reply_queue.next_batch(left, usize::MAX).await {
                left -= publication.replies().len();
                for reply in publication.replies() {
                    last.clear();
                    reply.encoded.write(&mut last);
                }
            }
        }
        last
    }
}
