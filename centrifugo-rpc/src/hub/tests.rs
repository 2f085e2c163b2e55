//! The life cycle of a hub. Other tests compare its replies with a real Centrifugo.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::*;

fn config() -> CentrifugoConfig {
    serde_json::from_str(r#"{"client":{"allow_anonymous_connect_without_token":true}}"#).expect("it is well-formed")
}

async fn connect(hub: &Hub) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(hub.local_addr()).await.expect("the hub listens");
    let (mut socket, _) = client_async(hub.url(), stream).await.expect("the hub speaks WebSocket");
    socket.send(Message::text(r#"{"id":1,"connect":{}}"#)).await.expect("the hub reads");
    let reply = socket.next().await.expect("there is a reply").expect("it can be read");
    assert!(reply.to_text().is_ok_and(|reply| reply.contains(r#""ping":25"#)), "{reply}");
    socket
}

async fn close_code(mut socket: WebSocketStream<TcpStream>) -> Option<u16> {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            return frame.map(|frame| frame.code.into());
        }
    }
    None
}

#[tokio::test]
async fn dropping_a_hub_ends_its_connections_and_frees_its_port() {
    let hub = Hub::start(config()).await.expect("the hub starts");
    let (address, socket) = (hub.local_addr(), connect(&hub).await);
    drop(hub);
    assert_eq!(close_code(socket).await, Some(3001));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn after_shutdown_nothing_of_a_hub_runs() {
    let hub = Hub::start(config()).await.expect("the hub starts");
    let address = hub.local_addr();
    // A client that never reads does not delay the shutdown.
    let silent = connect(&hub).await;
    let before = Instant::now();
    hub.shutdown().await;
    assert!(before.elapsed() < Duration::from_secs(3));
    assert_eq!(close_code(silent).await, Some(3001));
    let again = Hub::builder(config()).bind(address).start().await.expect("the port is free again");
    assert_eq!(again.url(), format!("ws://{address}/connection/websocket"));
    assert_eq!(again.api_url(), format!("http://{address}/api"));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let hub = Hub::start(config()).await.expect("the hub starts");
    let error = Hub::builder(config()).bind(hub.local_addr()).start().await.expect_err("the address is taken");
    assert_eq!(error.to_string(), format!("cannot listen at {}", hub.local_addr()));
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn nothing_a_client_sends_stops_the_hub() {
    let hub = Hub::start(config()).await.expect("the hub starts");
    let deep = "[".repeat(50_000);
    for frame in [
        Message::binary(vec![0xff; 1000]),
        Message::text(deep.clone()),
        Message::text(format!(r#"{{"id":2,"publish":{{"channel":"a","data":{deep}}}}}"#)),
        Message::text(
            r#"{"id":2,"history":{"channel":"a","since":{"offset":18446744073709551615},"limit":-2147483648}}"#,
        ),
        Message::text(r#"{"id":2,"subscribe":{"channel":"a","recover":true,"offset":18446744073709551615}}"#),
        Message::text("x".repeat(1 << 20)),
    ] {
        let mut socket = connect(&hub).await;
        // The hub may end the connection before it has read everything.
        let _ = socket.send(frame).await;
    }
    connect(&hub).await;
}
