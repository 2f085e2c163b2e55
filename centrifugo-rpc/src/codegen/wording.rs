//! The sentences that the documentation in clients of all languages has in common. What has names of a language, or the
//! form of its comments, is in the language's own printers.

use super::ir::{Field, Flattened, Method};

/// The constant with the contract's hash, as a noun.
pub(crate) const CONTRACT_HASH: &str = "hash of the contract that this client was generated from";

/// The map of members that a struct does not name.
pub(crate) const REST: &str = "All other members.";

/// The documentation of a method, one paragraph each: its description, and the notes for callers.
pub(crate) fn of_method(method: &Method) -> Vec<String> {
    let description = match method.description.trim_end() {
        "" => format!("Calls the method `{}`.", method.name),
        description => description.to_owned(),
    };
    std::iter::once(description).chain(notes(method).into_iter().map(ToOwned::to_owned)).collect()
}

/// The notes for callers of a method, one paragraph each.
pub(crate) fn notes(method: &Method) -> Vec<&'static str> {
    [
        (method.is_notification(), "A notification: it gets no reply. The call ends when Centrifugo has accepted it."),
        (
            method.idempotent,
            "Idempotent: it is retried if its worker dies, and may be called again if its outcome is unknown.",
        ),
    ]
    .into_iter()
    .filter_map(|(applies, note)| applies.then_some(note))
    .collect()
}

/// The notice of a deprecated item. `instead` is the replacement, or empty.
pub(crate) fn deprecated(instead: &str) -> String {
    format!("Deprecated: {}", if instead.is_empty() { "do not use it any more." } else { instead })
}

/// The meaning of an absent field, if the contract declares one.
pub(crate) fn default(field: &Field) -> Option<String> {
    (!field.required && !field.default.is_null()).then(|| format!("Default: `{}`.", field.default))
}

/// The member with a flattened union.
pub(crate) fn flattened(union: &Flattened) -> &'static str {
    if union.optional {
        "Its members stand among the others. It may be absent."
    } else {
        "Its members stand among the others."
    }
}
