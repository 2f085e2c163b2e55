//! A page that calls the methods of `demo` with the generated TypeScript client.
//!
//! ```text
//! cargo run --example web
//! ```
//!
//! Everything runs in this process: the page, the worker, and the embedded hub in place of a Centrifugo. `web/` has the
//! page and its sources; `cargo run --example demo -- generate_centrifugo_clients --typescript` generated the client in
//! it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use centrifugo_rpc::hub::Hub;
use centrifugo_rpc::{BoxError, Config, Error, Server};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

// This use makes the linker keep the methods.
use examples as _;

/// Short, so that the page shows how tokens are renewed.
const TOKEN_TTL: Duration = Duration::from_secs(60);
/// The port of the page, unless `PORT` is set; 0 picks any free port.
const PORT: u16 = 8080;

/// The files of the page: path, content type, contents.
const FILES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("../web/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../web/style.css")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("../web/app.js")),
];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").map_or(Ok(PORT), |port| port.parse())?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
    let listener =
        listener.map_err(|error| format!("port {port} cannot be used ({error}): choose another with PORT=…"))?;
    let page = format!("http://{}", listener.local_addr()?);

    let config = Config::new(Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    // Only this page may connect.
    let hub = Hub::start(config.centrifugo_config().allowed_origins([&page])).await?;
    let config = config.centrifugo_url(hub.url()).centrifugo_api_url(hub.api_url());
    let worker = Server::new(config.clone()).start().await?;
    let site = Arc::new(Site { config, hub: hub.local_addr() });

    println!("open {page}");
    tokio::select! {
        () = serve(listener, site) => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    worker.stop().await;
    hub.shutdown().await;
    Ok(())
}

struct Site {
    config: Config,
    hub: SocketAddr,
}

async fn serve(listener: TcpListener, site: Arc<Site>) {
    while let Ok((stream, _)) = listener.accept().await {
        let site = Arc::clone(&site);
        let service = service_fn(move |request| {
            let site = Arc::clone(&site);
            async move { Ok::<_, Infallible>(site.answer(request).await) }
        });
        tokio::spawn(async move {
            // A browser that leaves ends its connection with an error that concerns no one else.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Answer = Response<Full<Bytes>>;

impl Site {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let query = request.uri().query().unwrap_or_default();
        let user = query.strip_prefix("user=").unwrap_or_default();
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/settings") => {
                let settings = json!({ "url": self.config.centrifugo_url });
                answer(StatusCode::OK, "application/json", settings.to_string())
            }
            // A real application looks here for the user of the session.
            (&Method::POST, "/token") => match self.token(user) {
                Ok(token) => answer(StatusCode::OK, "text/plain", token),
                Err(error) => answer(StatusCode::BAD_REQUEST, "text/plain", error.to_string()),
            },
            (&Method::POST, "/drop") => match self.drop_connections(user).await {
                Ok(()) => answer(StatusCode::NO_CONTENT, "text/plain", String::new()),
                Err(error) => answer(StatusCode::BAD_GATEWAY, "text/plain", error.to_string()),
            },
            (&Method::GET, path) => match FILES.iter().find(|(name, ..)| *name == path) {
                Some((_, kind, contents)) => answer(StatusCode::OK, kind, *contents),
                None => answer(StatusCode::NOT_FOUND, "text/plain", "not found"),
            },
            _ => answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "method not allowed"),
        }
    }

    fn token(&self, user: &str) -> Result<String, Error> {
        let role = if user == "root" { "admin" } else { "reader" };
        self.config.connection_token_with(user, TOKEN_TTL, &json!({ "role": role }))
    }

    /// Drops connections as a bad network does: clients reconnect after this code.
    async fn drop_connections(&self, user: &str) -> Result<(), BoxError> {
        let params = json!({ "user": user, "disconnect": { "code": 3010, "reason": "dropped by the demo" } });
        let request = Request::post("/api/disconnect")
            .header("host", self.hub.to_string())
            .header("x-api-key", self.config.centrifugo_api_key.expose())
            .body(Full::new(Bytes::from(params.to_string())))?;
        let stream = TcpStream::connect(self.hub).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let (response, _) = tokio::join!(sender.send_request(request), connection);
        let body = response?.into_body().collect().await?.to_bytes();
        if body.starts_with(b"{\"error\"") { Err(String::from_utf8_lossy(&body).into()) } else { Ok(()) }
    }
}

fn answer(status: StatusCode, kind: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        answer.headers_mut().insert("content-type", kind);
    }
    answer
}
