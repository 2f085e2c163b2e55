//! Checks that large results reach callers on slow links, and that users with long IDs get replies.

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
use crate::centrifugo::setup::WRITE_TIMEOUT;
use crate::centrifugo::socket::ChannelEvent;
use crate::centrifugo::trouble::Trouble;
use crate::channels::{MAX_USER, longest_reply_channel};
use crate::sdk::codes::{BAD_REQUEST, SLOW};

/// The time that the slow caller reads nothing after everything was sent. Detects any `write_timeout` shorter than
/// this.
const READS_NOTHING: Duration = Duration::from_secs(4);

/// The size of a large result, in bytes.
const RESULT: usize = 512 << 10;
/// The number of large results: more than the buffers between a caller and Centrifugo hold, less than the queue that
/// `centrifugo_config` prints.
const RESULTS: usize = 24;
/// The size of several results in one batch, so that the queue fills even if the caller reads at full speed.
const BURST: usize = 2 << 20;
/// The end of the last result.
const LAST: &[u8] = br#""last":true}"#;

/// Time limits for sending the results and for reading the rest.
const SENDS: Duration = Duration::from_secs(10);
const READS_THE_REST: Duration = Duration::from_secs(10);

const SLOW_LINKS: &str = "slow links";
const USERS: &str = "length of user IDs";

/// The outcome for a caller.
enum Seen {
    /// The caller got everything over its first connection.
    Kept,
    Lost {
        code: u32,
        reason: String,
    },
}

impl Checks<'_> {
    /// Checks a user with the longest ID that tokens are made for.
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
                // Other refusals are reported by another check.
                Err(_) => {}
            }
        }
        probe.close().await;
    }

    /// Checks that callers keep their connections and get everything: one that reads, and one that stops reading for
    /// some seconds.
    pub(super) async fn slow_link(&self, findings: &mut Findings) {
        let (sent, seconds) = ((RESULTS * RESULT) >> 20, READS_NOTHING.as_secs());
        // A complete failure is reported by another check.
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

    /// Sends results to a new caller, which stops reading until all are sent and for `pause` after that.
    async fn caller(&self, results: usize, bytes: usize, pause: Duration) -> Option<Seen> {
        let (ready, subscribed) = oneshot::channel();
        let (sender, done) = oneshot::channel();
        let (all_sent, until_sent) = mpsc::channel();
        let centrifugo = self.centrifugo.clone();
        let namespace = self.reply_namespace.to_owned();
        // Runs in a thread with its own runtime, because the pause blocks the thread and everything else that runs on
        // it.
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

/// The caller's side. Sends the name of its reply channel through `ready`.
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
