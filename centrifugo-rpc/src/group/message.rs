//! The messages between workers: publications of the request channel that are sent through the server API.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a member: its worker, and the number of times that the worker started anew. It is unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member(Arc<str>);

impl Member {
    pub(crate) fn new(worker: &str, generation: u32) -> Self {
        Self(format!("{worker}.{generation}").into())
    }

    /// The worker that is, or was, this member.
    pub(crate) fn worker(&self) -> &str {
        self.0.rsplit_once('.').map_or(&*self.0, |(worker, _)| worker)
    }

    /// The number of earlier starts of its worker.
    pub(super) fn generation(&self) -> u32 {
        self.0.rsplit_once('.').and_then(|(_, generation)| generation.parse().ok()).unwrap_or(0)
    }
}

impl Deref for Member {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Member {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Member {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self(name.into()))
    }
}

/// The envelope of a message: `{"group": {"epoch": "…", "<message>": {…}}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub group: Sent,
}

/// A message and the epoch of its stream. Workers ignore a message that arrives in another stream, after Centrifugo
/// lost its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub epoch: String,
    #[serde(flatten)]
    pub message: Message,
}

/// A message of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    /// Asks members for the view in force, or proves that the sender's connection is live.
    #[serde(rename = "hello")]
    StateRequest { member: Member },
    /// The view in force after all publications below `at`.
    State {
        at: u64,
        version: u64,
        members: Vec<Member>,
        /// The time at that offset, in milliseconds since 1970: a lower bound for later publications.
        time: u64,
    },
    /// A proposal. It takes effect at its own offset if `prev` is the version in force there.
    View {
        prev: u64,
        members: Vec<Member>,
        /// The members whose requests will not be finished.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dead: Vec<Member>,
        /// The time of the message if no member is left: a lower bound for later publications.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<u64>,
    },
    /// There was no answer to the state requests: from this offset on, the group has this one member, whatever view was
    /// in force.
    #[serde(rename = "genesis")]
    Bootstrap { member: Member },
    /// All of the member's own requests below `upto` are finished, except for the `open` ones.
    Progress {
        member: Member,
        upto: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "deltas")]
        open: Vec<u64>,
        /// The member has left, and this is its final report.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end: bool,
    },
}

impl Message {
    /// The members that the message declares dead.
    pub(crate) fn dead(&self) -> &[Member] {
        match self {
            Self::View { dead, .. } => dead,
            _ => &[],
        }
    }
}

/// Encodes ascending offsets as differences, which takes a tenth of the bytes if there are many.
mod deltas {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(offsets: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
        let mut last = 0;
        serializer.collect_seq(offsets.iter().map(|offset| offset.wrapping_sub(std::mem::replace(&mut last, *offset))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
        let mut last = 0_u64;
        let mut offsets = Vec::<u64>::deserialize(deserializer)?;
        for offset in &mut offsets {
            last = last.wrapping_add(*offset);
            *offset = last;
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_documented_form() {
        let (a, b) = (Member::new("a", 0), Member::new("b", 2));
        assert_eq!((b.worker(), b.generation()), ("b", 2));
        for (message, json) in [
            (Message::StateRequest { member: a.clone() }, r#""hello":{"member":"a.0"}"#),
            (
                Message::State { at: 7, version: 5, members: vec![a.clone()], time: 99 },
                r#""state":{"at":7,"version":5,"members":["a.0"],"time":99}"#,
            ),
            (
                Message::View { prev: 5, members: vec![a.clone(), b.clone()], dead: vec![], time: None },
                r#""view":{"prev":5,"members":["a.0","b.2"]}"#,
            ),
            (
                Message::View { prev: 5, members: vec![a.clone()], dead: vec![b.clone()], time: None },
                r#""view":{"prev":5,"members":["a.0"],"dead":["b.2"]}"#,
            ),
            (
                Message::View { prev: 5, members: vec![], dead: vec![], time: Some(99) },
                r#""view":{"prev":5,"members":[],"time":99}"#,
            ),
            (Message::Bootstrap { member: a.clone() }, r#""genesis":{"member":"a.0"}"#),
            (
                Message::Progress { member: a.clone(), upto: 90, open: vec![80, 83, 89], end: false },
                r#""progress":{"member":"a.0","upto":90,"open":[80,3,6]}"#,
            ),
            (
                Message::Progress { member: a, upto: 90, open: vec![], end: true },
                r#""progress":{"member":"a.0","upto":90,"end":true}"#,
            ),
        ] {
            let envelope = Envelope { group: Sent { epoch: "e".to_owned(), message } };
            let written = serde_json::to_string(&envelope).expect("JSON");
            assert_eq!(written, format!(r#"{{"group":{{"epoch":"e",{json}}}}}"#));
            assert_eq!(serde_json::from_str::<Envelope>(&written).expect("an envelope"), envelope);
        }
    }
}
