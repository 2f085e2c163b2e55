//! The protocols of the compared systems. The load uses them only through [`Wire`], so that its own cost is the same.

use std::io::Write;
use std::str;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::socket::Socket;
use tests::Server;

/// The system to call, and the protocol.
#[derive(Debug, Clone)]
pub enum Target {
    /// A worker behind a Centrifugo: a call publishes a request and waits for the reply in its connection's own
    /// channel.
    Publish {
        /// The Centrifugo.
        server: Server,
        /// Accept batched replies, and batch requests once a batch of replies has arrived.
        batch: bool,
    },
    /// Centrifugo's own RPC.
    Rpc(Server),
    /// JSON-RPC 2.0 over a WebSocket, at this URL.
    JsonRpc(String),
    /// NATS request and reply, at this address.
    Nats(String),
}

/// The largest frame of several commands to Centrifugo, which refuses frames over 64 KiB.
const FRAME: usize = 60_000;

/// The largest publication of several requests, as in our clients.
const TOGETHER: usize = 16 * 1024;

/// The protocol of one connection.
pub(crate) trait Wire {
    /// Writes a call of the method at index `which` of the calls that the connection was opened for.
    fn call(&mut self, id: u64, which: usize, frames: &mut Vec<Vec<u8>>);

    /// Reads a message. Adds answers to it to `frames`, and the IDs of successful calls to `ended`.
    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>);
}

impl Target {
    /// Opens the connection with this number, ready to make these calls: methods and their params.
    pub(crate) async fn open(&self, number: usize, calls: &[(&str, &str)]) -> (Socket, Box<dyn Wire>) {
        let session = format!("load-{number:012}-{}", uuid::Uuid::new_v4().simple());
        let templates = |template: &dyn Fn(&str, &str) -> String| -> Vec<Template> {
            calls.iter().map(|(method, params)| Template::new(&template(method, params))).collect()
        };
        match self {
            Self::Publish { server, batch } => {
                let batch = if *batch { r#","batch":true"# } else { "" };
                let mut socket = connect(server, &format!("user-{number}")).await;
                let channel = format!("reply:{session}#user-{number}");
                command(&mut socket, &format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#)).await;
                let requests = templates(&|method, params| {
                    format!(
                        r#"{{"method":"{method}","correlation_id":"{ID}","reply_to":"{channel}","params":{params}{batch}}}"#
                    )
                });
                (socket, Box::new(Publish { requests, reads_batches: false, last: None }))
            }
            Self::Rpc(server) => {
                let socket = connect(server, &format!("user-{number}")).await;
                let calls = templates(&|method, params| {
                    format!(r#"{{"id":{ID},"rpc":{{"method":"{method}","data":{params}}}}}"#)
                });
                (socket, Box::new(Rpc(calls)))
            }
            Self::JsonRpc(url) => {
                let calls = templates(&|method, params| {
                    format!(r#"{{"jsonrpc":"2.0","id":{ID},"method":"{method}","params":{params}}}"#)
                });
                (Socket::web(url).await, Box::new(JsonRpc(calls)))
            }
            Self::Nats(address) => {
                let mut socket = Socket::tcp(address).await;
                let hello =
                    format!("CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {session}.* 1\r\nPING\r\n");
                socket.send(&mut vec![hello.into_bytes()]).await;
                let mut seen = Vec::new();
                while !seen.ends_with(b"PONG\r\n") {
                    seen.extend_from_slice(&socket.receive().await);
                }
                let calls = templates(&|method, params| {
                    format!("PUB {method} {session}.{ID} {}\r\n{params}\r\n", params.len())
                });
                (socket, Box::new(Nats { calls, rest: Vec::new() }))
            }
        }
    }
}

/// The placeholder for the ID of a call.
const ID: char = '\u{1}';

/// The ID on the wire of a connection's first call; lower IDs are used while it opens.
const FIRST: u64 = 3;

/// A call without its ID.
struct Template(Vec<String>);

impl Template {
    fn new(text: &str) -> Self {
        Self(text.split(ID).map(ToOwned::to_owned).collect())
    }

    /// Returns the approximate size of a call.
    fn size(&self) -> usize {
        self.0.iter().map(|part| part.len() + 20).sum()
    }

    fn write(&self, id: u64, out: &mut Vec<u8>) {
        for (place, part) in self.0.iter().enumerate() {
            if place > 0 {
                write!(out, "{}", id + FIRST).expect("a vector takes everything");
            }
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Parts of the results of all systems, so that a fast error is not mistaken for a fast answer.
const RESULTS: [&str; 2] = [r#""total":100,"completed":75"#, r#""ms":"#];

fn assert_result(result: &str) {
    assert!(RESULTS.iter().any(|part| result.contains(part)), "a call ended with {result:?}");
}

async fn connect(server: &Server, user: &str) -> Socket {
    let mut socket = Socket::web(&server.url).await;
    let connect = format!(r#"{{"id":1,"connect":{{"token":"{}"}}}}"#, server.tokens().connection(user));
    command(&mut socket, &connect).await;
    socket
}

async fn command(socket: &mut Socket, command: &str) {
    socket.send(&mut vec![command.as_bytes().to_vec()]).await;
    let answer = String::from_utf8_lossy(&socket.receive().await).into_owned();
    assert!(!answer.contains(r#""error":"#), "{command}: {answer}");
}

/// The part of Centrifugo's protocol that the load needs.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: u64,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    push: Option<Push<'a>>,
    #[serde(borrow)]
    rpc: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Push<'a> {
    #[serde(borrow, rename = "pub")]
    publication: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

/// A batch of replies.
#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch: Vec<Reply<'a>>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    correlation_id: &'a str,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Parses the lines of a frame, and answers pings.
fn answers<'a>(message: &'a [u8], frames: &mut Vec<Vec<u8>>, mut each: impl FnMut(Answer<'a>)) {
    for line in message.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if line == b"{}" {
            frames.push(b"{}".to_vec());
            continue;
        }
        let answer: Answer<'_> = serde_json::from_slice(line).expect("Centrifugo speaks JSON");
        assert!(answer.error.is_none(), "Centrifugo refused: {}", String::from_utf8_lossy(line));
        each(answer);
    }
}

/// Returns the call with this ID on the wire.
fn call_of(id: &str) -> u64 {
    id.parse::<u64>().expect("an ID of the load") - FIRST
}

/// Begins a line in a frame that has room for `size` more bytes.
fn line(frames: &mut Vec<Vec<u8>>, size: usize) -> &mut Vec<u8> {
    if frames.last().is_none_or(|frame| frame.len() + size > FRAME) {
        frames.push(Vec::with_capacity(size));
    } else if let Some(frame) = frames.last_mut() {
        frame.push(b'\n');
    }
    frames.last_mut().expect("there is one now")
}

/// Writes a call as a line of a frame.
fn command_line(call: &Template, id: u64, frames: &mut Vec<Vec<u8>>) {
    call.write(id, line(frames, call.size()));
}

struct Publish {
    requests: Vec<Template>,
    /// Whether the worker has batched replies, which shows that it accepts batched requests.
    reads_batches: bool,
    /// The last publication, if it has not been sent.
    last: Option<Publication>,
}

/// A publication at the end of a frame.
struct Publication {
    frame: usize,
    /// The offset of its data.
    data: usize,
    requests: usize,
}

/// The text around the data of a publication, and around batched requests in it.
const COMMAND_END: &[u8] = b"}}";
const TOGETHER_START: &[u8] = br#"{"batch":["#;
const TOGETHER_END: &[u8] = b"]}";

impl Publish {
    /// Adds a request to the last publication, if possible.
    fn join(&mut self, id: u64, which: usize, frames: &mut [Vec<u8>]) -> bool {
        let Some(last) = self.last.as_mut().filter(|last| last.frame + 1 == frames.len()) else { return false };
        let (frame, request) = (&mut frames[last.frame], &self.requests[which]);
        if !self.reads_batches || frame.len() - last.data + request.size() > TOGETHER {
            return false;
        }
        frame.truncate(frame.len() - COMMAND_END.len());
        if last.requests == 1 {
            frame.splice(last.data..last.data, TOGETHER_START.iter().copied());
        } else {
            frame.truncate(frame.len() - TOGETHER_END.len());
        }
        frame.push(b',');
        request.write(id, frame);
        frame.extend_from_slice(TOGETHER_END);
        frame.extend_from_slice(COMMAND_END);
        last.requests += 1;
        true
    }
}

impl Wire for Publish {
    fn call(&mut self, id: u64, which: usize, frames: &mut Vec<Vec<u8>>) {
        if frames.is_empty() {
            self.last = None;
        }
        if self.join(id, which, frames) {
            return;
        }
        let request = &self.requests[which];
        let frame = line(frames, request.size());
        write!(frame, r#"{{"id":{},"publish":{{"channel":"rpc:requests","data":"#, id + FIRST)
            .expect("a vector takes everything");
        let data = frame.len();
        request.write(id, frame);
        frame.extend_from_slice(COMMAND_END);
        self.last = Some(Publication { frame: frames.len() - 1, data, requests: 1 });
    }

    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        let reads_batches = &mut self.reads_batches;
        answers(message, frames, |answer| {
            let Some(Push { publication: Some(publication) }) = answer.push else { return };
            let text = publication.data.get();
            let replies = match serde_json::from_str(text) {
                Ok(Batch { batch }) => {
                    *reads_batches = true;
                    batch
                }
                Err(_) => vec![serde_json::from_str(text).expect("a reply")],
            };
            for reply in replies {
                assert!(reply.error.is_none(), "a call failed: {text}");
                assert_result(reply.result.map_or("", RawValue::get));
                ended.push(call_of(reply.correlation_id));
            }
        });
    }
}

struct Rpc(Vec<Template>);

impl Wire for Rpc {
    fn call(&mut self, id: u64, which: usize, frames: &mut Vec<Vec<u8>>) {
        command_line(&self.0[which], id, frames);
    }

    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        answers(message, frames, |answer| {
            assert_result(answer.rpc.map_or("", |rpc| rpc.data.get()));
            ended.push(answer.id - FIRST);
        });
    }
}

struct JsonRpc(Vec<Template>);

#[derive(Deserialize)]
struct JsonRpcAnswer<'a> {
    id: u64,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

impl Wire for JsonRpc {
    fn call(&mut self, id: u64, which: usize, frames: &mut Vec<Vec<u8>>) {
        let mut out = Vec::new();
        self.0[which].write(id, &mut out);
        frames.push(out);
    }

    fn read(&mut self, message: &[u8], _: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        let answer: JsonRpcAnswer<'_> = serde_json::from_slice(message).expect("a JSON-RPC answer");
        assert_result(answer.result.map_or("", RawValue::get));
        ended.push(answer.id - FIRST);
    }
}

struct Nats {
    calls: Vec<Template>,
    /// The received part of an incomplete message.
    rest: Vec<u8>,
}

impl Wire for Nats {
    fn call(&mut self, id: u64, which: usize, frames: &mut Vec<Vec<u8>>) {
        if frames.is_empty() {
            frames.push(Vec::new());
        }
        self.calls[which].write(id, frames.last_mut().expect("there is one now"));
    }

    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        self.rest.extend_from_slice(message);
        let mut at = 0;
        while let Some(end) = self.rest[at..].windows(2).position(|two| two == b"\r\n") {
            let line = str::from_utf8(&self.rest[at..at + end]).expect("NATS speaks UTF-8");
            let payload = at + end + 2;
            if line == "PING" {
                frames.push(b"PONG\r\n".to_vec());
                at = payload;
                continue;
            }
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some("MSG"), "NATS said {line}");
            let id = words.next().and_then(|subject| subject.rsplit('.').next()).map(call_of);
            let size: usize = words.next_back().and_then(|size| size.parse().ok()).expect("a size");
            let Some(result) = self.rest.get(payload..payload + size) else { break };
            if self.rest.len() < payload + size + 2 {
                break;
            }
            assert_result(str::from_utf8(result).expect("JSON is UTF-8"));
            ended.push(id.expect("an ID of the load"));
            at = payload + size + 2;
        }
        self.rest.drain(..at);
    }
}
