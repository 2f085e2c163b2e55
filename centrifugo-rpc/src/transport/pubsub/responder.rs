//! Outcomes of calls as replies in the queue.

use std::future::Future;
use std::sync::Arc;

use tokio::time::Instant;

use super::address::ReplyAddress;
use super::decode::DropReason;
use super::drop_log::DropLog;
use super::replies::completion::CompletionGuard;
use super::replies::queue::ReplyQueue;
use crate::engine::responder::{Refusal, Responder};
use crate::engine::telemetry::Telemetry;
use crate::error::RpcError;
use crate::service::call::Reply;
use crate::service::connection::{Caller, Connection};

/// Queues replies.
#[derive(Debug)]
pub(super) struct QueueReplies {
    pub queue: Arc<ReplyQueue>,
    pub drops: DropLog,
    pub telemetry: Arc<Telemetry>,
}

/// The destination of one outcome.
#[derive(Debug)]
pub(super) struct ReplyTo {
    /// `None` for a notification.
    pub address: Option<ReplyAddress>,
    /// Dropped with the reply, or with the notification.
    pub completion: Option<CompletionGuard>,
}

impl Responder for QueueReplies {
    type Destination = ReplyTo;

    fn refuse(&self, ReplyTo { address, completion }: ReplyTo, caller: &Caller, refusal: &Refusal) {
        match (refusal, address) {
            (Refusal::Duplicate, _) => self.drops.record(DropReason::Duplicate, caller, None),
            (Refusal::Error(error), Some(address)) => {
                self.queue.try_push(address.reply(Err(error), Instant::now()).with_completion(completion));
            }
            // There is no reply, so the log has the error.
            (Refusal::Error(error), None) => self.drops.record(DropReason::Notification, caller, Some(error)),
        }
    }

    fn finish(
        &self,
        ReplyTo { address, completion }: ReplyTo,
        connection: &Connection,
        outcome: Result<Reply, RpcError>,
    ) -> impl Future<Output = ()> + Send {
        let room = match (address, outcome) {
            (Some(address), outcome) => {
                self.queue.push(address.reply(outcome, connection.deadline()).with_completion(completion))
            }
            (None, Err(error)) => {
                self.telemetry.notification_failed(connection, &error);
                None
            }
            (None, Ok(_)) => None,
        };
        async move {
            if let Some(room) = room {
                room.await;
            }
        }
    }
}
