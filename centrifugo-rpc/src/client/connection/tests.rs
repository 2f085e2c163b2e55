//! Events of connections and subscriptions.

use tokio::sync::mpsc;

use super::*;

#[derive(Debug)]
enum Event {
    Data(String),
    Subscribed(Subscribed),
    Subscribing(Interruption),
    Ended(End),
}

/// Passes the events on.
struct Listener(mpsc::UnboundedSender<Event>);

impl Listener {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Event>) {
        let (sender, events) = mpsc::unbounded_channel();
        (Arc::new(Self(sender)), events)
    }

    fn pass(&self, event: Event) {
        // A test that has seen enough reads no more.
        let _ = self.0.send(event);
    }
}

impl Subscriber for Listener {
    fn data(&self, data: &Bytes) {
        self.pass(Event::Data(String::from_utf8_lossy(data).into_owned()));
    }
    fn subscribed(self: Arc<Self>, _: &Subscription, event: Subscribed) {
        self.pass(Event::Subscribed(event));
    }
    fn subscribing(&self, reason: Interruption) {
        self.pass(Event::Subscribing(reason));
    }
    fn ended(&self, _: &Connection, reason: End) {
        self.pass(Event::Ended(reason));
    }
}

fn unconnected() -> Connection {
    let url = "ws://localhost:1/".to_owned();
    let tls = Tls::load(None, "`ca_file`", false).expect("no certificates");
    Connection::new(Target { shown_url: url.clone(), url, token: None, get_token: None, tls }).expect("a connection")
}

#[tokio::test]
async fn what_is_hopeless_at_first_is_trouble_later() {
    for was_up in [false, true] {
        let (connection, (listener, mut events)) = (unconnected(), Listener::new());
        let _subscription = connection.subscribe("live:a", None, listener).expect("a subscription");
        while events.try_recv().is_ok() {}
        connection.events.was_up.store(was_up, Ordering::Relaxed);
        connection.events.on_hopeless(&connection.client, &Error::config("404"));
        let error = match events.try_recv() {
            Ok(Event::Ended(End::Connection(error))) if !was_up => error,
            Ok(Event::Subscribing(Interruption::NotConnected(error))) if was_up => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(error.to_string(), "404");
    }
}

#[tokio::test]
async fn a_connection_that_has_ended_takes_no_subscription() {
    let connection = unconnected();
    connection.events.end(&connection.client, &Error::config("over"));
    connection.close().await;
    let refused = connection.subscribe("live:a", None, Listener::new().0).expect_err("no subscription");
    assert_eq!(refused.to_string(), "over", "the first reason stays");
}

/// The server is the embedded hub: unit tests have no other one.
#[cfg(feature = "hub")]
mod with_a_server {
    use std::net::SocketAddr;

    use serde_json::value::to_raw_value;
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::{AbortHandle, JoinSet};
    use tokio::time::timeout;

    use super::*;
    use crate::centrifugo::Centrifugo;
    use crate::centrifugo::server_config::{ChannelNamespace, ChannelOptions};
    use crate::hub::Hub;
    use crate::{Client, Config, Server};

    async fn next(events: &mut mpsc::UnboundedReceiver<Event>) -> Event {
        timeout(Duration::from_secs(20), events.recv()).await.expect("an event in time").expect("an event")
    }

    async fn next_data(events: &mut mpsc::UnboundedReceiver<Event>) -> String {
        match next(events).await {
            Event::Data(data) => data,
            other => panic!("{other:?}"),
        }
    }

    /// Skips failed attempts.
    async fn next_subscribed(events: &mut mpsc::UnboundedReceiver<Event>) -> (Vec<String>, Subscribed) {
        let mut before = Vec::new();
        loop {
            match next(events).await {
                Event::Subscribed(event) => return (before, event),
                Event::Data(data) => before.push(data),
                Event::Subscribing(_) => {}
                Event::Ended(end) => panic!("{end:?}"),
            }
        }
    }

    /// A network that breaks when the test wants it to.
    struct Network {
        address: SocketAddr,
        up: Arc<AtomicBool>,
        open: Arc<Mutex<Vec<AbortHandle>>>,
        _tasks: JoinSet<()>,
    }

    impl Network {
        async fn to(target: SocketAddr) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let (up, open) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
            let mut tasks = JoinSet::new();
            tasks.spawn({
                let (up, open) = (up.clone(), open.clone());
                async move {
                    let mut connections = JoinSet::new();
                    while let Ok((mut client, _)) = listener.accept().await {
                        if up.load(Ordering::SeqCst) {
                            let carry = async move {
                                if let Ok(mut server) = TcpStream::connect(target).await {
                                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                                }
                            };
                            open.lock().expect("a lock").push(connections.spawn(carry));
                        }
                    }
                }
            });
            Self { address, up, open, _tasks: tasks }
        }

        fn set_up(&self, up: bool) {
            self.up.store(up, Ordering::SeqCst);
            if !up {
                self.open.lock().expect("a lock").drain(..).for_each(|connection| connection.abort());
            }
        }
    }

    #[tokio::test]
    async fn another_subscription_shares_the_connection_with_the_reply_channel() {
        let config = Config::new("the-key-of-this-test", "a-secret-of-thirty-two-bytes-or-more");
        let mut server = config.centrifugo_config();
        let options = ChannelOptions {
            allow_subscribe_for_client: true,
            history_size: 100,
            history_ttl: Duration::from_secs(60),
            force_recovery: true,
            ..ChannelOptions::default()
        };
        server.channel.namespaces.push(ChannelNamespace { name: "live".to_owned(), options });
        let hub = Hub::start(server).await.expect("a hub");
        let config = config.centrifugo_url(hub.url()).centrifugo_api_url(hub.api_url());
        let worker = Server::new(config.clone()).start().await.expect("a worker");
        let network = Network::to(hub.local_addr()).await;
        let client = Client::builder(format!("ws://{}/connection/websocket", network.address))
            .token(config.connection_token("42", Duration::from_secs(3600)).expect("a token"))
            .connect()
            .await
            .expect("a client");

        let connection = client.calls.batcher.connection.clone();
        let (listener, mut live) = Listener::new();
        let subscription = connection.subscribe("live:a", None, listener).expect("a subscription");
        let (before, first) = next_subscribed(&mut live).await;
        assert!(before.is_empty() && !first.was_recovering && first.recoverable, "{before:?} {first:?}");

        let api = Centrifugo::new(&config).expect("an API").api;
        let publish = async |number: u32| {
            let data = to_raw_value(&number).expect("JSON");
            api.publish("live:a", &data, None).await.expect("published");
        };
        let call =
            async || client.call::<Value>("system.contract", &()).await.map(|contract| contract["version"].clone());

        // Publications arrive in their order while calls run.
        for number in 0..20 {
            let (called, ()) = tokio::join!(call(), publish(number));
            assert_eq!(called.expect("a result"), json!(1));
            assert_eq!(next_data(&mut live).await, number.to_string());
        }

        // Both subscriptions continue after a reconnect, twice, so that none begins where the one before it did.
        for start in [20, 23] {
            network.set_up(false);
            assert!(matches!(next(&mut live).await, Event::Subscribing(Interruption::Lost { .. })));
            for number in start..start + 3 {
                publish(number).await;
            }
            network.set_up(true);
            let (mut missed, again) = next_subscribed(&mut live).await;
            while missed.len() < 3 {
                missed.push(next_data(&mut live).await);
            }
            assert_eq!(missed, (start..start + 3).map(|number| number.to_string()).collect::<Vec<_>>());
            assert!(again.was_recovering && again.recovered, "{again:?}");
            assert_eq!(call().await.expect("a result"), json!(1));
        }

        // Each subscription ends by itself: one that is closed, and one that the server refuses.
        assert!(subscription.close() && !subscription.close());
        let (listener, mut fresh) = Listener::new();
        let _fresh = connection.subscribe("live:a", None, listener).expect("a subscription");
        next_subscribed(&mut fresh).await;
        publish(26).await;
        assert_eq!(next_data(&mut fresh).await, "26");
        let (listener, mut refused) = Listener::new();
        let _refused = connection.subscribe("none:a", None, listener).expect("a subscription");
        let end = loop {
            match next(&mut refused).await {
                Event::Ended(end) => break end,
                Event::Subscribing(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert!(matches!(end, End::Refused { code: 102, .. }), "{end:?}");
        assert!(client.is_connected());
        assert_eq!(call().await.expect("a result"), json!(1));
        assert!(live.try_recv().is_err(), "a closed subscription has no events");

        client.close().await;
        let end = next(&mut fresh).await;
        assert!(
            matches!(&end, Event::Ended(End::Connection(error)) if error.to_string().contains("closed")),
            "{end:?}"
        );
        worker.stop().await;
        hub.shutdown().await;
    }
}
