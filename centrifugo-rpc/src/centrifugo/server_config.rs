//! The part of Centrifugo's own configuration that this project uses, in the format of Centrifugo v6.
//!
//! Names, nesting and defaults are Centrifugo's. `None`, `false` and empty values mean "Centrifugo's default" and are
//! omitted when a configuration is written, so that the output contains only explicit choices. An option outside this
//! subset is an error that names it; it is never silently ignored.

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
    /// Listen addresses. The embedded hub ignores them and has its own setting.
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

/// `client`: options of all connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientOptions {
    /// Verification of connection and subscription tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub token: TokenOptions,
    /// Glob patterns of the origins that browsers may connect from. Default: none; a request without `Origin` is always
    /// allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub allowed_origins: Vec<String>,
    /// Accepts clients without a token, with the empty user ID. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_anonymous_connect_without_token: bool,
    /// The limit of queued bytes for one connection, which is closed as slow over it. Default: 1 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_max_size: Option<usize>,
    /// The number of commands of one connection that run concurrently. Default: sequential, which is the only mode of
    /// the embedded hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// The interval between the server's pings. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub ping_interval: Option<Duration>,
    /// The time limit for the client's answer to a ping. Default: 8s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub pong_timeout: Option<Duration>,
    /// The time that an expired connection has to send a new token. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub expired_close_delay: Option<Duration>,
    /// The time that an expired subscription has to send a new token. Default: 25s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub expired_sub_close_delay: Option<Duration>,
    /// The time that a new connection has to authenticate. Default: 10s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub stale_close_delay: Option<Duration>,
    /// The interval at which presence is renewed and expired subscriptions are looked for. Default: 27s.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub presence_update_interval: Option<Duration>,
    /// The limit of subscriptions of one connection. Default: 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_limit: Option<usize>,
    /// The limit of publications in the answer to a client's history request. Default: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_max_publication_limit: Option<i32>,
    /// The limit of publications in one recovery; a larger gap is not recovered. Default: 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_max_publication_limit: Option<i32>,
}

/// `client.token`: verification of tokens. `Debug` does not show the secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenOptions {
    /// The secret of HS256, HS384 and HS512 tokens. Default: none, which rejects such tokens.
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
    /// The key that every request must carry. Default: none, which rejects every request.
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

/// `http_server`: listen addresses.
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
    /// TLS of the listener, and of the one at `internal_port` unless the following options change that. Default: off.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: TlsOptions,
    /// Turns `tls` off at `internal_port`. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub tls_external: bool,
    /// TLS of the listener at `internal_port`. Default: the options in `tls`.
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

/// `websocket`: the clients' transport.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocketOptions {
    /// The path. Default: `/connection/websocket`.
    #[serde(skip_serializing_if = "is_default")]
    pub handler_prefix: String,
    /// The size limit of a client's message, in bytes. Default: 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_size_limit: Option<usize>,
    /// The timeout of one write to a client. Default: 1s.
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
    /// The time that the offset and epoch of an idle channel are kept. Default: 720h.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub history_meta_ttl: Option<Duration>,
    /// The limit of a channel name, in bytes. Default: 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// A namespace: the channels whose names begin with `<name>:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelNamespace {
    /// The name: at least two of letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// Features and permissions of the namespace's channels.
    #[serde(flatten)]
    pub options: ChannelOptions,
}

/// The format of publications that a channel accepts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PublicationDataFormat {
    /// Any data, but not empty. Centrifugo writes this as an empty string.
    #[default]
    #[serde(rename = "")]
    NotEmpty,
    /// JSON.
    Json,
    /// A JSON object.
    JsonObject,
    /// Any data.
    Binary,
}

/// Features and permissions of channels. Every switch is off by default.
#[allow(clippy::struct_excessive_bools)] // Centrifugo's own switches, each independent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelOptions {
    /// The pattern for the part of the name after the namespace, in RE2 syntax. Default: any ASCII name.
    #[serde(skip_serializing_if = "is_default")]
    pub channel_regex: String,
    /// The accepted format of publications. Default: any data, but not empty.
    #[serde(skip_serializing_if = "is_default")]
    pub publication_data_format: PublicationDataFormat,
    /// The number of publications that a channel keeps. Default: 0, no history.
    #[serde(skip_serializing_if = "is_default")]
    pub history_size: usize,
    /// The time that publications are kept, counted from the last one. Whole seconds. Default: 0, no history.
    #[serde(with = "go_duration", skip_serializing_if = "is_default")]
    pub history_ttl: Duration,
    /// The time that the offset and epoch of an idle channel are kept. Default: the value for all channels. Whole
    /// seconds.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub history_meta_ttl: Option<Duration>,
    /// Every subscription recovers missed publications.
    #[serde(skip_serializing_if = "is_default")]
    pub force_recovery: bool,
    /// Subscriptions that request it recover missed publications.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_recovery: bool,
    /// Every subscription tracks its position in the stream.
    #[serde(skip_serializing_if = "is_default")]
    pub force_positioning: bool,
    /// Subscriptions that request it track their position in the stream.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_positioning: bool,
    /// Keeps a list of subscribers.
    #[serde(skip_serializing_if = "is_default")]
    pub presence: bool,
    /// Announces each client that subscribes or unsubscribes.
    #[serde(skip_serializing_if = "is_default")]
    pub join_leave: bool,
    /// Sends these announcements to every subscriber, requested or not.
    #[serde(skip_serializing_if = "is_default")]
    pub force_push_join_leave: bool,
    /// Allows the user of `channel#user` to subscribe to it without a token.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_user_limited_channels: bool,
    /// Allows users to subscribe without a token.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_subscribe_for_client: bool,
    /// Allows anonymous clients to subscribe, too, if users may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_subscribe_for_anonymous: bool,
    /// Allows users to publish.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_client: bool,
    /// Allows subscribers to publish.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_subscriber: bool,
    /// Allows anonymous clients to publish, too, if users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_publish_for_anonymous: bool,
    /// Allows users to read presence.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_client: bool,
    /// Allows subscribers to read presence.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_subscriber: bool,
    /// Allows anonymous clients to read presence, too, if users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_presence_for_anonymous: bool,
    /// Allows users to read history.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_client: bool,
    /// Allows subscribers to read history.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_subscriber: bool,
    /// Allows anonymous clients to read history, too, if users or subscribers may.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_history_for_anonymous: bool,
}

impl ChannelOptions {
    /// Returns whether channels keep publications.
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
