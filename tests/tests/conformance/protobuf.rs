//! The same over Protobuf, with the SDK that workers are built on.

use std::time::Duration;

use centrifuge::{Client, Publication, StreamPosition, Subscription};
use serde_json::{Value, json};
use tests::{PATIENCE, Server, TcpProxy, Tokens, unique, within};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::backend::{Backend, REQUESTS, Running, request_of};

/// An event of a subscription.
#[derive(Debug)]
enum Event {
    Subscribed { recovering: bool, recovered: bool },
    Publication(Box<Publication>),
    Join(String),
    Leave(String),
    Refused(u32),
}

fn client(server: &Server, token: &str) -> Client {
    let (min, max) = (Duration::from_millis(10), Duration::from_millis(50));
    let builder = Client::builder(&server.url).protocol(centrifuge::Protocol::Protobuf).token(token);
    builder.min_reconnect_delay(min).max_reconnect_delay(max).build().expect("a client")
}

async fn connect(server: &Server, user: &str) -> Client {
    let client = client(server, &server.tokens().connection(user));
    client.connect().expect("connecting starts");
    client.ready(Some(PATIENCE)).await.expect("connected");
    client
}

struct Subscribed {
    events: UnboundedReceiver<Event>,
    _subscription: Subscription,
}

fn subscribe(client: &Client, channel: &str, token: Option<&str>, since: Option<StreamPosition>) -> Subscribed {
    let (told, events) = unbounded_channel();
    // A test that has seen enough drops the receiver.
    let tell = move |told: &UnboundedSender<Event>, event| drop(told.send(event));
    let [subscribed, publication, join, leave, unsubscribed] = std::array::from_fn(|_| told.clone());
    let mut builder = client
        .new_subscription(channel)
        .recoverable(true)
        .join_leave(true)
        .on_subscribed(move |_, event| {
            let (recovering, recovered) = (event.was_recovering, event.recovered);
            tell(&subscribed, Event::Subscribed { recovering, recovered });
        })
        .on_publication(move |_, event| {
            tell(&publication, Event::Publication(event.publication.into()));
        })
        .on_join(move |_, event| tell(&join, Event::Join(event.info.user)))
        .on_leave(move |_, event| tell(&leave, Event::Leave(event.info.user)))
        .on_unsubscribed(move |_, event| tell(&unsubscribed, Event::Refused(event.code)));
    if let Some(token) = token {
        builder = builder.token(token);
    }
    if let Some(position) = since {
        builder = builder.since(position);
    }
    let subscription = builder.build().expect("a subscription");
    subscription.subscribe();
    Subscribed { events, _subscription: subscription }
}

impl Subscribed {
    async fn next<T>(&mut self, what: &str, wanted: impl Fn(Event) -> Option<T>) -> T {
        within(what, async {
            loop {
                let event = self.events.recv().await.expect("the subscription is held");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        })
        .await
    }

    /// Waits for the subscription, and returns whether it was recovering and whether it recovered.
    async fn subscribed(&mut self) -> (bool, bool) {
        self.next("the subscription", |event| match event {
            Event::Subscribed { recovering, recovered } => Some((recovering, recovered)),
            _ => None,
        })
        .await
    }

    async fn publication(&mut self) -> Publication {
        self.next("a publication", |event| match event {
            Event::Publication(publication) => Some(*publication),
            _ => None,
        })
        .await
    }
}

fn json_of(publication: &Publication) -> Value {
    serde_json::from_slice(&publication.data).expect("the data is JSON")
}

pub(crate) async fn a_call_travels_in_protobuf(backend: Backend) {
    let server = backend.own().await;
    let worker = connect(&server, "worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let mut requests = subscribe(&worker, REQUESTS, Some(&token), None);
    assert_eq!(requests.subscribed().await, (false, false));
    let info = json!({"role": "admin"});
    let caller = client(&server, &server.tokens().connection_with_info("alice", &info));
    caller.connect().expect("connecting starts");
    let channel = Running::replies("alice");
    let mut replies = subscribe(&caller, &channel, None, None);
    replies.subscribed().await;

    let call = json!({"method": "tasks.get_stats", "reply_to": channel, "params": "ü"});
    caller.publish(REQUESTS, call.to_string()).await.expect("published");
    let request = requests.publication().await;
    assert_eq!((json_of(&request), request.offset), (call, 1));
    let from = request.info.expect("a request says who sent it");
    assert_eq!(from.user, "alice");
    assert!(!from.client.is_empty());
    assert_eq!(from.conn_info.as_deref(), Some(info.to_string().as_bytes()));

    server.api().publish(&channel, &json!({"result": 1})).await;
    let reply = replies.publication().await;
    assert_eq!((json_of(&reply), reply.offset), (json!({"result": 1}), 1));
    assert_eq!(reply.info, None);
}

pub(crate) async fn a_caller_in_protobuf_cannot_subscribe_to_requests(backend: Backend) {
    let server = backend.shared().await;
    let caller = connect(&server, &unique("alice")).await;
    let mut requests = subscribe(&caller, REQUESTS, None, None);
    let code = requests.next("the refusal", |event| if let Event::Refused(code) = event { Some(code) } else { None });
    assert_eq!(code.await, 103);

    let forged = caller.publish(&Running::replies("alice"), "{}").await;
    match forged {
        Err(centrifuge::Error::Server(error)) => assert_eq!(error.code, 103),
        other => panic!("a forged reply met {other:?}"),
    }
}

pub(crate) async fn a_wrong_token_in_protobuf_is_refused(backend: Backend) {
    let server = backend.shared().await;
    let mallory = client(&server, &Tokens::new("guessed").connection("alice"));
    let (told, mut codes) = unbounded_channel();
    mallory.on_disconnected(move |_, event| {
        let _ = told.send(event.code);
    });
    mallory.connect().expect("connecting starts");
    assert_eq!(within("the disconnect", codes.recv()).await, Some(3500));
}

pub(crate) async fn a_worker_in_protobuf_recovers_what_it_missed(backend: Backend) {
    let server = backend.own().await;
    let (proxy, through) = TcpProxy::before(&server).await;
    let worker = connect(&through, "worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);
    let mut requests = subscribe(&worker, REQUESTS, Some(&token), None);
    requests.subscribed().await;
    server.api().publish(REQUESTS, &json!("seen")).await;
    requests.publication().await;

    proxy.refuse().await;
    server.api().ok("disconnect", json!({"user": "worker", "disconnect": {"code": 3001, "reason": "shutdown"}})).await;
    let mut caller = server.connect("alice").await;
    for n in 2..=300 {
        caller.start("publish", json!({"channel": REQUESTS, "data": n})).await;
    }
    caller.publish(REQUESTS, &json!(301)).await.expect("published");
    proxy.accept().await;

    assert_eq!(requests.subscribed().await, (true, true));
    for n in 2..=301 {
        let publication = requests.publication().await;
        assert_eq!((json_of(&publication), publication.offset), (json!(n), n));
        assert_eq!(publication.info.expect("a request says who sent it").user, "alice");
    }
}

pub(crate) async fn a_worker_in_protobuf_recovers_from_a_position_it_kept(backend: Backend) {
    let server = backend.own().await;
    let seen = server.api().publish(REQUESTS, &json!("seen")).await;
    server.api().publish(REQUESTS, &json!("missed")).await;
    let worker = connect(&server, "worker").await;
    let token = server.tokens().subscription("worker", REQUESTS);

    let position = StreamPosition::new(1, seen["epoch"].as_str().expect("an epoch"));
    let mut requests = subscribe(&worker, REQUESTS, Some(&token), Some(position));
    assert_eq!(requests.subscribed().await, (true, true));
    assert_eq!(json_of(&requests.publication().await), "missed");
}

pub(crate) async fn a_worker_in_protobuf_is_told_who_joins_and_leaves(backend: Backend) {
    let server = backend.own().await;
    let watcher = connect(&server, "watcher").await;
    let token = server.tokens().subscription("watcher", REQUESTS);
    let mut requests = subscribe(&watcher, REQUESTS, Some(&token), None);
    requests.subscribed().await;

    let other = server.worker("other").await;
    let join = requests.next("the join", |event| match event {
        Event::Join(user) if user == "other" => Some(()),
        _ => None,
    });
    join.await;
    other.close().await;
    let leave = requests.next("the leave", |event| match event {
        Event::Leave(user) if user == "other" => Some(()),
        _ => None,
    });
    leave.await;
    let present = server.api().ok("presence", json!({"channel": REQUESTS})).await;
    assert_eq!(present["presence"].as_object().map(serde_json::Map::len), Some(1));
}

pub(crate) async fn json_and_protobuf_meet_in_one_channel(backend: Backend) {
    let server = backend.own().await;
    let mut in_json = server.worker("in-json").await;
    let worker = connect(&server, "in-protobuf").await;
    let token = server.tokens().subscription("in-protobuf", REQUESTS);
    let mut in_protobuf = subscribe(&worker, REQUESTS, Some(&token), None);
    in_protobuf.subscribed().await;

    let alice = connect(&server, "alice").await;
    alice.publish(REQUESTS, r#"{"from":"protobuf"}"#).await.expect("published");
    assert_eq!(request_of(&mut in_json, "alice").await["data"], json!({"from": "protobuf"}));
    assert_eq!(json_of(&in_protobuf.publication().await), json!({"from": "protobuf"}));

    server.connect("bob").await.publish(REQUESTS, &json!({"from": "json"})).await.expect("published");
    assert_eq!(request_of(&mut in_json, "bob").await["data"], json!({"from": "json"}));
    assert_eq!(json_of(&in_protobuf.publication().await), json!({"from": "json"}));
}
