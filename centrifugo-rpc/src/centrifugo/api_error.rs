//! Errors of the server API, distinguished by their fix.

use std::error::Error as StdError;
use std::fmt;

use serde::Deserialize;

use crate::error::{BoxError, shortened};
use crate::sdk::codes;

/// Centrifugo's error object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ServerError {
    pub code: u32,
    #[serde(default)]
    pub message: String,
}

/// The category of an [`ApiError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiErrorKind {
    /// No connection, or no answer in time.
    Unreachable,
    /// The server's certificate is not trusted, or the server has no TLS.
    Tls,
    /// The key is wrong.
    Unauthorized,
    /// The server is not Centrifugo's API.
    NotAnApi,
    /// The request is too large for a proxy on the way.
    TooLarge,
    /// The request as a whole was not understood.
    BadRequest,
    /// Centrifugo could not encode its answer, because it contains data that is not JSON.
    Unreadable,
    /// A temporary failure: overload, or a proxy without its backend.
    Temporary,
    /// Centrifugo's own error, with its code.
    Refused(u32),
}

/// The reason why a request to the server API failed. Never contains the key.
#[derive(Debug)]
pub(crate) struct ApiError {
    kind: ApiErrorKind,
    message: String,
    source: Option<BoxError>,
}

impl ApiError {
    pub(super) fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(super) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn kind(&self) -> ApiErrorKind {
        self.kind
    }

    /// Returns whether the failure may pass without a change.
    pub(crate) fn is_temporary(&self) -> bool {
        match self.kind {
            ApiErrorKind::Unreachable | ApiErrorKind::Temporary | ApiErrorKind::Unreadable => true,
            ApiErrorKind::Refused(code) => codes::is_temporary(code),
            _ => false,
        }
    }

    pub(super) fn unreachable(url: &str, error: &(dyn StdError + 'static)) -> Self {
        let mut causes = Vec::new();
        let mut tls = None;
        let mut cause = Some(error);
        while let Some(error) = cause {
            tls = tls.or_else(|| find_tls(error));
            causes.push(error.to_string());
            cause = error.source();
        }
        if let Some(tls) = tls {
            return Self::new(
                ApiErrorKind::Tls,
                format!(
                    "no TLS with Centrifugo's API at {url}: {tls}; for a private CA set CENTRIFUGO_CA_FILE, for a server \
                     without TLS write `http://` in CENTRIFUGO_API_URL"
                ),
            );
        }
        Self::unreachable_because(url, &causes.pop().unwrap_or_else(|| "no connection".to_owned()))
    }

    pub(super) fn no_answer(url: &str) -> Self {
        Self::unreachable_because(url, "no answer in time")
    }

    fn unreachable_because(url: &str, why: &str) -> Self {
        Self::new(
            ApiErrorKind::Unreachable,
            format!(
                "Centrifugo's API cannot be reached at {url}: {why}; is it running, and is CENTRIFUGO_API_URL right?"
            ),
        )
    }

    pub(super) fn status(url: &str, status: u16, location: Option<&str>) -> Self {
        let (kind, message) = match status {
            401 => (
                ApiErrorKind::Unauthorized,
                format!(
                    "Centrifugo's API at {url} refuses the key: set CENTRIFUGO_API_KEY to Centrifugo's `http_api.key` (and that \
                     to something not empty)"
                ),
            ),
            413 => (
                ApiErrorKind::TooLarge,
                format!("a request is too large for the proxy in front of Centrifugo's API at {url} (HTTP 413)"),
            ),
            400 => (
                ApiErrorKind::BadRequest,
                format!(
                    "what answers at {url} could not read a request (HTTP 400); for a server with TLS write `https://` in \
                     CENTRIFUGO_API_URL"
                ),
            ),
            500 => (ApiErrorKind::Unreadable, format!("Centrifugo's API at {url} failed (HTTP 500); its log says why")),
            408 | 429 | 502..=599 => {
                (ApiErrorKind::Temporary, format!("Centrifugo's API at {url} is not available now (HTTP {status})"))
            }
            300..=399 => (
                ApiErrorKind::NotAnApi,
                format!(
                    "{url} redirects to {}: set CENTRIFUGO_API_URL to where Centrifugo's API itself is",
                    shortened(location.unwrap_or("somewhere else"), 200)
                ),
            ),
            _ => (
                ApiErrorKind::NotAnApi,
                format!(
                    "Centrifugo's API is not at {url} (HTTP {status}): CENTRIFUGO_API_URL ends with Centrifugo's \
                     `http_api.handler_prefix`, like `http://localhost:8000/api`, and `http_api.disabled` must not be set"
                ),
            ),
        };
        Self::new(kind, message)
    }

    pub(super) fn refused(method: &str, error: ServerError) -> Self {
        let ServerError { code, message } = error;
        Self::new(
            ApiErrorKind::Refused(code),
            format!("Centrifugo refuses `{method}`: {} ({code})", shortened(&message, 200)),
        )
    }

    pub(super) fn not_json(url: &str, method: &str, answer: &[u8]) -> Self {
        let start = String::from_utf8_lossy(&answer[..answer.len().min(60)]);
        Self::new(
            ApiErrorKind::NotAnApi,
            format!(
                "what answers `{method}` at {url} is not Centrifugo's API (it says `{}`): set CENTRIFUGO_API_URL to \
                 Centrifugo's own address and prefix, like `http://localhost:8000/api`",
                start.escape_debug()
            ),
        )
    }
}

/// Finds the TLS error inside an I/O error: [`StdError::source`] skips the error that an `io::Error` wraps.
fn find_tls(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls.to_string());
    }
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    find_tls(inner)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
