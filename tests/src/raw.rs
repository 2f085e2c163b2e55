//! Centrifugo's JSON client protocol, byte for byte: for tests that control what is sent and when.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::server::Server;
use crate::{tls, within};

/// A WebSocket connection that does nothing by itself except answer pings, and those only while a method waits.
#[derive(Debug)]
pub struct Raw {
    socket: WebSocketStream<Box<dyn Stream>>,
    client: String,
    next_id: u64,
    replies: HashMap<u64, Value>,
    pushes: VecDeque<Value>,
    pings: usize,
    answers_pings: bool,
    close: Option<Close>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Stream for S {}

/// An error that a server replied with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The error code, one of Centrifugo's.
    pub code: u32,
    /// The error message.
    pub message: String,
    /// Whether a retry may succeed.
    #[serde(default)]
    pub temporary: bool,
}

/// A connection that the server closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The code of the close frame, 1006 without one.
    pub code: u32,
    /// The reason of the close frame.
    pub reason: String,
}

/// The reason for which a command has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawError {
    /// The server replied with an error.
    Refused(Refusal),
    /// The connection ended before the reply.
    Closed(Close),
}

impl RawError {
    /// Returns Centrifugo's code: of the error, or of the disconnect.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Closed(close) => close.code,
        }
    }
}

impl fmt::Display for RawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => {
                write!(f, "refused with {}: {}", refusal.code, refusal.message)
            }
            Self::Closed(close) => write!(f, "disconnected with {}: {}", close.code, close.reason),
        }
    }
}

impl std::error::Error for RawError {}

/// The result of one command.
pub type Result<T = Value> = std::result::Result<T, RawError>;

impl Raw {
    /// Opens the WebSocket and sends nothing.
    pub async fn open(server: &Server) -> Self {
        let opened = Self::open_from(server, "http://localhost").await;
        opened.unwrap_or_else(|error| panic!("{} did not accept a WebSocket: {error}", server.url))
    }

    /// Opens the WebSocket as a page of `origin` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not accept the connection.
    pub async fn open_from(server: &Server, origin: &str) -> std::result::Result<Self, tungstenite::Error> {
        let mut request = server.url.as_str().into_client_request()?;
        let origin = origin.parse().expect("an origin is a header value");
        request.headers_mut().insert("Origin", origin);
        let stream = dial(server).await?;
        let opening = tokio_tungstenite::client_async(request, stream);
        let (socket, _) = within("the WebSocket handshake", opening).await?;
        Ok(Self {
            socket,
            client: String::new(),
            next_id: 1,
            replies: HashMap::new(),
            pushes: VecDeque::new(),
            pings: 0,
            answers_pings: true,
            close: None,
        })
    }

    /// Connects with `token`, which must be accepted.
    pub async fn connect(server: &Server, token: &str) -> Self {
        let mut raw = Self::open(server).await;
        raw.ok("connect", json!({"token": token})).await;
        raw
    }

    /// Returns the client ID that the server gave this connection.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Sends one text frame, unchanged.
    pub async fn send(&mut self, frame: impl Into<String>) {
        self.send_message(Message::text(frame.into())).await;
    }

    /// Sends one frame, unchanged.
    pub async fn send_message(&mut self, frame: Message) {
        // If the server has closed the connection, the methods that wait for the end report it.
        let _ = within("a frame to be sent", self.socket.send(frame)).await;
    }

    /// Sends a command without waiting for its reply, and returns its ID.
    pub async fn start(&mut self, method: &str, params: Value) -> u64 {
        let (id, command) = self.command(method, &params);
        self.send(command.to_string()).await;
        id
    }

    /// Sends several commands in one frame, one per line, and returns their IDs.
    pub async fn start_all(&mut self, commands: &[(&str, Value)]) -> Vec<u64> {
        let commands: Vec<_> = commands.iter().map(|(method, params)| self.command(method, params)).collect();
        let lines: Vec<_> = commands.iter().map(|(_, command)| command.to_string()).collect();
        self.send(lines.join("\n")).await;
        commands.into_iter().map(|(id, _)| id).collect()
    }

    fn command(&mut self, method: &str, params: &Value) -> (u64, Value) {
        let id = self.next_id;
        self.next_id += 1;
        (id, json!({"id": id, method: params}))
    }

    /// Waits for the reply to the command `id`.
    ///
    /// # Errors
    ///
    /// Returns an error if the reply is one, or if the connection ends.
    pub async fn answer(&mut self, id: u64) -> Result {
        loop {
            if let Some(reply) = self.replies.remove(&id) {
                return result_of(reply);
            }
            self.read(&format!("the reply to command {id}")).await?;
        }
    }

    /// Sends a command and waits for its result.
    ///
    /// # Errors
    ///
    /// Returns an error if the command is refused, or if the connection ends.
    pub async fn request(&mut self, method: &str, params: Value) -> Result {
        let id = self.start(method, params).await;
        let result = self.answer(id).await?;
        if method == "connect" {
            result["client"].as_str().unwrap_or_default().clone_into(&mut self.client);
        }
        Ok(result)
    }

    /// Sends a command and returns its result. The command must succeed.
    pub async fn ok(&mut self, method: &str, params: Value) -> Value {
        let result = self.request(method, params).await;
        result.unwrap_or_else(|error| panic!("{method} was {error}"))
    }

    /// Sends a command that must be refused, or end the connection, and returns the code.
    pub async fn refused(&mut self, method: &str, params: Value) -> u32 {
        match self.request(method, params).await {
            Err(error) => error.code(),
            Ok(result) => panic!("{method} was allowed: {result}"),
        }
    }

    /// Subscribes to `channel`, with `token` if the channel needs one.
    ///
    /// # Errors
    ///
    /// Returns an error if the subscription is refused, or if the connection ends.
    pub async fn subscribe(&mut self, channel: &str, token: Option<&str>) -> Result {
        let mut params = json!({"channel": channel});
        if let Some(token) = token {
            params["token"] = json!(token);
        }
        self.request("subscribe", params).await
    }

    /// Publishes `data` into `channel`.
    ///
    /// # Errors
    ///
    /// Returns an error if the publication is refused, or if the connection ends.
    pub async fn publish(&mut self, channel: &str, data: &Value) -> Result {
        self.request("publish", json!({"channel": channel, "data": data})).await
    }

    /// Waits for the next push, such as `{"channel": …, "pub": …}`, for which `wanted` holds. Drops earlier pushes.
    ///
    /// # Panics
    ///
    /// Panics if the connection ends first, or if it takes too long.
    pub async fn push(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some(push) = self.pushes.pop_front() {
                if wanted(&push) {
                    return push;
                }
            }
            if let Err(error) = self.read(what).await {
                panic!("waited for {what} and was {error}");
            }
        }
    }

    /// Waits for the next publication in `channel`.
    pub async fn publication(&mut self, channel: &str) -> Value {
        let what = format!("a publication in {channel}");
        let mut push = self.push(&what, |push| push["channel"] == channel && push.get("pub").is_some()).await;
        push["pub"].take()
    }

    /// Returns all pushes that arrive before the server answers a command sent now.
    ///
    /// Everything that the server sent before it read the command has arrived then: this shows that something was *not*
    /// pushed.
    pub async fn pushes(&mut self) -> Vec<Value> {
        // Calling an unknown method is cheap: the server replies with an error.
        let _ = self.request("rpc", json!({"method": "tests.none"})).await;
        self.pushes.drain(..).collect()
    }

    /// Waits until the server ends the connection.
    pub async fn closed(&mut self) -> Close {
        loop {
            if let Err(error) = self.read("the server to close the connection").await {
                match error {
                    RawError::Closed(close) => return close,
                    RawError::Refused(_) => unreachable!("reading refuses nothing"),
                }
            }
        }
    }

    /// Stops answering the server's pings.
    pub fn ignore_pings(&mut self) {
        self.answers_pings = false;
    }

    /// Waits for a ping from the server, and answers it.
    pub async fn ping(&mut self) {
        let before = self.pings;
        while self.pings == before {
            if let Err(error) = self.read("a ping of the server").await {
                panic!("waited for a ping and was {error}");
            }
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        let _ = within("the WebSocket to close", self.socket.close(None)).await;
    }

    /// Reads one frame.
    async fn read(&mut self, what: &str) -> Result<()> {
        if let Some(close) = &self.close {
            return Err(RawError::Closed(close.clone()));
        }
        let close = match within(what, self.socket.next()).await {
            Some(Ok(Message::Text(text))) => return self.take_in(&text).await,
            Some(Ok(Message::Binary(bytes))) => {
                panic!("a binary frame on a JSON connection: {bytes:?}")
            }
            Some(Ok(Message::Close(Some(frame)))) => {
                Close { code: u16::from(frame.code).into(), reason: frame.reason.as_str().to_owned() }
            }
            Some(Ok(Message::Close(None))) | None => Close { code: 1006, reason: String::new() },
            Some(Err(error)) => Close { code: 1006, reason: error.to_string() },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(()),
        };
        self.close = Some(close.clone());
        Err(RawError::Closed(close))
    }

    async fn take_in(&mut self, frame: &str) -> Result<()> {
        for line in frame.lines() {
            let mut reply: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("the server sent what is not JSON ({error}): {line}"));
            if let Some(id) = reply.get("id").and_then(Value::as_u64) {
                self.replies.insert(id, reply);
            } else if let Some(push) = reply.get_mut("push") {
                self.pushes.push_back(push.take());
            } else {
                assert_eq!(line, "{}", "neither a reply, a push nor a ping");
                self.pings += 1;
                if self.answers_pings {
                    self.send("{}").await;
                }
            }
        }
        Ok(())
    }
}

fn result_of(mut reply: Value) -> Result {
    if let Some(error) = reply.get_mut("error") {
        let refusal = serde_json::from_value(error.take()).expect("an error has a code and a message");
        return Err(RawError::Refused(refusal));
    }
    let members = reply.as_object_mut().expect("a reply is an object");
    members.remove("id");
    Ok(members.iter_mut().next().map(|(_, result)| result.take()).unwrap_or_default())
}

async fn dial(server: &Server) -> std::io::Result<Box<dyn Stream>> {
    let (_, rest) = server.url.split_once("://").expect("a URL has a scheme");
    let host = rest.split('/').next().unwrap_or(rest);
    let stream = within("a TCP connection", TcpStream::connect(host)).await?;
    stream.set_nodelay(true)?;
    let Some(ca) = &server.ca else {
        return Ok(Box::new(stream));
    };

    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let name = ServerName::try_from(name).expect("a host name");
    let connector = TlsConnector::from(std::sync::Arc::new(tls::trusting(Some(ca))));
    Ok(Box::new(within("the TLS handshake", connector.connect(name, stream)).await?))
}
