//! Bodies of requests and responses.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::protocol::{StreamPosition, raw};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Batch {
    pub(super) commands: Vec<Option<Command>>,
}

/// Alternatives; the first one present counts.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Command {
    pub(super) publish: Option<Publish>,
    pub(super) broadcast: Option<Broadcast>,
    pub(super) subscribe: Option<Ignored>,
    pub(super) unsubscribe: Option<Unsubscribe>,
    pub(super) disconnect: Option<DisconnectRequest>,
    pub(super) history: Option<History>,
    pub(super) history_remove: Option<ChannelRequest>,
    pub(super) presence: Option<ChannelRequest>,
    pub(super) presence_stats: Option<ChannelRequest>,
    pub(super) info: Option<Ignored>,
    pub(super) rpc: Option<Rpc>,
    pub(super) refresh: Option<Ignored>,
    pub(super) channels: Option<Channels>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Ignored {}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Publish {
    pub(super) channel: String,
    #[serde(deserialize_with = "raw")]
    pub(super) data: Bytes,
    pub(super) b64data: String,
    pub(super) skip_history: bool,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) idempotency_key: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Broadcast {
    pub(super) channels: Vec<String>,
    #[serde(deserialize_with = "raw")]
    pub(super) data: Bytes,
    pub(super) b64data: String,
    pub(super) skip_history: bool,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) idempotency_key: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Unsubscribe {
    pub(super) channel: String,
    pub(super) user: String,
    pub(super) client: String,
    pub(super) session: String,
    pub(super) all_users: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DisconnectRequest {
    pub(super) user: String,
    pub(super) client: String,
    pub(super) whitelist: Vec<String>,
    pub(super) session: String,
    pub(super) all_users: bool,
    pub(super) disconnect: Option<Reason>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Reason {
    pub(super) code: u32,
    pub(super) reason: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ChannelRequest {
    pub(super) channel: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct History {
    pub(super) channel: String,
    pub(super) limit: i32,
    pub(super) since: Option<StreamPosition>,
    pub(super) reverse: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Channels {
    pub(super) pattern: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Rpc {
    pub(super) method: String,
}

#[derive(Serialize)]
pub(super) struct Position {
    #[serde(skip_serializing_if = "is_zero")]
    offset: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    epoch: String,
}

impl From<StreamPosition> for Position {
    fn from(StreamPosition { offset, epoch }: StreamPosition) -> Self {
        Self { offset, epoch }
    }
}

#[allow(clippy::struct_field_names)] // Centrifugo's names.
#[derive(Serialize)]
pub(super) struct Client<'a> {
    pub(super) user: &'a str,
    pub(super) client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conn_info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chan_info: Option<Box<RawValue>>,
}

#[derive(Serialize)]
pub(super) struct Published<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) offset: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
pub(super) struct HistoryResult {
    pub(super) publications: Vec<Box<RawValue>>,
    pub(super) epoch: String,
    pub(super) offset: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
fn is_zero(number: &u64) -> bool {
    *number == 0
}
