//! Checks of the two namespaces, for workers and for callers.

use std::time::Duration;

use serde_json::value::to_raw_value;
use tokio::time::Instant;

use super::probe::{Probe, ProbeChannel};
use super::{Findings, Purpose};
use crate::centrifugo::Centrifugo;
use crate::centrifugo::api_error::{ApiError, ApiErrorKind};
use crate::centrifugo::socket::Subscribed;
use crate::centrifugo::trouble::Trouble;
use crate::protocol;
use crate::sdk::codes::{BAD_REQUEST, NOT_AVAILABLE, PERMISSION_DENIED, UNKNOWN_CHANNEL};
use crate::service::system::SYSTEM_CONTRACT;

mod bounds;
mod links;
mod workers;

/// The wait for a connection's own join event. It follows the subscription immediately, and a missing one is only a
/// warning.
const JOIN_WAIT: Duration = Duration::from_millis(500);

const NAMESPACES: &str = "namespaces";
const REQUESTS: &str = "request channel";
const REPLIES: &str = "reply channels";
const PUBLISHING: &str = "publishing requests";
const HISTORY: &str = "history of requests";
const REPLY_HISTORY: &str = "history of replies";
const PRESENCE: &str = "presence and join/leave";
const PRIVACY: &str = "privacy";
const FORGERY: &str = "forged replies";
const CALL: &str = "probe call";

/// The context that all checks share.
struct Checks<'a> {
    centrifugo: &'a Centrifugo,
    purpose: Purpose,
    /// A probe with a subscription token, like a worker.
    worker: &'a Probe,
    /// A probe like any caller.
    caller: &'a Probe,
    requests: &'a str,
    namespace: &'a str,
    reply_namespace: &'a str,
    /// The worker probe's own reply channel.
    replies: String,
}

/// Runs every check of the channels. Checks that depend on something broken are skipped.
pub(super) async fn check(
    centrifugo: &Centrifugo,
    purpose: Purpose,
    worker: &Probe,
    caller: &Probe,
    findings: &mut Findings,
) {
    let requests = &*centrifugo.config.request_channel;
    let reply_namespace = &*centrifugo.config.reply_namespace;
    let checks = Checks {
        centrifugo,
        purpose,
        worker,
        caller,
        requests,
        namespace: protocol::namespace(requests),
        reply_namespace,
        replies: reply_channel(reply_namespace, &worker.user),
    };
    let (mut requests, mut replies, mut private, mut strict, mut bounds, mut workers) = Default::default();
    tokio::join!(
        checks.requests(&mut requests),
        checks.replies(&mut replies),
        checks.privacy(&mut private),
        checks.strictness(&mut strict),
        checks.bounds(&mut bounds),
        checks.workers(&mut workers),
    );
    if is_missing(&requests) && is_missing(&replies) {
        // One cause: another name, or no configuration at all.
        checks.namespaces(&mut requests);
        replies = Findings::default();
    }
    for part in [requests, replies, private, strict, bounds, workers] {
        findings.0.extend(part.0);
    }
}

/// Returns whether the only finding is a missing namespace.
fn is_missing(findings: &Findings) -> bool {
    matches!(&findings.0[..], [finding] if finding.fix.starts_with(MISSING))
}

fn reply_channel(namespace: &str, user: &str) -> String {
    format!("{namespace}:{}#{user}", uuid::Uuid::new_v4())
}

impl Checks<'_> {
    /// Replaces the findings by the one that both namespaces are missing.
    fn namespaces(&self, findings: &mut Findings) {
        let Self { namespace, reply_namespace, .. } = *self;
        let detail = format!("Centrifugo has neither of the namespaces `{namespace}` and `{reply_namespace}`");
        let add = "add both to `channel.namespaces` in Centrifugo's configuration (`centrifugo_config` prints a complete one)";
        let fix = match &self.centrifugo.config.service {
            Some(service) => {
                format!("is `{service}` the name of this service (CENTRIFUGO_RPC_SERVICE)? If it is, {add}")
            }
            None => add.to_owned(),
        };
        *findings = Findings::default();
        findings.error(NAMESPACES, detail, fix);
    }

    /// Checks that take some seconds or some of Centrifugo's memory, so not part of every start.
    async fn bounds(&self, findings: &mut Findings) {
        if self.purpose == Purpose::Doctor {
            let (mut depth, mut size, mut users, mut links) = Default::default();
            tokio::join!(
                self.depth(&mut depth),
                self.message_size(&mut size),
                self.longest_user(&mut users),
                self.slow_link(&mut links),
            );
            for part in [depth, size, users, links] {
                findings.0.extend(part.0);
            }
        }
    }

    /// Checks that requests reach a worker with the caller's identity.
    async fn requests(&self, findings: &mut Findings) {
        let Self { requests, namespace, .. } = *self;
        let (mut channel, subscribed) = match self.worker.subscribe(requests, true).await {
            Ok(subscribed) => subscribed,
            Err(trouble) => {
                let fix = match trouble.code() {
                    Some(UNKNOWN_CHANNEL) => missing(namespace),
                    Some(BAD_REQUEST) => format!("let the `channel_regex` of `{namespace}` accept `{requests}`"),
                    Some(PERMISSION_DENIED) => {
                        "the worker's subscription token is refused: with `client.subscription_token.\
                        enabled` its `hmac_secret_key` must be the one of `client.token`; the namespace's \
                        `subscription_type` must be `stream`"
                            .to_owned()
                    }
                    _ => String::new(),
                };
                return findings.error(REQUESTS, format!("a worker cannot subscribe to `{requests}`: {trouble}"), fix);
            }
        };
        findings.ok(REQUESTS, format!("a worker can subscribe to `{requests}`"));
        self.history(&subscribed, findings).await;
        self.publishing(&mut channel, findings).await;
        self.join(&mut channel, findings).await;
    }

    async fn history(&self, subscribed: &Subscribed, findings: &mut Findings) {
        let Self { requests, namespace, .. } = *self;
        match self.centrifugo.api.history(requests, 0, None).await {
            Err(error) if error.kind() == ApiErrorKind::Refused(NOT_AVAILABLE) => findings.warning(
                HISTORY,
                format!("`{namespace}` keeps none, so requests that are published while a worker reconnects are lost, and only \
                         one worker may run"),
                format!("set `history_size` to 10000, `history_ttl` to \"60s\" and `force_recovery` to true in `{namespace}`"),
            ),
            Err(error) => findings.warning(HISTORY, format!("it cannot be read: {error}"), ""),
            Ok(_) if !subscribed.recoverable => findings.warning(
                HISTORY,
                format!("`{namespace}` does not recover, so requests that are published while a worker reconnects may be lost"),
                format!("set `force_recovery` to true in `{namespace}`"),
            ),
            Ok(_) => findings.ok(HISTORY, "a worker that was away catches up"),
        }
    }

    /// Publishes a cancellation of a nonexistent call, for a reply channel without subscribers: no worker acts on it.
    async fn publishing(&self, channel: &mut ProbeChannel, findings: &mut Findings) {
        let Self { requests, namespace, .. } = *self;
        let reply_to = reply_channel(self.reply_namespace, &self.caller.user);
        let cancel =
            serde_json::json!({ "cancel": uuid::Uuid::new_v4().to_string(), "reply_to": reply_to }).to_string();
        if let Err(trouble) = self.caller.socket.publish(requests, cancel.clone()).await {
            let fix = match trouble.code() {
                Some(PERMISSION_DENIED) => format!("set `allow_publish_for_client` to true in `{namespace}`"),
                Some(NOT_AVAILABLE) => format!("`{namespace}` has a publish proxy: callers publish directly"),
                _ => String::new(),
            };
            return findings.error(PUBLISHING, format!("a caller cannot publish into `{requests}`: {trouble}"), fix);
        }
        match channel.published(|published| published.data == cancel.as_bytes()).await {
            None => findings.error(
                PUBLISHING,
                format!("a request that a caller publishes into `{requests}` does not arrive at a worker"),
                "are there several nodes of Centrifugo without a common engine such as Redis?",
            ),
            Some(published) if published.caller.as_ref().is_none_or(|from| from.user != self.caller.user) => findings
                .error(
                    PUBLISHING,
                    "a request of a caller arrives without the caller's identity",
                    format!("does a publish proxy of `{namespace}` publish in its place?"),
                ),
            Some(_) => findings.ok(PUBLISHING, "arrives at a worker with the caller's identity"),
        }
    }

    async fn join(&self, channel: &mut ProbeChannel, findings: &mut Findings) {
        let Self { requests, namespace, .. } = *self;
        let mut missing = Vec::new();
        match self.centrifugo.api.presence(requests).await {
            Ok(_) => {}
            Err(error) if error.kind() == ApiErrorKind::Refused(NOT_AVAILABLE) => missing.push("`presence`"),
            Err(error) => return findings.warning(PRESENCE, format!("it cannot be read: {error}"), ""),
        }
        if !channel.joined(&self.worker.user, JOIN_WAIT).await {
            missing.push("`join_leave` and `force_push_join_leave`");
        }
        if missing.is_empty() {
            return findings.ok(PRESENCE, "workers can see each other");
        }
        findings.warning(
            PRESENCE,
            "workers cannot see each other come and go",
            format!("set {} to true in `{namespace}`", missing.join(", ")),
        );
    }

    /// Checks that replies reach the caller, and no other user.
    async fn replies(&self, findings: &mut Findings) {
        let (namespace, replies) = (self.reply_namespace, &*self.replies);
        let (mut channel, subscribed) = match self.worker.subscribe(replies, false).await {
            Ok(subscribed) => subscribed,
            Err(trouble) => {
                let fix = match trouble.code() {
                    Some(UNKNOWN_CHANNEL) => missing(namespace),
                    Some(BAD_REQUEST) => format!(
                        "let the `channel_regex` of `{namespace}` accept `<session>#<user>`: `^[A-Za-z0-9_-]{{16,64}}#[^,#]*$`"
                    ),
                    Some(PERMISSION_DENIED) => format!("set `allow_user_limited_channels` to true in `{namespace}`"),
                    _ => String::new(),
                };
                let detail = format!("a caller cannot subscribe to its own `{}`: {trouble}", shape(namespace));
                return findings.error(REPLIES, detail, fix);
            }
        };
        let mark = uuid::Uuid::new_v4().to_string();
        let reply = serde_json::json!({ "correlation_id": mark, "result": null });
        let published = match to_raw_value(&reply) {
            Ok(reply) => self.centrifugo.api.publish(replies, &reply, None).await,
            Err(error) => return findings.error(REPLIES, error.to_string(), ""),
        };
        let position = match published {
            Ok(position) => position,
            Err(error) => return findings.error(REPLIES, error.to_string(), why_unpublished(&error, namespace)),
        };
        let arrived = channel.published(|published| contains(&published.data, mark.as_bytes()));
        if arrived.await.is_none() {
            return findings.error(
                REPLIES,
                "a reply that is published through the server API does not arrive at the caller",
                "CENTRIFUGO_API_URL and CENTRIFUGO_URL must lead to the same Centrifugo, and several nodes of it need a common \
                 engine such as Redis",
            );
        }
        findings.ok(REPLIES, "replies arrive");
        let fix = format!(
            "set `history_size` to 128, `history_ttl` to \"60s\" and `force_recovery` to true in `{namespace}`"
        );
        if position.offset > 0 && subscribed.recoverable {
            findings.ok(REPLY_HISTORY, "a caller that was away catches up");
        } else {
            let detail = format!("`{namespace}` does not recover, so replies to a caller that reconnects are lost");
            findings.warning(REPLY_HISTORY, detail, fix);
        }
        // Last, because a forged reply would arrive in this channel as well.
        self.forgery(findings).await;
    }

    async fn forgery(&self, findings: &mut Findings) {
        let forged =
            serde_json::json!({ "correlation_id": uuid::Uuid::new_v4().to_string(), "result": null }).to_string();
        match self.caller.socket.publish(&self.replies, forged.clone()).await {
            Ok(()) => {
                return findings.error(
                    FORGERY,
                    "a caller can publish into another user's reply channel",
                    format!(
                        "remove `allow_publish_for_client` from `{}`, and `client.insecure` from the configuration",
                        self.reply_namespace
                    ),
                );
            }
            Err(Trouble::Refused { .. }) => {}
            Err(trouble) => return findings.warning(FORGERY, format!("it could not be checked: {trouble}"), ""),
        }
        // A reply forged for oneself harms no other user, but a caller could fill Centrifugo's memory with such
        // replies.
        match self.worker.socket.publish(&self.replies, forged).await {
            Ok(()) => findings.warning(
                FORGERY,
                "a caller can publish into its own reply channel, as much as it likes",
                format!("remove `allow_publish_for_subscriber` from `{}`", self.reply_namespace),
            ),
            Err(Trouble::Refused { .. }) => findings.ok(FORGERY, "callers cannot publish replies"),
            Err(trouble) => findings.warning(FORGERY, format!("it could not be checked: {trouble}"), ""),
        }
    }

    /// Checks that callers see neither requests nor other users' replies.
    async fn privacy(&self, findings: &mut Findings) {
        let Self { caller, requests, namespace, reply_namespace, .. } = *self;
        let replies = &*self.replies;
        let (subscribe_requests, subscribe_replies, read_requests, read_replies) = tokio::join!(
            caller.subscribe(requests, false),
            caller.subscribe(replies, false),
            caller.socket.history(requests),
            caller.socket.history(replies),
        );
        let before = findings.0.len();
        for (allowed, what, options, namespace) in [
            (subscribe_requests.is_ok(), "subscribe to the request channel", "allow_subscribe_for_client", namespace),
            (
                subscribe_replies.is_ok(),
                "subscribe to another user's reply channel",
                "allow_subscribe_for_client",
                reply_namespace,
            ),
            (read_requests.is_ok(), "read the history of requests", "allow_history_for_client", namespace),
            (
                read_replies.is_ok(),
                "read another user's replies in the history",
                "allow_history_for_client",
                reply_namespace,
            ),
        ] {
            if allowed {
                findings.error(
                    PRIVACY,
                    format!("any caller can {what}"),
                    format!("remove `{options}` from `{namespace}`, and `client.insecure` from the configuration"),
                );
            }
        }
        if findings.0.len() == before {
            findings.ok(PRIVACY, "callers see neither requests nor other users' replies");
        }
    }

    /// Calls the method that every worker has.
    async fn call(&self, workers: usize, findings: &mut Findings) {
        if workers == 0 {
            return findings.ok(CALL, "not made: no worker is running");
        }
        let reply_to = reply_channel(self.reply_namespace, &self.caller.user);
        let Ok((mut channel, _)) = self.caller.subscribe(&reply_to, false).await else {
            return findings.warning(CALL, "not made: the caller cannot subscribe to its replies", "");
        };
        let id = uuid::Uuid::new_v4().to_string();
        let request = serde_json::json!({ "method": SYSTEM_CONTRACT.name, "correlation_id": id, "reply_to": reply_to });
        let started = Instant::now();
        if let Err(trouble) = self.caller.socket.publish(self.requests, request.to_string()).await {
            return findings.warning(CALL, format!("not made: {trouble}"), "");
        }
        match channel.published(|published| contains(&published.data, id.as_bytes())).await {
            Some(_) => findings.ok(CALL, format!("a worker answered after {} ms", started.elapsed().as_millis())),
            None => findings.error(
                CALL,
                "a worker is connected, but did not answer",
                "its log says why: does its CENTRIFUGO_API_URL lead to this Centrifugo, with the right CENTRIFUGO_API_KEY and \
                 CENTRIFUGO_RPC_REPLY_NAMESPACE?",
            ),
        }
    }
}

const MISSING: &str = "add the namespace ";

fn missing(namespace: &str) -> String {
    format!(
        "{MISSING}`{namespace}` to `channel.namespaces` in Centrifugo's configuration (`centrifugo_config` prints a \
         complete one)"
    )
}

fn shape(namespace: &str) -> String {
    format!("{namespace}:<session>#<user>")
}

fn why_unpublished(error: &ApiError, namespace: &str) -> String {
    match error.kind() {
        ApiErrorKind::Refused(UNKNOWN_CHANNEL) => missing(namespace),
        ApiErrorKind::Refused(BAD_REQUEST) => {
            format!("`publication_data_format` and `subscription_type` of `{namespace}` must allow JSON in a stream")
        }
        _ => String::new(),
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
