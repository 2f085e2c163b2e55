//! What a worker says to the others and asks Centrifugo, over the server API.

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
use crate::centrifugo::codes;
use crate::centrifugo::identity;
use crate::centrifugo::subscription::Place;
use crate::group::{Envelope, Message};
use crate::log_rate_limiter::LogRateLimiter;

/// After how long without the answer to a message Centrifugo is asked where the stream is.
const PROBE: Duration = Duration::from_secs(2);

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Where the group puts what it has to say. Of each kind one message is under way at a time, and one waits: the newest.
///
/// The group takes nothing for said that it has not read, and expects its messages late and in any order. Where the server API is
/// slow, a report is therefore replaced by the next one before it goes, and a proposal to leave waits for no report.
#[derive(Debug, Clone, Default)]
pub(super) struct Voice(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<[Option<Said>; KINDS]>,
    filled: Notify,
    latency: Latency,
}

#[derive(Debug)]
enum Said {
    Message(Box<Envelope>),
    AskPresence,
    AskPlace,
}

const KINDS: usize = 8;

impl Said {
    /// Messages of one kind replace each other.
    fn kind(&self) -> usize {
        let message = match self {
            Self::Message(envelope) => &envelope.group.message,
            Self::AskPresence => return 6,
            Self::AskPlace => return 7,
        };
        match message {
            Message::View { .. } => 0,
            // No report takes the place of the last word.
            Message::Progress { end: true, .. } => 1,
            Message::Progress { .. } => 2,
            Message::State { .. } => 3,
            Message::Genesis { .. } => 4,
            Message::Hello { .. } => 5,
        }
    }
}

/// What Centrifugo says.
#[derive(Debug)]
pub(super) enum Heard {
    /// The connections that are subscribed and their workers; none where Centrifugo keeps no presence.
    Presence(Option<Vec<(String, String)>>),
    /// The stream seems to be behind what was read of it. The answer to the next message tells for sure.
    Behind,
    Nothing,
}

impl Voice {
    pub(super) fn say(&self, envelope: Envelope) {
        self.put(Said::Message(Box::new(envelope)));
    }

    pub(super) fn ask(&self) {
        self.put(Said::AskPresence);
    }

    fn waiting(&self) -> MutexGuard<'_, [Option<Said>; KINDS]> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, said: Said) {
        let kind = said.kind();
        self.waiting()[kind] = Some(said);
        self.0.filled.notify_one();
    }

    /// How long the server API takes to answer, at most as of late.
    pub(super) fn latency(&self) -> Duration {
        self.0.latency.longest()
    }

    /// What may go: what waits, and of whose kind nothing is under way. From now on it is.
    fn take(&self, under_way: &mut [bool; KINDS]) -> Vec<Said> {
        let mut waiting = self.waiting();
        let free = waiting.iter_mut().zip(under_way).filter(|(_, under_way)| !**under_way);
        let taken = free.filter_map(|(waiting, under_way)| {
            let said = waiting.take()?;
            *under_way = true;
            Some(said)
        });
        taken.collect()
    }

    /// Says what there is to say, for ever. `place` learns where Centrifugo says that the stream is.
    pub(super) async fn run(self, centrifugo: Centrifugo, place: Place, heard: impl Fn(Heard) + Send + 'static) {
        let log = LogRateLimiter::new(LOG_INTERVAL);
        let (voice, channel) = (&self, Channel { centrifugo, place });
        let mut under_way = [false; KINDS];
        let mut requests = FuturesUnordered::new();
        let mut quiet_since = Instant::now();
        loop {
            for said in voice.take(&mut under_way) {
                let kind = said.kind();
                let request = channel.request(said);
                requests.push(async move { (kind, voice.timed(request).await) });
            }
            let outcome = tokio::select! {
                () = voice.0.filled.notified() => continue,
                Some((kind, outcome)) = requests.next() => {
                    under_way[kind] = false;
                    outcome
                }
                () = sleep_until(quiet_since + PROBE) => {
                    quiet_since = Instant::now();
                    voice.put(Said::AskPlace);
                    continue;
                }
            };
            quiet_since = Instant::now();
            match outcome {
                Ok(answer) => heard(answer),
                Err(error) => {
                    if let Some(suppressed) = log.allow() {
                        tracing::warn!(suppressed, %error, "this worker cannot talk to the others of its group now, trying again");
                    }
                }
            }
        }
    }

    /// Gives a request as long as answers take of late. One that takes longer is given up: the next thing to say is newer.
    async fn timed(&self, request: impl Future<Output = Result<Heard, ApiError>>) -> Result<Heard, ApiError> {
        let started = Instant::now();
        let outcome = timeout(self.0.latency.patience(), request).await;
        // An error may come at once, and says nothing of how long an answer takes.
        if !matches!(outcome, Ok(Err(_))) {
            self.0.latency.took(started.elapsed());
        }
        outcome.unwrap_or(Ok(Heard::Nothing))
    }
}

/// The request channel, as the server API has it and as it was read.
#[derive(Debug)]
struct Channel {
    centrifugo: Centrifugo,
    place: Place,
}

impl Channel {
    async fn request(&self, said: Said) -> Result<Heard, ApiError> {
        match said {
            Said::Message(envelope) => self.publish(&envelope).await,
            Said::AskPresence => self.presence().await,
            Said::AskPlace => self.probe().await,
        }
    }

    fn name(&self) -> &str {
        &self.centrifugo.config.request_channel
    }

    async fn publish(&self, envelope: &Envelope) -> Result<Heard, ApiError> {
        let Ok(data) = to_raw_value(envelope) else { return Ok(Heard::Nothing) };
        // Within a try the HTTP client may send it twice.
        let key = uuid::Uuid::new_v4().to_string();
        let read = self.place.read();
        let published = self.centrifugo.api.publish(self.name(), &data, Some(&key)).await?;
        if let Some(read) = read {
            self.place.published(&read, &published);
        }
        Ok(Heard::Nothing)
    }

    async fn presence(&self) -> Result<Heard, ApiError> {
        match self.centrifugo.api.presence(self.name()).await {
            Ok(clients) => {
                let workers = clients.into_iter().filter_map(|client| {
                    let worker = identity::worker(&client)?;
                    Some((client.client, worker))
                });
                Ok(Heard::Presence(Some(workers.collect())))
            }
            Err(error) if error.kind() == ApiErrorKind::Refused(codes::NOT_AVAILABLE) => Ok(Heard::Presence(None)),
            Err(error) => Err(error),
        }
    }

    async fn probe(&self) -> Result<Heard, ApiError> {
        let Some(read) = self.place.read() else { return Ok(Heard::Nothing) };
        let top = self.centrifugo.api.top(self.name()).await?;
        // A replica of Centrifugo's storage may be late, so that this proves nothing.
        let behind = top.epoch == read.epoch && top.offset < read.offset;
        Ok(if behind { Heard::Behind } else { Heard::Nothing })
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

    fn taken(voice: &Voice, under_way: &mut [bool; KINDS]) -> Vec<Envelope> {
        let messages = voice.take(under_way).into_iter().filter_map(|said| match said {
            Said::Message(envelope) => Some(*envelope),
            _ => None,
        });
        messages.collect()
    }

    #[test]
    fn what_is_newer_replaces_what_waits_and_nothing_waits_for_another_kind() {
        let voice = Voice::default();
        let mut under_way = [false; KINDS];
        voice.say(report(1, false));
        assert_eq!(taken(&voice, &mut under_way), [report(1, false)]);
        for upto in 2..100 {
            voice.say(report(upto, false));
        }
        assert_eq!(taken(&voice, &mut under_way), [], "one report is under way");
        voice.say(leaving(7));
        voice.say(report(100, true));
        assert_eq!(taken(&voice, &mut under_way), [leaving(7), report(100, true)]);
        under_way[Said::Message(Box::new(report(0, false))).kind()] = false;
        assert_eq!(taken(&voice, &mut under_way), [report(99, false)], "the newest alone");
        voice.say(leaving(8));
        assert_eq!(taken(&voice, &mut under_way), []);
    }
}
