//! How the systems that are compared are called. All the load does is behind [`Wire`], so that it costs them the same.

use std::io::Write;
use std::str;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::socket::Socket;
use tests::Server;

/// What is called, and by which way.
#[derive(Debug, Clone)]
pub enum Target {
    /// A worker behind a Centrifugo: publish a request, wait for the reply in a channel of one's own.
    Publish(Server),
    /// A Centrifugo's own RPC.
    Rpc(Server),
    /// JSON-RPC 2.0 over a WebSocket, at this URL.
    JsonRpc(String),
    /// NATS request and reply, at this address.
    Nats(String),
}

/// Commands to Centrifugo are put into one frame up to this size; it refuses frames over 64 KiB.
const FRAME: usize = 60_000;

/// One connection's calls.
pub(crate) trait Wire {
    /// Writes a call.
    fn call(&mut self, id: u64, frames: &mut Vec<Vec<u8>>);

    /// Reads a message: what is to be answered goes into `frames`, the IDs of the calls that ended with their result into `ended`.
    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>);
}

impl Target {
    /// Connection number `number`, ready to call `method` with `params`.
    pub(crate) async fn open(&self, number: usize, method: &str, params: &str) -> (Socket, Box<dyn Wire>) {
        let session = format!("load-{number:012}-{}", uuid::Uuid::new_v4().simple());
        match self {
            Self::Publish(server) => {
                let mut centrifugo = Centrifugo::connect(server, &format!("user-{number}")).await;
                let channel = format!("reply:{session}#user-{number}");
                centrifugo.command(&format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#)).await;
                let before = r#"{"id":"#.to_owned();
                let between =
                    format!(r#","publish":{{"channel":"rpc:requests","data":{{"method":"{method}","correlation_id":""#);
                let after = format!(r#"","reply_to":"{channel}","params":{params}}}}}}}"#);
                (centrifugo.socket, Box::new(Publish { before, between, after }))
            }
            Self::Rpc(server) => {
                let centrifugo = Centrifugo::connect(server, &format!("user-{number}")).await;
                let after = format!(r#","rpc":{{"method":"{method}","data":{params}}}}}"#);
                (centrifugo.socket, Box::new(Rpc { after }))
            }
            Self::JsonRpc(url) => {
                let after = format!(r#","method":"{method}","params":{params}}}"#);
                (Socket::web(url).await, Box::new(JsonRpc { after }))
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
                let call = format!("PUB {method} {session}.");
                let after = format!(" {}\r\n{params}\r\n", params.len());
                (socket, Box::new(Nats { call, after, rest: Vec::new() }))
            }
        }
    }
}

/// The results that all systems give, so that a fast error does not pass for a fast answer.
const RESULT: &str = r#""total":100,"completed":75"#;

fn assert_result(result: &str) {
    assert!(result.contains(RESULT), "a call ended with {result:?}");
}

/// A connection that is being opened.
struct Centrifugo {
    socket: Socket,
}

impl Centrifugo {
    async fn connect(server: &Server, user: &str) -> Self {
        let mut this = Self { socket: Socket::web(&server.url).await };
        this.command(&format!(r#"{{"id":1,"connect":{{"token":"{}"}}}}"#, server.tokens().connection(user))).await;
        this
    }

    async fn command(&mut self, command: &str) {
        self.socket.send(&mut vec![command.as_bytes().to_vec()]).await;
        let answer = self.socket.receive().await;
        assert!(
            !answer.windows(8).any(|part| part == b"\"error\":"),
            "{command}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
}

/// What Centrifugo says, as far as the load needs it.
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

#[derive(Deserialize)]
struct Reply<'a> {
    correlation_id: &'a str,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Reads the lines of a frame, and answers pings.
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

/// Begins a line of a frame that still has room for `size` bytes.
fn line(frames: &mut Vec<Vec<u8>>, size: usize) -> &mut Vec<u8> {
    if frames.last().is_none_or(|frame| frame.len() + size > FRAME) {
        frames.push(Vec::with_capacity(size));
    } else if let Some(frame) = frames.last_mut() {
        frame.push(b'\n');
    }
    frames.last_mut().expect("there is one now")
}

fn number(out: &mut Vec<u8>, id: u64) {
    write!(out, "{id}").expect("a vector takes everything");
}

struct Publish {
    before: String,
    between: String,
    after: String,
}

impl Wire for Publish {
    fn call(&mut self, id: u64, frames: &mut Vec<Vec<u8>>) {
        let out = line(frames, self.before.len() + self.between.len() + self.after.len() + 40);
        out.extend_from_slice(self.before.as_bytes());
        // 1 and 2 were taken as the connection was opened.
        number(out, id + 3);
        out.extend_from_slice(self.between.as_bytes());
        number(out, id);
        out.extend_from_slice(self.after.as_bytes());
    }

    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        answers(message, frames, |answer| {
            let Some(Push { publication: Some(publication) }) = answer.push else { return };
            let reply: Reply<'_> = serde_json::from_str(publication.data.get()).expect("a reply");
            assert!(reply.error.is_none(), "a call failed: {}", publication.data.get());
            assert_result(reply.result.map_or("", RawValue::get));
            ended.push(reply.correlation_id.parse().expect("an ID of the load"));
        });
    }
}

struct Rpc {
    after: String,
}

impl Wire for Rpc {
    fn call(&mut self, id: u64, frames: &mut Vec<Vec<u8>>) {
        let out = line(frames, self.after.len() + 40);
        out.extend_from_slice(br#"{"id":"#);
        number(out, id + 3);
        out.extend_from_slice(self.after.as_bytes());
    }

    fn read(&mut self, message: &[u8], frames: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        answers(message, frames, |answer| {
            assert_result(answer.rpc.map_or("", |rpc| rpc.data.get()));
            ended.push(answer.id - 3);
        });
    }
}

struct JsonRpc {
    after: String,
}

#[derive(Deserialize)]
struct JsonRpcAnswer<'a> {
    id: u64,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

impl Wire for JsonRpc {
    fn call(&mut self, id: u64, frames: &mut Vec<Vec<u8>>) {
        let mut out = Vec::with_capacity(self.after.len() + 48);
        out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
        number(&mut out, id);
        out.extend_from_slice(self.after.as_bytes());
        frames.push(out);
    }

    fn read(&mut self, message: &[u8], _: &mut Vec<Vec<u8>>, ended: &mut Vec<u64>) {
        let answer: JsonRpcAnswer<'_> = serde_json::from_slice(message).expect("a JSON-RPC answer");
        assert_result(answer.result.map_or("", RawValue::get));
        ended.push(answer.id);
    }
}

struct Nats {
    call: String,
    after: String,
    /// What has arrived of a message that is not complete.
    rest: Vec<u8>,
}

impl Wire for Nats {
    fn call(&mut self, id: u64, frames: &mut Vec<Vec<u8>>) {
        if frames.is_empty() {
            frames.push(Vec::new());
        }
        let out = frames.last_mut().expect("there is one now");
        out.extend_from_slice(self.call.as_bytes());
        number(out, id);
        out.extend_from_slice(self.after.as_bytes());
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
            let id = words.next().and_then(|subject| subject.rsplit('.').next()?.parse().ok());
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
