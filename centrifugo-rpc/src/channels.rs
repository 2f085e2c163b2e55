//! The names of channels: of a service, and of its callers.

use crate::error::{Error, ErrorKind, shortened};
use crate::protocol;

/// The longest user ID that tokens are made for, in bytes: the limit of `OpenID` Connect.
pub(crate) const MAX_USER: usize = 255;

/// Centrifugo's default of `channel.max_length`.
#[cfg(any(feature = "cli", feature = "client"))]
pub(crate) const DEFAULT_MAX_LENGTH: usize = 255;

/// The longest session in the name of a reply channel.
const MAX_SESSION: usize = 64;

/// The longest service name, in bytes: each channel name contains it, and Centrifugo limits the length of channel
/// names.
const MAX_NAME: usize = 32;

/// The channels that connect a service and its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channels {
    /// The channel of requests.
    pub requests: String,
    /// The namespace of reply channels.
    pub replies: String,
}

impl Channels {
    /// The default channels of the service with this name, or of an unnamed service.
    pub(crate) fn of(service: Option<&str>) -> Self {
        let prefix = service.map_or_else(String::new, |name| format!("{name}_"));
        Self { requests: format!("{prefix}rpc:requests"), replies: format!("{prefix}reply") }
    }

    /// Checks the names of the channels.
    ///
    /// # Errors
    ///
    /// Names that Centrifugo does not accept.
    #[cfg(feature = "codegen")]
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { requests, replies } = self;
        if is_channel(requests) && is_name(replies) {
            return Ok(());
        }
        Err(Error::config(format!(
            "`{requests}` is not a channel or `{replies}` is not a namespace: CENTRIFUGO_RPC_SERVICE {NOT_A_SERVICE}; \
             CENTRIFUGO_RPC_REQUEST_CHANNEL and CENTRIFUGO_RPC_REPLY_NAMESPACE are like `rpc:requests` and `reply`"
        )))
    }
}

/// Returns whether `name` can begin the names of namespaces, in all of Centrifugo's settings.
pub(crate) fn is_service(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= MAX_NAME && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(is_part)
}

pub(crate) const NOT_A_SERVICE: &str = "is not a name of at most 32 lower case letters, digits and `_` that begins with a letter: write for example `billing`";

/// Returns whether Centrifugo accepts `name` as the name of a namespace.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

/// Returns whether `channel` is `<namespace>:<name>`.
pub(crate) fn is_channel(channel: &str) -> bool {
    channel.split_once(':').is_some_and(|(namespace, name)| is_name(namespace) && is_name(name))
}

/// Checks that callers with this user ID can have a reply channel.
///
/// # Errors
///
/// A user ID that cannot be part of a user-limited channel's name.
pub(crate) fn check_user(user: &str) -> Result<(), Error> {
    if protocol::owns_reply_channel(user) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "the user ID `{}` cannot own a reply channel: Centrifugo's user-limited channels allow no `,`, no `#`, no control \
             and no non-ASCII characters in it; use another ID for this user as the token's `sub`",
            shortened(user, 64).escape_debug()
        ),
    ))
}

/// Checks that this user's reply channels fit the limit that `centrifugo_config` prints.
///
/// # Errors
///
/// A user ID that is too long.
pub(crate) fn check_length(user: &str) -> Result<(), Error> {
    if user.len() <= MAX_USER {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "the user ID `{}` has {} bytes, and the longest one is {MAX_USER}: it is part of the name of the user's reply \
             channels, which Centrifugo's `channel.max_length` limits; use a shorter ID for this user as the token's `sub`",
            shortened(user, 64).escape_debug(),
            user.len()
        ),
    ))
}

/// The length in bytes of the longest reply channel of a user ID with `user` bytes: `<namespace>:<session>#<user>`.
pub(crate) fn longest_reply_channel(namespace: &str, user: usize) -> usize {
    namespace.len() + ":".len() + MAX_SESSION + "#".len() + user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_without_a_reply_channel_are_named() {
        for user in ["a,b", "a#b", "ä", "a\nb"] {
            let error = check_user(user).expect_err("no reply channel").to_string();
            assert!(error.contains("reply channel") && !error.contains('\n'), "{error}");
        }
        for user in ["", "42", "centrifugo-rpc-worker", "me@example.com"] {
            check_user(user).expect("a reply channel");
        }
    }

    #[test]
    fn users_are_as_long_as_open_id_allows() {
        check_length(&"x".repeat(255)).expect("as long as a `sub` may be");
        let error = check_length(&"x".repeat(256)).expect_err("too long").to_string();
        assert!(error.contains("256 bytes") && error.contains("`channel.max_length`"), "{error}");
    }
}
