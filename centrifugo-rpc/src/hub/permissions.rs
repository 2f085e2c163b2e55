//! Permissions in channels: Centrifugo's rules, without any state.

use regex::Regex;
use serde::de::IgnoredAny;

use crate::centrifugo::server_config::{ChannelOptions, PublicationDataFormat};

/// A channel whose name begins with this prefix needs a subscription token, regardless of its namespace's permissions.
const PRIVATE_PREFIX: char = '$';
const NAMESPACE_BOUNDARY: char = ':';
const USER_BOUNDARY: char = '#';
const USER_SEPARATOR: char = ',';

/// The options of a namespace, with its pattern compiled.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) options: ChannelOptions,
    pub(super) pattern: Option<Regex>,
}

/// The properties of a caller that the rules look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) user: &'a str,
    pub(super) subscribed: bool,
}

impl Caller<'_> {
    fn passes(self, for_client: bool, for_subscriber: bool, for_anonymous: bool) -> bool {
        (for_client || (for_subscriber && self.subscribed)) && (!self.user.is_empty() || for_anonymous)
    }
}

impl Rules {
    /// Returns whether the namespace's pattern accepts the part of the name after the namespace.
    pub(super) fn allows_name(&self, rest: &str, channel: &str) -> bool {
        self.pattern.as_ref().map_or_else(|| channel.is_ascii(), |pattern| pattern.is_match(rest))
    }

    /// Returns whether the namespace accepts this data from any publisher.
    pub(super) fn allows_data(&self, data: &[u8]) -> bool {
        let is_json = || serde_json::from_slice::<IgnoredAny>(data).is_ok();
        match self.options.publication_data_format {
            PublicationDataFormat::NotEmpty => !data.is_empty(),
            PublicationDataFormat::Json => is_json(),
            PublicationDataFormat::JsonObject => data.trim_ascii_start().starts_with(b"{") && is_json(),
            PublicationDataFormat::Binary => true,
        }
    }

    /// Returns whether the user may subscribe without a token.
    pub(super) fn allows_subscribe(&self, channel: &str, user: &str) -> bool {
        if needs_token(channel) {
            return false;
        }
        if self.options.allow_user_limited_channels && channel.contains(USER_BOUNDARY) {
            return is_limited_to(channel, user);
        }
        let caller = Caller { user, subscribed: false };
        caller.passes(self.options.allow_subscribe_for_client, false, self.options.allow_subscribe_for_anonymous)
    }

    pub(super) fn allows_publish(&self, caller: Caller<'_>) -> bool {
        let options = &self.options;
        caller.passes(
            options.allow_publish_for_client,
            options.allow_publish_for_subscriber,
            options.allow_publish_for_anonymous,
        )
    }

    pub(super) fn allows_presence(&self, caller: Caller<'_>) -> bool {
        let options = &self.options;
        caller.passes(
            options.allow_presence_for_client,
            options.allow_presence_for_subscriber,
            options.allow_presence_for_anonymous,
        )
    }

    pub(super) fn allows_history(&self, caller: Caller<'_>) -> bool {
        let options = &self.options;
        caller.passes(
            options.allow_history_for_client,
            options.allow_history_for_subscriber,
            options.allow_history_for_anonymous,
        )
    }
}

/// The namespace of a channel, if it has one, and the rest of its name.
pub(super) fn split(channel: &str) -> (&str, &str) {
    let public = channel.strip_prefix(PRIVATE_PREFIX).unwrap_or(channel);
    public.split_once(NAMESPACE_BOUNDARY).unwrap_or(("", channel))
}

pub(super) fn needs_token(channel: &str) -> bool {
    channel.starts_with(PRIVATE_PREFIX)
}

/// Returns whether `user` is one of the users named after the last `#`.
fn is_limited_to(channel: &str, user: &str) -> bool {
    let users = channel.rsplit(USER_BOUNDARY).next().unwrap_or_default();
    users.split(USER_SEPARATOR).any(|allowed| allowed == user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(options: ChannelOptions) -> Rules {
        Rules { options, pattern: None }
    }

    #[test]
    fn a_channel_belongs_to_the_namespace_before_its_first_colon() {
        assert_eq!(split("rpc:requests"), ("rpc", "requests"));
        assert_eq!(split("rpc:a:b"), ("rpc", "a:b"));
        assert_eq!(split("$rpc:a"), ("rpc", "a"));
        assert_eq!(split("plain"), ("", "plain"));
        assert_eq!(split("$plain"), ("", "$plain"));
    }

    #[test]
    fn a_user_limited_channel_is_for_the_users_it_names() {
        let limited = rules(ChannelOptions { allow_user_limited_channels: true, ..ChannelOptions::default() });
        assert!(limited.allows_subscribe("reply:s#42", "42"));
        assert!(limited.allows_subscribe("reply:s#41,42", "42"));
        assert!(limited.allows_subscribe("reply:s#", ""));
        assert!(!limited.allows_subscribe("reply:s#42", "4"));
        assert!(!limited.allows_subscribe("reply:s#42#43", "42"));
        assert!(!limited.allows_subscribe("reply:s", "42"));
        let unlimited = rules(ChannelOptions::default());
        assert!(!unlimited.allows_subscribe("reply:s#42", "42"));
    }

    #[test]
    fn a_permission_for_clients_holds_for_users_only() {
        let open = rules(ChannelOptions {
            allow_subscribe_for_client: true,
            allow_publish_for_client: true,
            allow_user_limited_channels: true,
            ..ChannelOptions::default()
        });
        assert!(open.allows_subscribe("x:y", "42") && !open.allows_subscribe("x:y", ""));
        assert!(!open.allows_subscribe("x:y#43", "42"), "the limit also holds in a namespace that is open to all");
        assert!(!open.allows_subscribe("$x:y", "42"), "a private channel needs a token");
        assert!(open.allows_publish(Caller { user: "42", subscribed: false }));
        assert!(!open.allows_publish(Caller { user: "", subscribed: true }));
    }

    #[test]
    fn a_permission_for_subscribers_needs_a_subscription() {
        let rules = rules(ChannelOptions {
            allow_presence_for_subscriber: true,
            allow_history_for_subscriber: true,
            ..ChannelOptions::default()
        });
        let (outside, inside) = (Caller { user: "1", subscribed: false }, Caller { user: "1", subscribed: true });
        assert!(rules.allows_presence(inside) && !rules.allows_presence(outside));
        assert!(rules.allows_history(inside) && !rules.allows_history(outside));
        assert!(!rules.allows_publish(inside));
    }

    #[test]
    fn a_pattern_replaces_the_rule_that_names_are_ascii() {
        assert!(!Rules::default().allows_name("ü", "x:ü"));
        let pattern = Some(Regex::new("^[a-zü]+$").expect("the pattern is valid"));
        let rules = Rules { pattern, ..Rules::default() };
        assert!(rules.allows_name("ü", "x:ü") && !rules.allows_name("1", "x:1"));
    }
}
