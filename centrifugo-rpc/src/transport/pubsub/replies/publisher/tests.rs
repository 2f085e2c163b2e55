use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::config::Config;
use crate::logged::Log;
use crate::sdk::tls::Tls;
use crate::transport::pubsub::replies::pending_reply::PendingReply;

fn reply(channel: &str, data: &str) -> PendingReply {
    PendingReply::new(channel.to_owned(), data.as_bytes().to_vec(), Instant::now() + Duration::from_secs(30))
}

/// Replies that are batched.
fn batched(channel: &str, data: &[&str]) -> Vec<PendingReply> {
    data.iter().map(|data| reply(channel, data).in_batch(true)).collect()
}

#[tokio::test]
async fn replies_that_come_together_are_one_publication_with_one_result() {
    let (seen, mut sent) = mpsc::unbounded_channel();
    let api = server(move |request| {
        seen.send(request.clone()).expect("seen");
        (200, results(&request, |channel| (channel == "gone:1").then_some(102)))
    })
    .await;
    let mut replies = batched("reply:1", &["1", "2", "3"]);
    replies.extend(batched("gone:1", &["4", "5"]));
    assert_eq!(deliver(&api, replies).await.lost(), 2);
    let commands = serde_json::json!([
        {"publish": {"channel": "reply:1", "data": {"batch": [1, 2, 3]}}},
        {"publish": {"channel": "gone:1", "data": {"batch": [4, 5]}}},
    ]);
    assert_eq!(sent.recv().await.map(|request| request["commands"].clone()), Some(commands));
    assert!(sent.try_recv().is_err());
}

#[tokio::test]
async fn the_first_request_is_small_in_publications_not_in_replies() {
    let (seen, mut sent) = mpsc::unbounded_channel();
    let api = server(move |request| {
        seen.send(request["commands"].as_array().map_or(0, Vec::len)).expect("seen");
        (200, results(&request, |_| None))
    })
    .await;
    let mut sizes = async |replies| {
        assert_eq!(deliver(&api, replies).await.lost(), 0);
        std::iter::from_fn(|| sent.try_recv().ok()).collect::<Vec<_>>()
    };
    assert_eq!(sizes((0..100).map(|i| reply(&format!("reply:{i}"), "1")).collect()).await, [64, 36]);
    assert_eq!(sizes(batched("reply:1", &["1"; 200])).await, [1]);
}

#[tokio::test]
async fn what_came_together_and_is_too_large_for_a_proxy_is_sent_apart() {
    let api = server(|request| {
        let data = &request["commands"][0]["publish"]["data"];
        if data["batch"].is_array() || *data == 3 { (413, String::new()) } else { (200, results(&request, |_| None)) }
    })
    .await;
    assert_eq!(
        deliver(&api, batched("reply:1", &["1", "2", "3", "4"])).await.lost(),
        1,
        "only the one that cannot pass"
    );
}

/// Starts an HTTP server that passes each request to `answer`, which returns the status and the body. In both, a single
/// publication has the form of a batch of one.
async fn server(answer: impl Fn(serde_json::Value) -> (u16, String) + Send + Sync + 'static) -> Api {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api = api_at(&listener);
    tokio::spawn(serve_all(listener, answer));
    api
}

fn api_at(listener: &TcpListener) -> Api {
    let url = format!("http://{}/api", listener.local_addr().expect("an address"));
    let config = Config::new("key", "secret").centrifugo_api_url(url);
    Api::new(&config, &Tls::load(None, "ca_file", false).expect("TLS")).expect("an API")
}

async fn serve_all(listener: TcpListener, answer: impl Fn(serde_json::Value) -> (u16, String) + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, answer.clone()));
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<impl Fn(serde_json::Value) -> (u16, String)>) {
    let mut read = Vec::new();
    loop {
        let (head, length, one) = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
                let one = head.starts_with("post /api/publish ");
                assert!((one || head.starts_with("post /api/batch ")) && head.contains("x-api-key: key"), "{head}");
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                break (end + 4, length.and_then(|text| text.parse::<usize>().ok()).expect("a length"), one);
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        while read.len() < head + length {
            assert_ne!(stream.read_buf(&mut read).await.expect("the body"), 0);
        }
        let body: serde_json::Value = serde_json::from_slice(&read[head..head + length]).expect("JSON");
        read.drain(..head + length);
        let (status, body) = if one {
            let (status, body) = answer(serde_json::json!({ "commands": [{ "publish": body }] }));
            (status, one_result(body))
        } else {
            answer(body)
        };
        let text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await.expect("written");
    }
}

/// Converts the answer for a batch of one to that for a single publication.
fn one_result(answer: String) -> String {
    let Ok(batch) = serde_json::from_str::<serde_json::Value>(&answer) else { return answer };
    match &batch["replies"][0]["error"] {
        serde_json::Value::Null => serde_json::json!({ "result": batch["replies"][0]["publish"] }).to_string(),
        error => serde_json::json!({ "error": error }).to_string(),
    }
}

/// One result per command, by its channel.
fn results(request: &serde_json::Value, of: impl Fn(&str) -> Option<u32>) -> String {
    let commands = request["commands"].as_array().expect("commands");
    let replies: Vec<_> = commands
        .iter()
        .map(|command| match of(command["publish"]["channel"].as_str().expect("a channel")) {
            Some(code) => serde_json::json!({"error": {"code": code, "message": "x"}}),
            None => serde_json::json!({"publish": {}}),
        })
        .collect();
    serde_json::json!({ "replies": replies }).to_string()
}

async fn deliver(api: &Api, replies: Vec<PendingReply>) -> Arc<ReplyQueue> {
    let reply_queue = Arc::new(ReplyQueue::new(64 << 20, usize::MAX, Arc::default()));
    for reply in replies {
        assert!(reply_queue.push(reply).is_none());
    }
    let publisher = Publisher::start(api, &reply_queue);
    publisher.finish(Instant::now() + Duration::from_secs(20)).await;
    assert_eq!(reply_queue.pending(), 0, "the queue empties");
    reply_queue
}

#[tokio::test]
async fn one_bad_reply_costs_no_other() {
    let (seen, mut sent) = mpsc::unbounded_channel();
    let api = server(move |request| {
        seen.send(request["commands"].as_array().map_or(0, Vec::len)).expect("seen");
        (200, results(&request, |channel| (channel == "gone:1").then_some(102)))
    })
    .await;
    let reply_queue = deliver(&api, vec![reply("reply:1", "1"), reply("gone:1", "2"), reply("reply:2", "3")]).await;
    assert_eq!((reply_queue.lost(), sent.recv().await), (1, Some(3)), "one request");
    assert!(sent.try_recv().is_err(), "and no other");
}

#[tokio::test]
async fn what_fails_for_now_is_sent_again() {
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let api = server(move |request| match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => (503, String::new()),
        1 => (401, String::new()),
        2 => (200, "<html>".to_owned()),
        3 => (200, results(&request, |_| Some(100))),
        4 => (200, r#"{"replies":[{}]}"#.to_owned()),
        _ => (200, results(&request, |_| None)),
    })
    .await;
    let reply_queue = deliver(&api, vec![reply("reply:1", "1"), reply("reply:2", "2")]).await;
    assert_eq!(reply_queue.lost(), 0);
}

#[tokio::test]
async fn a_request_that_hangs_holds_up_no_later_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api = api_at(&listener);
    let reply_queue = Arc::new(ReplyQueue::new(64 << 20, usize::MAX, Arc::default()));
    let _publisher = Publisher::start(&api, &reply_queue);
    assert!(reply_queue.push(reply("reply:1", "1")).is_none());
    let (_hangs, _) = listener.accept().await.expect("a connection");

    let (seen, mut sent) = mpsc::unbounded_channel();
    tokio::spawn(serve_all(listener, move |request| {
        seen.send(request["commands"][0]["publish"]["channel"].clone()).expect("seen");
        (200, results(&request, |_| None))
    }));
    for channel in ["reply:2", "reply:3"] {
        assert!(reply_queue.push(reply(channel, "2")).is_none());
        let other = tokio::time::timeout(crate::centrifugo::api::REQUEST_TIMEOUT / 2, sent.recv()).await;
        assert_eq!(other.expect("it leaves while the first hangs"), Some(channel.into()));
    }
}

#[tokio::test]
async fn an_answer_that_takes_long_is_told() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || written.clone()).finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    for slow in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = api_at(&listener);
        tokio::spawn(async move {
            if slow {
                sleep(SLOW_ANSWER + FLUSH_AFTER).await;
            }
            serve_all(listener, |request| (200, results(&request, |_| None))).await;
        });
        assert_eq!(deliver(&api, vec![reply("reply:1", "1")]).await.lost(), 0);
        let text = log.text();
        assert_eq!(text.contains("slow to answer") && text.contains("waiting=1"), slow, "{text}");
    }
}

#[tokio::test]
async fn a_batch_that_is_too_large_for_a_proxy_is_split() {
    let api =
        server(
            |request| {
                if request.to_string().len() > 300 { (413, String::new()) } else { (200, results(&request, |_| None)) }
            },
        )
        .await;
    let mut replies: Vec<_> = (0..20).map(|i| reply("reply:1", &i.to_string())).collect();
    replies.push(reply("reply:1", &format!("\"{}\"", "x".repeat(1000))));
    assert_eq!(deliver(&api, replies).await.lost(), 1, "only the one that is too large alone");
}

#[tokio::test]
async fn an_expired_reply_is_dropped() {
    let api = server(|_| (503, String::new())).await;
    let mut reply = reply("reply:1", "1");
    reply.expires = Instant::now() + Duration::from_millis(120);
    let reply_queue = deliver(&api, vec![reply]).await;
    assert_eq!(reply_queue.lost(), 1);
}

#[tokio::test]
async fn what_is_left_at_the_end_is_known() {
    let api = server(|_| (503, String::new())).await;
    let reply_queue = Arc::new(ReplyQueue::new(1000, usize::MAX, Arc::default()));
    for i in 0..3 {
        reply_queue.try_push(reply(&format!("reply:{i}"), "1"));
    }
    let publisher = Publisher::start(&api, &reply_queue);
    publisher.finish(Instant::now() + Duration::from_millis(100)).await;
    assert_eq!(reply_queue.pending(), 3);
}
