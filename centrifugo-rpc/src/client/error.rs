//! [`CallError`]: the error of a call.

use std::time::Duration;

use crate::codes;
use crate::error::{BoxError, Error, RpcError};

/// The reason why a call of a [`Client`](crate::Client) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call was answered with an error, most often the worker's. Two such errors do not come from a worker: 413
    /// comes from the client, for a request larger than Centrifugo's message limit; 429 may come from Centrifugo, over
    /// its rate limit.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// No reply arrived in time. If the method itself ran out of time, the error is [`Rpc`](Self::Rpc) with 408
    /// instead; a timeout means that no worker runs, or that the request or its reply was lost.
    #[error(
        "no answer to `{method}` within {timeout:?}{}",
        if *published {
            ""
        } else if timeout.is_zero() {
            ": no time is left, and nothing was sent"
        } else {
            ": there was no connection to Centrifugo and nothing was sent"
        }
    )]
    Timeout {
        /// The called method.
        method: String,
        /// The timeout of the call.
        timeout: Duration,
        /// True if the request was sent, so that a worker may have run it.
        published: bool,
    },
    /// The client is closed, or Centrifugo ended its connection for good or refused the request. With
    /// [`ErrorKind::Setup`](crate::ErrorKind::Setup) the message names the setting to change.
    #[error(transparent)]
    Connection(Error),
    /// The params have no JSON form. Nothing was sent.
    #[error("the params of `{method}` cannot be written as JSON")]
    Encode {
        /// The called method.
        method: String,
        /// serde's error.
        source: BoxError,
    },
    /// The method ran, but its result does not have the type that the caller expects.
    #[error("the result of `{method}` does not decode: {message}")]
    Decode {
        /// The called method.
        method: String,
        /// The place and the reason.
        message: String,
    },
}

impl CallError {
    /// The code of an error reply: one of [`codes`](crate::codes) or the application's own.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Rpc(error) => Some(error.code()),
            _ => None,
        }
    }

    /// Returns whether the call ran out of time, on either side: the worker reports 408, the client
    /// [`Timeout`](Self::Timeout). Which of the two comes first is chance.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. }) || self.code() == Some(codes::DEADLINE_EXCEEDED)
    }

    /// Returns whether the method certainly never ran and the same call may succeed later: 429, 503, and a timeout that
    /// passed without a connection.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rpc(error) => error.is_retryable(),
            // A call with a timeout of zero can never succeed.
            Self::Timeout { published, timeout, .. } => !published && !timeout.is_zero(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn only_calls_that_never_ran_are_retryable() {
        let timeout =
            |published| CallError::Timeout { method: "a.b".into(), timeout: Duration::from_secs(1), published };
        assert!(CallError::from(RpcError::overloaded("x")).is_retryable());
        assert!(timeout(false).is_retryable());
        assert!(!timeout(true).is_retryable());
        assert!(!CallError::from(RpcError::worker_lost("x")).is_retryable());
        assert!(!CallError::Connection(Error::config("x")).is_retryable());
    }

    #[test]
    fn the_end_of_the_time_is_one_thing_for_either_side_that_notices_it() {
        let timeout = CallError::Timeout { method: "a.b".into(), timeout: Duration::ZERO, published: false };
        assert!(timeout.is_timeout() && CallError::from(RpcError::deadline_exceeded()).is_timeout());
        assert!(
            !CallError::from(RpcError::cancelled()).is_timeout()
                && !CallError::Connection(Error::config("x")).is_timeout()
        );
        assert!(!timeout.is_retryable(), "it would not succeed later");
        assert_eq!(timeout.to_string(), "no answer to `a.b` within 0ns: no time is left, and nothing was sent");
    }

    #[test]
    fn messages_name_the_method_and_do_not_repeat_their_source() {
        let timeout = CallError::Timeout { method: "a.b".into(), timeout: Duration::from_secs(30), published: true };
        assert_eq!(timeout.to_string(), "no answer to `a.b` within 30s");
        let error = CallError::Encode { method: "a.b".into(), source: "key must be a string".into() };
        assert_eq!(error.to_string(), "the params of `a.b` cannot be written as JSON");
        assert_eq!(error.source().expect("a source").to_string(), "key must be a string");
        let error = CallError::from(RpcError::application(1404, "no such task"));
        assert_eq!((error.to_string().as_str(), error.code()), ("no such task (code 1404)", Some(1404)));
    }
}
