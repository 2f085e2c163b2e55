//! The Centrifugo configuration that matches a worker's, and tokens for callers.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::endpoints;
use super::server_config::{CentrifugoConfig, ChannelNamespace, ChannelOptions, PublicationDataFormat};
use super::tokens::Tokens;
use crate::channels::{Channels, MAX_USER, check_length, check_user, longest_reply_channel};
use crate::config::Config;
use crate::error::Error;
use crate::protocol::{HISTORY_TTL, MESSAGE_SIZE_LIMIT, REPLY_HISTORY};

/// The number of requests that a worker can catch up on: a burst of the largest expected size. Multiplied by the
/// message limit of 64 KiB, it bounds the memory that a flood of requests can take in Centrifugo.
const REQUEST_HISTORY: usize = 10_000;
/// The time that Centrifugo keeps the position of an unused reply channel. Subscribers renew it about once a minute.
/// Centrifugo's default of 30 days would keep every session of that time.
const REPLY_META_TTL: Duration = Duration::from_secs(300);
/// The minimum of Centrifugo's queue for one connection, in bytes. All requests go to a single connection, the
/// worker's: with Centrifugo's default of 1 MiB, a burst of some hundred calls disconnects the worker as slow.
const MIN_QUEUE_SIZE: usize = 16 << 20;
/// The timeout of one write to a connection. Centrifugo writes up to 16 publications at once, 8 MiB with the largest
/// results, and all missed replies of a caller as one message. Its default of 1 s ends the connection of a caller on a
/// slower link; 30 s are enough for 15 MB at 500 kB/s.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The bytes of a request besides its params, enough for the longest possible names and IDs.
pub(super) const ENVELOPE: usize = 4 << 10;

impl Config {
    /// Returns the complete configuration of a matching Centrifugo: secrets, the two namespaces, and listen addresses.
    /// No web page may connect until [`allowed_origins`](CentrifugoConfig::allowed_origins) names its origin.
    ///
    /// Ports and paths are those of [`centrifugo_url`](Self#structfield.centrifugo_url) and
    /// [`centrifugo_api_url`](Self#structfield.centrifugo_api_url). A URL with TLS is assumed to be that of a proxy in
    /// front of Centrifugo, because this method has no certificates; set them in `http_server`. The command
    /// `centrifugo_config` has options for both cases.
    #[must_use]
    pub fn centrifugo_config(&self) -> CentrifugoConfig {
        let mut config = self.without_endpoints();
        endpoints::listen_if_possible(&mut config, self);
        config
    }

    /// Returns the same configuration for a known front end.
    ///
    /// # Errors
    ///
    /// All reasons why Centrifugo cannot listen at the two URLs.
    #[cfg(feature = "cli")]
    pub(crate) fn centrifugo_config_behind(&self, front: &endpoints::Front) -> Result<CentrifugoConfig, Error> {
        let mut config = self.without_endpoints();
        endpoints::listen(&mut config, self, front)?;
        Ok(config)
    }

    fn without_endpoints(&self) -> CentrifugoConfig {
        let mut config = CentrifugoConfig::default();
        self.centrifugo_token_hmac_secret.expose().clone_into(&mut config.client.token.hmac_secret_key);
        self.centrifugo_api_key.expose().clone_into(&mut config.http_api.key);
        config.client.queue_max_size = Some(self.queue_max_size());
        config.websocket.write_timeout = Some(WRITE_TIMEOUT);
        config.channel.max_length = Some(self.channel_max_length());
        config.health.enabled = true;
        if self.max_params_bytes > MESSAGE_SIZE_LIMIT {
            config.websocket.message_size_limit = Some(self.max_params_bytes.saturating_add(ENVELOPE));
        }
        config.channel.namespaces = namespaces(&self.request_channel, &self.reply_namespace).into();
        config
    }

    /// The queue size of one connection: all replies that a session can have missed arrive in one message.
    pub(super) fn queue_max_size(&self) -> usize {
        let missed = REPLY_HISTORY.saturating_mul(self.max_result_bytes.saturating_add(ENVELOPE));
        missed.min(self.max_remembered_bytes_per_user).max(MIN_QUEUE_SIZE)
    }

    /// The longest name of a channel: the reply channel of the longest user ID.
    pub(super) fn channel_max_length(&self) -> usize {
        longest_reply_channel(&self.reply_namespace, MAX_USER).max(self.request_channel.len())
    }

    /// Signs a connection token for `user`, valid for `ttl`; a longer time than a hundred years counts as a hundred
    /// years. A login endpoint returns such tokens to callers. An empty user is anonymous.
    ///
    /// # Errors
    ///
    /// A user ID that cannot own a reply channel, because it contains `,`, `#`, control or non-ASCII characters, or has
    /// more than 255 bytes. Long IDs need the `channel.max_length` that [`centrifugo_config`](Self::centrifugo_config)
    /// sets.
    pub fn connection_token(&self, user: &str, ttl: Duration) -> Result<String, Error> {
        self.sign(user, ttl, None)
    }

    /// Signs a connection token with `info`, which handlers read with [`Connection::info`](crate::Connection::info). An
    /// `info` that is `null` as JSON, such as `None`, is left out of the token.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use centrifugo_rpc::{Config, Error};
    /// #[derive(serde::Serialize)]
    /// struct Info {
    ///     role: &'static str,
    /// }
    ///
    /// # fn token(config: &Config) -> Result<String, Error> {
    /// config.connection_token_with("42", Duration::from_secs(600), &Info { role: "admin" })
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`connection_token`](Self::connection_token), and an `info` that cannot be serialized to JSON.
    pub fn connection_token_with(
        &self,
        user: &str,
        ttl: Duration,
        info: &(impl Serialize + ?Sized),
    ) -> Result<String, Error> {
        let info = to_raw_value(info)
            .map_err(|error| Error::config("the token's `info` cannot be written as JSON").because(error))?;
        self.sign(user, ttl, Some(&info).filter(|info| info.get() != "null").map(|info| &**info))
    }

    fn sign(&self, user: &str, ttl: Duration, info: Option<&RawValue>) -> Result<String, Error> {
        check_user(user)?;
        check_length(user)?;
        Tokens::new(self).connection(user, ttl, info)
    }
}

fn namespaces(requests: &str, replies: &str) -> [ChannelNamespace; 2] {
    let (namespace, channel) = requests.split_once(':').unwrap_or_default();
    let requests = ChannelOptions {
        channel_regex: format!("^{}$", channel.replace('.', "\\.")),
        // Other data would make parts of the history unreadable.
        publication_data_format: PublicationDataFormat::JsonObject,
        allow_publish_for_client: true,
        history_size: REQUEST_HISTORY,
        presence: true,
        join_leave: true,
        force_push_join_leave: true,
        ..recovered()
    };
    let options = ChannelOptions {
        channel_regex: "^[A-Za-z0-9_-]{16,64}#[^,#]*$".to_owned(),
        allow_user_limited_channels: true,
        history_size: REPLY_HISTORY,
        history_meta_ttl: Some(REPLY_META_TTL),
        ..recovered()
    };
    [
        ChannelNamespace { name: namespace.to_owned(), options: requests },
        ChannelNamespace { name: replies.to_owned(), options },
    ]
}

fn recovered() -> ChannelOptions {
    ChannelOptions { history_ttl: HISTORY_TTL, force_recovery: true, ..ChannelOptions::default() }
}

impl CentrifugoConfig {
    /// Allows pages of these origins to connect, for example `https://app.example.com`; `*` matches anything.
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.client.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Adds the namespaces of another service, by its [name](Config::service), to the existing ones.
    #[must_use]
    pub fn also_for(mut self, service: &str) -> Self {
        let Channels { requests, replies } = Channels::of(Some(service));
        self.channel.max_length = self.channel.max_length.max(Some(longest_reply_channel(&replies, MAX_USER)));
        for namespace in namespaces(&requests, &replies) {
            if self.channel.namespaces.iter().all(|there| there.name != namespace.name) {
                self.channel.namespaces.push(namespace);
            }
        }
        self
    }

    /// Allows callers without a user to connect without a token and to publish requests. They share the empty user ID,
    /// so only the randomness of their sessions separates their replies.
    #[must_use]
    pub fn allow_anonymous(mut self) -> Self {
        self.client.allow_anonymous_connect_without_token = true;
        for namespace in &mut self.channel.namespaces {
            namespace.options.allow_publish_for_anonymous = namespace.options.allow_publish_for_client;
        }
        self
    }
}
