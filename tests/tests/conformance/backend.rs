//! The two servers that every case runs on.

use std::ops::Deref;

use centrifugo_rpc::hub::Hub;
use serde_json::{Value, json};
use tests::{Centrifugo, Raw, Server, config, unique};
use tokio::sync::OnceCell;

/// The request channel.
pub(crate) const REQUESTS: &str = "rpc:requests";

/// A server behind the same protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Backend {
    /// A real Centrifugo.
    Real,
    /// The embedded hub.
    Hub,
}

/// A server of a single case, or a share of a server. It runs until this value is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    server: Server,
    _handle: Handle,
}

#[derive(Debug)]
enum Handle {
    Shared,
    Real(#[expect(dead_code, reason = "held for its drop")] Box<Centrifugo>),
    Hub(#[expect(dead_code, reason = "held for its drop")] Hub),
}

impl Backend {
    /// Returns a server with the options of the protocol that other cases share: users and sessions must be unique, and
    /// the request channel contains publications of other cases.
    pub(crate) async fn shared(self) -> Running {
        static REAL: OnceCell<Centrifugo> = OnceCell::const_new();
        match self {
            Self::Real => {
                let real = REAL.get_or_init(Centrifugo::start_default).await;
                Running { server: real.server().clone(), _handle: Handle::Shared }
            }
            // The hub lives in the runtime of one test, and starts in no time.
            Self::Hub => self.own().await,
        }
    }

    /// Starts a server with the options of the protocol for one case alone.
    pub(crate) async fn own(self) -> Running {
        self.with(json!({})).await
    }

    /// Starts a server for one case, with the configuration of the protocol and `changes`.
    pub(crate) async fn with(self, changes: Value) -> Running {
        self.start(config::with(config::protocol(), changes)).await
    }

    /// Starts a server for one case, with `config`.
    pub(crate) async fn start(self, config: Value) -> Running {
        match self {
            Self::Real => {
                let real = Centrifugo::start(config).await;
                Running { server: real.server().clone(), _handle: Handle::Real(Box::new(real)) }
            }
            Self::Hub => {
                let options = serde_json::from_value(config.clone());
                let options = options.expect("the hub takes a configuration of Centrifugo");
                let hub = Hub::start(options).await.expect("the hub starts");
                let server = Server {
                    url: hub.url(),
                    api_url: hub.api_url(),
                    ..Server::at(&hub.local_addr().to_string(), &config, None)
                };
                Running { server, _handle: Handle::Hub(hub) }
            }
        }
    }
}

impl Deref for Running {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Running {
    /// Connects as `user` and subscribes to the request channel.
    pub(crate) async fn worker(&self, user: &str) -> Raw {
        let mut worker = self.connect(user).await;
        let token = self.tokens().subscription(user, REQUESTS);
        let subscribed = worker.subscribe(REQUESTS, Some(&token)).await;
        subscribed.unwrap_or_else(|error| panic!("the worker's subscription was {error}"));
        worker
    }

    /// Returns the reply channel of a new session of `user`.
    pub(crate) fn replies(user: &str) -> String {
        format!("reply:{}#{user}", unique("session"))
    }
}

/// Waits for the next request from `user`.
pub(crate) async fn request_of(worker: &mut Raw, user: &str) -> Value {
    let what = format!("a request of {user}");
    let mut push = worker.push(&what, |push| push["pub"]["info"]["user"] == user).await;
    push["pub"].take()
}
