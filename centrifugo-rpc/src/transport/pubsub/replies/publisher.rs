//! Delivery of replies to Centrifugo: all ready replies share one request.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use super::publication::Publication;
use super::queue::{MAX_BYTES, MAX_COUNT, ReplyQueue};
use crate::centrifugo::api::{Api, Body, CommandResult, DedicatedConnection};
use crate::centrifugo::api_error::{ApiError, ApiErrorKind, ServerError};
use crate::log_rate_limiter::LogRateLimiter;
use crate::protocol;
use crate::sdk::codes;

mod batch_mode;
#[cfg(feature = "__bench")]
pub(crate) mod bench;
mod body;
mod retries;

use batch_mode::{BatchModeProbe, BatchPlan};
use retries::Retries;

/// If a request takes longer than this, waiting replies are sent on the second connection. It is longer than a busy
/// Centrifugo needs for a large request.
const FLUSH_AFTER: Duration = Duration::from_millis(50);

/// An answer that takes this long is logged: all replies that become ready meanwhile wait for it.
const SLOW_ANSWER: Duration = Duration::from_secs(1);

const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// The minimum interval between log lines about the same failure.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The tasks that deliver a [`ReplyQueue`] to Centrifugo. They stop when this value is dropped.
#[derive(Debug)]
pub(crate) struct Publisher {
    reply_queue: Arc<ReplyQueue>,
    _senders: JoinSet<()>,
}

impl Publisher {
    /// Starts publishing the replies in the queue, present and future.
    pub(crate) fn start(api: &Api, reply_queue: &Arc<ReplyQueue>) -> Self {
        let (failure_log, slow_log) =
            (Arc::new(LogRateLimiter::new(LOG_INTERVAL)), Arc::new(LogRateLimiter::new(LOG_INTERVAL)));
        let batch_mode = Arc::new(BatchModeProbe::new(MAX_COUNT));
        let mut senders = JoinSet::new();
        for role in [Role::Primary, Role::Overflow] {
            let connection = api.dedicated_connection();
            let (reply_queue, batch_mode) = (reply_queue.clone(), batch_mode.clone());
            let (failure_log, slow_log) = (failure_log.clone(), slow_log.clone());
            senders.spawn(async move {
                let sender = Sender {
                    role,
                    connection,
                    reply_queue: &reply_queue,
                    failure_log,
                    slow_log,
                    batch_mode,
                    flush_timer: Box::pin(sleep(FLUSH_AFTER)),
                    retries: Retries::new(),
                };
                sender.run().await;
            });
        }
        Self { reply_queue: reply_queue.clone(), _senders: senders }
    }

    /// Waits until every reply is delivered or given up, at most until `deadline`. The replies that are left count as
    /// pending until this value is dropped. Dropping the future has no effect.
    pub(crate) async fn finish(&self, deadline: Instant) {
        let _ = timeout_at(deadline, self.reply_queue.drained()).await;
    }
}

/// The role of a sender. There are two senders, each with a connection: while Centrifugo works on one request, the next
/// one fills.
#[derive(Clone, Copy)]
enum Role {
    /// Takes any replies: no reply waits while no request is in flight.
    Primary,
    /// Takes a full request, or replies that have waited too long for the primary sender. More senders would only split
    /// the replies into smaller batches.
    Overflow,
}

impl Role {
    async fn next_batch(self, reply_queue: &ReplyQueue) -> Vec<Publication<'_>> {
        match self {
            Self::Primary => reply_queue.next_batch(MAX_COUNT, MAX_BYTES).await,
            Self::Overflow => reply_queue.next_full_batch(MAX_COUNT, MAX_BYTES).await,
        }
    }
}

/// Sends one request at a time.
struct Sender<'q> {
    role: Role,
    connection: DedicatedConnection,
    reply_queue: &'q ReplyQueue,
    failure_log: Arc<LogRateLimiter>,
    /// A rate limiter of its own, so that slow answers do not hide a failure in the log.
    slow_log: Arc<LogRateLimiter>,
    batch_mode: Arc<BatchModeProbe>,
    /// Reset for every request, which costs nothing: a new timer per request would wake the runtime each time.
    flush_timer: Pin<Box<Sleep>>,
    retries: Retries<'q>,
}

/// The outcome of a request.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Centrifugo answered, possibly with errors for some replies.
    Answered,
    /// The request failed, and the next one would fail too.
    Failed,
}

impl<'q> Sender<'q> {
    async fn run(mut self) {
        loop {
            let batch = if self.retries.are_exclusive() {
                self.reply_queue.flush();
                self.retries.due().await
            } else {
                let (role, reply_queue) = (self.role, self.reply_queue);
                tokio::select! {
                    biased;
                    batch = self.retries.due() => batch,
                    batch = role.next_batch(reply_queue) => batch,
                }
            };
            let outcome = self.send(batch).await;
            self.retries.schedule(&outcome);
        }
    }

    /// Sends a request. If it takes long, the other sender may take the waiting replies.
    async fn post(&mut self, body: Body, began: Instant) -> Result<Vec<CommandResult>, ApiError> {
        let mut request = pin!(self.connection.publish(&body));
        // The first poll sends the request before any other work.
        if let Poll::Ready(answer) = poll!(request.as_mut()) {
            return answer;
        }
        self.flush_timer.as_mut().reset(began + FLUSH_AFTER);
        loop {
            tokio::select! {
                biased;
                answer = request.as_mut() => return answer,
                () = self.flush_timer.as_mut() => {
                    self.reply_queue.flush();
                    self.flush_timer.as_mut().reset(Instant::now() + FLUSH_AFTER);
                }
            }
        }
    }

    /// Sends a batch, split if it is currently too large. Afterwards, `retries` holds the publications to retry.
    async fn send(&mut self, batch: Vec<Publication<'q>>) -> Outcome {
        let mut parts = VecDeque::from([batch]);
        let mut outcome = Outcome::Answered;
        while let Some(mut part) = parts.pop_front() {
            self.give_up_expired(&mut part);
            if part.is_empty() {
                continue;
            }
            if outcome == Outcome::Failed {
                self.retries.append(&mut part);
                continue;
            }
            let BatchPlan { parallel, max_count } = self.batch_mode.plan();
            if part.len() > max_count {
                parts.push_front(part.split_off(max_count));
            }
            let began = Instant::now();
            match self.post(body::write(&part, parallel), began).await {
                Ok(results) => {
                    let took = began.elapsed();
                    self.batch_mode.record(parallel, part.len(), took);
                    self.report_slow(took);
                    self.settle(part, results);
                }
                Err(error) if may_pass_split(error.kind()) => match halves(part) {
                    Ok(halves) => halves.into_iter().rev().for_each(|half| parts.push_front(half)),
                    Err(reply) => self.give_up(&reply, &error.to_string()),
                },
                Err(error) => {
                    self.report(&error, part.len());
                    self.retries.append(&mut part);
                    outcome = Outcome::Failed;
                }
            }
        }
        outcome
    }

    /// Settles each reply by its own result. A reply without a result is sent again: a caller that has it already
    /// ignores the duplicate.
    fn settle(&mut self, part: Vec<Publication<'q>>, results: Vec<CommandResult>) {
        let mut results = results.into_iter();
        let mut missing = 0;
        for publication in part {
            match results.next() {
                Some(Ok(())) => {}
                Some(Err(error)) if codes::is_temporary(error.code) => self.retries.push(publication),
                Some(Err(error)) => {
                    let why = why_refused(&error, publication.channel());
                    self.give_up(&[publication], &why);
                }
                None => {
                    missing += 1;
                    self.retries.push(publication);
                }
            }
        }
        if missing > 0
            && let Some(suppressed) = self.failure_log.allow()
        {
            tracing::error!(
                missing,
                suppressed,
                "the answer to a batch has fewer results than the batch had replies; they are sent again"
            );
        }
    }

    fn give_up_expired(&self, part: &mut Vec<Publication<'q>>) {
        let (now, mut count) = (Instant::now(), 0);
        part.retain_mut(|publication| {
            count += publication.take_expired(now).map_or(0, |expired| expired.replies().len());
            !publication.replies().is_empty()
        });
        if count > 0 {
            self.reply_queue.record_lost(count as u64, "they could not be published while their callers waited");
        }
    }

    /// Counts and logs the replies of publications that will be dropped.
    fn give_up(&self, part: &[Publication<'_>], why: &str) {
        let count = part.iter().map(|publication| publication.replies().len() as u64).sum();
        self.reply_queue.record_lost(count, why);
    }

    /// Logs a slow answer. Without this line, nothing would explain why callers wait: no reply is lost, but each may
    /// arrive too late.
    fn report_slow(&self, took: Duration) {
        if took < SLOW_ANSWER {
            return;
        }
        let Some(suppressed) = self.slow_log.allow() else { return };
        let waiting = self.reply_queue.pending();
        tracing::warn!(?took, waiting, suppressed, "Centrifugo's API is slow to answer, and replies wait for it");
    }

    fn report(&self, error: &ApiError, count: usize) {
        let Some(suppressed) = self.failure_log.allow() else { return };
        if error.is_temporary() {
            tracing::warn!(count, suppressed, %error, "replies wait for Centrifugo, retrying");
        } else {
            tracing::error!(count, suppressed, %error, "replies cannot be published, retrying");
        }
    }
}

/// Returns whether a smaller request might be accepted where this one was not.
fn may_pass_split(kind: ApiErrorKind) -> bool {
    matches!(kind, ApiErrorKind::TooLarge | ApiErrorKind::BadRequest)
}

fn why_refused(error: &ServerError, channel: &str) -> String {
    let ServerError { code, message } = error;
    let namespace = protocol::namespace(channel);
    match *code {
        codes::UNKNOWN_CHANNEL => format!(
            "Centrifugo knows no namespace `{namespace}` (102): add it to `channel.namespaces` in its configuration \
             (`centrifugo_config` prints a complete one)"
        ),
        codes::PERMISSION_DENIED => {
            format!("Centrifugo does not let the server API publish into `{namespace}` (103): see its configuration")
        }
        codes::BAD_REQUEST => format!(
            "Centrifugo refuses to publish into `{namespace}` (107): its `publication_data_format` and `subscription_type` must \
             allow JSON in a stream"
        ),
        _ => format!("Centrifugo refuses to publish into `{namespace}`: {message} ({code})"),
    }
}

/// Splits a batch into two smaller ones. Returns a single reply unsplit, as an error.
fn halves(mut part: Vec<Publication<'_>>) -> Result<[Vec<Publication<'_>>; 2], Vec<Publication<'_>>> {
    if part.len() == 1 {
        part = part.into_iter().flat_map(Publication::split).collect();
    }
    if part.len() == 1 {
        return Err(part);
    }
    let rest = part.split_off(part.len() / 2);
    Ok([part, rest])
}

#[cfg(test)]
mod tests;
