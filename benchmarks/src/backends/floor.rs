//! A bare worker: no limits, deadlines, order, recovery or log. It marks the floor that a framework can only approach.
//!
//! It has one thread, because each hop to another thread costs more than it gains here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write as _;
use std::rc::Rc;

use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use http::Uri;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::{Params, Stats};

/// The number of API requests in flight and, below, of replies in one request: the same as in our worker.
const LANES: usize = 2;
const MAX_REPLIES: usize = 4000;

/// The part of Centrifugo's Protobuf that is needed here. One message serves both directions, since the fields in use
/// have different numbers.
#[derive(Clone, PartialEq, prost::Message)]
struct Frame {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(message, optional, tag = "2")]
    error: Option<Refusal>,
    #[prost(message, optional, tag = "4")]
    push: Option<Push>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Refusal {
    #[prost(string, tag = "2")]
    message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Push {
    #[prost(message, optional, tag = "4")]
    publication: Option<Publication>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Publication {
    #[prost(bytes = "bytes", tag = "4")]
    data: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Command {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(message, optional, tag = "4")]
    connect: Option<Connect>,
    #[prost(message, optional, tag = "5")]
    subscribe: Option<Subscribe>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Connect {
    #[prost(string, tag = "1")]
    token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Subscribe {
    #[prost(string, tag = "1")]
    channel: String,
    #[prost(string, tag = "2")]
    token: String,
}

#[derive(Deserialize)]
struct Request<'a> {
    method: &'a str,
    correlation_id: &'a str,
    reply_to: &'a str,
    #[serde(borrow)]
    params: &'a RawValue,
    #[serde(default)]
    batch: bool,
}

/// A batch of requests.
#[derive(Deserialize)]
struct Requests<'a> {
    #[serde(borrow)]
    batch: Vec<Request<'a>>,
}

#[derive(Serialize)]
struct Reply<'a> {
    correlation_id: &'a str,
    result: Stats,
}

/// Replies that are ready to be published.
#[derive(Default)]
struct Ready {
    /// All batches but the last are full.
    batches: RefCell<Vec<Batch>>,
    filled: Notify,
}

#[derive(Default)]
struct Batch {
    replies: usize,
    publications: Vec<Publish>,
    /// The index of a publication in which replies for a channel can be batched.
    places: HashMap<String, usize>,
}

/// One publication.
#[derive(Default)]
struct Publish {
    channel: String,
    /// The replies, each with a trailing comma.
    replies: Vec<u8>,
    together: bool,
}

impl Batch {
    /// Returns the publication for the reply to a request.
    fn place(&mut self, request: &Request<'_>) -> &mut Publish {
        let known = if request.batch { self.places.get(request.reply_to).copied() } else { None };
        let place = known.unwrap_or_else(|| {
            let (new, channel) = (self.publications.len(), request.reply_to.to_owned());
            if request.batch {
                self.places.insert(channel.clone(), new);
            }
            self.publications.push(Publish { channel, ..Publish::default() });
            new
        });
        &mut self.publications[place]
    }

    /// Returns the API method and its body. A single publication is not a batch.
    fn request(&self) -> (&'static str, Vec<u8>) {
        let mut body = Vec::new();
        if let [alone] = &self.publications[..] {
            alone.write(&mut body);
            return ("publish", body);
        }
        body.extend_from_slice(br#"{"commands":["#);
        for publication in &self.publications {
            body.extend_from_slice(br#"{"publish":"#);
            publication.write(&mut body);
            body.extend_from_slice(b"},");
        }
        body.pop();
        body.extend_from_slice(b"]}");
        ("batch", body)
    }
}

impl Publish {
    fn write(&self, body: &mut Vec<u8>) {
        let Self { channel, replies, together } = self;
        let (before, after) = if *together { (r#"{"batch":["#, "]}") } else { ("", "") };
        write!(body, r#"{{"channel":"{channel}","data":{before}"#).expect("a vector takes everything");
        body.extend_from_slice(&replies[..replies.len() - 1]);
        write!(body, "{after}}}").expect("a vector takes everything");
    }
}

impl Ready {
    fn take(&self) -> Option<Batch> {
        let mut batches = self.batches.borrow_mut();
        let batch = (!batches.is_empty()).then(|| batches.remove(0));
        if !batches.is_empty() {
            self.filled.notify_one();
        }
        batch
    }
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(url: &str, api_url: &str, api_key: &str, connection: &str, subscription: &str) {
    let ready = Rc::new(Ready::default());
    LocalSet::new()
        .run_until(async {
            for _ in 0..LANES {
                tokio::task::spawn_local(lane(ready.clone(), api_url.to_owned(), api_key.to_owned()));
            }
            read(url, connection, subscription, &ready).await;
        })
        .await;
}

async fn read(url: &str, connection: &str, subscription: &str, ready: &Ready) {
    let mut request = url.into_client_request().expect("a URL");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("centrifuge-protobuf"));
    let host = request.uri().authority().expect("a host").to_string();
    let stream = TcpStream::connect(host).await.expect("a Centrifugo");
    stream.set_nodelay(true).expect("a TCP option");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a Centrifugo");
    let connect = Command { id: 1, connect: Some(Connect { token: connection.to_owned() }), subscribe: None };
    let subscribe = Subscribe { channel: "rpc:requests".to_owned(), token: subscription.to_owned() };
    let subscribe = Command { id: 2, connect: None, subscribe: Some(subscribe) };
    for command in [connect, subscribe] {
        socket.send(Message::Binary(command.encode_length_delimited_to_vec().into())).await.expect("a connection");
    }
    while let Some(message) = socket.next().await {
        let Message::Binary(mut frames) = message.expect("a connection") else { continue };
        while frames.has_remaining() {
            let frame = Frame::decode_length_delimited(&mut frames).expect("Protobuf");
            if let Some(error) = frame.error {
                panic!("Centrifugo refuses: {}", error.message);
            }
            match frame.push {
                Some(push) => {
                    if let Some(publication) = push.publication {
                        take(&publication.data, ready);
                    }
                }
                // A ping is empty.
                None if frame.id == 0 => socket.send(Message::Binary(vec![0].into())).await.expect("a connection"),
                None if frame.id == 2 => println!("serving"),
                None => {}
            }
        }
    }
}

fn take(data: &[u8], ready: &Ready) {
    if let Ok(Requests { batch }) = serde_json::from_slice(data) {
        for request in &batch {
            answer(request, ready);
        }
    } else if let Ok(request) = serde_json::from_slice(data) {
        answer(&request, ready);
    }
    // All other publications are messages between workers.
}

fn answer(request: &Request<'_>, ready: &Ready) {
    assert_eq!(request.method, super::METHOD);
    let params: Params = serde_json::from_str(request.params.get()).expect("params");
    let reply = Reply { correlation_id: request.correlation_id, result: Stats::of(&params) };
    let mut batches = ready.batches.borrow_mut();
    if batches.last().is_none_or(|batch| batch.replies == MAX_REPLIES) {
        batches.push(Batch::default());
    }
    let batch = batches.last_mut().expect("there is one now");
    batch.replies += 1;
    let publication = batch.place(request);
    publication.together |= !publication.replies.is_empty();
    serde_json::to_writer(&mut publication.replies, &reply).expect("JSON");
    publication.replies.push(b',');
    ready.filled.notify_one();
}

async fn lane(ready: Rc<Ready>, url: String, key: String) {
    let url: Uri = url.parse().expect("a URL");
    let authority = url.authority().expect("a host").as_str();
    let mut http = connect(authority).await;
    loop {
        let Some(batch) = ready.take() else {
            ready.filled.notified().await;
            continue;
        };
        let (method, body) = batch.request();
        let request = http::Request::post(format!("{}/{method}", url.path()))
            .header("Host", authority)
            .header("X-API-Key", &key)
            .header("Content-Type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        // Centrifugo closes connections that are idle for 30 s, or for 10 s without a first request.
        if http.is_closed() {
            http = connect(authority).await;
        }
        let answer = http.send_request(request).await.expect("a Centrifugo");
        assert!(answer.status().is_success(), "{}", answer.status());
        let answer = answer.into_body().collect().await.expect("an answer").to_bytes();
        let answer: Answer<'_> = serde_json::from_slice(&answer).expect("JSON");
        assert!(answer.result.is_some() || answer.replies.len() == batch.publications.len());
        assert!(answer.replies.iter().all(|reply| reply.error.is_none()), "Centrifugo refuses a reply");
        http.ready().await.expect("a connection");
    }
}

async fn connect(authority: &str) -> http1::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(authority).await.expect("a Centrifugo");
    stream.set_nodelay(true).expect("a TCP option");
    let (http, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::task::spawn_local(async move { connection.await.expect("a connection") });
    http
}

#[derive(Deserialize)]
struct Answer<'a> {
    /// The result of a single publication.
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// The results of a batch.
    #[serde(borrow, default)]
    replies: Vec<CommandAnswer<'a>>,
}

#[derive(Deserialize)]
struct CommandAnswer<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}
