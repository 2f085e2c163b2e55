//! The broker's guarantees, tested without sockets.

use std::time::Duration;

use bytes::Bytes;

use super::{
    super::{
        auth,
        outbox::Next,
        protocol::{StreamPosition, SubscribeRequest},
        stream::Filter,
    },
    *,
};

const KEEP: Option<Keep> = Some(Keep { size: 5, ttl: Duration::from_secs(60) });

struct Client {
    id: &'static str,
    outbox: Arc<Outbox>,
}

impl Client {
    fn connect(broker: &mut Broker, id: &'static str, codec: Codec, limit: usize) -> Self {
        let outbox = Arc::new(Outbox::new(limit));
        broker.connect(id, format!("user-{id}"), Bytes::new(), codec, Arc::clone(&outbox));
        Self { id, outbox }
    }

    fn json(broker: &mut Broker, id: &'static str) -> Self {
        Self::connect(broker, id, Codec::Json, 1 << 20)
    }

    fn subscribe(&self, broker: &mut Broker, request: &SubscribeRequest, terms: Terms) {
        broker.subscribe(self.id, 1, request, terms, 300).expect("the subscription is allowed");
    }

    /// The replies sent, as text.
    async fn received(&self) -> Vec<String> {
        self.outbox.push(Bytes::from_static(b"last")).expect("there is room");
        let mut received = Vec::new();
        loop {
            let Next::Replies(replies) = self.outbox.next().await else {
                return received;
            };
            for reply in replies {
                let reply = String::from_utf8(reply.to_vec()).expect("JSON is text");
                if reply == "last" {
                    return received;
                }
                received.push(reply);
            }
        }
    }
}

fn to(channel: &str) -> SubscribeRequest {
    SubscribeRequest { channel: channel.into(), ..SubscribeRequest::default() }
}

fn recovering(offset: u64, epoch: &str) -> SubscribeRequest {
    SubscribeRequest { recover: true, offset, epoch: epoch.into(), ..to("a") }
}

fn recoverable() -> Terms {
    Terms { recoverable: true, ..Terms::default() }
}

fn announcing() -> Terms {
    Terms { presence: true, join_leave: true, push_join_leave: true, ..Terms::default() }
}

fn publish(broker: &mut Broker, keep: Option<Keep>) -> StreamPosition {
    broker.publish("a", Draft { data: Bytes::from_static(b"{}"), ..Draft::default() }, keep, "")
}

#[tokio::test(start_paused = true)]
async fn offsets_count_from_one_and_subscribers_get_them_in_order() {
    let mut broker = Broker::default();
    let client = Client::json(&mut broker, "x");
    client.subscribe(&mut broker, &to("a"), Terms::default());
    let StreamPosition { offset, epoch } = publish(&mut broker, KEEP);
    assert_eq!(offset, 1);
    assert_eq!(publish(&mut broker, None), StreamPosition::default());
    assert_eq!(publish(&mut broker, KEEP).offset, 2);
    assert_eq!(
        client.received().await,
        [
            r#"{"id":1,"subscribe":{}}"#,
            &format!(r#"{{"push":{{"channel":"a","pub":{{"data":{{}},"offset":1,"epoch":"{epoch}"}}}}}}"#),
            r#"{"push":{"channel":"a","pub":{"data":{}}}}"#,
            r#"{"push":{"channel":"a","pub":{"data":{},"offset":2}}}"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_is_recovered_unless_there_is_a_gap() {
    let mut broker = Broker::default();
    let epoch = publish(&mut broker, KEEP).epoch;
    for _ in 0..6 {
        publish(&mut broker, KEEP);
    }
    // Seven publications were made and five are kept, so after offset 2 nothing is missing and after 1 something is.
    for (offset, since, limit, recovered) in [
        (2, epoch.as_str(), 300, true),
        (2, "", 300, true),
        (7, epoch.as_str(), 300, true),
        (1, epoch.as_str(), 300, false),
        (2, "other", 300, false),
        (2, epoch.as_str(), 4, false),
        (8, epoch.as_str(), 300, false),
    ] {
        let client = Client::json(&mut broker, "x");
        let request = recovering(offset, since);
        broker.subscribe("x", 1, &request, recoverable(), limit).expect("the subscription is allowed");
        let reply = client.received().await.concat();
        assert_eq!(reply.contains(r#""recovered":true"#), recovered, "{offset} {since} {limit}: {reply}");
        assert_eq!(
            reply.matches(r#""data""#).count(),
            if recovered { 7 - usize::try_from(offset).expect("small") } else { 0 }
        );
        let position = if recovered { offset } else { 7 };
        assert!(reply.contains(&format!(r#""offset":{position},"positioned":true,"was_recovering":true"#)), "{reply}");
        broker.disconnect("x", &codes::CONNECTION_CLOSED);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_refuse_a_gap() {
    let mut broker = Broker::default();
    publish(&mut broker, KEEP);
    Client::json(&mut broker, "x");
    let request = SubscribeRequest { flag: 2, ..recovering(5, "other") };
    assert_eq!(broker.subscribe("x", 1, &request, recoverable(), 300), Err(codes::UNRECOVERABLE_POSITION));
    assert!(!broker.is_subscribed("x", "a"));
}

#[tokio::test(start_paused = true)]
async fn each_subscriber_hears_who_comes_and_the_remaining_ones_hear_who_goes() {
    let mut broker = Broker::default();
    let (one, two) = (Client::json(&mut broker, "1"), Client::json(&mut broker, "2"));
    one.subscribe(&mut broker, &to("a"), announcing());
    two.subscribe(&mut broker, &to("a"), announcing());
    assert_eq!(broker.presence("a").len(), 2);
    broker.disconnect("2", &codes::CONNECTION_CLOSED);
    let (own, other) = (r#"{"user":"user-1","client":"1"}"#, r#"{"user":"user-2","client":"2"}"#);
    assert_eq!(
        one.received().await,
        [
            r#"{"id":1,"subscribe":{}}"#.to_owned(),
            format!(r#"{{"push":{{"channel":"a","join":{{"info":{own}}}}}}}"#),
            format!(r#"{{"push":{{"channel":"a","join":{{"info":{other}}}}}}}"#),
            format!(r#"{{"push":{{"channel":"a","leave":{{"info":{other}}}}}}}"#),
        ]
    );
    broker.disconnect("1", &codes::CONNECTION_CLOSED);
    assert_eq!(broker.counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_not_json_ends_json_connections_only() {
    let mut broker = Broker::default();
    let json = Client::json(&mut broker, "1");
    let protobuf = Client::connect(&mut broker, "2", Codec::Protobuf, 1 << 20);
    json.subscribe(&mut broker, &to("a"), Terms::default());
    protobuf.subscribe(&mut broker, &to("a"), Terms::default());
    broker.publish("a", Draft { data: Bytes::from_static(&[0xff]), ..Draft::default() }, None, "");
    assert_eq!(json.outbox.end(), Some(codes::INAPPROPRIATE_PROTOCOL));
    assert_eq!(protobuf.outbox.end(), None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_ends_and_the_others_go_on() {
    let mut broker = Broker::default();
    let slow = Client::connect(&mut broker, "1", Codec::Json, 100);
    let fast = Client::json(&mut broker, "2");
    slow.subscribe(&mut broker, &to("a"), announcing());
    fast.subscribe(&mut broker, &to("a"), announcing());
    publish(&mut broker, None);
    publish(&mut broker, None);
    assert_eq!(slow.outbox.end(), Some(codes::SLOW));
    assert!(broker.connection("1").is_none());
    assert!(fast.received().await.iter().any(|reply| reply.contains("leave")));
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_key_publishes_once_within_five_minutes() {
    let mut broker = Broker::default();
    let mut publish = || {
        let draft = Draft { data: Bytes::from_static(b"{}"), ..Draft::default() };
        broker.publish("a", draft, KEEP, "key").offset
    };
    assert_eq!((publish(), publish()), (1, 1));
    tokio::time::advance(Duration::from_secs(300)).await;
    assert_eq!(publish(), 2);
}

#[tokio::test(start_paused = true)]
async fn channels_that_are_not_used_are_forgotten() {
    let mut broker = Broker::default();
    let meta_ttl = Duration::from_secs(120);
    let epoch = publish(&mut broker, KEEP).epoch;
    tokio::time::advance(Duration::from_secs(119)).await;
    broker.sweep(|_| meta_ttl);
    assert_eq!(publish(&mut broker, KEEP), StreamPosition { offset: 2, epoch: epoch.clone() });
    tokio::time::advance(Duration::from_secs(120)).await;
    broker.sweep(|_| meta_ttl);
    let (publications, position) = broker.history("a", &Filter::default()).expect("it is readable");
    assert!(publications.is_empty() && position.offset == 0 && position.epoch != epoch);
}

#[tokio::test(start_paused = true)]
async fn an_expired_subscription_is_revoked_and_its_client_is_told() {
    let mut broker = Broker::default();
    let client = Client::json(&mut broker, "1");
    let expires = auth::now() + 60;
    client.subscribe(&mut broker, &to("a"), Terms { expires, ..Terms::default() });
    broker.revoke_expired("1", expires);
    assert!(broker.is_subscribed("1", "a"));
    broker.revoke_expired("1", expires + 1);
    assert!(!broker.is_subscribed("1", "a"));
    let push = r#"{"push":{"channel":"a","unsubscribe":{"code":2501,"reason":"subscription expired"}}}"#;
    assert_eq!(client.received().await.last().map(String::as_str), Some(push));
    let terms = Terms { expires: auth::now(), ..Terms::default() };
    assert_eq!(broker.subscribe("1", 1, &to("a"), terms, 300), Err(codes::EXPIRED));
}

#[tokio::test(start_paused = true)]
async fn the_server_api_selects_by_user_client_and_whitelist() {
    let mut broker = Broker::default();
    let clients = ["1", "2"].map(|id| {
        let outbox = Arc::new(Outbox::new(100));
        broker.connect(id, "user".into(), Bytes::new(), Codec::Json, Arc::clone(&outbox));
        outbox
    });
    let all = || Selection { user: "user".into(), ..Selection::default() };
    broker.disconnect_selected(&Selection { user: String::new(), ..all() }, &codes::FORCE_NO_RECONNECT);
    broker.disconnect_selected(&Selection { client: "3".into(), ..all() }, &codes::FORCE_NO_RECONNECT);
    assert_eq!(broker.counts().clients, 2);
    broker.disconnect_selected(&Selection { whitelist: vec!["2".into()], ..all() }, &codes::FORCE_NO_RECONNECT);
    assert_eq!((clients[0].end(), clients[1].end()), (Some(codes::FORCE_NO_RECONNECT), None));
}
