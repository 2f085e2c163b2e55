//! Encoded requests that publish, and their results.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Error, IgnoredAny};

use super::Answer;
use crate::centrifugo::api_error::ServerError;

/// The body of a publish request.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A single publication.
    One(Bytes),
    /// A batch of commands.
    Batch(Bytes),
}

/// The result of one publication; `Err` holds Centrifugo's error object.
pub(crate) type CommandResult = Result<(), ServerError>;

impl Body {
    pub(super) const ONE: &'static str = "publish";
    pub(super) const BATCH: &'static str = "batch";

    /// The API method for this body.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::One(_) => Self::ONE,
            Self::Batch(_) => Self::BATCH,
        }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        match self {
            Self::One(bytes) | Self::Batch(bytes) => bytes,
        }
    }

    /// Decodes the answer.
    pub(crate) fn results(&self, answer: &[u8]) -> Result<Vec<CommandResult>, serde_json::Error> {
        match self {
            Self::One(_) => parse_one(answer).map(|result| vec![result]),
            Self::Batch(_) => parse_batch(answer),
        }
    }
}

fn parse_one(answer: &[u8]) -> Result<CommandResult, serde_json::Error> {
    let Answer { error, result } = serde_json::from_slice::<Answer<IgnoredAny>>(answer)?;
    match (error, result) {
        (Some(error), _) => Ok(Err(error)),
        (None, Some(IgnoredAny)) => Ok(Ok(())),
        (None, None) => Err(Error::missing_field("result")),
    }
}

fn parse_batch(answer: &[u8]) -> Result<Vec<CommandResult>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Batch {
        replies: Vec<Reply>,
    }
    #[derive(Deserialize)]
    struct Reply {
        #[serde(default)]
        error: Option<ServerError>,
    }
    let batch: Batch = serde_json::from_slice(answer)?;
    Ok(batch.replies.into_iter().map(|reply| reply.error.map_or(Ok(()), Err)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> CommandResult {
        Err(ServerError { code: 102, message: "unknown channel".to_owned() })
    }

    #[test]
    fn each_command_of_a_batch_has_its_own_result() {
        let answer = br#"{"replies":[{"publish":{"offset":2,"epoch":"x"}},{"error":{"code":102,"message":"unknown channel"}},{}]}"#;
        assert_eq!(parse_batch(answer).expect("a batch"), [Ok(()), unknown(), Ok(())]);
        assert!(parse_batch(b"{}").is_err() && parse_batch(b"<html>").is_err());
    }

    #[test]
    fn one_publication_has_one_result() {
        for (answer, result) in [
            (r#"{"result":{"offset":2,"epoch":"x"}}"#, Ok(())),
            (r#"{"result":{}}"#, Ok(())),
            (r#"{"error":{"code":102,"message":"unknown channel"}}"#, unknown()),
        ] {
            assert_eq!(parse_one(answer.as_bytes()).expect("an answer"), result);
        }
        for answer in ["{}", r#"{"replies":[{}]}"#, "<html>"] {
            assert!(parse_one(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
