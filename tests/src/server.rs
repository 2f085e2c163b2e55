//! The address and the credentials of a server, real or fake.

use serde_json::Value;

use crate::{Api, Raw, Tokens};

/// A Centrifugo, or a server that pretends to be one.
#[derive(Debug, Clone)]
pub struct Server {
    /// The WebSocket endpoint.
    pub url: String,
    /// The HTTP API, without a method.
    pub api_url: String,
    /// The key of the HTTP API.
    pub api_key: String,
    /// The secret that signs tokens.
    pub secret: String,
    /// The authority that signed the server's certificate, as PEM.
    pub ca: Option<String>,
}

impl Server {
    /// Returns the HTTP API, opened with the right key.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self, &self.api_key)
    }

    /// Returns an issuer of tokens, signed with the server's secret.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        Tokens::new(&self.secret)
    }

    /// Connects as `user`.
    pub async fn connect(&self, user: &str) -> Raw {
        Raw::connect(self, &self.tokens().connection(user)).await
    }

    /// Returns the API key and the token secret in `config`.
    pub(crate) fn credentials(config: &Value) -> (String, String) {
        let text = |pointer: &str| {
            let value = config.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_else(|| panic!("the configuration of a test's server has no {pointer}")).to_owned()
        };
        (text("/http_api/key"), text("/client/token/hmac_secret_key"))
    }

    /// Returns the server at `host` (with its port) that was started with `config`.
    #[must_use]
    pub fn at(host: &str, config: &Value, ca: Option<&str>) -> Self {
        let (api_key, secret) = Self::credentials(config);
        let s = if ca.is_some() { "s" } else { "" };
        Self {
            url: format!("ws{s}://{host}/connection/websocket"),
            api_url: format!("http{s}://{host}/api"),
            api_key,
            secret,
            ca: ca.map(ToOwned::to_owned),
        }
    }
}
