//! The hand-written half of the client: `clients/go`.

use crate::codegen::{File, MARK};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../clients/go/", $name)))),*]
    };
}

/// File names with their sources.
pub(super) const SOURCES: [(&str, &str); 20] = sources![
    "call.go",
    "client.go",
    "connection.go",
    "errors.go",
    "frames.go",
    "json.go",
    "json_lists.go",
    "json_objects.go",
    "json_times.go",
    "json_types.go",
    "json_unions.go",
    "link.go",
    "options.go",
    "outbox.go",
    "pending.go",
    "refresh.go",
    "refusal.go",
    "token.go",
    "websocket.go",
    "wire.go",
];

pub(super) fn files() -> Vec<File> {
    SOURCES.iter().map(|(name, source)| File::new(*name, format!("// {MARK}\n\n{source}"))).collect()
}
