//! Checks of the running workers and of their group.

use serde_json::value::to_raw_value;
use tokio::time::{Instant, sleep};

use super::super::{Findings, Purpose};
use super::{Checks, PRIVACY};
use crate::centrifugo::api::Position;
use crate::centrifugo::checks::probe::{CHECK_USER, WAIT};
use crate::centrifugo::identity::{Identity, another_service};
use crate::centrifugo::tokens::WORKER_USER;
use crate::error::shown;
use crate::group::{Envelope, Member, Message, Sent, View};
use crate::service::connection::Caller;
use crate::service::contract::Served;
use crate::service::registry::Registry;

const WORKERS: &str = "workers";
const GROUP: &str = "worker group";

/// The interval between reads of the history for an answer.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

impl Checks<'_> {
    pub(super) async fn workers(&self, findings: &mut Findings) {
        // Disabled presence is reported by another check.
        let Ok(present) = self.centrifugo.api.presence(self.requests).await else { return };
        let workers: Vec<_> = present.iter().filter(|client| client.user == WORKER_USER).collect();
        let others = present.iter().find(|client| client.user != WORKER_USER && !client.user.starts_with(CHECK_USER));
        if self.purpose == Purpose::Doctor {
            self.call(workers.len(), findings).await;
            self.group(&workers, findings).await;
            self.strangers(&workers, findings);
        }
        if let Some(other) = others {
            let user = shown(&other.user);
            findings.warning(
                PRIVACY,
                format!("the user `{user}` is subscribed to the request channel and sees every request"),
                "check who else has the key that signs subscription tokens for it",
            );
        }
    }

    /// Checks that the workers serve the methods of this program.
    fn strangers(&self, workers: &[&Caller], findings: &mut Findings) {
        let own = Served::by(&Registry::linked(), self.centrifugo.config.service.as_deref());
        for other in workers.iter().filter_map(|client| Identity::of(client)) {
            if other.serves.as_ref().is_some_and(|serves| serves.is_another_than(&own)) {
                let (what, fix) = another_service(self.requests, &own, &other);
                findings.error(WORKERS, what, fix);
            }
        }
    }

    async fn group(&self, workers: &[&Caller], findings: &mut Findings) {
        if workers.is_empty() {
            return findings.ok(WORKERS, "none is running: calls wait for the next one, as long as their callers do");
        }
        let asked = match self.hello().await {
            Ok(asked) => asked,
            Err(error) => return findings.warning(GROUP, format!("it cannot be queried: {error}"), ""),
        };
        if asked.offset == 0 {
            let (count, requests) = (workers.len(), self.requests);
            if count > 1 {
                let detail = format!(
                    "{count} workers are subscribed to `{requests}`, and without a history each runs every call"
                );
                let fix = format!("give `{}` a history, or run one worker", self.namespace);
                findings.error(WORKERS, detail, fix);
            } else {
                findings.ok(WORKERS, "one is running, and without a history there can be no other");
            }
            return;
        }
        let Some(view) = self.answer(&asked).await else {
            return findings.warning(
                GROUP,
                format!("none of {} connected workers reported the members", workers.len()),
                "do they use this version? Their logs say whether they are members",
            );
        };
        let members: Vec<_> = view.members.iter().map(|member| describe(member, workers)).collect();
        findings.ok(GROUP, format!("{} in view {}: {}", count(members.len()), view.version, members.join(", ")));
        let outside = workers
            .iter()
            .filter_map(|client| Identity::of(client))
            .filter(|identity| !view.members.iter().any(|member| member.worker() == identity.worker));
        let outside: Vec<_> = outside.map(|identity| identity.to_string()).collect();
        if !outside.is_empty() {
            findings.warning(
                GROUP,
                format!("connected, but not members: {}", outside.join(", ")),
                "they start, stop, or cannot publish through the server API: their logs say which",
            );
        }
    }

    /// Asks the group for its view with a newcomer's message, without joining.
    async fn hello(&self) -> Result<Position, String> {
        let message = Message::StateRequest { member: Member::new("doctor", 0) };
        // The epoch is unknown so far, but workers check it before they answer.
        let epoch = self.centrifugo.api.top(self.requests).await.map(|top| top.epoch).unwrap_or_default();
        let hello = Envelope { group: Sent { epoch, message } };
        let hello = to_raw_value(&hello).map_err(|error| error.to_string())?;
        self.centrifugo.api.publish(self.requests, &hello, None).await.map_err(|error| error.to_string())
    }

    /// The view in the answer of the member that owns the question's offset.
    async fn answer(&self, asked: &Position) -> Option<View> {
        let deadline = Instant::now() + WAIT;
        while Instant::now() < deadline {
            let publications = self.centrifugo.api.history(self.requests, 200, Some(asked)).await.ok()?;
            let said = publications.iter().filter(|publication| publication.caller.is_none());
            let mut messages = said.filter_map(|said| serde_json::from_slice::<Envelope>(&said.data).ok());
            let view = messages.find_map(|envelope| match envelope.group.message {
                Message::State { at, version, members, .. } if at > asked.offset => Some(View { version, members }),
                _ => None,
            });
            if view.is_some() {
                return view;
            }
            sleep(PAUSE).await;
        }
        None
    }
}

fn count(members: usize) -> String {
    if members == 1 { "1 member".to_owned() } else { format!("{members} members") }
}

fn describe(member: &Member, workers: &[&Caller]) -> String {
    let identity = workers.iter().filter_map(|client| Identity::of(client)).find(|one| one.worker == member.worker());
    identity.map_or_else(|| format!("{} (not connected)", shown(member)), |identity| identity.to_string())
}
