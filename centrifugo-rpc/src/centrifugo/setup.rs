//! The Centrifugo configuration that fits a worker's, and tokens for its callers.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::endpoints;
use super::server_config::{CentrifugoConfig, ChannelNamespace, ChannelOptions, PublicationDataFormat};
use super::tokens::{MAX_USER, Tokens, check_length, check_user, longest_reply_channel};
use crate::config::{Channels, Config};
use crate::dispatch::remembered::{HISTORY_TTL, REPLY_HISTORY};
use crate::error::Error;

/// What a worker can catch up with: a burst of its largest expected size. Times the message limit of 64 KiB, it bounds what a
/// flood can make Centrifugo remember.
const REQUEST_HISTORY: usize = 10_000;
/// How long Centrifugo knows a reply channel that nobody uses any more. Subscribers renew it about once a minute. Its own 30 days
/// would keep every session that ever was.
const REPLY_META_TTL: Duration = Duration::from_secs(300);
/// The least that may wait for one connection, in bytes. All requests go to one, the worker's: with Centrifugo's own 1 MiB it is
/// disconnected as slow by a burst of some hundred calls.
const MIN_QUEUE_SIZE: usize = 16 << 20;
/// How long one write to a connection may take. Centrifugo writes up to 16 publications at once, 8 MiB with the largest results, and
/// what a caller missed as one message. Its own 1 s ends the connection of a caller whose link is slower than that; 30 s carry
/// 15 MB over 500 kB/s.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Centrifugo's own `websocket.message_size_limit`.
const MESSAGE_SIZE_LIMIT: usize = 64 << 10;
/// What a request has besides its params, in bytes: the longest names and IDs there are fit.
pub(super) const ENVELOPE: usize = 4 << 10;

impl Config {
    /// The complete configuration of a Centrifugo that fits: secrets, the two namespaces, and where it listens. No web page may
    /// connect until [`allowed_origins`](CentrifugoConfig::allowed_origins) says from where.
    ///
    /// Ports and paths are those of [`centrifugo_url`](Self#structfield.centrifugo_url) and
    /// [`centrifugo_api_url`](Self#structfield.centrifugo_api_url). A URL with TLS is taken for that of a proxy in front of
    /// Centrifugo, as this knows no certificates: `http_server` has options for them. The command `centrifugo_config` asks.
    #[must_use]
    pub fn centrifugo_config(&self) -> CentrifugoConfig {
        let mut config = self.without_endpoints();
        endpoints::listen_if_possible(&mut config, self);
        config
    }

    /// The same, with what is known of where Centrifugo listens.
    ///
    /// # Errors
    ///
    /// All that keeps Centrifugo from being at the two URLs.
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

    /// What may wait for one connection: all replies that a session can have missed come in one message.
    pub(super) fn queue_max_size(&self) -> usize {
        let missed = REPLY_HISTORY.saturating_mul(self.max_result_bytes.saturating_add(ENVELOPE));
        missed.min(self.max_remembered_bytes_per_user).max(MIN_QUEUE_SIZE)
    }

    /// The longest name of a channel: the reply channel of the longest user ID.
    pub(super) fn channel_max_length(&self) -> usize {
        longest_reply_channel(&self.reply_namespace, MAX_USER).max(self.request_channel.len())
    }

    /// A connection token for `user`, good for `ttl`: what a login endpoint gives to a caller. An empty user is anonymous.
    ///
    /// # Errors
    ///
    /// A user ID that cannot own a reply channel, because it has `,`, `#`, control or non-ASCII characters, or more than 255 bytes.
    /// Long ones need the `channel.max_length` that [`centrifugo_config`](Self::centrifugo_config) prints.
    pub fn connection_token(&self, user: &str, ttl: Duration) -> Result<String, Error> {
        self.sign(user, ttl, None)
    }

    /// The same with `info`, which handlers read with [`Connection::info`](crate::Connection::info). What is `null` as JSON, such as
    /// `None`, is left out of the token.
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
    /// As [`connection_token`](Self::connection_token), and an `info` that cannot be written as JSON.
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
        // Others would make parts of the history unreadable.
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
    /// Lets pages of these origins connect, like `https://app.example.com`; `*` stands for anything.
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.client.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Adds the namespaces of another service, by its [name](Config::service), to those that are there.
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

    /// Lets callers without a user connect, without a token, and publish requests. They share the empty user ID, so that only the
    /// randomness of their sessions keeps their replies apart.
    #[must_use]
    pub fn allow_anonymous(mut self) -> Self {
        self.client.allow_anonymous_connect_without_token = true;
        for namespace in &mut self.channel.namespaces {
            namespace.options.allow_publish_for_anonymous = namespace.options.allow_publish_for_client;
        }
        self
    }
}
