//! One WebSocket connection: reading, writing and timers run concurrently in one task until it ends.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    Sink, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::CapacityError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    codec::Codec,
    codes::{self, Disconnect},
    outbox::Next,
    session::{Flow, Session},
};

/// The time limit for a client to end the connection after the hub's close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
/// The same limit while the whole hub stops, which should not take long.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(1);
/// The time limit for writing the close frame.
const CLOSE_WRITE: Duration = Duration::from_secs(1);
/// The longest reason that fits into a close frame, in bytes.
const MAX_REASON: usize = 123;

/// Runs a connection until it has ended. Dropping the future drops the connection; `Session::disconnect` removes its
/// state.
pub(super) async fn run<S>(hub: Arc<Shared>, io: S, codec: Codec)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limit = hub.settings.message_size_limit;
    let limit = (limit > 0).then_some(limit);
    let write_timeout = hub.settings.write_timeout;
    let mut config = WebSocketConfig::default();
    config.max_message_size = limit;
    config.max_frame_size = limit;
    config.read_buffer_size = 16 * 1024;
    config.write_buffer_size = 0;
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    let (mut sink, mut stream) = socket.split();
    let shutdown = hub.shutdown.clone();
    let session = Guard(Session::new(hub, codec));
    let session = &session.0;
    let unreachable = CancellationToken::new();
    let read = async {
        let ended = read(&mut stream, session).await;
        tokio::select! {
            () = unreachable.cancelled() => {}
            () = drain(&mut stream, session, ended) => {}
        }
    };
    let stop = async {
        tokio::select! {
            () = shutdown.cancelled() => session.disconnect(&codes::SHUTDOWN),
            () = session.outbox().closed() => {}
        }
    };
    let whole = async {
        tokio::join!(write(&mut sink, session, write_timeout, &unreachable), read, session.run_timers(), stop).0
    };
    let hurry = async {
        shutdown.cancelled().await;
        sleep(SHUTDOWN_WAIT).await;
    };
    let too_big = tokio::select! {
        too_big = whole => too_big,
        () = hurry => return,
    };
    if too_big && let Ok(socket) = stream.reunite(sink) {
        swallow(socket).await;
    }
}

/// Removes a connection from its channels, even if its task is dropped.
struct Guard(Session);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.disconnect(&codes::CONNECTION_CLOSED);
    }
}

/// The way in which reading ended.
#[derive(PartialEq, Eq)]
enum Ended {
    /// More data may arrive, which is not read.
    Open,
    /// No more data can be read.
    Gone,
}

async fn read<S>(stream: &mut SplitStream<WebSocketStream<S>>, session: &Session) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message = tokio::select! {
            biased;
            () = session.outbox().closed() => return Ended::Open,
            message = stream.next() => message,
        };
        let flow = match message {
            Some(Ok(Message::Text(text))) => session.handle_frame(text.as_bytes()),
            Some(Ok(Message::Binary(bytes))) => session.handle_frame(&bytes),
            Some(Ok(Message::Close(_))) => {
                session.disconnect(&codes::CONNECTION_CLOSED);
                return Ended::Open;
            }
            Some(Ok(_)) => Flow::Continue,
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                session.disconnect(&message_too_big());
                return Ended::Gone;
            }
            Some(Err(_)) | None => {
                session.disconnect(&codes::CONNECTION_CLOSED);
                return Ended::Gone;
            }
        };
        if flow == Flow::Stop {
            return Ended::Open;
        }
    }
}

/// Waits for the client to end the connection, so that the last messages reach it.
async fn drain<S>(stream: &mut SplitStream<WebSocketStream<S>>, session: &Session, ended: Ended)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if ended == Ended::Open {
        let rest = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = timeout(CLOSE_WAIT, rest).await;
    }
    session.disconnect(&codes::CONNECTION_CLOSED);
}

/// Writes queued replies, then the reason for the end. Returns true if the client is still sending a message over the
/// size limit.
async fn write<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    session: &Session,
    write_timeout: Duration,
    unreachable: &CancellationToken,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match session.outbox().next().await {
            Next::Replies(replies) => {
                let written = match message(session.codec(), &replies) {
                    Some(message) => timeout(write_timeout, sink.send(message)).await,
                    None => Ok(Ok(())),
                };
                if !matches!(written, Ok(Ok(()))) {
                    session.disconnect(&codes::WRITE_ERROR);
                    unreachable.cancel();
                    return false;
                }
            }
            Next::End(disconnect) => {
                let too_big = disconnect == message_too_big();
                if disconnect != codes::CONNECTION_CLOSED && disconnect.reason.len() <= MAX_REASON {
                    let _ = timeout(CLOSE_WRITE, close(sink, &disconnect)).await;
                }
                return too_big;
            }
        }
    }
}

async fn close(sink: &mut (impl Sink<Message, Error = Error> + Unpin), disconnect: &Disconnect) -> Result<(), Error> {
    // A close frame has two bytes for the code, and Centrifugo drops the other bytes too.
    let [_, _, high, low] = disconnect.code.to_be_bytes();
    let code = CloseCode::from(u16::from_be_bytes([high, low]));
    let reason = Utf8Bytes::from(disconnect.reason.as_ref());
    sink.send(Message::Close(Some(CloseFrame { code, reason }))).await
}

/// Keeps reading below the WebSocket layer; otherwise the client would see a reset connection instead of the reason.
async fn swallow<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    let rest = async {
        let mut buffer = [0; 4096];
        while socket.get_mut().read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let _ = timeout(CLOSE_WAIT, rest).await;
}

/// The WebSocket protocol's own code for a message over the limit.
fn message_too_big() -> Disconnect {
    Disconnect { code: u16::from(CloseCode::Size).into(), reason: "".into() }
}

fn message(codec: Codec, replies: &[Bytes]) -> Option<Message> {
    let frame = codec.frame(replies);
    match codec {
        Codec::Protobuf => Some(Message::binary(frame)),
        Codec::Json => String::from_utf8(frame).ok().map(Message::text),
    }
}
