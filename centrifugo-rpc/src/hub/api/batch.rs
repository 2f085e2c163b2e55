//! Batches of methods in one request.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Answer, Shared, UNSPEAKABLE, broadcast, channels, codes, describe, disconnect, history, history_remove, info,
    presence, presence_stats, publish,
    requests::{Batch, Command},
    result, rpc, unsubscribe,
};

/// Runs the commands of a batch sequentially, each with its own result. Centrifugo may run them in parallel if asked;
/// sequential order is one valid outcome of that.
pub(super) fn run(hub: &Shared, batch: Batch) -> Answer {
    let mut replies = Vec::with_capacity(batch.commands.len());
    for command in batch.commands {
        let (method, answer) = command.map_or(("", Err(codes::BAD_REQUEST)), |command| call(hub, command));
        replies.push(match answer {
            Ok(result) => BTreeMap::from([(method, result)]),
            Err(UNSPEAKABLE) => return Err(UNSPEAKABLE),
            Err(error) => BTreeMap::from([("error", result(&describe(error))?)]),
        });
    }
    if replies.is_empty() { result(&json!({})) } else { result(&BTreeMap::from([("replies", replies)])) }
}

fn call(hub: &Shared, command: Command) -> (&'static str, Answer) {
    if let Some(request) = command.publish {
        ("publish", publish(hub, request))
    } else if let Some(request) = command.broadcast {
        ("broadcast", broadcast(hub, request))
    } else if command.subscribe.is_some() {
        ("subscribe", Err(codes::NOT_AVAILABLE))
    } else if let Some(request) = command.unsubscribe {
        ("unsubscribe", unsubscribe(hub, request))
    } else if let Some(request) = command.disconnect {
        ("disconnect", disconnect(hub, request))
    } else if let Some(request) = command.history {
        ("history", history(hub, request))
    } else if let Some(request) = command.history_remove {
        ("history_remove", history_remove(hub, &request))
    } else if let Some(request) = command.presence {
        ("presence", presence(hub, &request))
    } else if let Some(request) = command.presence_stats {
        ("presence_stats", presence_stats(hub, &request))
    } else if command.info.is_some() {
        ("info", info(hub))
    } else if let Some(request) = command.rpc {
        ("rpc", rpc(&request))
    } else if command.refresh.is_some() {
        ("refresh", Err(codes::NOT_AVAILABLE))
    } else if let Some(request) = command.channels {
        ("channels", channels(hub, &request))
    } else {
        ("", Err(codes::NOT_FOUND))
    }
}
