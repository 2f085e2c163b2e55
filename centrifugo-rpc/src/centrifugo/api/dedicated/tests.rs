use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::centrifugo::api_error::ApiErrorKind;
use crate::config::Config;
use crate::sdk::tls::Tls;

static BODY: Body = Body::Batch(Bytes::from_static(br#"{"commands":[]}"#));
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"replies\":[]}";
const LAST_ANSWER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 14\r\n\r\n{\"replies\":[]}";

async fn connection() -> (DedicatedConnection, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/prefix/api/", listener.local_addr().expect("an address"));
    let config = Config::new("key", "secret").centrifugo_api_url(url);
    let api = Api::new(&config, &Tls::load(None, "ca_file", false).expect("TLS")).expect("an API");
    (api.dedicated_connection(), listener)
}

async fn request_on(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(BODY.bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.expect("a request"), 0);
    }
    String::from_utf8(read).expect("text").to_lowercase()
}

/// Answers the next request on this connection.
async fn answer(stream: &mut TcpStream, with: &str) {
    request_on(stream).await;
    stream.write_all(with.as_bytes()).await.expect("written");
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.expect("a connection").0
}

#[tokio::test]
async fn requests_follow_one_another_on_one_connection() {
    let (mut connection, listener) = connection().await;
    let server = async {
        let mut stream = accept(&listener).await;
        let request = request_on(&mut stream).await;
        let host = format!("\r\nhost: {}\r\n", listener.local_addr().expect("an address"));
        assert!(request.starts_with("post /prefix/api/batch http/1.1\r\n") && request.contains(&host), "{request}");
        assert!(
            request.contains("\r\nx-api-key: key\r\n") && request.contains("\r\ncontent-type: application/json\r\n")
        );
        stream.write_all(ANSWER.as_bytes()).await.expect("written");
        for _ in 0..2 {
            answer(&mut stream, ANSWER).await;
        }
    };
    let caller = async {
        for _ in 0..3 {
            assert_eq!(connection.publish(&BODY).await.expect("an answer"), []);
        }
    };
    tokio::join!(server, caller);
}

#[tokio::test]
async fn one_publication_is_asked_for_as_such() {
    let (mut connection, listener) = connection().await;
    let server = async {
        let mut stream = accept(&listener).await;
        let request = request_on(&mut stream).await;
        assert!(request.starts_with("post /prefix/api/publish http/1.1\r\n"), "{request}");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"result\":{}}").await.expect("written");
    };
    let one = Body::One(BODY.bytes().clone());
    let (answer, ()) = tokio::join!(connection.publish(&one), server);
    assert_eq!(answer.expect("an answer"), [Ok(())]);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_without_an_error() {
    let (mut connection, listener) = connection().await;
    for last in [ANSWER, LAST_ANSWER] {
        let server = async {
            answer(&mut accept(&listener).await, last).await;
            // Dropping the stream here closes the connection while it is idle.
        };
        let (answer, ()) = tokio::join!(connection.publish(&BODY), server);
        assert_eq!(answer.expect("an answer"), []);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_request_is_an_error_and_the_next_request_has_another() {
    let (mut connection, listener) = connection().await;
    for before in ["", "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"repl"] {
        let server = async { answer(&mut accept(&listener).await, before).await };
        let (broken, ()) = tokio::join!(connection.publish(&BODY), server);
        let error = broken.expect_err("no answer");
        assert_eq!(error.kind(), ApiErrorKind::Unreachable, "{error}");
        let server = async { answer(&mut accept(&listener).await, LAST_ANSWER).await };
        let (answer, ()) = tokio::join!(connection.publish(&BODY), server);
        assert_eq!(answer.expect("an answer"), []);
    }
}

#[tokio::test]
async fn an_abandoned_answer_is_not_taken_for_the_next_one() {
    let (mut connection, listener) = connection().await;
    let mut first = tokio::select! {
        _ = connection.publish(&BODY) => panic!("there was no answer"),
        stream = async {
            let mut stream = accept(&listener).await;
            request_on(&mut stream).await;
            stream
        } => stream,
    };
    let _ = first.write_all(b"HTTP/1.1 500 late\r\ncontent-length: 0\r\n\r\n").await;
    let server = async { answer(&mut accept(&listener).await, ANSWER).await };
    let (answer, ()) = tokio::join!(connection.publish(&BODY), server);
    assert_eq!(answer.expect("an answer"), []);
}

#[tokio::test]
async fn no_listener_is_unreachable_and_a_status_explains_the_error() {
    let (mut connection, listener) = connection().await;
    let server = async { answer(&mut accept(&listener).await, "HTTP/1.1 401 x\r\ncontent-length: 0\r\n\r\n").await };
    let (refused, ()) = tokio::join!(connection.publish(&BODY), server);
    assert_eq!(refused.expect_err("no access").kind(), ApiErrorKind::Unauthorized);
    drop(listener);
    let error = connection.publish(&BODY).await.expect_err("no listener");
    assert!(error.kind() == ApiErrorKind::Unreachable && error.to_string().contains("refused"), "{error}");
}

#[test]
fn tls_proxies_and_passwords_are_for_the_other_client() {
    let direct = |url: &str, proxies: &Matcher| DirectTarget::to(&Url::parse(url).expect("a URL"), proxies).is_some();
    let none = Matcher::builder().build();
    assert!(direct("http://centrifugo:8000/api", &none) && direct("http://[::1]/", &none));
    for url in ["https://centrifugo/api", "http://user@centrifugo/api", "http://:password@centrifugo/api"] {
        assert!(!direct(url, &none), "{url}");
    }
    let proxy = Matcher::builder().http("http://proxy:3128").no("near").build();
    assert!(!direct("http://far:8000/api", &proxy) && direct("http://near:8000/api", &proxy));
}
