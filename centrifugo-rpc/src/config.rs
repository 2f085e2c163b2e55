//! The configuration of a worker: Centrifugo's addresses, its secrets, names and limits.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use http::header::HeaderValue;
use serde::{Deserialize, Deserializer};

use crate::channels::{NOT_A_SERVICE, is_channel, is_name, is_service};
use crate::error::{Error, shown_url};
use crate::protocol::{self, CALL_TIMEOUT};
use crate::urls::{HTTP, WEBSOCKET, is_url};

mod duration;
mod env;
mod service;

#[cfg(feature = "codegen")]
pub(crate) use env::channels_from_env;

/// The configuration of a worker: how it reaches Centrifugo, and its limits.
///
/// Read it from the environment with [`Config::from_env`], build it in code with [`Config::new`] and one method per
/// field, or deserialize it from any serde format (durations are strings like `"30s"`). Its `Debug` output contains no
/// secret.
///
/// ```
/// use std::time::Duration;
///
/// use centrifugo_rpc::Config;
///
/// let config = Config::new("api-key", "token-hmac-secret-of-32-bytes-or-more")
///     .centrifugo_url("wss://rt.example.com/connection/websocket")
///     .centrifugo_api_url("https://rt.example.com/api")
///     .call_timeout(Duration::from_secs(10));
/// ```
#[derive(Clone, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Serves only if true; with `false`, [`serve`](crate::serve) returns at once. `CENTRIFUGO_ENABLED`, default
    /// `true`.
    #[serde(default = "defaults::enabled")]
    pub enabled: bool,
    /// Centrifugo's WebSocket endpoint, `ws://` or `wss://`. `CENTRIFUGO_URL`, default
    /// `ws://localhost:8000/connection/websocket`.
    #[serde(default = "defaults::centrifugo_url")]
    pub centrifugo_url: String,
    /// Centrifugo's server API, `http://` or `https://`. `CENTRIFUGO_API_URL`, default `http://localhost:8000/api`.
    #[serde(default = "defaults::centrifugo_api_url")]
    pub centrifugo_api_url: String,
    /// Centrifugo's `http_api.key`. `CENTRIFUGO_API_KEY`, required.
    pub centrifugo_api_key: Secret,
    /// Centrifugo's `client.token.hmac_secret_key`. `CENTRIFUGO_TOKEN_HMAC_SECRET`, required.
    pub centrifugo_token_hmac_secret: Secret,
    /// The base URL of the HTTP side. `CENTRIFUGO_WRAPPER_URL`, default none. Read and checked, not used yet.
    #[serde(default)]
    pub wrapper_url: Option<String>,
    /// The key of the HTTP side. `CENTRIFUGO_WRAPPER_API_KEY`, default none. Read and checked, not used yet.
    #[serde(default)]
    pub wrapper_api_key: Option<Secret>,
    /// The service's name. Different services on one Centrifugo need different names, because all workers of a request
    /// channel share its calls, whatever methods they have. All versions of one service have the same name.
    /// `CENTRIFUGO_RPC_SERVICE`, default none.
    #[serde(default)]
    pub service: Option<String>,
    /// The channel that callers publish requests to, `<namespace>:<name>`. `CENTRIFUGO_RPC_REQUEST_CHANNEL`, default
    /// `rpc:requests`, or `<service>_rpc:requests` if [`service`](Self#structfield.service) is set.
    #[serde(default)]
    pub request_channel: String,
    /// The namespace of reply channels. `CENTRIFUGO_RPC_REPLY_NAMESPACE`, default `reply`, or `<service>_reply` if
    /// [`service`](Self#structfield.service) is set.
    #[serde(default)]
    pub reply_namespace: String,
    /// The time limit of a call. A caller or a method may set a shorter one, a method also a longer one; 30 years and
    /// more are 30 years.
    /// `CENTRIFUGO_RPC_CALL_TIMEOUT`, default 30 s, like the clients' default timeout.
    #[serde(default = "defaults::call_timeout", deserialize_with = "duration::deserialize")]
    pub call_timeout: Duration,
    /// The time that a graceful stop waits for calls in flight, 30 years at most; the whole stop takes at most 2 s more.
    /// `CENTRIFUGO_RPC_SHUTDOWN_TIMEOUT`, default 25 s: less than the 30 s after which Kubernetes kills a process.
    #[serde(default = "defaults::shutdown_timeout", deserialize_with = "duration::deserialize")]
    pub shutdown_timeout: Duration,
    /// The limit of concurrent calls; calls over it get 429. `CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS`, default 16384.
    #[serde(default = "defaults::max_concurrent_calls")]
    pub max_concurrent_calls: usize,
    /// The limit of concurrent calls of one user; calls over it get 429.
    /// `CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER`, default 1024.
    #[serde(default = "defaults::max_concurrent_calls_per_user")]
    pub max_concurrent_calls_per_user: usize,
    /// The size limit of params, in bytes of JSON; larger params get 413. `CENTRIFUGO_RPC_MAX_PARAMS_BYTES`, default 64
    /// KiB: Centrifugo's own limit for a message.
    #[serde(default = "defaults::max_params_bytes")]
    pub max_params_bytes: usize,
    /// The size limit of a result, in bytes of JSON; a larger result becomes 413. `CENTRIFUGO_RPC_MAX_RESULT_BYTES`,
    /// default 512 KiB: half of Centrifugo's default queue for one connection (1 MiB). The
    /// [printed configuration](Self::centrifugo_config) sets a queue that grows with this limit: 64 MiB with the default.
    #[serde(default = "defaults::max_result_bytes")]
    pub max_result_bytes: usize,
    /// The limit, in bytes, of replies that Centrifugo keeps in its history for one user, across all sessions, for
    /// callers that lose their connection; all anonymous callers count as one user. Replies over the limit are sent
    /// without being kept. `CENTRIFUGO_RPC_MAX_REMEMBERED_BYTES_PER_USER`, default 256 MiB: four sessions with only
    /// results of the largest size, or 100,000 sessions with small results.
    #[serde(default = "defaults::max_remembered_bytes_per_user")]
    pub max_remembered_bytes_per_user: usize,
    /// The lifetime of the tokens that a worker signs for itself, to connect and to subscribe; the worker renews them
    /// when they expire. `CENTRIFUGO_RPC_WORKER_TOKEN_TTL`, from 5 s to 365 days, default 1 h: this limits the use of a
    /// token that leaked from a log of Centrifugo or of a proxy, and renewing a token costs nothing.
    #[serde(default = "defaults::worker_token_ttl", deserialize_with = "duration::deserialize")]
    pub worker_token_ttl: Duration,
    /// A PEM file with the certificates of a private CA, trusted in addition to the system's roots.
    /// `CENTRIFUGO_CA_FILE`, default none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The derived implementation, which cannot fill defaults that depend on another field.
        Self::deserialize(deserializer).map(Self::with_channels)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured, so that a new field cannot be forgotten.
        let Self {
            enabled,
            centrifugo_url,
            centrifugo_api_url,
            centrifugo_api_key,
            centrifugo_token_hmac_secret,
            wrapper_url,
            wrapper_api_key,
            service,
            request_channel,
            reply_namespace,
            call_timeout,
            shutdown_timeout,
            max_concurrent_calls,
            max_concurrent_calls_per_user,
            max_params_bytes,
            max_result_bytes,
            max_remembered_bytes_per_user,
            worker_token_ttl,
            ca_file,
        } = self;
        f.debug_struct("Config")
            .field("enabled", enabled)
            .field("centrifugo_url", &shown_url(centrifugo_url))
            .field("centrifugo_api_url", &shown_url(centrifugo_api_url))
            .field("centrifugo_api_key", centrifugo_api_key)
            .field("centrifugo_token_hmac_secret", centrifugo_token_hmac_secret)
            .field("wrapper_url", &wrapper_url.as_deref().map(shown_url))
            .field("wrapper_api_key", wrapper_api_key)
            .field("service", service)
            .field("request_channel", request_channel)
            .field("reply_namespace", reply_namespace)
            .field("call_timeout", call_timeout)
            .field("shutdown_timeout", shutdown_timeout)
            .field("max_concurrent_calls", max_concurrent_calls)
            .field("max_concurrent_calls_per_user", max_concurrent_calls_per_user)
            .field("max_params_bytes", max_params_bytes)
            .field("max_result_bytes", max_result_bytes)
            .field("max_remembered_bytes_per_user", max_remembered_bytes_per_user)
            .field("worker_token_ttl", worker_token_ttl)
            .field("ca_file", ca_file)
            .finish()
    }
}

/// A string that `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The string itself. Not for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(secret: T) -> Self {
        Self(secret.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<empty>" } else { "<redacted>" })
    }
}

mod defaults {
    use std::time::Duration;

    pub(crate) fn enabled() -> bool {
        true
    }
    pub(crate) fn centrifugo_url() -> String {
        "ws://localhost:8000/connection/websocket".to_owned()
    }
    pub(crate) fn centrifugo_api_url() -> String {
        "http://localhost:8000/api".to_owned()
    }
    pub(crate) fn call_timeout() -> Duration {
        super::CALL_TIMEOUT
    }
    pub(crate) fn shutdown_timeout() -> Duration {
        Duration::from_secs(25)
    }
    pub(crate) fn max_concurrent_calls() -> usize {
        16_384
    }
    pub(crate) fn max_concurrent_calls_per_user() -> usize {
        1024
    }
    pub(crate) fn max_params_bytes() -> usize {
        64 * 1024
    }
    pub(crate) fn max_result_bytes() -> usize {
        512 * 1024
    }
    pub(crate) fn max_remembered_bytes_per_user() -> usize {
        256 << 20
    }
    pub(crate) fn worker_token_ttl() -> Duration {
        Duration::from_secs(60 * 60)
    }
}

/// Defines one method per field, with the field's name.
macro_rules! setters {
    ($($field:ident: $from:ty => $into:expr;)*) => {
        impl Config {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(mut self, $field: $from) -> Self {
                    self.$field = $into;
                    self
                }
            )*
        }
    };
}

setters! {
    enabled: bool => enabled;
    centrifugo_url: impl Into<String> => centrifugo_url.into();
    centrifugo_api_url: impl Into<String> => centrifugo_api_url.into();
    centrifugo_api_key: impl Into<Secret> => centrifugo_api_key.into();
    centrifugo_token_hmac_secret: impl Into<Secret> => centrifugo_token_hmac_secret.into();
    wrapper_url: impl Into<String> => Some(wrapper_url.into());
    wrapper_api_key: impl Into<Secret> => Some(wrapper_api_key.into());
    request_channel: impl Into<String> => request_channel.into();
    reply_namespace: impl Into<String> => reply_namespace.into();
    call_timeout: Duration => call_timeout;
    shutdown_timeout: Duration => shutdown_timeout;
    max_concurrent_calls: usize => max_concurrent_calls;
    max_concurrent_calls_per_user: usize => max_concurrent_calls_per_user;
    max_params_bytes: usize => max_params_bytes;
    max_result_bytes: usize => max_result_bytes;
    max_remembered_bytes_per_user: usize => max_remembered_bytes_per_user;
    worker_token_ttl: Duration => worker_token_ttl;
    ca_file: impl Into<PathBuf> => Some(ca_file.into());
}

impl Config {
    /// Returns the defaults with the two secrets that have none: Centrifugo's `http_api.key` and
    /// `client.token.hmac_secret_key`.
    #[must_use]
    pub fn new(api_key: impl Into<Secret>, token_hmac_secret: impl Into<Secret>) -> Self {
        Self {
            enabled: defaults::enabled(),
            centrifugo_url: defaults::centrifugo_url(),
            centrifugo_api_url: defaults::centrifugo_api_url(),
            centrifugo_api_key: api_key.into(),
            centrifugo_token_hmac_secret: token_hmac_secret.into(),
            wrapper_url: None,
            wrapper_api_key: None,
            service: None,
            request_channel: String::new(),
            reply_namespace: String::new(),
            call_timeout: defaults::call_timeout(),
            shutdown_timeout: defaults::shutdown_timeout(),
            max_concurrent_calls: defaults::max_concurrent_calls(),
            max_concurrent_calls_per_user: defaults::max_concurrent_calls_per_user(),
            max_params_bytes: defaults::max_params_bytes(),
            max_result_bytes: defaults::max_result_bytes(),
            max_remembered_bytes_per_user: defaults::max_remembered_bytes_per_user(),
            worker_token_ttl: defaults::worker_token_ttl(),
            ca_file: None,
        }
        .with_channels()
    }

    /// Checks all values; [`serve`](crate::serve) does so before it connects.
    ///
    /// # Errors
    ///
    /// All problems at once, in one error.
    pub fn check(&self) -> Result<(), Error> {
        report(&self.problems())
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut must = |holds: bool, problem: &str| {
            if !holds {
                problems.push(problem.to_owned());
            }
        };
        must(
            is_url(&self.centrifugo_url, WEBSOCKET),
            "centrifugo_url (CENTRIFUGO_URL) is not a WebSocket URL: write for example `ws://localhost:8000/connection/websocket`",
        );
        must(
            is_url(&self.centrifugo_api_url, HTTP),
            "centrifugo_api_url (CENTRIFUGO_API_URL) is not an HTTP URL: write for example `http://localhost:8000/api`",
        );
        must(
            self.wrapper_url.as_ref().is_none_or(|text| is_url(text, HTTP)),
            "wrapper_url (CENTRIFUGO_WRAPPER_URL) is not an HTTP URL: write for example `http://localhost:9000`",
        );
        if self.enabled {
            must(
                !self.centrifugo_api_key.0.is_empty(),
                "centrifugo_api_key (CENTRIFUGO_API_KEY) is empty: set it to Centrifugo's `http_api.key`",
            );
            must(
                !self.centrifugo_token_hmac_secret.0.is_empty(),
                "centrifugo_token_hmac_secret (CENTRIFUGO_TOKEN_HMAC_SECRET) is empty: set it to Centrifugo's \
                 `client.token.hmac_secret_key`",
            );
        }
        must(
            HeaderValue::from_str(self.centrifugo_api_key.expose()).is_ok(),
            "centrifugo_api_key (CENTRIFUGO_API_KEY) contains a line break or another character that no HTTP header can hold: \
             look for what was pasted with it",
        );
        let is_named = self.service.as_deref().is_none_or(is_service);
        must(is_named, &format!("service (CENTRIFUGO_RPC_SERVICE) {NOT_A_SERVICE}"));
        // Each cause is one problem: if the service name is wrong, wrong channels may only follow from it.
        let (has_channel, has_namespace) = (is_channel(&self.request_channel), is_name(&self.reply_namespace));
        must(
            !is_named || has_channel,
            "request_channel (CENTRIFUGO_RPC_REQUEST_CHANNEL) is not `<namespace>:<name>` of letters, digits, `_`, `-` and `.`: \
             write for example `rpc:requests`",
        );
        must(
            !is_named || has_namespace,
            "reply_namespace (CENTRIFUGO_RPC_REPLY_NAMESPACE) is not a name of letters, digits, `_`, `-` and `.`: write for example \
             `reply`",
        );
        must(
            !has_channel || !has_namespace || protocol::namespace(&self.request_channel) != self.reply_namespace,
            "request_channel (CENTRIFUGO_RPC_REQUEST_CHANNEL) and reply_namespace (CENTRIFUGO_RPC_REPLY_NAMESPACE) share a \
             namespace: callers may publish into the one and never into the other, so give them two",
        );
        must(
            !self.call_timeout.is_zero(),
            "call_timeout (CENTRIFUGO_RPC_CALL_TIMEOUT) is zero: write for example `30s`",
        );
        for (limit, what) in [
            (self.max_concurrent_calls, "max_concurrent_calls (CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS)"),
            (
                self.max_concurrent_calls_per_user,
                "max_concurrent_calls_per_user (CENTRIFUGO_RPC_MAX_CONCURRENT_CALLS_PER_USER)",
            ),
            (self.max_params_bytes, "max_params_bytes (CENTRIFUGO_RPC_MAX_PARAMS_BYTES)"),
            (self.max_result_bytes, "max_result_bytes (CENTRIFUGO_RPC_MAX_RESULT_BYTES)"),
        ] {
            must(limit > 0, &format!("{what} is 0, which would refuse every call: write a number above 0"));
        }
        must(
            WORKER_TOKEN_TTL.contains(&self.worker_token_ttl),
            "worker_token_ttl (CENTRIFUGO_RPC_WORKER_TOKEN_TTL) is not between `5s` and `365d`: a token of less could expire on its \
             way to Centrifugo, whose clock need not be this one, and one of more is as good as none that expires",
        );
        problems
    }
}

/// Tokens expire at whole seconds: a shorter lifetime could end before a slow connection is established, or at once if
/// a clock is slightly ahead.
const WORKER_TOKEN_TTL: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(365 * 24 * 3600);

fn report(problems: &[String]) -> Result<(), Error> {
    match problems {
        [] => Ok(()),
        [problem] => Err(Error::config(problem.as_str())),
        many => {
            Err(Error::config(format!("the configuration has {} problems:\n  - {}", many.len(), many.join("\n  - "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let config = Config::new("k3y", "s3cret").wrapper_api_key("wr4pper");
        let config = config.centrifugo_url("wss://u:pa55@h/").centrifugo_api_url("http://h/api?api_key=qu3ry");
        let debug = format!("{config:?}");
        for secret in ["k3y", "s3cret", "wr4pper", "pa55", "qu3ry"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }

    #[test]
    fn serde_reads_the_same_fields_and_refuses_others() {
        let config: Config = serde_json::from_str(
            r#"{"centrifugo_api_key":"k","centrifugo_token_hmac_secret":"s","call_timeout":"1m 30s"}"#,
        )
        .expect("a config");
        assert_eq!(config.call_timeout, Duration::from_secs(90));
        let error =
            serde_json::from_str::<Config>(r#"{"centrifugo_api_key":"k","centrifugo_token_hmac_secret":"s","x":1}"#);
        assert!(error.expect_err("unknown").to_string().contains("unknown field `x`"));
    }
}
