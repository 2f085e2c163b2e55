//! The validated configuration, with Centrifugo's defaults filled in.

use std::{collections::HashMap, time::Duration};

use regex::Regex;

use super::{
    HubError,
    permissions::{self, Rules},
};
use crate::centrifugo::server_config::{CentrifugoConfig, ChannelOptions};

/// Contains secrets, and so has no `Debug`.
pub(super) struct Settings {
    pub(super) token_secret: String,
    pub(super) api_key: String,
    pub(super) allow_anonymous: bool,
    pub(super) queue_max_size: usize,
    pub(super) ping_interval: Duration,
    pub(super) pong_timeout: Duration,
    pub(super) expired_close_delay: Duration,
    pub(super) expired_sub_close_delay: Duration,
    pub(super) stale_close_delay: Duration,
    pub(super) presence_update_interval: Duration,
    pub(super) channel_limit: usize,
    pub(super) channel_max_length: usize,
    pub(super) history_limit: i32,
    pub(super) recovery_limit: i32,
    history_meta_ttl: Duration,
    pub(super) message_size_limit: usize,
    pub(super) write_timeout: Duration,
    pub(super) websocket_path: String,
    /// Without a trailing slash.
    pub(super) api_path: String,
    origins: Vec<Regex>,
    any_origin: bool,
    without_namespace: Rules,
    namespaces: HashMap<String, Rules>,
}

impl Settings {
    /// Rejects configurations that Centrifugo rejects.
    pub(super) fn new(config: CentrifugoConfig) -> Result<Self, HubError> {
        let client = config.client;
        let seconds = Duration::from_secs;
        let history_meta_ttl = config.channel.history_meta_ttl.unwrap_or(seconds(720 * 3600));
        let mut namespaces = HashMap::new();
        for namespace in config.channel.namespaces {
            let name = namespace.name;
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.len() < 2 || !name.chars().all(valid) {
                return Err(HubError::config(format!(
                    "namespace `{name}`: a name has at least two of letters, digits, `-`, `_`, `.`"
                )));
            }
            let rules = rules(&format!("namespace `{name}`"), namespace.options, history_meta_ttl)?;
            if namespaces.insert(name.clone(), rules).is_some() {
                return Err(HubError::config(format!("namespace `{name}` is defined twice")));
            }
        }
        let settings = Self {
            token_secret: client.token.hmac_secret_key,
            api_key: config.http_api.key,
            allow_anonymous: client.allow_anonymous_connect_without_token,
            queue_max_size: client.queue_max_size.unwrap_or(1 << 20),
            ping_interval: client.ping_interval.unwrap_or(seconds(25)),
            pong_timeout: client.pong_timeout.unwrap_or(seconds(8)),
            expired_close_delay: client.expired_close_delay.unwrap_or(seconds(25)),
            expired_sub_close_delay: client.expired_sub_close_delay.unwrap_or(seconds(25)),
            stale_close_delay: client.stale_close_delay.unwrap_or(seconds(10)),
            presence_update_interval: client.presence_update_interval.unwrap_or(seconds(27)),
            channel_limit: client.channel_limit.unwrap_or(128),
            channel_max_length: config.channel.max_length.unwrap_or(255),
            history_limit: client.history_max_publication_limit.unwrap_or(300),
            recovery_limit: client.recovery_max_publication_limit.unwrap_or(300),
            history_meta_ttl,
            message_size_limit: config.websocket.message_size_limit.unwrap_or(65536),
            write_timeout: config.websocket.write_timeout.unwrap_or(seconds(1)),
            websocket_path: match path(&config.websocket.handler_prefix, "/connection/websocket") {
                "" => "/".to_owned(),
                path => path.to_owned(),
            },
            api_path: path(&config.http_api.handler_prefix, "/api").to_owned(),
            any_origin: client.allowed_origins == ["*"],
            origins: client.allowed_origins.iter().map(|pattern| glob(pattern)).collect::<Result<_, _>>()?,
            without_namespace: rules(
                "channels without a namespace",
                config.channel.without_namespace,
                history_meta_ttl,
            )?,
            namespaces,
        };
        if settings.ping_interval <= settings.pong_timeout {
            return Err(HubError::config("client.ping_interval must be greater than client.pong_timeout".into()));
        }
        Ok(settings)
    }

    /// The time that the position of an idle channel is kept.
    pub(super) fn history_meta_ttl(&self, channel: &str) -> Duration {
        let own = self.rules(channel).and_then(|(rules, _)| rules.options.history_meta_ttl);
        own.unwrap_or(self.history_meta_ttl)
    }

    /// The rules of a channel and the part of its name that the pattern applies to; `None` if the namespace does not
    /// exist.
    pub(super) fn rules<'a>(&self, channel: &'a str) -> Option<(&Rules, &'a str)> {
        let (namespace, rest) = permissions::split(channel);
        if namespace.is_empty() {
            return Some((&self.without_namespace, rest));
        }
        self.namespaces.get(namespace).map(|rules| (rules, rest))
    }

    /// Returns whether the origin is allowed. A request without an origin does not come from a browser, and is allowed.
    pub(super) fn allows_origin(&self, origin: &str) -> bool {
        let origin_in_lower_case = origin.to_lowercase();
        origin.is_empty()
            || self.any_origin
            || self.origins.iter().any(|pattern| pattern.is_match(&origin_in_lower_case))
    }
}

fn path<'a>(prefix: &'a str, default: &'a str) -> &'a str {
    if prefix.is_empty() { default } else { prefix.trim_end_matches('/') }
}

fn rules(place: &str, options: ChannelOptions, history_meta_ttl: Duration) -> Result<Rules, HubError> {
    let refused = |why: &str| Err(HubError::config(format!("{place}: {why}")));
    if options.history_ttl.subsec_nanos() != 0 {
        return refused("history_ttl must be whole seconds");
    }
    if (options.history_size == 0) != options.history_ttl.is_zero() {
        return refused("history needs both history_size and history_ttl");
    }
    if options.history_ttl > options.history_meta_ttl.unwrap_or(history_meta_ttl) {
        return refused("history_ttl must not be greater than history_meta_ttl");
    }
    if options.force_recovery && !options.has_history() {
        return refused("force_recovery needs history_size and history_ttl");
    }
    let pattern = match options.channel_regex.as_str() {
        "" => None,
        pattern => match Regex::new(pattern) {
            Ok(pattern) => Some(pattern),
            Err(error) => return refused(&format!("channel_regex: {error}")),
        },
    };
    Ok(Rules { options, pattern })
}

/// Compiles a glob with Centrifugo's syntax: `*`, `?`, `[abc]`, `[!a-z]`, `{this,that}`, and `\` to escape a character.
pub(super) fn glob(pattern: &str) -> Result<Regex, HubError> {
    let mut regex = String::from("(?s)^");
    let mut alternatives = 0_usize;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '{' => {
                alternatives += 1;
                regex.push_str("(?:");
            }
            '}' if alternatives > 0 => {
                alternatives -= 1;
                regex.push(')');
            }
            ',' if alternatives > 0 => regex.push('|'),
            '[' => {
                regex.push('[');
                if characters.next_if_eq(&'!').is_some() {
                    regex.push('^');
                }
                for inner in characters.by_ref().take_while(|inner| *inner != ']') {
                    if inner != '-' && !inner.is_alphanumeric() {
                        regex.push('\\');
                    }
                    regex.push(inner);
                }
                regex.push(']');
            }
            _ => {
                let literal = if character == '\\' { characters.next().unwrap_or('\\') } else { character };
                regex.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
            }
        }
    }
    regex.push('$');
    Regex::new(&regex).map_err(|error| HubError::config(format!("`{pattern}` is not a glob pattern: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Result<Settings, HubError> {
        Settings::new(serde_json::from_str(json).expect("the configuration is well-formed"))
    }

    #[test]
    fn origins_are_compared_as_centrifugo_does() {
        let settings = settings(r#"{"client":{"allowed_origins":["https://*.example.com","http://localhost:?000"]}}"#)
            .expect("the configuration is valid");
        for (origin, allowed) in [
            ("", true),
            ("https://two.Example.com", true),
            ("https://example.com", false),
            ("https://a.example.com.evil.org", false),
            ("http://localhost:3000", true),
            ("null", false),
        ] {
            assert_eq!(settings.allows_origin(origin), allowed, "{origin}");
        }
    }

    #[test]
    fn without_origins_no_browser_connects() {
        let settings = settings("{}").expect("the configuration is valid");
        assert!(settings.allows_origin("") && !settings.allows_origin("http://localhost"));
    }

    #[test]
    fn globs_are_read_as_centrifugo_does() {
        for (pattern, text, matches) in [
            ("{rpc,reply}:*", "reply:a", true),
            ("{rpc,reply}:*", "other:a", false),
            ("a[!b-d]", "ac", false),
            ("a[!b-d]", "ae", true),
            ("a.b", "axb", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
        ] {
            assert_eq!(glob(pattern).expect("the pattern is valid").is_match(text), matches, "{pattern} {text}");
        }
        assert!(glob("{a").is_err());
    }

    #[test]
    fn what_centrifugo_refuses_is_refused() {
        for (json, word) in [
            (r#"{"channel":{"namespaces":[{"name":"x"}]}}"#, "at least two"),
            (r#"{"channel":{"namespaces":[{"name":"xy"},{"name":"xy"}]}}"#, "twice"),
            (r#"{"channel":{"namespaces":[{"name":"xy","history_size":1}]}}"#, "both"),
            (r#"{"channel":{"namespaces":[{"name":"xy","force_recovery":true}]}}"#, "force_recovery"),
            (r#"{"channel":{"namespaces":[{"name":"xy","channel_regex":"("}]}}"#, "channel_regex"),
            (r#"{"channel":{"namespaces":[{"name":"xy","history_size":1,"history_ttl":"1500ms"}]}}"#, "whole"),
            (r#"{"client":{"ping_interval":"5s"}}"#, "ping_interval"),
        ] {
            let error = settings(json).err().expect("the configuration is refused");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
