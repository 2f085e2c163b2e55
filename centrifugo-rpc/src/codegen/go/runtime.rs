//! The hand-written half of the client: `clients/go`.

use crate::codegen::{File, MARK};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../clients/go/", $name)))),*]
    };
}

const SOURCES: [(&str, &str); 20] = sources![
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

/// The names that the runtime exports, which are therefore taken. A test compares them with the sources.
pub(super) const EXPORTED: &[&str] = &[
    "APIClient",
    "CallOption",
    "Char",
    "CodeApplicationMax",
    "CodeApplicationMin",
    "CodeCancelled",
    "CodeDeadlineExceeded",
    "CodeInternal",
    "CodeInvalidParams",
    "CodeMethodNotFound",
    "CodeOverloaded",
    "CodePermissionDenied",
    "CodeTooLarge",
    "CodeUnauthenticated",
    "CodeUnavailable",
    "CodeWorkerLost",
    "ConnectionError",
    "ContractError",
    "DecodeError",
    "EncodeError",
    "ErrTokenRefused",
    "Error",
    "Never",
    "NewAPIClient",
    "Null",
    "Option",
    "Ptr",
    "TimeoutError",
    "Unknown",
    "WithCallTimeout",
    "WithConnectTimeout",
    "WithDialer",
    "WithGetToken",
    "WithHeader",
    "WithLogger",
    "WithMessageSizeLimit",
    "WithReadLimit",
    "WithReplyNamespace",
    "WithRequestChannel",
    "WithStrictResults",
    "WithTLSConfig",
    "WithTimeout",
    "WithTraceparent",
];

/// The methods of the runtime's client.
pub(super) const METHODS: &[&str] = &["Call", "CheckContract", "Close", "Connect", "Connected", "Notify"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_the_runtime_are_taken() {
        let (mut exported, mut methods) = (BTreeSet::new(), BTreeSet::from(["CheckContract"]));
        for line in SOURCES.iter().flat_map(|(_, source)| source.lines()) {
            let name = |rest: &'static str| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                Some(&rest[..end]).filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
            };
            // Grouped constants and variables are indented by one tab. So are struct fields and interface methods, but
            // those contain no `=`.
            let grouped = line.strip_prefix('\t').filter(|rest| rest.contains(" = ") && !rest.starts_with('\t'));
            let single = ["func ", "type ", "var ", "const "].iter().find_map(|keyword| line.strip_prefix(keyword));
            exported.extend(grouped.or(single).and_then(name));
            methods.extend(line.strip_prefix("func (c *APIClient) ").and_then(name));
        }
        assert_eq!(exported.into_iter().collect::<Vec<_>>(), EXPORTED);
        assert_eq!(methods.into_iter().collect::<Vec<_>>(), METHODS);
    }
}
