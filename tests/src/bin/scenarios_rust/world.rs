//! Shared parts of the scenarios: addresses, tokens, clients, and the types of the service.

use centrifugo_rpc::{BoxError, CallError, Client};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tests::tls;

/// Fails the scenario unless the condition is true.
macro_rules! ensure {
    ($condition:expr, $($reason:tt)+) => {
        if !$condition {
            return Err(format!($($reason)+).into());
        }
    };
}

/// Fails the scenario unless a value is the expected one.
macro_rules! ensure_eq {
    ($value:expr, $expected:expr) => {{
        let (value, expected) = (&$value, &$expected);
        if value != expected {
            return Err(format!("{} is {value:?}, not {expected:?}", stringify!($value)).into());
        }
    }};
}

pub(crate) use {ensure, ensure_eq};

/// The addresses of Centrifugo and of the control server.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) url: String,
    control: String,
    http: reqwest::Client,
}

impl World {
    pub(crate) fn from_env() -> Result<Self, BoxError> {
        let http = reqwest::Client::builder().no_proxy().use_preconfigured_tls(tls::trusting(None)).build()?;
        Ok(Self { url: variable("SCENARIO_URL")?, control: variable("SCENARIO_CONTROL")?, http })
    }

    /// Gets a token from the control server, such as `user=42&ttl=2`.
    pub(crate) async fn token(&self, query: &str) -> Result<String, BoxError> {
        let response = self.http.get(format!("{}/token?{query}", self.control)).send().await?;
        Ok(response.error_for_status()?.text().await?)
    }

    /// Posts a command to the control server, such as `cut`.
    pub(crate) async fn post(&self, what: &str) -> Result<String, BoxError> {
        let response = self.http.post(format!("{}/{what}", self.control)).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{what}: {status} {text}");
        Ok(text)
    }

    /// Connects a client of `user`.
    pub(crate) async fn client(&self, user: &str) -> Result<Client, BoxError> {
        let token = self.token(&format!("user={user}")).await?;
        Ok(Client::builder(&self.url).token(token).connect().await?)
    }

    /// Returns a function that fetches tokens, as [`get_token`](centrifugo_rpc::ClientBuilder::get_token) takes it.
    pub(crate) fn fetch(
        &self,
        query: &str,
    ) -> impl Fn() -> futures_util::future::BoxFuture<'static, Result<String, BoxError>> + Send + Sync + 'static {
        let (http, url) = (self.http.clone(), format!("{}/token?{query}", self.control));
        move || {
            let request = http.get(&url);
            Box::pin(async move { Ok(request.send().await?.error_for_status()?.text().await?) })
        }
    }
}

fn variable(name: &str) -> Result<String, BoxError> {
    std::env::var(name).map_err(|_| format!("set {name}: tests/clients/README.md says what it is").into())
}

/// Returns the code of an error reply; every other outcome fails the scenario.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, CallError>) -> Result<u16, BoxError> {
    match result {
        Err(error) => error.code().ok_or_else(|| error.into()),
        Ok(value) => Err(format!("answered with {value:?} instead of an error").into()),
    }
}

/// Calls `method` with `key` until it returns `expected`.
pub(crate) async fn until(client: &Client, method: &str, key: &str, expected: u32) -> Result<(), BoxError> {
    loop {
        let count: u32 = client.call(method, &Key { key }).await?;
        if count == expected {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Returns a user, or a key, that no other scenario uses.
pub(crate) fn unique(prefix: &str) -> String {
    tests::unique(prefix)
}

#[derive(Debug, Serialize)]
pub(crate) struct Key<'a> {
    pub(crate) key: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Large {
    pub(crate) bytes: usize,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sleep {
    pub(crate) ms: u32,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Empty {}

#[derive(Debug, Deserialize)]
pub(crate) struct Whoami {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) info: Value,
}

/// Returns the identity of the client's connection, as the worker sees it.
pub(crate) async fn whoami(client: &Client) -> Result<Whoami, CallError> {
    client.call("demo.whoami", &()).await
}
