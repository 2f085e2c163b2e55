//! What the benchmarks measure of the replies' way out.

use bytes::Bytes;
use tokio::time::Instant;

use super::super::api::parse_batch;
use super::write_batch;
use crate::dispatch::outbox::{GRACE, Outgoing};
use crate::dispatch::publication::Publication;

/// Replies that are ready to be sent together.
#[derive(Debug)]
pub struct Ready(Vec<Publication>);

impl Ready {
    /// Replies, each with its channel.
    #[must_use]
    pub fn new(replies: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let expires = Instant::now() + GRACE;
        Self(replies.into_iter().map(|(channel, data)| Outgoing::new(channel, data, expires).into()).collect())
    }

    /// The body of the request that publishes them.
    #[must_use]
    pub fn body(&self) -> Bytes {
        write_batch(&self.0, false)
    }

    /// How many of them were published, going by Centrifugo's answer; none if it is no answer.
    #[must_use]
    pub fn published(answer: &[u8]) -> usize {
        parse_batch(answer).map_or(0, |results| results.into_iter().flatten().count())
    }
}
