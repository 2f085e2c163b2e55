//! Checks the publications of callers against `docs/protocol.md`, and publishes replies of every kind.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};
use uuid::{Uuid, Version};

use crate::Api;
use crate::api::parts;

/// The members of a call.
const CALL: &[&str] = &["method", "correlation_id", "reply_to", "params", "timeout_ms", "traceparent", "batch"];
/// The members of a notification.
const NOTIFICATION: &[&str] = &["method", "params", "timeout_ms", "traceparent"];
/// The longest timeout of a call.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// The maximum size of a batch in bytes.
const MAX_TOGETHER: usize = 16 * 1024;

/// A kind of replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One publication for each reply.
    Each,
    /// All replies in one publication.
    Together,
    /// One publication for each reply, outside of the history: they have the offset 0.
    Unremembered,
    /// The right replies, among others that must have no effect.
    Hostile,
}

impl Kind {
    pub(super) fn read(name: &str) -> Option<Self> {
        Some(match name {
            "each" => Self::Each,
            "together" => Self::Together,
            "unremembered" => Self::Unremembered,
            "hostile" => Self::Hostile,
            _ => return None,
        })
    }
}

/// All publications of callers in the request channel, across restarts of Centrifugo.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// The position up to which the channel has been read.
    position: (String, u64),
    callers: HashMap<String, Caller>,
}

/// The publications of one user.
#[derive(Debug, Default)]
pub(super) struct Caller {
    publications: Vec<Value>,
    /// The user's calls by ID: the reply channel, and the params.
    calls: HashMap<String, (String, Value)>,
    order: Vec<String>,
    answered: HashSet<String>,
    /// The first violation of the protocol.
    fault: Option<String>,
}

impl Wire {
    /// Reads new publications of the channel.
    pub(super) async fn read(&mut self, api: &Api) {
        let history = api.ok("history", json!({ "channel": "rpc:requests", "limit": -1 })).await;
        let epoch = history["epoch"].as_str().unwrap_or_default();
        if epoch != self.position.0 {
            self.position = (epoch.to_owned(), 0);
        }
        for publication in history["publications"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let offset = publication["offset"].as_u64().unwrap_or_default();
            if let Some(user) = publication["info"]["user"].as_str()
                && offset > self.position.1
            {
                self.callers.entry(user.to_owned()).or_default().published(user, &publication["data"]);
            }
            self.position.1 = self.position.1.max(offset);
        }
    }

    pub(super) fn caller(&mut self, user: &str) -> &mut Caller {
        self.callers.entry(user.to_owned()).or_default()
    }
}

impl Caller {
    /// Returns the number of requests and cancellations.
    pub(super) fn count(&self) -> usize {
        self.publications.iter().map(|data| parts(data).len()).sum()
    }

    /// Returns the number of requests in each publication and the number of sessions, or the violation of the protocol.
    pub(super) fn report(&self) -> Result<Value, String> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let sessions = self.reply_channels();
        let publications: Vec<_> = self.publications.iter().map(|data| parts(data).len()).collect();
        Ok(json!({ "publications": publications, "sessions": sessions.len(), "last": self.publications.last() }))
    }

    /// Returns the number of replies to the user's calls in Centrifugo's history.
    pub(super) async fn replies(&mut self, api: &Api) -> usize {
        let mut answered = HashSet::new();
        for channel in self.reply_channels() {
            let history = api.ok("history", json!({ "channel": channel, "limit": -1 })).await;
            let publications = history["publications"].as_array().map(Vec::as_slice).unwrap_or_default();
            let replies = publications.iter().flat_map(|publication| parts(&publication["data"]));
            let ids = replies.filter_map(|reply| reply["correlation_id"].as_str());
            answered.extend(ids.filter(|id| self.calls.contains_key(*id)).map(ToOwned::to_owned));
        }
        let count = answered.len();
        self.answered.extend(answered);
        count
    }

    /// Removes the replies to its calls from Centrifugo's history.
    pub(super) async fn forget(&self, api: &Api) {
        for channel in self.reply_channels() {
            api.ok("history_remove", json!({ "channel": channel })).await;
        }
    }

    fn reply_channels(&self) -> HashSet<&str> {
        self.calls.values().map(|(reply_to, _)| reply_to.as_str()).collect()
    }

    fn published(&mut self, user: &str, data: &Value) {
        if let Err(fault) = self.check(user, data) {
            self.fault.get_or_insert(format!("{fault}: {data}"));
        }
        self.publications.push(data.clone());
    }

    fn check(&mut self, user: &str, data: &Value) -> Result<(), String> {
        let Some(batch) = data.get("batch").and_then(Value::as_array) else {
            return self.check_one(user, data, true);
        };
        let size = data.to_string().len();
        if batch.len() < 2 || !only(data, &["batch"]) {
            return Err("a batch has two requests or more, and nothing beside them".to_owned());
        }
        if size > MAX_TOGETHER {
            return Err(format!("a batch of {size} bytes"));
        }
        batch.iter().try_for_each(|request| self.check_one(user, request, false))
    }

    fn check_one(&mut self, user: &str, request: &Value, alone: bool) -> Result<(), String> {
        if let Some(id) = request.get("cancel") {
            let known = id.as_str().and_then(|id| self.calls.get(id));
            return match known {
                _ if !alone => Err("a cancellation goes alone".to_owned()),
                Some((reply_to, _)) if request["reply_to"] == *reply_to && only(request, &["cancel", "reply_to"]) => {
                    Ok(())
                }
                _ => Err("a cancellation of no call of this session".to_owned()),
            };
        }
        if !request["method"].is_string() {
            return Err("no method".to_owned());
        }
        if !request["timeout_ms"].as_u64().is_some_and(|ms| (1..=DAY_MS).contains(&ms)) {
            return Err("no timeout between 1 ms and a day".to_owned());
        }
        let (Some(id), Some(reply_to)) = (request.get("correlation_id"), request.get("reply_to")) else {
            return if only(request, NOTIFICATION) { Ok(()) } else { Err("more than a notification has".to_owned()) };
        };
        let (id, reply_to) = (id.as_str().unwrap_or_default(), reply_to.as_str().unwrap_or_default());
        let session = reply_to.strip_prefix("reply:").and_then(|rest| rest.strip_suffix(&format!("#{user}")));
        if !is_random(id) || !session.is_some_and(is_random) {
            return Err("the ID and the session are not random UUIDs".to_owned());
        }
        if request["batch"] != true || !only(request, CALL) {
            return Err("`batch` is not true, or there is more than a call has".to_owned());
        }
        if self.calls.insert(id.to_owned(), (reply_to.to_owned(), request["params"].clone())).is_some() {
            return Err("the ID of another call".to_owned());
        }
        self.order.push(id.to_owned());
        Ok(())
    }

    /// Publishes replies to all calls without a reply. The result is the params.
    pub(super) async fn answer(&mut self, api: &Api, kind: Kind) {
        let waiting: Vec<_> = self.order.iter().filter(|id| !self.answered.contains(*id)).cloned().collect();
        let replies: Vec<_> = waiting
            .iter()
            .map(|id| {
                let (reply_to, params) = &self.calls[id];
                (reply_to.as_str(), json!({ "correlation_id": id, "result": params }))
            })
            .collect();
        let Some((channel, first)) = replies.first() else { return };
        let publications: Vec<(&str, Value)> = match kind {
            Kind::Each | Kind::Unremembered => replies.clone(),
            Kind::Together => {
                let all: Vec<_> = replies.iter().map(|(_, reply)| reply).collect();
                vec![(*channel, json!({ "batch": all }))]
            }
            Kind::Hostile => {
                let last = replies.last().map_or(first, |(_, last)| last);
                let before = hostile(first, last).into_iter().map(|data| (*channel, data));
                let seconds = replies.iter().map(|(channel, reply)| (*channel, wrong(reply)));
                before.chain(replies.clone()).chain(seconds).collect()
            }
        };
        let skip_history = kind == Kind::Unremembered;
        for (channel, data) in publications {
            let publication = json!({ "channel": channel, "data": data, "skip_history": skip_history });
            api.ok("publish", publication).await;
        }
        self.answered.extend(waiting);
    }
}

/// Returns publications that are not replies, or replies that must be ignored. The last batch also contains the right
/// reply to the last call.
fn hostile(first: &Value, last: &Value) -> Vec<Value> {
    let id = &first["correlation_id"];
    let beside = |more: Value| {
        let mut reply = wrong(first);
        reply["batch"] = more;
        reply
    };
    let of = |id: Value| json!({ "correlation_id": id, "result": { "ms": 1 } });
    let nested = json!({ "batch": [wrong(first)] });
    let error = |error: Value| json!({ "correlation_id": id, "error": error });
    vec![
        json!(null),
        json!("text"),
        json!([wrong(first)]),
        json!({}),
        json!({ "result": { "ms": 1 } }),
        of(json!(7)),
        of(json!("unknown")),
        of(json!(Uuid::new_v4())),
        error(json!("no")),
        error(json!({ "message": "without a code" })),
        error(json!({ "code": 400 })),
        json!({ "batch": wrong(first) }),
        beside(json!([])),
        beside(json!([5, null, nested, beside(json!([])), error(json!({ "code": "400", "message": "" })), last])),
    ]
}

/// Returns the same reply with a wrong result.
fn wrong(reply: &Value) -> Value {
    json!({ "correlation_id": reply["correlation_id"], "result": { "ms": 1 } })
}

fn only(object: &Value, members: &[&str]) -> bool {
    object.as_object().is_some_and(|object: &Map<_, _>| object.keys().all(|name| members.contains(&name.as_str())))
}

fn is_random(id: &str) -> bool {
    Uuid::parse_str(id).is_ok_and(|id| id.get_version() == Some(Version::Random))
}
