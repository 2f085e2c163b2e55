//! The parts of reply delivery that the benchmarks measure.

use bytes::Bytes;
use tokio::time::Instant;

use super::body;
use crate::centrifugo::api::Body;
use crate::transport::pubsub::replies::pending_reply::PendingReply;
use crate::transport::pubsub::replies::publication::{Publication, coalesce};
use crate::transport::pubsub::replies::queue::GRACE;

/// Replies ready to be sent in one request.
#[derive(Debug)]
pub struct Ready(Vec<Publication<'static>>);

impl Ready {
    /// Makes unbatched replies, each with its channel.
    #[must_use]
    pub fn new(replies: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(outgoing(replies).map(Publication::from).collect())
    }

    /// Makes replies and batches those of the same channel.
    #[must_use]
    pub fn together(replies: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(coalesce(outgoing(replies).map(|reply| reply.in_batch(true)).collect()))
    }

    /// The body of the request that publishes the replies.
    #[must_use]
    pub fn body(&self) -> Bytes {
        body::write(&self.0, false).bytes().clone()
    }

    /// The number of published replies according to Centrifugo's answer; 0 if the answer is malformed.
    #[must_use]
    pub fn published(answer: &[u8]) -> usize {
        let results = Body::Batch(Bytes::new()).results(answer);
        results.map_or(0, |results| results.into_iter().flatten().count())
    }
}

fn outgoing(replies: impl IntoIterator<Item = (String, Vec<u8>)>) -> impl Iterator<Item = PendingReply> {
    let expires = Instant::now() + GRACE;
    replies.into_iter().map(move |(channel, data)| PendingReply::new(channel, data, expires))
}
