//! The hand-written half of the package: its modules, and the names that the package exports beside the models.

use crate::codegen::{File, MARK};

/// The modules that are the same for every contract.
const HAND_WRITTEN: [(&str, &str); 26] = [
    ("_api.py", include_str!("../../../clients/python/base/_api.py")),
    ("_batcher.py", include_str!("../../../clients/python/base/_batcher.py")),
    ("_calls.py", include_str!("../../../clients/python/base/_calls.py")),
    ("_cancel_queue.py", include_str!("../../../clients/python/base/_cancel_queue.py")),
    ("_client.py", include_str!("../../../clients/python/base/_client.py")),
    ("_codec.py", include_str!("../../../clients/python/base/_codec.py")),
    ("_connection.py", include_str!("../../../clients/python/base/_connection.py")),
    ("_datetime.py", include_str!("../../../clients/python/base/_datetime.py")),
    ("_deadline.py", include_str!("../../../clients/python/base/_deadline.py")),
    ("_errors.py", include_str!("../../../clients/python/base/_errors.py")),
    ("_exact.py", include_str!("../../../clients/python/base/_exact.py")),
    ("_identity.py", include_str!("../../../clients/python/base/_identity.py")),
    ("_model.py", include_str!("../../../clients/python/base/_model.py")),
    ("_pending.py", include_str!("../../../clients/python/base/_pending.py")),
    ("_refusal.py", include_str!("../../../clients/python/base/_refusal.py")),
    ("_reply_channel.py", include_str!("../../../clients/python/base/_reply_channel.py")),
    ("_sdk.py", include_str!("../../../clients/python/base/_sdk.py")),
    ("_session.py", include_str!("../../../clients/python/base/_session.py")),
    ("_state.py", include_str!("../../../clients/python/base/_state.py")),
    ("_subscription.py", include_str!("../../../clients/python/base/_subscription.py")),
    ("_sync.py", include_str!("../../../clients/python/base/_sync.py")),
    ("_tasks.py", include_str!("../../../clients/python/base/_tasks.py")),
    ("_token.py", include_str!("../../../clients/python/base/_token.py")),
    ("_unions.py", include_str!("../../../clients/python/base/_unions.py")),
    ("_values.py", include_str!("../../../clients/python/base/_values.py")),
    ("_wire.py", include_str!("../../../clients/python/base/_wire.py")),
];

/// The names that callers import, by module.
pub(super) const EXPORTS: [(&str, &[&str]); 6] = [
    ("._client", &["CentrifugoRPCClient"]),
    ("._codec", &["as_params", "read_json", "to_json"]),
    ("._datetime", &["FarDate", "FarDateTime", "NanoDateTime"]),
    (
        "._errors",
        &[
            "CentrifugoRPCError",
            "ConnectionError",
            "ContractMismatchError",
            "DecodeError",
            "EncodeError",
            "ErrorCode",
            "EventLoopError",
            "RpcError",
            "RpcTimeoutError",
            "SetupError",
            "TokenError",
            "TokenRefused",
            "UnreachableError",
        ],
    ),
    (".api", &["API", "CONTRACT_HASH", "APIClient"]),
    (".sync_api", &["SyncAPI", "SyncAPIClient"]),
];

pub(super) fn hand_written() -> Vec<File> {
    HAND_WRITTEN.iter().map(|(path, text)| File::new(*path, format!("# {MARK}\n{text}"))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_package_exports_the_names_that_the_hand_written_half_does() {
        let init = include_str!("../../../clients/python/base/__init__.py");
        let (_, all) = init.split_once("__all__ = [").expect("a list of names");
        let hand_written: BTreeSet<_> = all.split('"').skip(1).step_by(2).collect();
        let exported = EXPORTS.iter().filter(|(module, _)| module.starts_with("._")).flat_map(|(_, names)| *names);
        assert_eq!(exported.copied().collect::<BTreeSet<_>>(), hand_written);
    }
}
