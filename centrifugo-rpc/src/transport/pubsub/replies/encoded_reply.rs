//! The encoding of a reply in the reply channel.

use std::sync::Arc;

use crate::protocol;

/// A reply as JSON.
#[derive(Debug)]
pub(crate) enum EncodedReply {
    Complete(Vec<u8>),
    /// Encoded when the reply is published, so that the result is not copied before. The ID needs no escaping, so the
    /// length is known.
    Deferred {
        correlation_id: Arc<str>,
        result: Vec<u8>,
    },
}

/// The largest unused part of a buffer while a result waits, in bytes. A buffer that grew by doubling is up to half
/// unused.
const MAX_UNUSED: usize = 1024;

impl EncodedReply {
    /// Encodes a result, which is JSON.
    pub(crate) fn of_result(correlation_id: Arc<str>, mut result: Vec<u8>) -> Self {
        if correlation_id.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
            let mut json = Vec::with_capacity(protocol::RESULT_OVERHEAD + correlation_id.len() * 2 + result.len());
            protocol::write_result(&mut json, &correlation_id, &result);
            return Self::Complete(json);
        }
        // The reply may have to wait in the queue, which counts its length and not its capacity.
        if result.capacity() - result.len() > MAX_UNUSED {
            result.shrink_to_fit();
        }
        Self::Deferred { correlation_id, result }
    }

    /// The length of the reply in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Complete(json) => json.len(),
            Self::Deferred { correlation_id, result } => {
                protocol::RESULT_OVERHEAD + correlation_id.len() + result.len()
            }
        }
    }

    /// The part of the reply that may contain nested values.
    pub(crate) fn content(&self) -> &[u8] {
        match self {
            Self::Complete(json) => json,
            Self::Deferred { result, .. } => result,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Complete(json) => out.extend_from_slice(json),
            Self::Deferred { correlation_id, result } => protocol::write_result(out, correlation_id, result),
        }
    }

    /// The whole reply.
    #[cfg(test)]
    pub(crate) fn json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        self.write(&mut json);
        json
    }
}

impl From<Vec<u8>> for EncodedReply {
    fn from(json: Vec<u8>) -> Self {
        Self::Complete(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_length_is_what_is_written() {
        for (id, json) in [
            ("a", r#"{"correlation_id":"a","result":[1]}"#),
            ("ä\u{7f}", "{\"correlation_id\":\"ä\u{7f}\",\"result\":[1]}"),
            ("\"\\\n\0", r#"{"correlation_id":"\"\\\n\u0000","result":[1]}"#),
        ] {
            let encoded = EncodedReply::of_result(id.into(), b"[1]".to_vec());
            assert_eq!(String::from_utf8(encoded.json()).as_deref(), Ok(json));
            assert_eq!(encoded.len(), json.len(), "{json}");
        }
    }

    #[test]
    fn what_waits_has_no_room_that_is_not_used() {
        let mut result = Vec::with_capacity(1 << 20);
        result.push(b'1');
        let EncodedReply::Deferred { result, .. } = EncodedReply::of_result("a".into(), result) else {
            panic!("a plain ID")
        };
        assert!(result.capacity() <= MAX_UNUSED);
    }
}
