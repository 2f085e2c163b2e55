//! The part of Centrifugo's own configuration that this project uses, as Centrifugo v6 reads it.
//!
//! Names, nesting and defaults are Centrifugo's. `None`, `false` and empty mean "Centrifugo's default" and are left out
//! when a configuration is written, so that what is printed holds only what somebody decided. An option that is not
//! part of this subset is an error that names it, never silently ignored.

mod go_duration;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use go_duration::optional as optional_duration;

/// A configuration file of Centrifugo v6, as far as this project needs one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CentrifugoConfig {
    /// Connections: tokens, origins, limits.
    #[serde(skip_serializing_if = "is_default")]
    pub client: ClientOptions,
    /// The server API over HTTP.
    #[serde(skip_serializing_if = "is_default")]
    pub http_api: HttpApiOptions,
    /// Where Centrifugo listens. The embedded hub has its own setting for that and ignores this.
    #[serde(skip_serializing_if = "is_default")]
    pub http_server: HttpServerOptions,
    /// The WebSocket transport.
    #[serde(skip_serializing_if = "is_default")]
    pub websocket: WebSocketOptions,
    /// The health endpoint. The embedded hub always serves it.
    #[serde(skip_serializing_if = "is_default")]
    pub health: HealthOptions,
    /// Channels and their namespaces.
    #[serde(skip_serializing_if = "is_default")]
    pub channel: ChannelConfig,
}

/// `client`: what holds for every connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientOptions {
    /// How connection and subscription tokens are verified.
    #[serde(skip_serializing_if = "is_default")]
    pub token: TokenOptions,
    /// Glob patterns of the origins a browser may connect from. Default: none; a request without `Origin` always passes.
    #[serde(skip_serializing_if = "is_default")]
    pub allowed_origins: Vec<String>,
    /// Lets a client without a token in, as the user with the empty id. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_anonymous_connect_without_token: bool,
    /// Bytes that may wait for one connection before it is closed as slow. Default: 1 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_max_size: Option<usize>,
    /// Commands of one connection that run at once. Default: one after the other, which is what the embedded hub always
    /// does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Time between two pings of the server. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub ping_interval: Option<Duration>,
    /// Time a client has to answer a ping. Default: 8s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub pong_timeout: Option<Duration>,
    /// Time an expired connection has to bring a new token. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub expired_close_delay: Option<Duration>,
    /// Time an expired subscription has to bring a new token. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub expired_sub_close_delay: Option<Duration>,
    /// Time a new connection has to authenticate. Default: 10s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub stale_close_delay: Option<Duration>,
    /// How often presence is renewed and expired subscriptions are looked for. Default: 27s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub presence_update_interval: Option<Duration>,
    /// Channels one connection may be subscribed to. Default: 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_limit: Option<usize>,
    /// Publications one history request of a client returns at most. Default: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_max_publication_limit: Option<i32>,
    /// Publications one recovery returns at most; a larger gap is not recovered. Default: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_max_publication_limit: Option<i32>,
}

/// `client.token`: how tokens are verified. `Debug` does not show the secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenOptions {
    /// The secret of HS256, HS384 and HS512 tokens. Default: none, which refuses such tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub hmac_secret_key: String,
}

impl fmt::Debug for TokenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenOptions").field("hmac_secret_key", &hidden(&self.hmac_secret_key)).finish()
    }
}

/// `http_api`: the server API. `Debug` does not show the key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpApiOptions {
    /// The key every request brings. Default: none, which refuses every request.
    #[serde(skip_serializing_if = "is_default")]
    pub key: String,
    /// The path of the API. Default: `/api`.
    #[serde(skip_serializing_if = "is_default")]
    pub handler_prefix: String,
}

impl fmt::Debug for HttpApiOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpApiOptions")
            .field("key", &hidden(&self.key))
            .field("handler_prefix", &self.handler_prefix)
            .finish()
    }
}

/// `http_server`: where Centrifugo listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpServerOptions {
    /// The address. Default: all interfaces.
    #[serde(skip_serializing_if = "is_default")]
    pub address: String,
    /// The port. Default: 8000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of the server API and the health endpoint. Default: the same port.
    #[serde(skip_serializing_if = "is_default")]
    pub internal_port: String,
    /// TLS of the listener; of the one at `internal_port` as well, unless the following options say otherwise. Default: off.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: TlsOptions,
    /// Keeps `tls` from `internal_port`. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub tls_external: bool,
    /// TLS of the listener at `internal_port`. Default: that of `tls`.
    #[serde(skip_serializing_if = "is_default")]
    pub internal_tls: TlsOptions,
}

/// `http_server.tls` and `http_server.internal_tls`. `Debug` does not show the private key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsOptions {
    /// Turns TLS on. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub enabled: bool,
    /// The certificate: a file, or PEM as text.
    #[serde(skip_serializing_if = "is_default")]
    pub cert_pem: String,
    /// The private key: a file, or PEM as text.
    #[serde(skip_serializing_if = "is_default")]
    pub key_pem: String,
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("enabled", &self.enabled)
            .field("cert_pem", &self.cert_pem)
            .field("key_pem", &hidden(&self.key_pem))
            .finish()
    }
}

/// `websocket`: the transport of the clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocketOptions {
    /// The path. Default: `/connection/websocket`.
    #[serde(skip_serializing_if = "is_default")]
    pub handler_prefix: String,
    /// Bytes of one message of a client. Default: 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_size_limit: Option<usize>,
    /// Time one write to a client may take. Default: 1s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub write_timeout: Option<Duration>,
}

/// `health`: the endpoint `/health`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthOptions {
    /// Serves the endpoint. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub enabled: bool,
}

/// `channel`: channels and their namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelConfig {
    /// Options of the channels without a namespace.
    #[serde(skip_serializing_if = "is_default")]
    pub without_namespace: ChannelOptions,
    /// The namespaces.
    #[serde(skip_serializing_if = "is_default")]
    pub namespaces: Vec<ChannelNamespace>,
    /// How long offset and epoch of an idle channel are remembered. Default: 720h.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub history_meta_ttl: Option<Duration>,
    /// Bytes of a channel name. Default: 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// A namespace: the channels whose names begin with `<name>:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelNamespace {
    /// The name: at least two of letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What its channels do and who may use them.
    #[serde(flatten)]
    pub options: ChannelOptions,
}

/// What may be published into a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PublicationDataFormat {
    /// Anything but nothing. Centrifugo writes this as an empty string.
    #[default]
    #[serde(rename = "")]
    NotEmpty,
    /// JSON.
    Json,
    /// A JSON object.
    JsonObject,
    /// Anything.
    Binary,
}

/// What channels do and who may use them. Every switch is off by default.
#[allow(clippy::struct_excessive_bools)] // Centrifugo's own set of switches, each of them independent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelOptions {
    /// What the name after the namespace must match, in RE2 syntax. Default: any ASCII name.
    #[serde(skip_serializing_if = "is_default")]
    pub channel_regex: String,
    /// What may be published. Default: anything but nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub publication_data_format: PublicationDataFormat,
    /// Publications a channel remembers. Default: 0, no history.
    #[serde(skip_serializing_if = "is_default")]
    pub history_size: usize,
    /// How long it remembers them, counted from the last one. Whole seconds. Default: 0, no history.
    #[serde(with = "go_duration", skip_serializing_if = "is_default")]
    pub history_ttl: Duration,
    /// How long offset and epoch of an idle channel are remembered. Default: the one for all channels. Whole seconds.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub history_meta_ttl: Option<Duration>,
    /// Every subscription recovers what it missed.
    #[serde(skip_serializing_if = "is_default")]
    pub force_recovery: bool,
    /// Subscriptions that ask for it recover what they missed.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_recovery: bool,
    /// Every subscription knows its position in the stream.
    #[serde(skip_serializing_if = "is_default")]
    pub force_positioning: bool,
    /// Subscriptions that ask for it know their position in the stream.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_positioning: bool,
    /// Keeps who is subscribed.
    #[serde(skip_serializing_if = "is_default")]
    pub presence: bool,
    /// Announces who subscribes and unsubscribes.
    #[serde(skip_serializing_if = "is_default")]
    pub join_leave: bool,
    /// Sends these announcements to every subscriber, asked for or not.
    #[serde(skip_serializing_if = "is_default")]
    pub force_push_join_leave: bool,
    /// `channel#user` may be subscribed to by that user, without a token.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_user_limited_channels: bool,
    /// Users may subscribe without a token.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_subscribe_for_client: bool,
    /// Anonymous clients may subscribe too, where users may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_subscribe_for_anonymous: bool,
    /// Users may publish.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_client: bool,
    /// Subscribers may publish.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_subscriber: bool,
    /// Anonymous clients may publish too, where users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_anonymous: bool,
    /// Users may read presence.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_client: bool,
    /// Subscribers may read presence.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_subscriber: bool,
    /// Anonymous clients may read presence too, where users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_anonymous: bool,
    /// Users may read history.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_client: bool,
    /// Subscribers may read history.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_subscriber: bool,
    /// Anonymous clients may read history too, where users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_anonymous: bool,
}

impl ChannelOptions {
    /// Whether publications are remembered.
    #[must_use]
    pub fn has_history(&self) -> bool {
        self.history_size > 0 && !self.history_ttl.is_zero()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn hidden(secret: &str) -> &'static str {
    if secret.is_empty() { "" } else { "[hidden]" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> CentrifugoConfig {
        CentrifugoConfig {
            client: ClientOptions {
                token: TokenOptions { hmac_secret_key: "the-secret".into() },
                allowed_origins: vec!["http://localhost".into()],
                ..ClientOptions::default()
            },
            http_api: HttpApiOptions { key: "the-key".into(), ..HttpApiOptions::default() },
            channel: ChannelConfig {
                namespaces: vec![ChannelNamespace {
                    name: "rpc".into(),
                    options: ChannelOptions {
                        history_size: 10_000,
                        history_ttl: Duration::from_secs(60),
                        force_recovery: true,
                        ..ChannelOptions::default()
                    },
                }],
                ..ChannelConfig::default()
            },
            ..CentrifugoConfig::default()
        }
    }

    #[test]
    fn what_is_at_its_default_is_not_written() {
        let written = serde_json::to_string(&example()).expect("a configuration serializes");
        assert_eq!(
            written,
            r#"{"client":{"token":{"hmac_secret_key":"the-secret"},"allowed_origins":["http://localhost"]},"http_api":{"key":"the-key"},"channel":{"namespaces":[{"name":"rpc","history_size":10000,"history_ttl":"60s","force_recovery":true}]}}"#
        );
        assert_eq!(serde_json::from_str::<CentrifugoConfig>(&written).expect("it is read back"), example());
    }

    #[test]
    fn an_option_that_is_not_known_is_named() {
        for (json, name) in [
            (r#"{"admin":{}}"#, "admin"),
            (r#"{"client":{"insecure":true}}"#, "insecure"),
            (r#"{"channel":{"namespaces":[{"name":"rpc","history_sise":1}]}}"#, "history_sise"),
        ] {
            let error = serde_json::from_str::<CentrifugoConfig>(json).expect_err("an unknown option is refused");
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", example());
        assert!(!shown.contains("the-secret") && !shown.contains("the-key"), "{shown}");
    }
}
