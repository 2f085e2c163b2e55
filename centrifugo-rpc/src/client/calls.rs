//! Calls and notifications, from their params as JSON to their outcome.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout_at};
use uuid::Uuid;

use super::batcher::RequestBatcher;
use super::cancel_queue::CancelQueue;
use super::connection::{PUBLISH_OVERHEAD, PublishError};
use super::deadline::Deadline;
use super::error::CallError;
use super::options::CallOptions;
use super::pending::{Answer, Pending};
use super::refusal;
use super::reply_channel::ReplyChannel;
use crate::error::{Error, ErrorKind, RpcError};
use crate::protocol::{Request, Text};

/// Makes the calls of a client: over one connection, with one reply channel.
pub(super) struct Calls {
    pub replies: Arc<ReplyChannel>,
    pub pending: Arc<Pending>,
    pub batcher: RequestBatcher,
    pub cancels: CancelQueue,
    pub timeout: Duration,
    pub request_channel: String,
    pub message_size_limit: usize,
}

impl Calls {
    pub(super) async fn call(
        &self,
        method: &str,
        params: Option<&RawValue>,
        options: &CallOptions,
    ) -> Result<Bytes, CallError> {
        let deadline = self.deadline(method, options)?;
        let mut call = self.open()?;
        let id = call.id.to_string();
        let request = Request {
            correlation_id: Some(Text(id.as_str().into())),
            reply_to: Some(Text(self.replies.name().into())),
            batch: Some(true),
            ..request(method, params, options)
        };
        let publish = self.send(request, &deadline, Some(call.id));
        let no_answer = sleep_until(deadline.give_up);
        tokio::pin!(publish, no_answer);
        let mut publishing = true;
        loop {
            // The reply first: it may overtake Centrifugo's confirmation of the request.
            tokio::select! {
                biased;
                answer = &mut call.answer => return match answer {
                    Ok(Answer::Result(json)) => Ok(json),
                    Ok(Answer::Error(error)) => Err(error.into()),
                    Ok(Answer::Ended(error)) => Err(CallError::Connection(error)),
                    Err(_) => Err(CallError::Connection(Error::new(ErrorKind::Other, "the client is gone"))),
                },
                sent = &mut publish, if publishing => match sent {
                    // Delivery is unknown, so a reply may still come.
                    Ok(()) | Err(SendError::Unknown) => publishing = false,
                    Err(error) => {
                        self.pending.not_sent(call.id);
                        return Err(error.into_call_error(method, &deadline));
                    }
                },
                () = &mut no_answer => {
                    return Err(CallError::Timeout { method: method.to_owned(), timeout: deadline.timeout, published: true });
                }
            }
        }
    }

    /// Computes the deadline of a call. Rejects a timeout of zero.
    fn deadline(&self, method: &str, options: &CallOptions) -> Result<Deadline, CallError> {
        let timeout = options.timeout.unwrap_or(self.timeout);
        if timeout.is_zero() {
            return Err(CallError::Timeout { method: method.to_owned(), timeout, published: false });
        }
        Ok(Deadline::new(timeout))
    }

    pub(super) async fn notify(
        &self,
        method: &str,
        params: Option<&RawValue>,
        options: &CallOptions,
    ) -> Result<(), CallError> {
        let deadline = self.deadline(method, options)?;
        let sent = timeout_at(deadline.give_up, self.send(request(method, params, options), &deadline, None)).await;
        sent.unwrap_or(Err(SendError::Unknown)).map_err(|error| error.into_call_error(method, &deadline))
    }

    /// Publishes a request once there is a connection; a call's request only if the call has not ended by then.
    async fn send(&self, mut request: Request<'_>, deadline: &Deadline, call: Option<Uuid>) -> Result<(), SendError> {
        request.timeout_ms = Some(deadline.remaining_ms());
        let mut message = serde_json::to_vec(&request).map_err(|error| SendError::Encode(error.into()))?;
        let size = message.len() + self.request_channel.len() + PUBLISH_OVERHEAD;
        if size > self.message_size_limit {
            return Err(SendError::Answered(RpcError::too_large(format!(
                "the request has {size} bytes, more than Centrifugo's limit of {} for one message",
                self.message_size_limit
            ))));
        }
        if !self.replies.is_up() {
            let up = timeout_at(deadline.at, self.replies.up()).await;
            up.map_err(|_| SendError::NoConnection)?.map_err(SendError::Failed)?;
            request.timeout_ms = Some(deadline.remaining_ms());
            message = serde_json::to_vec(&request).map_err(|error| SendError::Encode(error.into()))?;
        }
        let published = self.batcher.publish(message, call).await;
        published.map_err(|error| match error {
            PublishError::Refused { code, reason } => match self.refusal(code, &reason) {
                Ok(answer) => SendError::Answered(answer),
                Err(error) => SendError::Failed(error),
            },
            PublishError::Unknown => SendError::Unknown,
        })
    }

    fn refusal(&self, code: u32, reason: &str) -> Result<RpcError, Error> {
        // A reply channel's name ends with the user ID, so a trailing `#` means an anonymous caller.
        refusal::publish(&self.request_channel, self.replies.name().ends_with('#'), code, reason)
    }

    fn open(&self) -> Result<OpenCall<'_>, CallError> {
        let id = Uuid::new_v4();
        let answer = self.pending.open(id).map_err(CallError::Connection)?;
        Ok(OpenCall { calls: self, id, answer })
    }
}

fn request<'a>(method: &'a str, params: Option<&'a RawValue>, options: &'a CallOptions) -> Request<'a> {
    Request {
        method: Some(Text(method.into())),
        params,
        traceparent: options.traceparent.as_deref().map(|traceparent| Text(traceparent.into())),
        ..Request::default()
    }
}

/// Reasons why a request was not sent.
enum SendError {
    /// The request may have been sent.
    Unknown,
    NoConnection,
    Answered(RpcError),
    Failed(Error),
    Encode(crate::BoxError),
}

impl SendError {
    fn into_call_error(self, method: &str, deadline: &Deadline) -> CallError {
        match self {
            Self::Unknown => CallError::Connection(Error::new(
                ErrorKind::Unreachable,
                format!("Centrifugo did not confirm `{method}`: whether it was delivered is unknown"),
            )),
            Self::NoConnection => {
                CallError::Timeout { method: method.to_owned(), timeout: deadline.timeout, published: false }
            }
            Self::Answered(error) => CallError::Rpc(error),
            Self::Failed(error) => CallError::Connection(error),
            Self::Encode(source) => CallError::Encode { method: method.to_owned(), source },
        }
    }
}

/// A call with a waiting caller. Dropping it forgets the call, and cancels it if a worker may be running it.
struct OpenCall<'a> {
    calls: &'a Calls,
    id: Uuid,
    answer: oneshot::Receiver<Answer>,
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if self.calls.pending.forget(self.id) {
            self.calls.cancels.push(self.id);
        }
    }
}
