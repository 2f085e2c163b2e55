//! The wire, version 1: envelopes as pure serde types. `docs/protocol.md` explains them.

use std::borrow::Cow;
use std::ops::Deref;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::RpcError;

/// The longest correlation ID that gets a reply, in bytes. A UUID has 36.
pub(crate) const MAX_CORRELATION_ID: usize = 128;

/// The size limit of a batch of requests or replies, in bytes: a larger message goes alone.
pub(crate) const MAX_TOGETHER: usize = 16 * 1024;

/// The bytes of a batch that a request counts as, at least, with the comma behind it: so clients write batches of few
/// hundred requests, however short these are.
pub(crate) const MIN_REQUEST: usize = 92;

/// The most requests that a worker takes from one batch. No client's batch has more. A batch of so many notifications
/// costs a worker, without the work of their handlers, less than five times the CPU of one request of 64 KB
/// (`docs/deployment.md`).
pub(crate) const MAX_REQUESTS: usize = (MAX_TOGETHER - TOGETHER_OVERHEAD) / MIN_REQUEST;

/// The most calls that a worker takes from one batch. A call costs more than a notification, because it has a reply;
/// the smallest call that clients write has more bytes than one and a half of [`MIN_REQUEST`].
pub(crate) const MAX_CALLS: usize = MAX_REQUESTS / 3 * 2;

/// Centrifugo's default of `websocket.message_size_limit`, in bytes.
pub(crate) const MESSAGE_SIZE_LIMIT: usize = 64 << 10;

/// The number of replies that Centrifugo keeps for a session, and the time after the last one for which it keeps them:
/// the `history_size` and `history_ttl` of reply channels.
pub(crate) const REPLY_HISTORY: usize = 128;
pub(crate) const HISTORY_TTL: Duration = Duration::from_secs(60);

/// The bytes that a batch adds to its messages and the commas between them.
pub(crate) const TOGETHER_OVERHEAD: usize = br#"{"batch":[]}"#.len() - 1;

/// The default timeout of a call, for callers and workers.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The bytes that every cancellation contains.
pub(crate) const CANCEL: &[u8] = b"\"cancel\"";

/// A publication in the request channel: a call, a notification or, with `cancel`, a cancellation.
///
/// Borrows from the publication; `params` is not decoded at this point.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Request<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub params: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Text<'a>>,
    /// True if the caller reads reply batches, as [`write_together`] writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<bool>,
}

/// A string that is borrowed if it has no escapes. (serde borrows a plain `Cow`, but not a `Cow` in an `Option`.)
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The `error` member of a reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireError<'a> {
    pub code: u16,
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub data: Option<&'a RawValue>,
}

impl<'a> From<&'a RpcError> for WireError<'a> {
    fn from(error: &'a RpcError) -> Self {
        Self { code: error.code(), message: Cow::Borrowed(error.message()), data: error.raw_data() }
    }
}

#[cfg(feature = "client")]
impl WireError<'_> {
    /// The error as a caller receives it. A code out of range cannot come from this library's worker and is kept as it
    /// is.
    pub(crate) fn into_error(self) -> RpcError {
        RpcError::received(self.code, self.message.into_owned(), self.data.map(RawValue::to_owned))
    }
}

/// A publication in a reply channel as a caller reads it: one reply, which has `result` or `error`, or a batch of
/// replies.
#[cfg(feature = "client")]
#[derive(Debug, Deserialize)]
pub(crate) struct Reply<'a> {
    #[serde(borrow, default)]
    pub correlation_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub error: Option<WireError<'a>>,
    /// Not decoded at this point, so that one malformed reply does not cost the others.
    #[serde(borrow, default)]
    pub batch: Option<Vec<&'a RawValue>>,
}

/// The bytes that a reply adds to its result and its correlation ID.
pub(crate) const RESULT_OVERHEAD: usize = br#"{"correlation_id":"","result":}"#.len();

/// Writes a reply. `result` is JSON already and is copied unchanged.
pub(crate) fn write_result(out: &mut Vec<u8>, correlation_id: &str, result: &[u8]) {
    begin_reply(out, correlation_id);
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(result);
    out.push(b'}');
}

/// Encodes an error reply.
pub(crate) fn write_error(correlation_id: &str, error: &RpcError) -> Vec<u8> {
    let mut reply = Vec::with_capacity(correlation_id.len() + 256);
    begin_reply(&mut reply, correlation_id);
    reply.extend_from_slice(b",\"error\":");
    write_json(&mut reply, &WireError::from(error));
    reply.push(b'}');
    reply
}

fn begin_reply(out: &mut Vec<u8>, correlation_id: &str) {
    out.extend_from_slice(b"{\"correlation_id\":");
    write_json(out, correlation_id);
}

/// Writes requests or replies as one publication: a single one as it is, several as a batch.
pub(crate) fn write_together<T>(
    out: &mut Vec<u8>,
    parts: impl ExactSizeIterator<Item = T>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    let together = parts.len() > 1;
    if together {
        out.extend_from_slice(b"{\"batch\":[");
    }
    for (place, part) in parts.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(part, out);
    }
    if together {
        out.extend_from_slice(b"]}");
    }
}

/// Cannot fail: strings and [`WireError`]s always have a JSON form, and writing to a `Vec` always succeeds.
fn write_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// Checks a reply channel: it must be `<namespace>:<session>#<user>`, with a session of 16 to 64 characters of
/// `[A-Za-z0-9_-]` and exactly the user that Centrifugo reports for the request.
pub(crate) fn is_reply_channel_of(channel: &str, namespace: &str, user: &str) -> bool {
    let session = channel
        .strip_prefix(namespace)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_suffix(user))
        .and_then(|rest| rest.strip_suffix('#'));
    owns_reply_channel(user)
        && session.is_some_and(|session| {
            (16..=64).contains(&session.len())
                && session.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
}

/// The namespace of a channel; empty if the name has none.
pub(crate) fn namespace(channel: &str) -> &str {
    channel.split_once(':').map_or("", |(namespace, _)| namespace)
}

/// Returns whether a user with this ID can have a reply channel: Centrifugo separates the users of a user-limited
/// channel by `,` after a `#`, and channel names are ASCII.
pub(crate) fn owns_reply_channel(user: &str) -> bool {
    user.is_ascii() && !user.contains([',', '#']) && !user.contains(|c: char| c.is_ascii_control())
}

#[cfg(test)]
pub(crate) mod tests;
