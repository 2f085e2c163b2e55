//! The hand-written half of the client: `clients/go`.

use crate::codegen::{File, MARK};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../clients/go/", $name)))),*]
    };
}

/// File names with their sources.
pub(super) const SOURCES: [(&str, &str); 27] = sources![
    "batcher.go",
    "calls.go",
    "cancel_queue.go",
    "centrifugo.go",
    "client.go",
    "connection.go",
    "deadline.go",
    "delivery.go",
    "errors.go",
    "frames.go",
    "json.go",
    "json_lists.go",
    "json_objects.go",
    "json_times.go",
    "json_types.go",
    "json_unions.go",
    "options.go",
    "outbox.go",
    "pending.go",
    "refresh.go",
    "refusal.go",
    "reply_channel.go",
    "subscription.go",
    "token.go",
    "transport.go",
    "websocket.go",
    "wire.go",
];

pub(super) fn files() -> Vec<File> {
    SOURCES.iter().map(|(name, source)| File::new(*name, format!("// {MARK}\n\n{source}"))).collect()
}
