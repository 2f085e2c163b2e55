//! The HTTP side: access control, routing, and the upgrade to WebSocket.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ALLOW, AUTHORIZATION, CONNECTION, CONTENT_TYPE, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    Shared,
    api::{self, Outcome},
    codec::Codec,
    codes::{self, ErrorCode},
    connection,
};

/// Subprotocols, in Centrifugo's order of preference.
const SUBPROTOCOLS: [(&str, Codec); 2] = [("centrifuge-json", Codec::Json), ("centrifuge-protobuf", Codec::Protobuf)];
/// The size limit of a server API body, in bytes. Centrifugo has no limit of its own.
const MAX_BODY: usize = 64 << 20;
/// The time limit for a client to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Held by every task of the hub; once all clones are dropped, all tasks have ended.
pub(super) type Alive = mpsc::Sender<Infallible>;

/// Accepts connections until the hub shuts down.
pub(super) async fn accept(hub: Arc<Shared>, listener: TcpListener, alive: Alive) {
    loop {
        let accepted = tokio::select! {
            () = hub.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(Arc::clone(&hub), stream, alive.clone()));
            }
            Err(error) => {
                // The usual cause is too many open files: other connections must close first.
                tracing::warn!(%error, "hub cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(hub: Arc<Shared>, stream: TcpStream, alive: Alive) {
    let shutdown = hub.shutdown.clone();
    let service = service_fn(move |request| {
        let (hub, alive) = (Arc::clone(&hub), alive.clone());
        async move { Ok::<_, Infallible>(route(hub, request, alive).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        () = shutdown.cancelled() => {}
        served = connection => {
            if let Err(error) = served {
                tracing::debug!(%error, "hub: connection ended");
            }
        }
    }
}

type Answer = Response<Full<Bytes>>;

async fn route(hub: Arc<Shared>, request: Request<Incoming>, alive: Alive) -> Answer {
    let path = request.uri().path();
    if path == hub.settings.websocket_path {
        return upgrade(hub, request, alive);
    }
    if path == "/health" {
        return json_answer(StatusCode::OK, "{}".into());
    }
    let method = path.strip_prefix(&*hub.settings.api_path).and_then(|path| path.strip_prefix('/')).map(str::to_owned);
    match method {
        Some(method) => call(&hub, &method, request).await,
        None => not_found(),
    }
}

async fn call(hub: &Shared, method: &str, request: Request<Incoming>) -> Answer {
    if !api::exists(method) {
        return not_found();
    }
    if request.method() != Method::POST {
        return status(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !has_key(&hub.settings.api_key, request.headers(), request.uri().query()) {
        return status(StatusCode::UNAUTHORIZED);
    }
    let transport_errors =
        request.headers().get("x-centrifugo-error-mode").is_some_and(|mode| mode.as_bytes() == b"transport");
    let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large\n");
    };
    match api::call(hub, method, &body.to_bytes()) {
        Outcome::Batch(Ok(replies)) => json_answer(StatusCode::OK, replies.get().to_owned()),
        Outcome::Answer(Ok(result)) => json_answer(StatusCode::OK, format!("{{\"result\":{result}}}")),
        Outcome::Batch(Err(error)) | Outcome::Answer(Err(error)) => {
            let described = api::describe(error);
            match (error, transport_errors) {
                (api::UNSPEAKABLE, _) => plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n"),
                (_, false) => json_answer(StatusCode::OK, json!({ "error": described }).to_string()),
                (_, true) => json_answer(http_status(error), described.to_string()),
            }
        }
        Outcome::Malformed => plain(StatusCode::BAD_REQUEST, "Bad Request\n"),
    }
}

fn http_status(error: ErrorCode) -> StatusCode {
    match error {
        codes::UNKNOWN_CHANNEL | codes::NOT_FOUND => StatusCode::NOT_FOUND,
        codes::BAD_REQUEST | codes::NOT_AVAILABLE => StatusCode::BAD_REQUEST,
        codes::UNRECOVERABLE_POSITION => StatusCode::RANGE_NOT_SATISFIABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns whether a request carries the key: in `X-API-Key`, in `Authorization: apikey …`, or as `api_key` in its
/// query.
fn has_key(key: &str, headers: &HeaderMap, query: Option<&str>) -> bool {
    if key.is_empty() {
        return false;
    }
    let text =
        |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let in_header = match text(HeaderName::from_static("x-api-key")) {
        Some(given) => same(given, key),
        None => text(AUTHORIZATION).is_some_and(|text| {
            let mut parts = text.split_whitespace();
            let scheme = parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("apikey"));
            scheme && parts.next().is_some_and(|given| same(given, key)) && parts.next().is_none()
        }),
    };
    in_header
        || url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "api_key")
            .is_some_and(|(_, given)| same(&given, key))
}

/// Compares in constant time, so that the time does not reveal how much of the key was right.
fn same(given: &str, expected: &str) -> bool {
    given.len() == expected.len() && given.bytes().zip(expected.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

fn upgrade(hub: Arc<Shared>, mut request: Request<Incoming>, alive: Alive) -> Answer {
    let headers = request.headers();
    let has_token = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    let bad = |why: &str| {
        tracing::debug!(why, "hub: not a WebSocket handshake");
        let mut answer = plain(StatusCode::BAD_REQUEST, "Bad Request\n");
        answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        answer
    };
    if !has_token(CONNECTION, "upgrade") || !has_token(UPGRADE, "websocket") {
        return bad("it does not request an upgrade");
    }
    if request.method() != Method::GET {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return answer;
    }
    if !has_token(SEC_WEBSOCKET_VERSION, "13") {
        return bad("its version is not supported");
    }
    let origin = headers.get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
    if !hub.settings.allows_origin(origin.as_deref().unwrap_or_default()) {
        tracing::info!(?origin, "hub: this origin is not one of client.allowed_origins");
        return plain(StatusCode::FORBIDDEN, "Forbidden\n");
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|key| !key.is_empty()) else {
        return bad("it has no key");
    };
    let accept = derive_accept_key(key.as_bytes());
    let subprotocol = SUBPROTOCOLS.into_iter().find(|(name, _)| has_token(SEC_WEBSOCKET_PROTOCOL, name));
    let codec = match subprotocol {
        Some((_, Codec::Protobuf)) => Codec::Protobuf,
        _ if asks_for_protobuf(request.uri().query()) => Codec::Protobuf,
        _ => Codec::Json,
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let _alive = alive;
        match upgraded.await {
            Ok(upgraded) => connection::run(hub, TokioIo::new(upgraded), codec).await,
            Err(error) => tracing::debug!(%error, "hub: the upgrade failed"),
        }
    });
    let mut answer = status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some((name, _)) = subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    answer
}

fn asks_for_protobuf(query: Option<&str>) -> bool {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, value)| (name == "format" || name == "cf_protocol") && value == "protobuf")
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

fn plain(code: StatusCode, body: &'static str) -> Answer {
    let mut answer = status(code);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    *answer.body_mut() = Full::from(body);
    answer
}

fn not_found() -> Answer {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn json_answer(code: StatusCode, body: String) -> Answer {
    let mut answer = status(code);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer.body_mut() = Full::from(body);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_in_one_of_three_ways() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        let none = HeaderMap::new();
        for (headers, query, valid) in [
            (headers("x-api-key", "key"), None, true),
            (headers("x-api-key", "kez"), None, false),
            (headers("authorization", "apikey key"), None, true),
            (headers("authorization", "ApiKey  key"), None, true),
            (headers("authorization", "apikey key more"), None, false),
            (headers("authorization", "Bearer key"), None, false),
            (none.clone(), Some("api_key=key"), true),
            (headers("x-api-key", "kez"), Some("api_key=key"), true),
            (none.clone(), None, false),
        ] {
            assert_eq!(has_key("key", &headers, query), valid, "{headers:?} {query:?}");
        }
        assert!(!has_key("", &headers("x-api-key", ""), Some("api_key=")));
    }
}
