//! Frames of the client protocol: lines of JSON, or Protobuf messages with their length in front.

mod json;
mod protobuf;

use bytes::Bytes;

use super::protocol::{Command, Reply};

/// How a connection encodes what it sends and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Json,
    Protobuf,
}

/// What a client sent cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A payload cannot be said in JSON. Such a payload came through Protobuf, or as base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson;

impl Codec {
    /// The commands of a frame, in order. After a part that cannot be read comes nothing more.
    pub(super) fn commands(self, frame: &[u8]) -> Commands<'_> {
        Commands {
            codec: self,
            rest: frame,
            any: false,
            broken: false,
        }
    }

    /// One reply, ready to be put into a frame.
    ///
    /// # Errors
    ///
    /// A payload is not JSON, and the connection speaks only that.
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

    /// Several encoded replies as one frame.
    pub(super) fn frame(self, replies: &[Bytes]) -> Vec<u8> {
        match self {
            Self::Json => replies.join(&b'\n'),
            Self::Protobuf => protobuf::frame(replies),
        }
    }
}

/// Reads the commands of one frame. An empty frame is malformed, as it is for Centrifugo.
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
