//! The HTTP API of a server.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::Server;
use crate::{tls, within};

/// A client of the HTTP API.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    key: String,
}

/// An error of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// The error code, one of Centrifugo's.
    pub code: u32,
    /// The error message.
    pub message: String,
}

/// Splits the `data` of a publication: the members of a batch, or the single member.
#[must_use]
pub fn parts(data: &Value) -> &[Value] {
    data["batch"].as_array().map_or(std::slice::from_ref(data), Vec::as_slice)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

/// An HTTP response, unparsed.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Api {
    /// Opens the API of `server` with `key`, which may be wrong on purpose.
    #[must_use]
    pub fn new(server: &Server, key: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .use_preconfigured_tls(tls::trusting(server.ca.as_deref()))
            .build()
            .expect("an HTTP client");
        Self { http, url: server.api_url.clone(), key: key.to_owned() }
    }

    /// Posts `body` to `method` and returns the response, whatever its status.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot be reached.
    pub async fn try_post(&self, method: &str, body: String) -> reqwest::Result<Answer> {
        let request = self.http.post(format!("{}/{method}", self.url)).header("X-API-Key", &self.key).body(body);
        let response = request.send().await?;
        Ok(Answer { status: response.status().as_u16(), body: response.text().await? })
    }

    /// Returns the text of the server's endpoint for Prometheus.
    ///
    /// # Panics
    ///
    /// Panics if the endpoint does not answer.
    pub async fn metrics(&self) -> String {
        let url = self.url.replace("/api", "/metrics");
        let text = async { self.http.get(&url).send().await?.text().await };
        within("the metrics", text).await.unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// Posts `body` to `method` and expects an HTTP response, of any status.
    pub async fn post(&self, method: &str, body: impl Into<String>) -> Answer {
        let answer = within(&format!("the API to answer {method}"), self.try_post(method, body.into())).await;
        answer.unwrap_or_else(|error| panic!("the API did not answer {method}: {error}"))
    }

    /// Calls `method` with `params` and returns the `result`.
    ///
    /// # Errors
    ///
    /// Returns the `error` of the response.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, ApiError> {
        let answer = self.post(method, params.to_string()).await;
        assert_eq!(answer.status, 200, "{method} answered {answer:?}");
        let mut body: Value = serde_json::from_str(&answer.body)
            .unwrap_or_else(|error| panic!("{method} answered what is not JSON ({error}): {}", answer.body));
        match body.get_mut("error").map(Value::take) {
            Some(error) => Err(serde_json::from_value(error).expect("an API error has a code and a message")),
            None => Ok(body["result"].take()),
        }
    }

    /// Calls `method` with `params`. The call must succeed.
    pub async fn ok(&self, method: &str, params: Value) -> Value {
        let result = self.call(method, params).await;
        result.unwrap_or_else(|error| panic!("{method} was refused with {error}"))
    }

    /// Returns how many commands of this kind the server has received from its clients. The server must have
    /// `prometheus.enabled`.
    ///
    /// # Panics
    ///
    /// Panics if `prometheus.enabled` is off.
    pub async fn commands(&self, method: &str) -> u64 {
        let metrics = self.metrics().await;
        let counts = metrics.lines().filter_map(|line| {
            let labels = line.strip_prefix("centrifugo_client_command_duration_seconds_count{")?;
            let (labels, count) = labels.split_once("} ")?;
            labels.contains(&format!("method=\"{method}\"")).then(|| count.parse::<u64>().expect("a count"))
        });
        counts.reduce(|all, count| all + count).unwrap_or_else(|| panic!("no metric counts {method}:\n{metrics}"))
    }

    /// Publishes `data` into `channel`; the result has its `offset` and `epoch`.
    pub async fn publish(&self, channel: &str, data: &Value) -> Value {
        self.ok("publish", json!({"channel": channel, "data": data})).await
    }
}
