//! What the benchmarks measure of dispatch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Dispatcher;
use super::completion::{CompletionGuard, Completions};
use super::intake::{Intake, Reader};
use super::reply_queue::ReplyQueue;
use super::service::Stack;
use super::worst;
use crate::config::Config;
use crate::connection::Caller;
use crate::error::Error;
use crate::handler::States;
use crate::protocol;
use crate::registry::Registry;

/// A publication, read.
#[derive(Debug)]
pub struct Decoded<'a>(Intake<'a>);

impl Decoded<'_> {
    /// It is a call that would run.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(&self.0, Intake::Request(request) if request.address.is_some())
    }
}

/// Reads what `caller` published.
#[must_use]
pub fn decode<'a>(data: &'a Bytes, caller: &Caller) -> Decoded<'a> {
    Decoded(Reader::new(caller, "reply").read(data))
}

/// Publications of 64 KB that ask for as much as one may, each by its name. The first is what the others are compared with: one call
/// of `method` with large params.
#[must_use]
pub fn worst(method: &str) -> Vec<(&'static str, Bytes)> {
    worst::publications(method)
}

/// Who publishes [`worst`].
#[must_use]
pub fn worst_caller() -> Caller {
    Caller::user(worst::USER).client("f3a0c1c2-d1a4-4d0c-9b0e-1d2f3a4b5c6d")
}

/// Writes the reply with this result, which is JSON.
#[must_use]
pub fn encode(correlation_id: &str, result: &[u8]) -> Vec<u8> {
    let mut reply = Vec::with_capacity(correlation_id.len() + result.len() + 64);
    protocol::write_result(&mut reply, correlation_id, result);
    reply
}

/// A worker without Centrifugo: publications go in, replies come out.
#[derive(Debug)]
pub struct InProcess {
    dispatcher: Arc<Dispatcher>,
    reply_queue: Arc<ReplyQueue>,
}

impl InProcess {
    /// One with all methods of the program, whose replies wait in an reply_queue of `capacity` bytes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the methods.
    pub fn new(capacity: usize) -> Result<Self, Error> {
        let registry = Registry::collect(&States::default())?;
        let reply_queue = Arc::new(ReplyQueue::new(capacity));
        let config = Config::new("key", "secret");
        let dispatcher =
            Dispatcher::new(&config, registry, States::default(), Stack::default(), Arc::clone(&reply_queue));
        Ok(Self { dispatcher: Arc::new(dispatcher), reply_queue })
    }

    /// Takes what `caller` published.
    pub fn accept(&self, data: &Bytes, caller: Caller) {
        self.dispatcher.accept(data, caller, Duration::ZERO, None);
    }

    /// Takes what `caller` published, and waits until all of it is over: its replies are taken, as if they had been published at once.
    /// Says how many they are. Dropping this future leaves what is not over.
    pub async fn publication(&self, data: &Bytes, caller: Caller) -> usize {
        let completions = Arc::new(Completions::default());
        self.dispatcher.accept(data, caller, Duration::ZERO, Some(CompletionGuard::new(&completions, 0, 0)));
        let (mut replies, mut over) = (0, false);
        while !over {
            while self.reply_queue.pending() > 0 {
                for publication in self.reply_queue.next_batch(usize::MAX, usize::MAX).await {
                    replies += self.reply_queue.release(publication.replies());
                }
            }
            tokio::task::yield_now().await;
            completions.drain(|_, _| over = true);
        }
        replies
    }

    /// Waits for `count` replies and is done with them, as if they had been published at once; gives the last one. Dropping this
    /// future loses those that it took.
    pub async fn replies(&self, count: usize) -> Vec<u8> {
        let mut last = Vec::new();
        let mut left = count;
        while left > 0 {
            for publication in self.reply_queue.next_batch(left, usize::MAX).await {
                left -= self.reply_queue.release(publication.replies());
                for reply in publication.replies() {
                    last.clear();
                    reply.encoded.write(&mut last);
                }
            }
        }
        last
    }
}
