//! Do large results reach callers whose links are slow, and do all users get answers?

use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::sync::oneshot;

use super::{Checks, reply_channel};
use crate::centrifugo::Centrifugo;
use crate::centrifugo::api_error::ApiError;
use crate::centrifugo::checks::Findings;
use crate::centrifugo::checks::probe::{CHECK_USER, Probe};
use crate::centrifugo::codes::{BAD_REQUEST, SLOW};
use crate::centrifugo::setup::WRITE_TIMEOUT;
use crate::centrifugo::socket::ChannelEvent;
use crate::centrifugo::tokens::{MAX_USER, longest_reply_channel};
use crate::centrifugo::trouble::Trouble;

/// How long the slow caller reads nothing once all was sent. A `write_timeout` of less than this is found.
const READS_NOTHING: Duration = Duration::from_secs(4);

/// A large result.
const RESULT: usize = 512 << 10;
/// So many of them are more than the buffers between a caller and Centrifugo take, and less than the queue that `centrifugo_config` prints.
const RESULTS: usize = 24;
/// As large as several results that travel together, so that the queue fills even where the caller reads as fast as it can.
const BURST: usize = 2 << 20;
/// How the last of them ends.
const LAST: &[u8] = br#""last":true}"#;

/// How long sending it may take, and reading it.
const SENDS: Duration = Duration::from_secs(10);
const READS_THE_REST: Duration = Duration::from_secs(10);

const SLOW_LINKS: &str = "slow links";
const USERS: &str = "length of user IDs";

/// What became of a caller.
enum Seen {
    /// It got all over its first connection.
    Kept,
    Lost {
        code: u32,
        reason: String,
    },
}

impl Checks<'_> {
    /// A user whose ID is as long as tokens are made for.
    pub(super) async fn longest_user(&self, findings: &mut Findings) {
        let unique = format!("{CHECK_USER}{}", uuid::Uuid::new_v4().simple());
        let user = format!("{unique}{}", "x".repeat(MAX_USER.saturating_sub(unique.len())));
        let Ok(mut probe) = Probe::start_as(self.centrifugo, user) else { return };
        if probe.connected(Duration::ZERO, |_| ()).await.is_ok() {
            let channel = reply_channel(self.reply_namespace, &probe.user);
            match probe.subscribe(&channel, false).await.map(drop) {
                Ok(()) => findings.ok(USERS, format!("up to {MAX_USER} bytes")),
                Err(Trouble::Refused { code: BAD_REQUEST, .. }) => findings.warning(
                    USERS,
                    format!("a caller whose user ID has {MAX_USER} bytes cannot subscribe to its replies (107): the channel's name has {}", channel.len()),
                    format!(
                        "set `channel.max_length` to {}, where user IDs may have more than some 200 bytes; it is 255 by default",
                        longest_reply_channel(self.reply_namespace, MAX_USER)
                    ),
                ),
                // Another check says what else is refused.
                Err(_) => {}
            }
        }
        probe.close().await;
    }

    /// Callers keep their connections and get all that is sent: one that reads, and one that reads nothing for some seconds.
    pub(super) async fn slow_link(&self, findings: &mut Findings) {
        let (sent, seconds) = ((RESULTS * RESULT) >> 20, READS_NOTHING.as_secs());
        // Another check says what does not work at all.
        let Some(seen) = self.caller(2, BURST, Duration::ZERO).await else { return };
        if let Seen::Lost { code: SLOW, reason } = seen {
            return findings.warning(
                SLOW_LINKS,
                format!(
                    "a caller that was sent {} MiB of results lost its connection: {reason} ({SLOW})",
                    (2 * BURST) >> 20
                ),
                format!("set `client.queue_max_size` to {}", self.centrifugo.config.queue_max_size()),
            );
        }
        match self.caller(RESULTS, RESULT, READS_NOTHING).await {
            None => {}
            Some(Seen::Kept) => {
                findings.ok(SLOW_LINKS, format!("a caller that read nothing for {seconds} s got {sent} MiB over one connection"));
            }
            Some(Seen::Lost { code, reason }) => findings.warning(
                SLOW_LINKS,
                format!(
                    "a caller that read nothing for {seconds} s lost its connection ({reason}, {code}): over a slow link large results \
                     are cut off, and sent again and again"
                ),
                format!("set `websocket.write_timeout` to \"{}s\"; its default is 1s", WRITE_TIMEOUT.as_secs()),
            ),
        }
    }

    /// Sends a new caller results, and lets it read nothing until all are sent and for `pause` after that.
    async fn caller(&self, results: usize, bytes: usize, pause: Duration) -> Option<Seen> {
        let (ready, subscribed) = oneshot::channel();
        let (sender, done) = oneshot::channel();
        let (all_sent, until_sent) = mpsc::channel();
        let centrifugo = self.centrifugo.clone();
        let namespace = self.reply_namespace.to_owned();
        // On a thread with a runtime of its own: what reads nothing is blocked, and all that runs beside it.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let pause = (!pause.is_zero()).then_some((until_sent, pause));
            let seen =
                runtime.ok().and_then(|runtime| runtime.block_on(receive(&centrifugo, &namespace, ready, pause)));
            let _ = sender.send(seen);
        });
        let replies = subscribed.await.ok()?;
        let sent = self.send_results(&replies, results, bytes).await;
        let _ = all_sent.send(());
        let seen = done.await.ok().flatten();
        let _ = self.centrifugo.api.history_remove(&replies).await;
        sent.ok().and(seen)
    }

    async fn send_results(&self, replies: &str, results: usize, bytes: usize) -> Result<(), ApiError> {
        for number in 1..=results {
            let result = json!({ "check": "x".repeat(bytes), "last": number == results });
            let Ok(result) = to_raw_value(&result) else { return Ok(()) };
            self.centrifugo.api.publish(replies, &result, None).await?;
        }
        Ok(())
    }
}

/// The part of the caller, which tells the channel that it reads by `ready`.
async fn receive(
    centrifugo: &Centrifugo,
    namespace: &str,
    ready: oneshot::Sender<String>,
    pause: Option<(mpsc::Receiver<()>, Duration)>,
) -> Option<Seen> {
    let mut probe = Probe::start(centrifugo).ok()?;
    probe.connected(Duration::ZERO, |_| ()).await.ok()?;
    let replies = reply_channel(namespace, &probe.user);
    // Taken by the first publication.
    let pause = Mutex::new(pause);
    let subscribed = probe.subscribe_with(&replies, false, move |event| {
        if !matches!(event, ChannelEvent::Published(_)) {
            return;
        }
        let pause = pause.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((until_sent, pause)) = pause {
            let _ = until_sent.recv_timeout(SENDS);
            thread::sleep(pause);
        }
    });
    let (mut channel, _) = subscribed.await.ok()?;
    ready.send(replies).ok()?;
    let last = channel
        .published_within(SENDS + READS_NOTHING + READS_THE_REST, |published| published.data.ends_with(LAST))
        .await;
    let seen = match (probe.lost(), last) {
        (Some((code, reason)), _) => Some(Seen::Lost { code, reason }),
        (None, last) => last.map(|_| Seen::Kept),
    };
    probe.close().await;
    seen
}
