//! The destination of a reply.

use std::borrow::Borrow;

use tokio::time::Instant;

use super::replies::encoded_reply::EncodedReply;
use super::replies::pending_reply::PendingReply;
use super::replies::queue::GRACE;
use crate::engine::incoming::CallId;
use crate::error::RpcError;
use crate::protocol;
use crate::service::call::Reply;

/// The call that a reply belongs to, and the form in which its caller reads replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyAddress {
    /// The session is the caller's reply channel.
    pub call: CallId,
    /// The reply may be batched with others.
    pub batch: bool,
}

impl ReplyAddress {
    /// Encodes the outcome of the call as its reply.
    pub(super) fn reply(self, outcome: Result<Reply, impl Borrow<RpcError>>, deadline: Instant) -> PendingReply {
        let CallId { session: reply_to, correlation_id } = self.call;
        let encoded = match outcome {
            Ok(reply) => EncodedReply::of_result(correlation_id, reply.into_json()),
            Err(error) => protocol::write_error(&correlation_id, error.borrow()).into(),
        };
        PendingReply::new(reply_to, encoded, deadline.max(Instant::now()) + GRACE).in_batch(self.batch)
    }
}
