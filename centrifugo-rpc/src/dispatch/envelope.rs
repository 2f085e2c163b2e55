//! What a reply looks like in the reply channel.

use std::sync::Arc;

use crate::protocol;

/// A reply as JSON.
#[derive(Debug)]
pub(crate) enum Envelope {
    Written(Vec<u8>),
    /// Written where it is published, so that the result is not copied for it. The ID has nothing to escape: its length is known.
    Around {
        correlation_id: Arc<str>,
        result: Vec<u8>,
    },
}

/// How much of a buffer may be unused while a result waits. Those that grew by doubling have up to half of it.
const UNUSED: usize = 1024;

impl Envelope {
    /// Of a result, which is JSON.
    pub(super) fn around(correlation_id: Arc<str>, mut result: Vec<u8>) -> Self {
        if correlation_id.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
            let mut json = Vec::with_capacity(protocol::RESULT_OVERHEAD + correlation_id.len() * 2 + result.len());
            protocol::write_result(&mut json, &correlation_id, &result);
            return Self::Written(json);
        }
        // It may have to wait, and is counted by its length.
        if result.capacity() - result.len() > UNUSED {
            result.shrink_to_fit();
        }
        Self::Around { correlation_id, result }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Written(json) => json.len(),
            Self::Around { correlation_id, result } => protocol::RESULT_OVERHEAD + correlation_id.len() + result.len(),
        }
    }

    /// The part of it in which something may nest.
    pub(super) fn content(&self) -> &[u8] {
        match self {
            Self::Written(json) => json,
            Self::Around { result, .. } => result,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Written(json) => out.extend_from_slice(json),
            Self::Around { correlation_id, result } => protocol::write_result(out, correlation_id, result),
        }
    }

    /// The whole of it.
    #[cfg(test)]
    pub(crate) fn json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        self.write(&mut json);
        json
    }
}

impl From<Vec<u8>> for Envelope {
    fn from(json: Vec<u8>) -> Self {
        Self::Written(json)
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
            let envelope = Envelope::around(id.into(), b"[1]".to_vec());
            assert_eq!(String::from_utf8(envelope.json()).as_deref(), Ok(json));
            assert_eq!(envelope.len(), json.len(), "{json}");
        }
    }

    #[test]
    fn what_waits_has_no_room_that_is_not_used() {
        let mut result = Vec::with_capacity(1 << 20);
        result.push(b'1');
        let Envelope::Around { result, .. } = Envelope::around("a".into(), result) else { panic!("a plain ID") };
        assert!(result.capacity() <= UNUSED);
    }
}
