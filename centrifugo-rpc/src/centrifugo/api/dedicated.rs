//! A dedicated connection to the server API, for a task that sends one request after another.
//!
//! A connection from reqwest's pool runs in a task of its own, and every request passes layers that this connection
//! does not need: with one call at a time they cost a fifth of the worker's CPU time per call
//! (`docs/performance.md`). Here the task that waits for the answer drives the connection itself.

use std::future::Future;
use std::pin::{Pin, pin};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;
use url::{Position, Url};

use self::poll::poll_until_settled;
use super::{Api, Body, CONNECT_TIMEOUT, CommandResult, REQUEST_TIMEOUT, url_of};
use crate::centrifugo::api_error::ApiError;
use crate::error::BoxError;

/// Publishes, one request at a time.
#[derive(Debug)]
pub(crate) struct DedicatedConnection {
    api: Api,
    /// `None` if the API needs more than a TCP connection: then requests go through the pool like all others.
    direct: Option<DirectTarget>,
}

/// A direct connection to the API over plain HTTP.
#[derive(Debug)]
struct DirectTarget {
    url: Uri,
    host: HeaderValue,
    /// Path and query for a single publication and for a batch: the request target when there is no proxy.
    one: Uri,
    batch: Uri,
    connector: HttpConnector,
    connection: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
}

impl DedicatedConnection {
    /// Makes no connection yet.
    pub(super) fn new(api: &Api) -> Self {
        Self { api: api.clone(), direct: DirectTarget::to(&api.base, &Matcher::from_system()) }
    }

    /// Publishes an already encoded body. The results have its order; their number is that of Centrifugo's answer.
    ///
    /// Dropping the future drops the connection, because the pending answer does not belong to the next request.
    pub(crate) async fn publish(&mut self, body: &Body) -> Result<Vec<CommandResult>, ApiError> {
        let Some(direct) = &mut self.direct else { return self.api.publish_written(body).await };
        let answer = match timeout(REQUEST_TIMEOUT, direct.post(&self.api.key, body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(ApiError::unreachable(&self.api.shown(), &*error)),
            Err(_) => return Err(ApiError::no_answer(&self.api.shown())),
        };
        let (head, answer) = answer.into_parts();
        self.api.answered(body.method(), head.status, head.headers.get(LOCATION), &answer)?;
        self.api.results(body, &answer)
    }
}

impl DirectTarget {
    fn to(base: &Url, proxies: &Matcher) -> Option<Self> {
        let url: Uri = base.as_str().parse().ok()?;
        let plain = base.scheme() == "http" && base.username().is_empty() && base.password().is_none();
        if !plain || proxies.intercept(&url).is_some() {
            return None;
        }
        let target = |method| url_of(base, method)[Position::BeforePath..Position::AfterQuery].parse().ok();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Some(Self {
            url,
            host: HeaderValue::from_str(&base[Position::BeforeHost..Position::AfterPort]).ok()?,
            one: target(Body::ONE)?,
            batch: target(Body::BATCH)?,
            connector,
            connection: None,
        })
    }

    async fn post(&mut self, key: &HeaderValue, body: &Body) -> Result<http::Response<Bytes>, BoxError> {
        let target = match body {
            Body::One(_) => &self.one,
            Body::Batch(_) => &self.batch,
        };
        let request = || {
            let mut request = Request::new(Full::new(body.bytes().clone()));
            *request.method_mut() = http::Method::POST;
            *request.uri_mut() = target.clone();
            let headers = request.headers_mut();
            headers.insert(HOST, self.host.clone());
            headers.insert("x-api-key", key.clone());
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request
        };
        // Taken out while an answer is pending on it.
        if let Some(connection) = self.connection.take() {
            match connection.exchange(request()).await {
                Ok((answer, connection)) => {
                    self.connection = connection;
                    return Ok(answer);
                }
                // The server closed the connection while it was idle, as servers do.
                Err(error) if error.is_canceled() || error.is_closed() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let io = self.connector.clone().oneshot(self.url.clone()).await?;
        let (sender, driver) = http1::handshake(io).await?;
        let (answer, connection) = Connection { sender, driver }.exchange(request()).await?;
        self.connection = connection;
        Ok(answer)
    }
}

impl Connection {
    /// Sends a request and reads its whole answer. Also returns the connection if it can take another request.
    async fn exchange(
        self,
        request: Request<Full<Bytes>>,
    ) -> Result<(http::Response<Bytes>, Option<Self>), hyper::Error> {
        let Self { mut sender, driver } = self;
        let mut driver = Some(driver);
        let answer = {
            let mut answer = pin!(ask(&mut sender, request));
            poll_until_settled(|context| {
                let polled = answer.as_mut().poll(context);
                // After the answer, the driver prepares the connection for the next request, which then is sent without
                // delay. A driver that has ended is dropped; if there is no answer, `answer` reports the reason.
                if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(context).is_ready()) {
                    driver = None;
                }
                polled
            })
            .await?
        };
        let open = driver.filter(|_| !sender.is_closed());
        Ok((answer, open.map(|driver| Self { sender, driver })))
    }
}

async fn ask(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<http::Response<Bytes>, hyper::Error> {
    sender.ready().await?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(http::Response::from_parts(head, body.collect().await?.to_bytes()))
}

mod poll;

#[cfg(test)]
mod tests;
