//! Failures of the WebSocket connection, distinguished by their fix.

use std::fmt;

use super::tokens::WORKER_USER;
use crate::sdk::codes;

/// The reason why the WebSocket connection, or a command over it, fails. `Display` is for people and names the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No connection.
    Unreachable { url: String, why: String },
    /// The server's certificate is not trusted, or the server has no TLS.
    Tls { url: String, why: String },
    /// An HTTP server refused the upgrade.
    Http { url: String, status: u16 },
    /// The server does not use WebSocket, or not Centrifugo's protocol over it.
    NotCentrifugo { url: String, why: String },
    /// Centrifugo ended the connection for good.
    Disconnected { code: u32, reason: String },
    /// Centrifugo answered a command with an error.
    Refused { code: u32, message: String },
    /// No answer in time.
    Timeout,
    /// Any other failure.
    Other(String),
}

impl Trouble {
    /// Returns whether the failure may pass without a change.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout => true,
            Self::Http { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::Refused { code, .. } => codes::is_temporary(*code),
            _ => false,
        }
    }

    /// The code of an error that Centrifugo answered.
    pub(crate) fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, why } => {
                write!(f, "Centrifugo cannot be reached at {url}: {why}; is it running, and is CENTRIFUGO_URL right?")
            }
            Self::Tls { url, why } => write!(
                f,
                "no TLS with Centrifugo at {url}: {why}; for a private CA set CENTRIFUGO_CA_FILE, for a server without TLS \
                 write `ws://` in CENTRIFUGO_URL"
            ),
            Self::Http { url, status: status @ 404 } => write!(
                f,
                "Centrifugo's WebSocket is not at {url} (HTTP {status}): CENTRIFUGO_URL ends with Centrifugo's \
                 `websocket.handler_prefix`, like `ws://localhost:8000/connection/websocket`"
            ),
            Self::Http { url, status } => write!(
                f,
                "the server at {url} accepts no WebSocket (HTTP {status}): CENTRIFUGO_URL is to be Centrifugo's own address or \
                 that of a proxy that forwards WebSockets to it"
            ),
            Self::NotCentrifugo { url, why } => write!(
                f,
                "what answers at {url} is not Centrifugo's WebSocket ({why}): set CENTRIFUGO_URL to Centrifugo's own address \
                 and path, like `ws://localhost:8000/connection/websocket`, and write `wss://` for a server with TLS"
            ),
            Self::Disconnected { code: code @ codes::INVALID_TOKEN, reason } => write!(
                f,
                "Centrifugo refuses the worker's token: {reason} ({code}); set CENTRIFUGO_TOKEN_HMAC_SECRET to Centrifugo's \
                 `client.token.hmac_secret_key`"
            ),
            Self::Disconnected { code: code @ codes::TOKEN_EXPIRED, reason } => write!(
                f,
                "Centrifugo refuses the worker's token, which was signed this moment: {reason} ({code}); the clock of this machine is \
                 behind that of Centrifugo's by more than CENTRIFUGO_RPC_WORKER_TOKEN_TTL: set both by NTP"
            ),
            Self::Disconnected { code: code @ codes::CONNECTION_LIMIT, reason } => write!(
                f,
                "Centrifugo takes no more connections of `{WORKER_USER}`, which all workers are: {reason} ({code}); raise its \
                 `client.user_connection_limit` above the number of workers"
            ),
            Self::Disconnected { code, reason } => {
                write!(f, "Centrifugo ended the connection of `{WORKER_USER}`: {reason} ({code})")
            }
            Self::Refused { code, message } => write!(f, "{message} ({code})"),
            Self::Timeout => f.write_str("Centrifugo gave no answer in time"),
            Self::Other(what) => f.write_str(what),
        }
    }
}
