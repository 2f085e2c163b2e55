//! Errors: [`RpcError`] is for the caller, [`Error`] for the operator of a worker.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

pub mod codes;

/// A boxed error of any type, which `?` converts to.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The reason why a call failed: the `error` member of a reply.
///
/// Codes below 1000 belong to the protocol and are listed in [`codes`]; 1000 to 1999 belong to the application. The
/// source passed to [`RpcError::internal`] stays in the worker's log: callers only ever read "internal error".
///
/// ```
/// use centrifugo_rpc::RpcError;
///
/// let error = RpcError::application(1404, "no such task").with_data(&serde_json::json!({ "task_id": 7 }));
/// assert_eq!(error.code(), 1404);
/// ```
#[derive(Debug, Clone)]
pub struct RpcError {
    code: u16,
    message: Cow<'static, str>,
    data: Option<Box<RawValue>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl RpcError {
    fn new(code: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None, source: None }
    }

    /// Makes an error of the application. Codes outside 1000 to 1999 belong to the protocol: with such a code the error
    /// becomes [`internal`](Self::internal), and its log line names the code.
    #[must_use]
    pub fn application(code: u16, message: impl Into<Cow<'static, str>>) -> Self {
        if codes::APPLICATION.contains(&code) {
            Self::new(code, message)
        } else {
            let message = message.into();
            Self::internal(format!("application error code {code} is outside 1000 to 1999 (its message: {message})"))
        }
    }

    /// 400: the params do not have the form that the method takes.
    #[must_use]
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::INVALID_PARAMS, message)
    }

    /// 401: the method needs a user and the caller is anonymous.
    #[must_use]
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::UNAUTHENTICATED, message)
    }

    /// 403: this caller lacks permission for this call.
    #[must_use]
    pub fn permission_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::PERMISSION_DENIED, message)
    }

    /// 404: the method does not exist.
    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        Self::new(codes::METHOD_NOT_FOUND, format!("no such method: `{}`", shortened(method, 128)))
    }

    /// 408: the deadline passed; the handler was cancelled.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::new(codes::DEADLINE_EXCEEDED, "deadline exceeded")
    }

    /// 413: params or result exceed their size limit.
    #[must_use]
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::TOO_LARGE, message)
    }

    /// 429: a limit was reached and nothing was run; safe to retry.
    #[must_use]
    pub fn overloaded(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::OVERLOADED, message)
    }

    /// 499: the caller cancelled the call.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(codes::CANCELLED, "cancelled by the caller")
    }

    /// 500: the handler failed. `source` goes to the log, never to the caller.
    ///
    /// ```
    /// # use centrifugo_rpc::RpcError;
    /// # fn read() -> Result<String, RpcError> {
    /// let text = std::fs::read_to_string("tasks.json").map_err(RpcError::internal)?;
    /// # Ok(text) }
    /// ```
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self { source: Some(Arc::from(source.into())), ..Self::new(codes::INTERNAL, "internal error") }
    }

    /// 503: the worker is shutting down and nothing was run; safe to retry.
    #[must_use]
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::UNAVAILABLE, message)
    }

    /// 504: the worker that ran the call is gone; how far the call got is unknown.
    #[must_use]
    pub fn worker_lost(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::WORKER_LOST, message)
    }

    /// Adds machine-readable details, which reach the caller as `data`.
    ///
    /// Details that cannot be serialized to JSON turn this into an [`internal`](Self::internal) error.
    #[must_use]
    pub fn with_data(mut self, data: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(data) => {
                self.data = Some(data);
                self
            }
            Err(error) => Self::internal(error),
        }
    }

    /// The error code: one of [`codes`] or the application's own.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The human-readable message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The machine-readable details, if there are any and they decode as `T`.
    #[must_use]
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.data.as_ref()?.get()).ok()
    }

    /// Returns whether the handler certainly never ran, so that the same call may be retried: 429 and 503.
    ///
    /// After 504 (`worker_lost`), retry only calls of idempotent methods.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.code, codes::OVERLOADED | codes::UNAVAILABLE)
    }

    pub(crate) fn raw_data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    /// An error of a call as it arrived.
    #[cfg(feature = "client")]
    pub(crate) fn received(code: u16, message: String, data: Option<Box<RawValue>>) -> Self {
        Self { data, ..Self::new(code, message) }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl StdError for RpcError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Truncates `text` to `max` bytes, at a character boundary, and marks the cut with `…`.
pub(crate) fn shortened(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let end = (0..=max).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}

/// Sanitizes foreign text for the log: one line, at most 128 bytes, without characters that a terminal interprets.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    shown_within(text, 128)
}

/// Sanitizes foreign text as [`shown`] does, with a limit of `max` bytes.
pub(crate) fn shown_within(text: &str, max: usize) -> Cow<'_, str> {
    let short = shortened(text, max);
    // Fast path: most of these texts are IDs, and every call has some.
    if short.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return short;
    }
    if !short.chars().any(is_invisible) {
        return short;
    }
    let mut escaped = String::with_capacity(short.len() + 16);
    for c in short.chars() {
        if is_invisible(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    Cow::Owned(escaped)
}

/// Matches control characters, line and paragraph separators, and characters that have no width or change the direction
/// of text.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Formats an error with its causes for the log.
pub(crate) fn shown_causes(error: &(dyn StdError + 'static)) -> String {
    let (mut causes, mut next) = (Vec::new(), Some(error));
    while let Some(error) = next {
        causes.push(error.to_string());
        next = error.source();
    }
    shown_within(&causes.join(": "), 4096).into_owned()
}

/// Formats a URL for messages, without user, password, query and fragment, which may contain secrets.
pub(crate) fn shown_url(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "<not a URL>".to_owned() };
    // Both fail only for URLs that have no such part.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The category of an [`Error`], for programs; people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or malformed.
    Config,
    /// The registered methods cannot be served: duplicates, a missing state, or no method at all.
    Registry,
    /// Centrifugo cannot be reached.
    Unreachable,
    /// Centrifugo answers but refuses something: a key, a secret, a namespace or a permission is wrong.
    Setup,
    /// Any other error.
    Other,
}

/// The reason why a worker or a client cannot start or continue. The message names the cause and the fix.
///
/// Cheap to clone: the end of a client ends all its calls with the same error.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Arc<str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn config(message: impl Into<Arc<str>>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    #[must_use]
    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The category of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The message with its causes, because `main` prints `Debug` when it returns an `Error`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_codes_outside_their_range_become_internal_errors() {
        for code in [0, 400, 999, 2000, u16::MAX] {
            let error = RpcError::application(code, "no");
            assert_eq!((error.code(), error.message()), (500, "internal error"));
            assert!(error.source().is_some_and(|s| s.to_string().contains(&code.to_string())));
        }
        assert_eq!(RpcError::application(1000, "yes").code(), 1000);
        assert_eq!(RpcError::application(1999, "yes").code(), 1999);
    }

    #[test]
    fn only_calls_that_never_ran_are_retryable() {
        let retryable = [RpcError::overloaded("x"), RpcError::unavailable("x")];
        let not = [RpcError::worker_lost("x"), RpcError::deadline_exceeded(), RpcError::internal("x")];
        assert!(retryable.iter().all(RpcError::is_retryable));
        assert!(!not.iter().any(RpcError::is_retryable));
    }

    #[test]
    fn shortened_cuts_at_characters() {
        assert_eq!(shortened("äöü", 3), "ä…");
        assert_eq!(shortened("abc", 3), "abc");
    }

    #[test]
    fn what_is_shown_stays_in_its_line() {
        assert!(matches!(shown("häßlich 😀"), Cow::Borrowed("häßlich 😀")));
        assert_eq!(shown("a\r\n\u{1b}[2J\u{85}\u{2028}\u{202e}b"), r"a\r\n\u{1b}[2J\u{85}\u{2028}\u{202e}b");
        assert!(shown(&"\n".repeat(1000)).len() < 300);
        let inner = std::io::Error::other("the\ncause");
        assert_eq!(shown_causes(&Error::new(ErrorKind::Other, "outer").because(inner)), r"outer: the\ncause");
    }

    #[test]
    fn a_shown_url_has_no_place_for_secrets() {
        let url = "wss://user:pa55@rt.example.com/connection/websocket?token=s3cret#x";
        assert_eq!(shown_url(url), "wss://rt.example.com/connection/websocket");
        assert_eq!(shown_url("t0ken"), "<not a URL>");
    }
}
