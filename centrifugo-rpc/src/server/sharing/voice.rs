//! What a worker says to the others and asks Centrifugo, over the server API.

use std::time::Duration;

use serde_json::value::to_raw_value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::centrifugo::Centrifugo;
use crate::centrifugo::api_error::{ApiError, ApiErrorKind};
use crate::centrifugo::codes;
use crate::centrifugo::identity;
use crate::group::Envelope;
use crate::throttle::Throttle;

/// How much may wait to be said. What does not fit is said again by the group, which takes nothing for said that it has not
/// read.
const WAITING: usize = 64;

/// How long one try may take: the next thing to say is newer.
const TRY: Duration = Duration::from_secs(2);

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Where the group puts what it has to say.
#[derive(Debug)]
pub(super) struct Voice(mpsc::Sender<Said>);

#[derive(Debug)]
enum Said {
    Message(Box<Envelope>),
    Ask,
}

/// What was said and is not published yet.
#[derive(Debug)]
pub(super) struct Saying(mpsc::Receiver<Said>);

impl Voice {
    pub(super) fn new() -> (Self, Saying) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), Saying(receiver))
    }

    pub(super) fn say(&self, envelope: Envelope) {
        let _ = self.0.try_send(Said::Message(Box::new(envelope)));
    }

    pub(super) fn ask(&self) {
        let _ = self.0.try_send(Said::Ask);
    }
}

impl Saying {
    /// Says one thing after the other, for ever. `heard` gets the answers: connections and their workers, or none where
    /// Centrifugo keeps no presence.
    pub(super) async fn run(
        mut self,
        centrifugo: Centrifugo,
        heard: impl Fn(Option<Vec<(String, String)>>) + Send + 'static,
    ) {
        let log = Throttle::new(LOG_INTERVAL);
        while let Some(said) = self.0.recv().await {
            let outcome = match said {
                Said::Message(envelope) => timeout(TRY, publish(&centrifugo, &envelope)).await.unwrap_or(Ok(())),
                Said::Ask => match timeout(TRY, ask(&centrifugo)).await {
                    Ok(Ok(clients)) => {
                        heard(clients);
                        Ok(())
                    }
                    Ok(Err(error)) => Err(error),
                    Err(_) => Ok(()),
                },
            };
            if let Err(error) = outcome
                && let Some(suppressed) = log.allow()
            {
                tracing::warn!(suppressed, %error, "this worker cannot talk to the others of its group now, trying again");
            }
        }
    }
}

async fn publish(centrifugo: &Centrifugo, envelope: &Envelope) -> Result<(), ApiError> {
    let Ok(data) = to_raw_value(envelope) else { return Ok(()) };
    // Within a try the HTTP client may send it twice.
    let key = uuid::Uuid::new_v4().to_string();
    centrifugo.api.publish(&centrifugo.config.request_channel, &data, Some(&key)).await.map(drop)
}

async fn ask(centrifugo: &Centrifugo) -> Result<Option<Vec<(String, String)>>, ApiError> {
    match centrifugo.api.presence(&centrifugo.config.request_channel).await {
        Ok(clients) => {
            let workers = clients.into_iter().filter_map(|client| {
                let worker = identity::worker(&client)?;
                Some((client.client, worker))
            });
            Ok(Some(workers.collect()))
        }
        Err(error) if error.kind() == ApiErrorKind::Refused(codes::NOT_AVAILABLE) => Ok(None),
        Err(error) => Err(error),
    }
}
