//! The URLs of settings.

use url::Url;

/// The schemes of a WebSocket endpoint.
pub(crate) const WEBSOCKET: [&str; 2] = ["ws", "wss"];
pub(crate) const HTTP: [&str; 2] = ["http", "https"];

/// Returns whether `text` is a URL with one of these schemes.
pub(crate) fn is_url(text: &str, schemes: [&str; 2]) -> bool {
    Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}
