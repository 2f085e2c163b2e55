//! Frames of the client protocol: lines of JSON, or length-prefixed Protobuf messages.

mod json;
mod protobuf;

use bytes::Bytes;

use super::protocol::{Command, Reply};

/// The encoding of a connection's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Json,
    Protobuf,
}

/// A client's frame does not decode.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A payload has no JSON form. Such payloads arrive over Protobuf or as base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson;

impl Codec {
    /// The commands of a frame, in order. Ends after a part that does not decode.
    pub(super) fn commands(self, frame: &[u8]) -> Commands<'_> {
        Commands { codec: self, rest: frame, any: false, broken: false }
    }

    /// Encodes one reply for a frame.
    ///
    /// # Errors
    ///
    /// A payload that is not JSON, on a connection that uses JSON.
    pub(super) fn encode(self, reply: &Reply) -> Result<Bytes, NotJson> {
        match self {
            Self::Json => json::encode(reply).map(Bytes::from),
            Self::Protobuf => Ok(protobuf::encode(reply)),
        }
    }

    /// A ping is an empty reply.
    pub(super) const fn ping(self) -> Bytes {
        match self {
            Self::Json => Bytes::from_static(b"{}"),
            Self::Protobuf => Bytes::new(),
        }
    }

    /// Joins encoded replies into one frame.
    pub(super) fn frame(self, replies: &[Bytes]) -> Vec<u8> {
        match self {
            Self::Json => replies.join(&b'\n'),
            Self::Protobuf => protobuf::frame(replies),
        }
    }
}

/// Decodes the commands of one frame. An empty frame is malformed, as in Centrifugo.
pub(super) struct Commands<'a> {
    codec: Codec,
    rest: &'a [u8],
    any: bool,
    broken: bool,
}

impl Iterator for Commands<'_> {
    type Item = Result<Command, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || (self.any && self.rest.is_empty()) {
            return None;
        }
        let decoded = match self.codec {
            Codec::Json => json::decode(&mut self.rest),
            Codec::Protobuf => protobuf::decode(&mut self.rest),
        };
        self.any = true;
        self.broken = decoded.is_err();
        Some(decoded)
    }
}
