//! The server API: single methods and batches of them.

mod batch;
mod requests;

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use super::{
    Shared,
    broker::{Draft, Selection},
    codes::{self, Disconnect, ErrorCode},
    permissions::Rules,
    protocol::{ClientInfo, PresenceStatsResult, Publication},
    session::keep,
    settings::glob,
    stream::Filter,
};
use requests::{Broadcast, ChannelRequest, Channels, DisconnectRequest, History, Publish, Rpc, Unsubscribe};

const HERE: [&str; 12] = [
    "batch",
    "publish",
    "broadcast",
    "unsubscribe",
    "disconnect",
    "presence",
    "presence_stats",
    "history",
    "history_remove",
    "info",
    "channels",
    "rpc",
];

/// Methods of Centrifugo that the hub rejects, because they need state that the hub does not keep.
const NOT_HERE: [&str; 9] = [
    "subscribe",
    "refresh",
    "map_publish",
    "map_remove",
    "map_read_state",
    "map_read_stream",
    "map_stats",
    "map_clear",
    "shared_poll_publish",
];

/// The answer of a method.
type Answer = Result<Box<RawValue>, ErrorCode>;

/// The outcome of a request.
pub(super) enum Outcome {
    /// The answer of a single method.
    Answer(Answer),
    /// The answers of a batch's commands.
    Batch(Answer),
    /// The body is not a request of this method.
    Malformed,
}

/// Returns whether Centrifugo has this method.
pub(super) fn exists(method: &str) -> bool {
    HERE.contains(&method) || NOT_HERE.contains(&method)
}

/// Calls a method with the body of a request.
pub(super) fn call(hub: &Shared, method: &str, body: &[u8]) -> Outcome {
    match method {
        "batch" => read(body).map_or(Outcome::Malformed, |batch| Outcome::Batch(batch::run(hub, batch))),
        "publish" => with(body, |request| publish(hub, request)),
        "broadcast" => with(body, |request| broadcast(hub, request)),
        "unsubscribe" => with(body, |request| unsubscribe(hub, request)),
        "disconnect" => with(body, |request| disconnect(hub, request)),
        "presence" => with(body, |request| presence(hub, &request)),
        "presence_stats" => with(body, |request| presence_stats(hub, &request)),
        "history" => with(body, |request| history(hub, request)),
        "history_remove" => with(body, |request| history_remove(hub, &request)),
        "info" => with(body, |_: requests::Ignored| info(hub)),
        "channels" => with(body, |request| channels(hub, &request)),
        "rpc" => with(body, |request| rpc(&request)),
        _ => Outcome::Answer(Err(codes::NOT_AVAILABLE)),
    }
}

fn with<T: DeserializeOwned + Default>(body: &[u8], method: impl FnOnce(T) -> Answer) -> Outcome {
    read(body).map_or(Outcome::Malformed, |request| Outcome::Answer(method(request)))
}

/// Reads an object or `null`. An array must be rejected here, because serde would read it as a struct.
fn read<T: DeserializeOwned + Default>(body: &[u8]) -> Option<T> {
    if body.trim_ascii_start().starts_with(b"[") {
        return None;
    }
    serde_json::from_slice::<Option<T>>(body).ok().map(Option::unwrap_or_default)
}

/// Formats an error as the API writes it.
pub(super) fn describe(error: ErrorCode) -> serde_json::Value {
    json!({ "code": error.code, "message": error.message })
}

fn publish(hub: &Shared, request: Publish) -> Answer {
    let data = payload(request.data, &request.b64data)?;
    let rules = rules(hub, &request.channel)?;
    if !rules.allows_data(&data) {
        return Err(codes::BAD_REQUEST);
    }
    let draft = Draft { data, info: None, tags: request.tags };
    let keep = keep(rules).filter(|_| !request.skip_history);
    let position = hub.broker().publish(&request.channel, draft, keep, &request.idempotency_key);
    result(&requests::Position::from(position))
}

fn broadcast(hub: &Shared, request: Broadcast) -> Answer {
    if request.channels.is_empty() {
        return Err(codes::BAD_REQUEST);
    }
    let data = payload(request.data, &request.b64data)?;
    let responses: Vec<_> = request
        .channels
        .into_iter()
        .map(|channel| {
            let published = rules(hub, &channel).and_then(|rules| {
                if !rules.allows_data(&data) {
                    return Err(codes::BAD_REQUEST);
                }
                let draft = Draft { data: data.clone(), info: None, tags: request.tags.clone() };
                let keep = keep(rules).filter(|_| !request.skip_history);
                Ok(hub.broker().publish(&channel, draft, keep, &request.idempotency_key))
            });
            match published {
                Ok(position) => json!({ "result": requests::Position::from(position) }),
                Err(error) => json!({ "error": describe(error) }),
            }
        })
        .collect();
    result(&json!({ "responses": responses }))
}

fn unsubscribe(hub: &Shared, request: Unsubscribe) -> Answer {
    if !request.channel.is_empty() && hub.settings.rules(&request.channel).is_none() {
        return Err(codes::UNKNOWN_CHANNEL);
    }
    if request.session.is_empty() {
        let Unsubscribe { channel, user, client, all_users, .. } = request;
        let selection = Selection { user, all_users, client, whitelist: Vec::new() };
        hub.broker().unsubscribe_selected(&selection, &channel);
    }
    result(&json!({}))
}

fn disconnect(hub: &Shared, request: DisconnectRequest) -> Answer {
    if request.session.is_empty() {
        let why = request.disconnect.map_or(codes::FORCE_NO_RECONNECT, |disconnect| Disconnect {
            code: disconnect.code,
            reason: disconnect.reason.into(),
        });
        let DisconnectRequest { user, client, whitelist, all_users, .. } = request;
        hub.broker().disconnect_selected(&Selection { user, all_users, client, whitelist }, &why);
    }
    result(&json!({}))
}

fn presence(hub: &Shared, request: &ChannelRequest) -> Answer {
    if !rules(hub, &request.channel)?.options.presence {
        return Err(codes::NOT_AVAILABLE);
    }
    let presence = hub.broker().presence(&request.channel);
    let presence = presence
        .iter()
        .map(|(client, info)| Ok((client.clone(), describe_client(info)?)))
        .collect::<Result<BTreeMap<_, _>, ErrorCode>>()?;
    result(&BTreeMap::from([("presence", presence)]))
}

fn presence_stats(hub: &Shared, request: &ChannelRequest) -> Answer {
    if !rules(hub, &request.channel)?.options.presence {
        return Err(codes::NOT_AVAILABLE);
    }
    let stats = PresenceStatsResult::of(&hub.broker().presence(&request.channel));
    result(&json!({ "num_clients": stats.num_clients, "num_users": stats.num_users }))
}

fn history(hub: &Shared, request: History) -> Answer {
    if !rules(hub, &request.channel)?.options.has_history() {
        return Err(codes::NOT_AVAILABLE);
    }
    let filter = Filter { since: request.since, limit: request.limit, reverse: request.reverse };
    let read = hub.broker().history(&request.channel, &filter);
    let (publications, position) =
        read.map_err(|error| if error == codes::UNRECOVERABLE_POSITION { error } else { codes::INTERNAL })?;
    let publications =
        publications.iter().map(|publication| describe_publication(publication)).collect::<Result<Vec<_>, _>>()?;
    result(&requests::HistoryResult { publications, epoch: position.epoch, offset: position.offset })
}

fn history_remove(hub: &Shared, request: &ChannelRequest) -> Answer {
    if !rules(hub, &request.channel)?.options.has_history() {
        return Err(codes::NOT_AVAILABLE);
    }
    hub.broker().remove_history(&request.channel);
    result(&json!({}))
}

fn info(hub: &Shared) -> Answer {
    let counts = hub.broker().counts();
    result(&json!({ "nodes": [{
        "uid": hub.id,
        "name": "centrifugo-rpc hub",
        "version": env!("CARGO_PKG_VERSION"),
        "num_clients": counts.clients,
        "num_users": counts.users,
        "num_channels": counts.channels,
        "uptime": hub.started.elapsed().as_secs(),
        "num_subs": counts.subscriptions,
    }]}))
}

fn channels(hub: &Shared, request: &Channels) -> Answer {
    let pattern = match request.pattern.as_str() {
        "" => None,
        pattern => Some(glob(pattern).map_err(|_| codes::INTERNAL)?),
    };
    let broker = hub.broker();
    let channels: serde_json::Map<_, _> = broker
        .channels()
        .filter(|(channel, _)| pattern.as_ref().is_none_or(|pattern| pattern.is_match(channel)))
        .map(|(channel, count)| (channel.to_owned(), json!({ "num_clients": count })))
        .collect();
    result(&json!({ "channels": channels }))
}

fn rpc(request: &Rpc) -> Answer {
    Err(if request.method.is_empty() { codes::BAD_REQUEST } else { codes::NOT_FOUND })
}

fn rules<'a>(hub: &'a Shared, channel: &str) -> Result<&'a Rules, ErrorCode> {
    if channel.is_empty() {
        return Err(codes::BAD_REQUEST);
    }
    hub.settings.rules(channel).map(|(rules, _)| rules).ok_or(codes::UNKNOWN_CHANNEL)
}

fn payload(json: Bytes, base64: &str) -> Result<Bytes, ErrorCode> {
    if base64.is_empty() {
        return Ok(json);
    }
    STANDARD.decode(base64).map(Bytes::from).map_err(|_| codes::BAD_REQUEST)
}

fn describe_client(info: &ClientInfo) -> Answer {
    let ClientInfo { user, client, conn_info, chan_info } = info;
    let (conn_info, chan_info) = (embed(conn_info)?, embed(chan_info)?);
    result(&requests::Client { user, client, conn_info, chan_info })
}

fn describe_publication(publication: &Publication) -> Answer {
    result(&requests::Published {
        data: embed(&publication.data)?,
        info: publication.info.as_ref().map(describe_client).transpose()?,
        offset: publication.offset,
        tags: &publication.tags,
    })
}

/// Embeds a payload in an answer. Fails for a payload that is not JSON.
fn embed(payload: &Bytes) -> Result<Option<Box<RawValue>>, ErrorCode> {
    if payload.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(payload).map(Some).map_err(|_| UNSPEAKABLE)
}

fn result(value: &impl Serialize) -> Answer {
    to_raw_value(value).map_err(|_| UNSPEAKABLE)
}

/// The answer has no JSON form. Never sent: Centrifugo answers with a bare status 500 in this case.
pub(super) const UNSPEAKABLE: ErrorCode = ErrorCode { code: 0, message: "" };
