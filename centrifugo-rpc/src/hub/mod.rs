//! A Centrifugo inside the process, for development and tests. **Not for production.**
//!
//! The hub speaks Centrifugo's client protocol over WebSocket (JSON and Protobuf) and the part of its HTTP API that
//! this project uses, with the same permissions, offsets, recovery, presence and error codes. It is what lets an
//! example or a test run on a machine that has nothing but Rust.
//!
//! It is one process and one lock, keeps everything in memory, forgets it when it stops, does not speak TLS and has no
//! metrics. For users there is the real Centrifugo, with the same configuration.
//!
//! What it leaves out, besides whole transports and proxies: server-side subscriptions (the claims `subs` and `channels`
//! of a token, the API methods `subscribe` and `refresh`), map and shared poll channels, delta compression, filters by
//! tag, and tokens signed with RSA or ECDSA. The commands of one connection run one after the other, whatever
//! `client.concurrency` says.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use centrifugo_rpc::hub::{CentrifugoConfig, Hub};
//!
//! let config: CentrifugoConfig = serde_json::from_str(
//!     r#"{"client": {"token": {"hmac_secret_key": "development"}}, "http_api": {"key": "development"}}"#,
//! )?;
//! let hub = Hub::start(config).await?;
//! println!("clients connect to {}, the API is at {}", hub.url(), hub.api_url());
//! hub.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod api;
mod auth;
mod broker;
mod codec;
mod codes;
mod connection;
mod http;
mod outbox;
mod permissions;
mod protocol;
mod session;
mod settings;
mod stream;

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub use crate::centrifugo::server_config::CentrifugoConfig;

use broker::Broker;
use settings::Settings;

/// How often what expired is forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A Centrifugo inside the process. Not for production.
///
/// Dropping it stops it: its connections are closed and all of its tasks end soon after.
pub struct Hub {
    address: SocketAddr,
    websocket_path: String,
    api_path: String,
    shutdown: DropGuard,
    /// Closed when the last task of the hub ended.
    tasks: mpsc::Receiver<Infallible>,
}

impl Hub {
    /// Starts a hub on a free port of 127.0.0.1.
    ///
    /// Dropping the future starts nothing.
    ///
    /// # Errors
    ///
    /// The configuration is one Centrifugo would refuse too, or there is no port.
    pub async fn start(config: CentrifugoConfig) -> Result<Self, HubError> {
        Self::builder(config).start().await
    }

    /// A hub with more to choose than its configuration.
    pub fn builder(config: CentrifugoConfig) -> HubBuilder {
        HubBuilder { config, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
    }

    /// Where the hub listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Where clients connect: `ws://127.0.0.1:<port>/connection/websocket`, unless the configuration has another path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}{}", self.address, self.websocket_path)
    }

    /// Where the server API is: `http://127.0.0.1:<port>/api`, unless the configuration has another path.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.address, self.api_path)
    }

    /// Stops the hub and waits until it stopped. Clients are told with the code 3001, and reconnect.
    ///
    /// Dropping the future stops the hub all the same, without waiting.
    pub async fn shutdown(self) {
        let Self { shutdown, mut tasks, .. } = self;
        drop(shutdown);
        // Nothing is ever sent: this waits for the last sender to go.
        let _ = tasks.recv().await;
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A hub that is not started yet.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct HubBuilder {
    config: CentrifugoConfig,
    address: SocketAddr,
}

impl HubBuilder {
    /// Where to listen. Default: a free port of 127.0.0.1, because the hub is for this machine.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts the hub.
    ///
    /// Dropping the future starts nothing.
    ///
    /// # Errors
    ///
    /// The configuration is one Centrifugo would refuse too, or the address cannot be listened at.
    pub async fn start(self) -> Result<Hub, HubError> {
        let settings = Settings::new(self.config)?;
        let (websocket_path, api_path) = (settings.websocket_path.clone(), settings.api_path.clone());
        let bind = |source| HubError { kind: ErrorKind::Bind { address: self.address, source } };
        let listener = TcpListener::bind(self.address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let shutdown = CancellationToken::new();
        let hub = Arc::new(Shared {
            settings,
            broker: Mutex::default(),
            shutdown: shutdown.clone(),
            id: Uuid::new_v4().to_string(),
            started: Instant::now(),
        });
        let (alive, tasks) = mpsc::channel(1);
        tokio::spawn(sweep(Arc::clone(&hub), alive.clone()));
        tokio::spawn(http::accept(hub, listener, alive));
        Ok(Hub { address, websocket_path, api_path, shutdown: shutdown.drop_guard(), tasks })
    }
}

/// The hub did not start.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct HubError {
    kind: ErrorKind,
}

#[derive(Debug, thiserror::Error)]
enum ErrorKind {
    #[error("configuration of the hub: {0}")]
    Config(String),
    #[error("cannot listen at {address}")]
    Bind { address: SocketAddr, source: io::Error },
}

impl HubError {
    fn config(problem: String) -> Self {
        Self { kind: ErrorKind::Config(problem) }
    }
}

/// What all tasks of a hub share.
struct Shared {
    settings: Settings,
    broker: Mutex<Broker>,
    shutdown: CancellationToken,
    id: String,
    started: Instant,
}

impl Shared {
    /// The broker. It is never left half-changed by a panic that a retry could trip over, so a poisoned lock is used on.
    fn broker(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what expired, until the hub shuts down.
async fn sweep(hub: Arc<Shared>, _alive: http::Alive) {
    let mut ticks = interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = hub.shutdown.cancelled() => return,
            _ = ticks.tick() => hub.broker().sweep(|channel| hub.settings.history_meta_ttl(channel)),
        }
    }
}

#[cfg(test)]
mod tests;
