//! An in-process Centrifugo for development and tests. **Not for production.**
//!
//! The hub implements Centrifugo's client protocol over WebSocket (JSON and Protobuf) and the part of its HTTP API that
//! this project uses, with the same permissions, offsets, recovery, presence and error codes. Examples and tests need
//! it to run on a machine that has only Rust.
//!
//! The hub is a single process with a single lock. It keeps all state in memory, loses it when it stops, has no TLS and
//! no metrics. Serve real users with the real Centrifugo, which takes the same configuration.
//!
//! Not implemented, besides whole transports and proxies: server-side subscriptions (the claims `subs` and `channels`
//! of a token, the API methods `subscribe` and `refresh`), map and shared poll channels, delta compression, filters by
//! tag, and tokens signed with RSA or ECDSA. The commands of one connection run sequentially, regardless of
//! `client.concurrency`.
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

/// The interval at which expired state is removed.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// An in-process Centrifugo. Not for production.
///
/// Dropping it stops it: its connections are closed, and all of its tasks end soon after.
pub struct Hub {
    address: SocketAddr,
    websocket_path: String,
    api_path: String,
    shutdown: DropGuard,
    /// Closed once the last task of the hub has ended.
    tasks: mpsc::Receiver<Infallible>,
}

impl Hub {
    /// Starts a hub on a free port of 127.0.0.1.
    ///
    /// No hub starts if the future is dropped.
    ///
    /// # Errors
    ///
    /// A configuration that Centrifugo would reject too, or no free port.
    pub async fn start(config: CentrifugoConfig) -> Result<Self, HubError> {
        Self::builder(config).start().await
    }

    /// Configures a hub beyond its Centrifugo configuration.
    pub fn builder(config: CentrifugoConfig) -> HubBuilder {
        HubBuilder { config, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
    }

    /// The address that the hub listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The URL that clients connect to: `ws://127.0.0.1:<port>/connection/websocket`, unless the configuration sets
    /// another path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}{}", self.address, self.websocket_path)
    }

    /// The URL of the server API: `http://127.0.0.1:<port>/api`, unless the configuration sets another path.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.address, self.api_path)
    }

    /// Stops the hub and waits until it has stopped. Clients are disconnected with the code 3001, and reconnect.
    ///
    /// Dropping the future still stops the hub, without waiting.
    pub async fn shutdown(self) {
        let Self { shutdown, mut tasks, .. } = self;
        drop(shutdown);
        // No value is ever sent: this waits until the last sender is dropped.
        let _ = tasks.recv().await;
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A hub that has not started yet.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct HubBuilder {
    config: CentrifugoConfig,
    address: SocketAddr,
}

impl HubBuilder {
    /// Sets the address to listen on. Default: a free port of 127.0.0.1, because the hub serves only this machine.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts the hub.
    ///
    /// No hub starts if the future is dropped.
    ///
    /// # Errors
    ///
    /// A configuration that Centrifugo would reject too, or an address that cannot be listened on.
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

/// The reason why the hub did not start.
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

/// State shared by all tasks of a hub.
struct Shared {
    settings: Settings,
    broker: Mutex<Broker>,
    shutdown: CancellationToken,
    id: String,
    started: Instant,
}

impl Shared {
    /// Locks the broker. A poisoned lock is used anyway: no panic leaves the broker in a half-changed state that would
    /// harm later operations.
    fn broker(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes expired state until the hub shuts down.
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
