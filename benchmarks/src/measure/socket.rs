//! A connection of the load: a WebSocket or plain TCP.

use std::time::Duration;

use bytes::BytesMut;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

pub(crate) enum Socket {
    Web(Box<WebSocketStream<TcpStream>>),
    Tcp(TcpStream),
}

/// The timeout of a message from a connection that should answer.
const SILENCE: Duration = Duration::from_secs(30);

impl Socket {
    /// Opens a WebSocket to `url`, which must begin with `ws://`.
    pub(crate) async fn web(url: &str) -> Self {
        let host = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).expect("a ws:// URL");
        let stream = dial(host).await;
        // The library clears the buffer before every read; its default is 128 KiB.
        let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        Self::Web(Box::new(opened.unwrap_or_else(|error| panic!("{url}: {error}")).0))
    }

    pub(crate) async fn tcp(address: &str) -> Self {
        Self::Tcp(dial(address).await)
    }

    /// Sends `frames` with one flush, and empties them.
    pub(crate) async fn send(&mut self, frames: &mut Vec<Vec<u8>>) {
        match self {
            Self::Web(socket) => {
                for frame in frames.drain(..) {
                    let text = Utf8Bytes::try_from(Bytes::from(frame)).expect("frames are JSON");
                    socket.feed(Message::Text(text)).await.unwrap_or_else(|error| panic!("cannot send: {error}"));
                }
                socket.flush().await.unwrap_or_else(|error| panic!("cannot send: {error}"));
            }
            Self::Tcp(stream) => {
                for frame in frames.drain(..) {
                    stream.write_all(&frame).await.unwrap_or_else(|error| panic!("cannot send: {error}"));
                }
            }
        }
    }

    /// Waits for the next message.
    pub(crate) async fn receive(&mut self) -> Bytes {
        let received = tokio::time::timeout(SILENCE, self.next()).await;
        received.unwrap_or_else(|_| panic!("a connection of the load has heard nothing for {SILENCE:?}"))
    }

    /// Returns the next message if it has already arrived.
    pub(crate) fn received(&mut self) -> Option<Bytes> {
        self.next().now_or_never()
    }

    async fn next(&mut self) -> Bytes {
        match self {
            Self::Web(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => return text.into(),
                    Some(Ok(Message::Binary(data))) => return data,
                    Some(Ok(Message::Close(close))) => panic!("the server closed a connection of the load: {close:?}"),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("a connection of the load failed: {error}"),
                    None => panic!("a connection of the load failed: {}", Error::ConnectionClosed),
                }
            },
            Self::Tcp(stream) => {
                let mut bytes = BytesMut::with_capacity(16 * 1024);
                match stream.read_buf(&mut bytes).await {
                    Ok(0) => panic!("the server closed a connection of the load"),
                    Ok(_) => bytes.into(),
                    Err(error) => panic!("a connection of the load failed: {error}"),
                }
            }
        }
    }
}

async fn dial(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_nodelay(true).expect("a TCP option");
    stream
}
