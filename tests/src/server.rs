//! Where a server is and what opens it, whatever runs there.

use serde_json::Value;

use crate::{Api, Raw, Tokens};

/// A Centrifugo, or what claims to be one.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its WebSocket endpoint.
    pub url: String,
    /// Its HTTP API, without a method.
    pub api_url: String,
    /// What opens the HTTP API.
    pub api_key: String,
    /// What signs tokens.
    pub secret: String,
    /// The authority that signed its certificate, as PEM.
    pub ca: Option<String>,
}

impl Server {
    /// Its HTTP API, opened with the right key.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self, &self.api_key)
    }

    /// Tokens signed with its secret.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        Tokens::new(&self.secret)
    }

    /// A connection of `user`.
    pub async fn connect(&self, user: &str) -> Raw {
        Raw::connect(self, &self.tokens().connection(user)).await
    }

    /// The key and the secret that `config` gives a server.
    pub(crate) fn credentials(config: &Value) -> (String, String) {
        let text = |pointer: &str| {
            let value = config.pointer(pointer).and_then(Value::as_str);
            value
                .unwrap_or_else(|| panic!("the configuration of a test's server has no {pointer}"))
                .to_owned()
        };
        (text("/http_api/key"), text("/client/token/hmac_secret_key"))
    }

    /// What a server at `host` (with its port) is reached by, if it was started with `config`.
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
