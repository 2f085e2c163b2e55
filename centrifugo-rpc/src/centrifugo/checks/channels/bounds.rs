//! Checks of limits: histories and messages must be large enough, and channel names and formats restricted to the
//! necessary.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{Checks, reply_channel};
use crate::centrifugo::api::Body;
use crate::centrifugo::api_error::ApiError;
use crate::centrifugo::checks::Findings;
use crate::centrifugo::checks::probe::{CHECK_USER, Probe};
use crate::centrifugo::setup::ENVELOPE;
use crate::centrifugo::trouble::Trouble;
use crate::protocol::REPLY_HISTORY;
use crate::sdk::codes::BAD_REQUEST;

/// The minimum size of the request history: a smaller one is overwritten within a second of moderate load.
const REQUESTS_KEPT: usize = 1000;

/// The minimum duration of a history: a shorter one expires before a client has reconnected.
const REMEMBERED: Duration = Duration::from_secs(3);

/// The bytes of a message reserved for everything except the data, so that the largest params of the defaults just fit.
const AROUND: usize = 512;

/// The size of the largest test message, in bytes.
const MAX_PROBE: usize = 16 << 20;

const NAMES: &str = "names of channels";
const FORMAT: &str = "format of requests";
const DEPTH: &str = "size of the histories";
const SIZE: &str = "size of requests";

impl Checks<'_> {
    /// Checks that callers can only create the channels and publications that they need.
    pub(super) async fn strictness(&self, findings: &mut Findings) {
        let Self { caller, namespace, reply_namespace, .. } = *self;
        let other = self.channel_of_its_own();
        let shared = format!("{},{}", reply_channel(reply_namespace, &caller.user), self.worker.user);
        let (other, shared, format) = tokio::join!(
            caller.socket.publish(&other, "{}"),
            caller.subscribe(&shared, false),
            caller.socket.publish(self.requests, "[]"),
        );
        let before = findings.0.len();
        if other.is_ok() {
            let name = self.requests.split_once(':').map_or("", |(_, name)| name);
            findings.warning(
                NAMES,
                format!("any caller can fill `{namespace}` with channels of its own, each with a history"),
                format!("set `channel_regex` to \"^{}$\" in `{namespace}`", name.replace('.', "\\\\.")),
            );
        }
        let shared = shared.map(drop);
        if shared.is_ok() {
            findings.warning(
                NAMES,
                format!(
                    "`{reply_namespace}` accepts channels that several users share, and channels of any other name"
                ),
                format!("set `channel_regex` to \"^[A-Za-z0-9_-]{{16,64}}#[^,#]*$\" in `{reply_namespace}`"),
            );
        }
        // If something else was refused, another check reports it.
        if findings.0.len() == before && is_bad_request(&other) && is_bad_request(&shared) {
            findings.ok(NAMES, "callers can use the channels that they need, and no others");
        }
        match format {
            Ok(()) => findings.warning(
                FORMAT,
                format!(
                    "`{namespace}` accepts data that is not a JSON object: workers drop it, but it displaces requests in the history"
                ),
                format!("set `publication_data_format` to \"json_object\" in `{namespace}`"),
            ),
            Err(_) if is_bad_request(&format) => findings.ok(FORMAT, "only JSON objects are accepted"),
            Err(_) => {}
        }
    }

    /// Checks that the histories keep enough publications, for as long as a reconnect takes.
    pub(super) async fn depth(&self, findings: &mut Findings) {
        let (namespace, reply_namespace) = (self.namespace, self.reply_namespace);
        let requests = self.channel_of_its_own();
        let replies = reply_channel(reply_namespace, &self.caller.user);
        let (requests, replies) = tokio::join!(
            self.kept(namespace, &requests, REQUESTS_KEPT, "10000"),
            self.kept(reply_namespace, &replies, REPLY_HISTORY, "128"),
        );
        let before = findings.0.len();
        for kept in [requests, replies] {
            match kept {
                // If there is no history at all, another check reports it.
                Ok(None) | Err(_) => {}
                Ok(Some((problem, fix))) => findings.warning(DEPTH, problem, fix),
            }
        }
        if findings.0.len() == before {
            findings.ok(DEPTH, "enough for a reconnect under load");
        }
    }

    /// Finds the problem with the history of a namespace by a test in an unused channel.
    async fn kept(
        &self,
        namespace: &str,
        channel: &str,
        wanted: usize,
        advised: &str,
    ) -> Result<Option<(String, String)>, ApiError> {
        let api = &self.centrifugo.api;
        let count = async || {
            let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
            api.history(channel, limit, None).await.map(|publications| publications.len())
        };
        let commands: Vec<_> = (0..wanted)
            .map(|number| json!({ "publish": { "channel": channel, "data": { "check": number } } }))
            .collect();
        let batch = json!({ "commands": commands }).to_string();
        api.publish_written(&Body::Batch(batch.into())).await?;
        let kept = count().await?;
        if kept < wanted {
            api.history_remove(channel).await?;
            return Ok(Some((
                format!("a channel of `{namespace}` keeps {kept}: a connection that misses more loses the rest"),
                format!("set `history_size` to {advised} in `{namespace}`, where it should at least be {wanted}"),
            )));
        }
        sleep(REMEMBERED).await;
        let remembered = count().await?;
        api.history_remove(channel).await?;
        Ok((remembered < wanted).then(|| {
            (
                format!(
                    "a channel of `{namespace}` is forgotten within {} s: a connection that is lost for longer loses what it missed",
                    REMEMBERED.as_secs()
                ),
                format!("set `history_ttl` to \"60s\" in `{namespace}`"),
            )
        }))
    }

    /// Checks that the largest accepted params reach a worker. Uses a separate connection, which may not survive the
    /// test.
    pub(super) async fn message_size(&self, findings: &mut Findings) {
        let Ok(mut probe) = Probe::start(self.centrifugo) else { return };
        if probe.connected(Duration::ZERO, |_| ()).await.is_ok() {
            let max = self.centrifugo.config.max_params_bytes;
            let size = max.saturating_sub(AROUND).min(MAX_PROBE);
            // Centrifugo refuses to publish to this channel, but only after it has read the message.
            let data = json!({ "check": "x".repeat(size.saturating_sub(12)) }).to_string();
            match probe.socket.publish(&self.replies, data).await {
                Ok(()) | Err(Trouble::Refused { .. }) => findings.ok(SIZE, format!("{size} bytes get through")),
                Err(trouble) => findings.warning(
                    SIZE,
                    format!(
                        "a request of {size} bytes, which CENTRIFUGO_RPC_MAX_PARAMS_BYTES allows, costs its caller the \
                         connection ({trouble})"
                    ),
                    format!(
                        "set `websocket.message_size_limit` to {}, or CENTRIFUGO_RPC_MAX_PARAMS_BYTES to less than what \
                         it is now",
                        max.saturating_add(ENVELOPE)
                    ),
                ),
            }
        }
        probe.close().await;
    }

    fn channel_of_its_own(&self) -> String {
        format!("{}:{CHECK_USER}{}", self.namespace, uuid::Uuid::new_v4().simple())
    }
}

fn is_bad_request(answer: &Result<(), Trouble>) -> bool {
    matches!(answer, Err(Trouble::Refused { code: BAD_REQUEST, .. }))
}
