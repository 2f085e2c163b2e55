//! What workers tell each other: publications of the request channel that come through the server API.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a member: its worker, and how often that one had to begin anew. Nobody else ever has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member(Arc<str>);

impl Member {
    pub(crate) fn new(worker: &str, generation: u32) -> Self {
        Self(format!("{worker}.{generation}").into())
    }

    /// The worker it is, or was.
    pub(crate) fn worker(&self) -> &str {
        self.0.rsplit_once('.').map_or(&*self.0, |(worker, _)| worker)
    }

    /// Which of its worker's beginnings it is.
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

/// `{"group": {"epoch": "…", "<what>": {…}}}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub group: Sent,
}

/// A message and the stream it was meant for: one that arrives in another, after Centrifugo lost its memory, means nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub epoch: String,
    #[serde(flatten)]
    pub message: Message,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    /// Somebody who knows: what is in force?
    Hello { member: Member },
    /// What is in force to one who has read all below `at`.
    State {
        at: u64,
        version: u64,
        members: Vec<Member>,
        /// When that was, in milliseconds since 1970: what comes after is no older.
        time: u64,
    },
    /// A proposal. It takes effect at its own offset, if `prev` is the version in force there.
    View {
        prev: u64,
        members: Vec<Member>,
        /// Those whose requests nobody will finish.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dead: Vec<Member>,
        /// When that was said, where nobody is left: what comes after it is no older.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<u64>,
    },
    /// Nobody answered: from its offset on the group is this one member, whatever was in force.
    Genesis { member: Member },
    /// All of the member's own requests below `upto` are finished, but for those that are `open`.
    Progress {
        member: Member,
        upto: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "steps")]
        open: Vec<u64>,
        /// It left, and this was its last word.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end: bool,
    },
}

impl Message {
    /// Those whom it takes for dead.
    pub(crate) fn dead(&self) -> &[Member] {
        match self {
            Self::View { dead, .. } => dead,
            _ => &[],
        }
    }
}

/// Ascending offsets as the steps between them: a tenth of the bytes where there are many.
mod steps {
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
            (Message::Hello { member: a.clone() }, r#""hello":{"member":"a.0"}"#),
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
            (Message::Genesis { member: a.clone() }, r#""genesis":{"member":"a.0"}"#),
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
