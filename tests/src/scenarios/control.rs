//! The control server of the harness: it gives scenario programs tokens, disconnects clients, and breaks the network.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::wire::{Kind, Wire};
use crate::tokens::in_seconds;
use crate::{Centrifugo, Process, Server, TcpProxy, Tokens, config, unique, within};

/// The control server on 127.0.0.1. Dropping it ends the server, the proxy and Centrifugo.
#[derive(Debug)]
pub struct Control {
    addr: SocketAddr,
    task: AbortHandle,
}

/// The parts that the control server controls.
struct Hands {
    server: Server,
    centrifugo: Mutex<Centrifugo>,
    proxy: TcpProxy,
    worker: Arc<Process>,
    /// The directory in which `scenario.gate` looks for open gates.
    gates: PathBuf,
    wire: Mutex<Wire>,
}

/// A status and a text.
type Answer = (StatusCode, String);

impl Control {
    /// Starts the server for callers that reach `centrifugo` through `proxy`, and for its `worker`, which looks for
    /// gates in the directory `gates`.
    pub async fn start(centrifugo: Centrifugo, proxy: TcpProxy, worker: Arc<Process>, gates: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the control server");
        let addr = listener.local_addr().expect("a listener has an address");
        let server = centrifugo.server().clone();
        let hands = Hands { server, centrifugo: Mutex::new(centrifugo), proxy, worker, gates, wire: Mutex::default() };
        let task = tokio::spawn(listen(listener, Arc::new(hands))).abort_handle();
        Self { addr, task }
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: TcpListener, hands: Arc<Hands>) {
    // Dropped, and so aborted, with this task.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let hands = Arc::clone(&hands);
        let service = service_fn(move |request: Request<Incoming>| {
            let hands = Arc::clone(&hands);
            async move {
                let (status, text) = hands.answer(&request).await.unwrap_or_else(|problem| problem);
                let mut response = Response::new(Full::new(Bytes::from(text)));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

impl Hands {
    async fn answer(&self, request: &Request<Incoming>) -> Result<Answer, Answer> {
        let query = request.uri().query().unwrap_or_default();
        let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/token") => Ok((StatusCode::OK, self.token(&query)?)),
            (&Method::POST, "/disconnect") => self.disconnect(&query).await,
            (&Method::POST, "/published") => self.published(&query).await,
            (&Method::POST, "/answer") => self.answer_calls(&query).await,
            (&Method::POST, "/answered") => self.answered(&query).await,
            (&Method::POST, "/forget") => self.forget(&query).await,
            (&Method::POST, "/restart") => {
                self.centrifugo.lock().await.restart().await;
                done()
            }
            (&Method::POST, "/open") => self.open(&query),
            (&Method::POST, "/pause") => {
                self.worker.pause();
                done()
            }
            (&Method::POST, "/resume") => {
                self.worker.signal("CONT");
                done()
            }
            (&Method::POST, "/cut") => {
                self.proxy.cut();
                done()
            }
            (&Method::POST, "/refuse") => {
                self.proxy.refuse().await;
                self.proxy.cut();
                done()
            }
            (&Method::POST, "/accept") => {
                self.proxy.accept().await;
                done()
            }
            (&Method::POST, "/throttle") => {
                self.proxy.throttle(number(&query, "rate", 0)?);
                done()
            }
            (method, path) => Err((StatusCode::NOT_FOUND, format!("there is no {method} {path}"))),
        }
    }

    fn token(&self, query: &HashMap<String, String>) -> Result<String, Answer> {
        // An empty user means an anonymous caller.
        let ttl: i64 = number(query, "ttl", 3600)?;
        let mut claims = json!({ "sub": user(query)?, "exp": in_seconds(ttl), "iat": in_seconds(0) });
        if let Some(info) = query.get("info") {
            claims["info"] = serde_json::from_str(info).map_err(|error| bad(format!("info={info}: {error}")))?;
        }
        if let Some(more) = query.get("claims") {
            let more: Value = serde_json::from_str(more).map_err(|error| bad(format!("claims={more}: {error}")))?;
            claims = config::with(claims, more);
        }
        let tokens = match query.get("refused") {
            Some(_) => Tokens::new(&unique("wrong")),
            None => self.server.tokens(),
        };
        Ok(tokens.of(&claims))
    }

    /// Waits until `count` requests of a user are in the channel, and checks them against the protocol.
    async fn published(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        let (user, count) = (user(query)?, number(query, "count", 1)?);
        let api = self.server.api();
        let what = format!("{count} requests of {user}");
        let report = within(&what, async {
            loop {
                let mut wire = self.wire.lock().await;
                wire.read(&api).await;
                let caller = wire.caller(user);
                if caller.count() >= count {
                    return caller.report();
                }
                drop(wire);
                sleep(Duration::from_millis(10)).await;
            }
        });
        match report.await {
            Ok(report) => Ok((StatusCode::OK, report.to_string())),
            Err(fault) => Err((StatusCode::CONFLICT, fault)),
        }
    }

    /// Publishes replies to the calls of a user that `published` has read, in place of a worker.
    async fn answer_calls(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        let how = query.get("how").map_or("each", String::as_str);
        let kind = Kind::read(how)
            .ok_or_else(|| bad(format!("how={how} is none of each, together, unremembered, hostile")))?;
        self.wire.lock().await.caller(user(query)?).answer(&self.server.api(), kind).await;
        done()
    }

    /// Waits until `count` replies to a user's calls are in Centrifugo's history.
    async fn answered(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        let (user, count) = (user(query)?, number(query, "count", 1)?);
        let api = self.server.api();
        within(&format!("{count} replies to {user}"), async {
            while self.wire.lock().await.caller(user).replies(&api).await < count {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        done()
    }

    /// Removes the replies to a user's calls from Centrifugo's history, as `history_ttl` does.
    async fn forget(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        self.wire.lock().await.caller(user(query)?).forget(&self.server.api()).await;
        done()
    }

    /// Opens a gate.
    fn open(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        let key = query.get("key").filter(|key| !key.contains(['/', '\\']));
        let key = key.ok_or_else(|| bad("add ?key=KEY to the URL".to_owned()))?;
        std::fs::write(self.gates.join(key), "").map_err(|error| bad(error.to_string()))?;
        done()
    }

    async fn disconnect(&self, query: &HashMap<String, String>) -> Result<Answer, Answer> {
        let code: u32 = number(query, "code", 3010)?;
        let params = json!({ "user": user(query)?, "disconnect": { "code": code, "reason": "a scenario" } });
        let result: Result<Value, _> = self.server.api().call("disconnect", params).await;
        result.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))?;
        done()
    }
}

fn user(query: &HashMap<String, String>) -> Result<&str, Answer> {
    let user = query.get("user").ok_or_else(|| bad("add ?user=ID to the URL".to_owned()))?;
    Ok(user)
}

fn number<N: std::str::FromStr>(query: &HashMap<String, String>, name: &str, default: N) -> Result<N, Answer> {
    let Some(text) = query.get(name) else { return Ok(default) };
    text.parse().map_err(|_| bad(format!("{name}={text} is not a number")))
}

fn bad(problem: String) -> Answer {
    (StatusCode::BAD_REQUEST, problem)
}

#[expect(clippy::unnecessary_wraps, reason = "one arm among others that can fail")]
fn done() -> Result<Answer, Answer> {
    Ok((StatusCode::OK, String::new()))
}
