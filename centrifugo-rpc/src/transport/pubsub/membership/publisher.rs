//! Publishes the messages of a worker to the group, and queries Centrifugo, over the server API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::value::to_raw_value;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::latency::Latency;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::api_error::{ApiError, ApiErrorKind};
use crate::centrifugo::identity;
use crate::group::{Envelope, Message};
use crate::log_rate_limiter::LogRateLimiter;
use crate::sdk::codes;
use crate::transport::pubsub::subscription::Place;

/// The time without an answer to a message after which Centrifugo is asked for the position of the stream.
const PROBE: Duration = Duration::from_secs(2);

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// The outgoing messages of the group. Of each kind, at most one message is in flight and one waits: the newest.
///
/// The group treats a message as published only once it has read it back, and expects messages late and in any order.
/// If the server API is slow, a report is therefore replaced by the next one before it is sent, and a proposal to leave
/// waits for no report.
#[derive(Debug, Clone, Default)]
pub(super) struct GroupPublisher(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<[Option<Outgoing>; KINDS]>,
    not_empty: Notify,
    latency: Latency,
}

#[derive(Debug)]
enum Outgoing {
    Message(Box<Envelope>),
    QueryPresence,
    QueryPosition,
}

const KINDS: usize = 8;

impl Outgoing {
    /// Messages of the same kind replace each other.
    fn kind(&self) -> usize {
        let message = match self {
            Self::Message(envelope) => &envelope.group.message,
            Self::QueryPresence => return 6,
            Self::QueryPosition => return 7,
        };
        match message {
            Message::View { .. } => 0,
            // The final report is never replaced by another report.
            Message::Progress { end: true, .. } => 1,
            Message::Progress { .. } => 2,
            Message::State { .. } => 3,
            Message::Bootstrap { .. } => 4,
            Message::StateRequest { .. } => 5,
        }
    }
}

/// An answer of Centrifugo.
#[derive(Debug)]
pub(super) enum Answer {
    /// The subscribed connections and their workers; `None` if Centrifugo keeps no presence.
    Presence(Option<Vec<(String, String)>>),
    /// The position of the stream seems to be behind what was read. Only the answer to the next message proves it.
    Behind,
    Nothing,
}

impl GroupPublisher {
    pub(super) fn publish(&self, envelope: Envelope) {
        self.enqueue(Outgoing::Message(Box::new(envelope)));
    }

    pub(super) fn query_presence(&self) {
        self.enqueue(Outgoing::QueryPresence);
    }

    fn waiting(&self) -> MutexGuard<'_, [Option<Outgoing>; KINDS]> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, message: Outgoing) {
        let kind = message.kind();
        self.waiting()[kind] = Some(message);
        self.0.not_empty.notify_one();
    }

    /// The longest recent latency of the server API.
    pub(super) fn latency(&self) -> Duration {
        self.0.latency.longest()
    }

    /// Takes the waiting messages of the kinds that have none in flight, and marks these kinds as in flight.
    fn take(&self, in_flight: &mut [bool; KINDS]) -> Vec<Outgoing> {
        let mut waiting = self.waiting();
        let free = waiting.iter_mut().zip(in_flight).filter(|(_, in_flight)| !**in_flight);
        let taken = free.filter_map(|(waiting, in_flight)| {
            let message = waiting.take()?;
            *in_flight = true;
            Some(message)
        });
        taken.collect()
    }

    /// Sends messages, forever. `position` receives the position of the stream that Centrifugo reports.
    pub(super) async fn run(
        self,
        centrifugo: Centrifugo,
        position: Place,
        on_answer: impl Fn(Answer) + Send + 'static,
    ) {
        let log = LogRateLimiter::new(LOG_INTERVAL);
        let (publisher, channel) = (&self, Channel { centrifugo, position });
        let mut in_flight = [false; KINDS];
        let mut requests = FuturesUnordered::new();
        let mut quiet_since = Instant::now();
        loop {
            for message in publisher.take(&mut in_flight) {
                let kind = message.kind();
                let request = channel.request(message);
                requests.push(async move { (kind, publisher.with_timeout(request).await) });
            }
            let outcome = tokio::select! {
                () = publisher.0.not_empty.notified() => continue,
                Some((kind, outcome)) = requests.next() => {
                    in_flight[kind] = false;
                    outcome
                }
                () = sleep_until(quiet_since + PROBE) => {
                    quiet_since = Instant::now();
                    publisher.enqueue(Outgoing::QueryPosition);
                    continue;
                }
            };
            quiet_since = Instant::now();
            match outcome {
                Ok(answer) => on_answer(answer),
                Err(error) => {
                    if let Some(suppressed) = log.allow() {
                        tracing::warn!(suppressed, %error, "messages to the worker group cannot be published, retrying");
                    }
                }
            }
        }
    }

    /// Limits a request to the current timeout. A request that takes longer is dropped: the next message is newer.
    async fn with_timeout(&self, request: impl Future<Output = Result<Answer, ApiError>>) -> Result<Answer, ApiError> {
        let started = Instant::now();
        let outcome = timeout(self.0.latency.timeout(), request).await;
        // An error may come at once, so it is not a measure of the latency.
        if !matches!(outcome, Ok(Err(_))) {
            self.0.latency.record(started.elapsed());
        }
        outcome.unwrap_or(Ok(Answer::Nothing))
    }
}

/// The request channel: its state in the server API, and the position up to which it was read.
#[derive(Debug)]
struct Channel {
    centrifugo: Centrifugo,
    position: Place,
}

impl Channel {
    async fn request(&self, message: Outgoing) -> Result<Answer, ApiError> {
        match message {
            Outgoing::Message(envelope) => self.publish(&envelope).await,
            Outgoing::QueryPresence => self.presence().await,
            Outgoing::QueryPosition => self.check_position().await,
        }
    }

    fn name(&self) -> &str {
        &self.centrifugo.config.request_channel
    }

    async fn publish(&self, envelope: &Envelope) -> Result<Answer, ApiError> {
        let Ok(data) = to_raw_value(envelope) else { return Ok(Answer::Nothing) };
        // The HTTP client may send a request twice.
        let key = uuid::Uuid::new_v4().to_string();
        let read = self.position.read();
        let published = self.centrifugo.api.publish(self.name(), &data, Some(&key)).await?;
        if let Some(read) = read {
            self.position.published(&read, &published);
        }
        Ok(Answer::Nothing)
    }

    async fn presence(&self) -> Result<Answer, ApiError> {
        match self.centrifugo.api.presence(self.name()).await {
            Ok(clients) => {
                let workers = clients.into_iter().filter_map(|client| {
                    let worker = identity::worker(&client)?;
                    Some((client.client, worker))
                });
                Ok(Answer::Presence(Some(workers.collect())))
            }
            Err(error) if error.kind() == ApiErrorKind::Refused(codes::NOT_AVAILABLE) => Ok(Answer::Presence(None)),
            Err(error) => Err(error),
        }
    }

    async fn check_position(&self) -> Result<Answer, ApiError> {
        let Some(read) = self.position.read() else { return Ok(Answer::Nothing) };
        let top = self.centrifugo.api.top(self.name()).await?;
        // A replica of Centrifugo's storage may lag, so this proves nothing.
        let behind = top.epoch == read.epoch && top.offset < read.offset;
        Ok(if behind { Answer::Behind } else { Answer::Nothing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Member, Sent};

    fn envelope(message: Message) -> Envelope {
        Envelope { group: Sent { epoch: "e".to_owned(), message } }
    }

    fn report(upto: u64, end: bool) -> Envelope {
        envelope(Message::Progress { member: Member::new("a", 0), upto, open: Vec::new(), end })
    }

    fn leaving(prev: u64) -> Envelope {
        envelope(Message::View { prev, members: Vec::new(), dead: Vec::new(), time: Some(1) })
    }

    fn taken(publisher: &GroupPublisher, in_flight: &mut [bool; KINDS]) -> Vec<Envelope> {
        let messages = publisher.take(in_flight).into_iter().filter_map(|message| match message {
            Outgoing::Message(envelope) => Some(*envelope),
            _ => None,
        });
        messages.collect()
    }

    #[test]
    fn what_is_newer_replaces_what_waits_and_nothing_waits_for_another_kind() {
        let publisher = GroupPublisher::default();
        let mut in_flight = [false; KINDS];
        publisher.publish(report(1, false));
        assert_eq!(taken(&publisher, &mut in_flight), [report(1, false)]);
        for upto in 2..100 {
            publisher.publish(report(upto, false));
        }
        assert_eq!(taken(&publisher, &mut in_flight), [], "one report is in flight");
        publisher.publish(leaving(7));
        publisher.publish(report(100, true));
        assert_eq!(taken(&publisher, &mut in_flight), [leaving(7), report(100, true)]);
        in_flight[Outgoing::Message(Box::new(report(0, false))).kind()] = false;
        assert_eq!(taken(&publisher, &mut in_flight), [report(99, false)], "the newest alone");
        publisher.publish(leaving(8));
        assert_eq!(taken(&publisher, &mut in_flight), []);
    }
}
