//! The part of Centrifugo's server HTTP API that a worker uses.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;

use super::api_error::{ApiError, ApiErrorKind, ServerError};
use crate::config::Config;
use crate::error::{Error, ErrorKind, shown_url};
use crate::sdk::tls::Tls;
use crate::service::connection::Caller;

mod body;
mod dedicated;
mod history;

pub(crate) use body::{Body, CommandResult};
pub(crate) use dedicated::DedicatedConnection;
pub(crate) use history::Publication;

/// The timeout of a TCP and TLS handshake. Centrifugo is near its workers, so this is enough for a lost packet to be
/// resent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The timeout of a whole request. A batch of replies takes milliseconds; a request that takes longer than this is
/// lost, and is better retried than waited for.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the server API. Cheap to clone; clones share the connection pool.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    key: HeaderValue,
}

/// A position in a channel's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    #[serde(default)]
    pub offset: u64,
    #[serde(default)]
    pub epoch: String,
}

/// A node of Centrifugo.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    pub name: String,
    pub version: String,
}

impl Api {
    /// Sets up the client. Makes no connection yet.
    ///
    /// # Errors
    ///
    /// A key that no HTTP header can hold, or a malformed URL.
    pub(crate) fn new(config: &Config, tls: &Tls) -> Result<Self, Error> {
        let mut key = HeaderValue::from_str(config.centrifugo_api_key.expose()).map_err(|_| {
            Error::config(
                "centrifugo_api_key (CENTRIFUGO_API_KEY) contains a line break or another character that no HTTP header can \
                 hold: look for what was pasted with it",
            )
        })?;
        key.set_sensitive(true);
        let base = Url::parse(&config.centrifugo_api_url).map_err(|error| {
            Error::config("centrifugo_api_url (CENTRIFUGO_API_URL) is not an HTTP URL").because(error)
        })?;
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(tls.client_config())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .tcp_nodelay(true)
            // A redirected POST would arrive as a GET. An error that names the right URL is more useful.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::new(ErrorKind::Other, "the HTTP client cannot be set up").because(error))?;
        Ok(Self { http, base, key })
    }

    /// Publishes JSON to a channel. A `key` makes this idempotent for some minutes.
    pub(crate) async fn publish(
        &self,
        channel: &str,
        data: &RawValue,
        key: Option<&str>,
    ) -> Result<Position, ApiError> {
        #[derive(Serialize)]
        struct Publish<'a> {
            channel: &'a str,
            data: &'a RawValue,
            #[serde(skip_serializing_if = "Option::is_none")]
            idempotency_key: Option<&'a str>,
        }
        self.call("publish", &Publish { channel, data, idempotency_key: key }).await
    }

    /// Publishes an already encoded body. The results have its order; their number is that of Centrifugo's answer.
    pub(crate) async fn publish_written(&self, body: &Body) -> Result<Vec<CommandResult>, ApiError> {
        self.results(body, &self.post(body.method(), body.bytes().clone()).await?)
    }

    /// A dedicated connection for publishing.
    pub(crate) fn dedicated_connection(&self) -> DedicatedConnection {
        DedicatedConnection::new(self)
    }

    fn results(&self, body: &Body, answer: &[u8]) -> Result<Vec<CommandResult>, ApiError> {
        body.results(answer).map_err(|error| self.not_json(body.method(), answer).because(error))
    }

    /// Reads at most `limit` publications after `since`, or from the oldest one left.
    pub(crate) async fn history(
        &self,
        channel: &str,
        limit: u32,
        since: Option<&Position>,
    ) -> Result<Vec<Publication>, ApiError> {
        #[derive(Serialize)]
        struct Request<'a> {
            channel: &'a str,
            limit: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            since: Option<&'a Position>,
        }
        let body = self.body(&Request { channel, limit, since })?;
        let answer = self.post("history", body).await?;
        match history::parse(&answer) {
            Ok(Ok(publications)) => Ok(publications),
            Ok(Err(error)) => Err(ApiError::refused("history", error)),
            // Something on this page is not UTF-8. Requested alone, it can be skipped.
            Err(error) if std::str::from_utf8(&answer).is_err() => {
                Err(self.error(ApiErrorKind::Unreadable, "a page of the history is no text").because(error))
            }
            Err(error) => Err(self.not_json("history", &answer).because(error)),
        }
    }

    /// Removes the publications of a channel.
    pub(crate) async fn history_remove(&self, channel: &str) -> Result<(), ApiError> {
        #[derive(Deserialize)]
        struct Removed {}
        self.call::<Removed>("history_remove", &HashMap::from([("channel", channel)])).await.map(|Removed {}| ())
    }

    /// The current position of a channel's stream.
    pub(crate) async fn top(&self, channel: &str) -> Result<Position, ApiError> {
        #[derive(Serialize)]
        struct Request<'a> {
            channel: &'a str,
            limit: u32,
        }
        self.call("history", &Request { channel, limit: 0 }).await
    }

    /// The connections that are subscribed to a channel.
    pub(crate) async fn presence(&self, channel: &str) -> Result<Vec<Caller>, ApiError> {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Presence {
            presence: HashMap<String, Client>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        #[expect(clippy::struct_field_names, reason = "Centrifugo's words")]
        struct Client {
            user: String,
            client: String,
            conn_info: Option<Box<RawValue>>,
        }
        let presence: Presence = self.call("presence", &HashMap::from([("channel", channel)])).await?;
        let clients = presence.presence.into_values().map(|client| Caller {
            user: client.user,
            client: client.client,
            info: client.conn_info.map(|info| Bytes::copy_from_slice(info.get().as_bytes())),
        });
        Ok(clients.collect())
    }

    /// The nodes of this Centrifugo, and the clock of the machine that answers.
    pub(crate) async fn info(&self) -> Result<(Vec<Node>, Option<SystemTime>), ApiError> {
        #[derive(Deserialize)]
        struct Info {
            nodes: Vec<Node>,
        }
        #[derive(Serialize)]
        struct Nothing {}
        let (head, answer) = self.exchange("info", self.body(&Nothing {})?).await?;
        let date = head.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        self.read::<Info>("info", &answer).map(|info| (info.nodes, date))
    }

    async fn call<T: DeserializeOwned>(&self, method: &str, request: &impl Serialize) -> Result<T, ApiError> {
        let answer = self.post(method, self.body(request)?).await?;
        self.read(method, &answer)
    }

    fn read<T: DeserializeOwned>(&self, method: &str, answer: &[u8]) -> Result<T, ApiError> {
        match serde_json::from_slice::<Answer<T>>(answer) {
            Ok(Answer { error: Some(error), .. }) => Err(ApiError::refused(method, error)),
            Ok(Answer { result: Some(result), .. }) => Ok(result),
            Ok(_) => Err(self.not_json(method, answer)),
            Err(error) => Err(self.not_json(method, answer).because(error)),
        }
    }

    fn body(&self, request: &impl Serialize) -> Result<Bytes, ApiError> {
        let written = serde_json::to_vec(request);
        written
            .map(Bytes::from)
            .map_err(|error| self.error(ApiErrorKind::NotAnApi, "a request cannot be written").because(error))
    }

    async fn post(&self, method: &str, body: Bytes) -> Result<Bytes, ApiError> {
        self.exchange(method, body).await.map(|(_, answer)| answer)
    }

    async fn exchange(&self, method: &str, body: Bytes) -> Result<(HeaderMap, Bytes), ApiError> {
        let request = self
            .http
            .post(url_of(&self.base, method))
            .header("X-API-Key", self.key.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let (status, head) = (response.status(), response.headers().clone());
        let answer = response.bytes().await.map_err(|error| self.unreachable(error))?;
        self.answered(method, status, head.get(LOCATION), &answer).map(|()| (head, answer))
    }

    /// Checks that the API itself answered and that the request succeeded.
    fn answered(
        &self,
        method: &str,
        status: StatusCode,
        location: Option<&HeaderValue>,
        answer: &[u8],
    ) -> Result<(), ApiError> {
        if status.is_success() {
            return Ok(());
        }
        // With `http_api.error_mode` set to `transport`, the body is the bare error object, and the status is an error.
        // Centrifugo's codes start at 100; a proxy's own JSON may have the status as its `code`.
        match serde_json::from_slice::<ServerError>(answer) {
            Ok(error) if (100..200).contains(&error.code) => return Err(ApiError::refused(method, error)),
            _ => {}
        }
        let location = location.and_then(|location| location.to_str().ok());
        Err(ApiError::status(&self.shown(), status.as_u16(), location))
    }

    /// The URL for messages, without a password or a key that it may contain.
    pub(super) fn shown(&self) -> String {
        shown_url(self.base.as_str())
    }

    fn error(&self, kind: ApiErrorKind, message: &str) -> ApiError {
        ApiError::new(kind, format!("{message} at {}", self.shown()))
    }

    fn unreachable(&self, error: reqwest::Error) -> ApiError {
        if error.is_timeout() {
            return ApiError::no_answer(&self.shown());
        }
        ApiError::unreachable(&self.shown(), &error.without_url())
    }

    fn not_json(&self, method: &str, answer: &[u8]) -> ApiError {
        ApiError::not_json(&self.shown(), method, answer)
    }
}

fn url_of(base: &Url, method: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{method}", base.path().trim_end_matches('/')));
    url
}

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Answer<T> {
    #[serde(default)]
    error: Option<ServerError>,
    #[serde(default = "none")]
    result: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}
