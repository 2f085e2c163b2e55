//! Connects handlers, dispatch and Centrifugo: start, serve, stop.

use std::fmt;
use std::future::{self, Future};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::{Layer, Service};

#[cfg(feature = "codegen")]
use crate::channels::Channels;
#[cfg(feature = "codegen")]
use crate::config;
use crate::config::Config;
use crate::engine::dispatcher::Dispatcher;
use crate::engine::layers::{CallService, LayerStack};
use crate::engine::refused::Refused;
use crate::error::{BoxError, Error, RpcError};
use crate::service::call::{Call, Reply};
use crate::service::connection::Caller;
use crate::service::registry::Registry;
use crate::service::states::States;
use crate::service::system;
use crate::transport::in_process;

#[cfg(feature = "cli")]
mod beside;
mod signals;
mod watchdog;
mod worker;

#[cfg(feature = "cli")]
pub(crate) use beside::Ended;
#[cfg(feature = "cli")]
pub use beside::Serving;
pub use worker::Worker;

/// Serves the registered methods until SIGINT or SIGTERM: `Server::new(config).serve()`. Dropping the future stops at
/// once.
///
/// # Errors
///
/// See [`Server::serve`].
pub async fn serve(config: Config) -> Result<(), Error> {
    Server::new(config).serve().await
}

/// The registered methods with their states and layers.
///
/// ```no_run
/// # use centrifugo_rpc::{Config, Error, Server};
/// # struct Database;
/// # async fn run() -> Result<(), Error> {
/// Server::new(Config::from_env()?).state(Database).serve().await
/// # }
/// ```
pub struct Server {
    config: Result<Config, Error>,
    states: States,
    layers: LayerStack,
    in_process: OnceLock<Dispatcher>,
    /// The name of the service whatever the configuration says: clients are generated without a configuration.
    #[cfg(feature = "codegen")]
    service: Option<String>,
}

/// The first event after the start of a worker: it joined the group, or it has to stop.
enum StartOutcome {
    Joined(Worker),
    /// The worker that has to stop, if it may already run calls.
    Stopped(Option<Worker>),
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).field("layers", &self.layers).finish_non_exhaustive()
    }
}

impl Server {
    /// A server with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::with(Ok(config))
    }

    /// A server with the configuration of [`Config::from_env`]. An invalid configuration is reported when it is needed,
    /// so that `--help` and commands that need no Centrifugo work without it.
    #[must_use]
    pub fn from_env() -> Self {
        Self::with(Config::from_env())
    }

    fn with(config: Result<Config, Error>) -> Self {
        Self {
            config,
            states: States::default(),
            layers: LayerStack::default(),
            in_process: OnceLock::new(),
            #[cfg(feature = "codegen")]
            service: None,
        }
    }

    /// Names the service, as [`Config::service`] does. Different services on one Centrifugo need different names. A
    /// name set here is also in generated clients, whatever the environment is during the generation.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        let service = service.into();
        self.config = self.config.map(|config| config.service(&service));
        #[cfg(feature = "codegen")]
        {
            self.service = Some(service);
        }
        self
    }

    /// Shares a value with handlers, as [`State<T>`](crate::State). There is one value of each type; the last one
    /// counts.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Puts a tower layer around every call, outside the existing layers.
    ///
    /// A layer sees each [`Call`] before the extractors run, and may pass them data in the extensions of the call.
    /// [`CallService`] explains what its errors become. Calls refused before they start, such as those over a limit, do
    /// not reach layers: [`on_refused`](Self::on_refused) reports them.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<CallService>,
        L::Service: Service<Call, Response = Reply, Future: Send> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
    {
        self.layers = self.layers.layer(&layer);
        self
    }

    /// Calls `hook` for each call that is refused before it reaches the layers: an unknown method (404), over a limit
    /// (429, 413), late (408), malformed (400), or while the worker stops (503). Also for calls that this worker
    /// answers for a dead one (504) and calls cancelled before they started (499). For metrics and audits that must be
    /// complete. Several hooks run one after the other.
    ///
    /// The hook runs on the thread that reads requests, and refusals may come in floods: it must not wait or write to
    /// disk. Count, or push into a bounded queue. A panic of the hook is logged and changes nothing for the caller.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// # use centrifugo_rpc::{Config, Server};
    /// static REFUSED: AtomicU64 = AtomicU64::new(0);
    ///
    /// let server = Server::new(Config::new("api-key", "token-secret")).on_refused(|refused| {
    ///     tracing::trace!(code = refused.error().code(), method = refused.known_method());
    ///     REFUSED.fetch_add(1, Ordering::Relaxed);
    /// });
    /// ```
    #[must_use]
    pub fn on_refused(mut self, hook: impl Fn(&Refused<'_>) + Send + Sync + 'static) -> Self {
        self.layers = self.layers.on_refused(hook);
        self
    }

    /// Serves until SIGINT or SIGTERM, then stops gracefully: it leaves the worker group, calls in flight finish (up to
    /// [`shutdown_timeout`](Config#structfield.shutdown_timeout)), their replies are sent, and the connection is
    /// closed. All of this ends within 2 s after the `shutdown_timeout`. A second signal ends it at once; the log
    /// counts what is given up. Dropping this future stops at once.
    ///
    /// From then on, this function handles the signals. If nothing else does so, a second signal ends the process
    /// within a second: handlers that block all threads of the runtime do not keep it alive.
    ///
    /// # Errors
    ///
    /// Everything that prevents the start, in one error: settings, contradictions between methods, and what Centrifugo
    /// rejects. Once it serves, it does so until it is stopped, and retries lost connections indefinitely.
    pub async fn serve(self) -> Result<(), Error> {
        self.serve_until_signals().await.map(drop)
    }

    /// Like [`serve`](Self::serve). Returns the number of calls that still run at the end because they block their
    /// threads; `None` if a signal came before the worker began.
    pub(crate) async fn serve_until_signals(self) -> Result<Option<usize>, Error> {
        let shutdown_timeout = self.config.as_ref().map_or(Duration::ZERO, |config| config.shutdown_timeout);
        let (first, second) = signals::listen(worker::stop_limit(shutdown_timeout)).await?;
        self.serve_until(first, second).await
    }

    /// Serves until `shutdown` is ready, then stops as [`serve`](Self::serve) does. Dropping this future stops at once.
    ///
    /// # Errors
    ///
    /// See [`serve`](Self::serve).
    pub async fn serve_with_shutdown(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        self.serve_until(shutdown, future::pending()).await.map(drop)
    }

    async fn serve_until(
        self,
        shutdown: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) -> Result<Option<usize>, Error> {
        if self.config.as_ref().is_ok_and(|config| !config.enabled) {
            tracing::info!("not serving: `enabled` (CENTRIFUGO_ENABLED) is false");
            return Ok(Some(0));
        }
        let mut shutdown = pin!(shutdown);
        let worker = match self.join_or_stop(shutdown.as_mut()).await? {
            StartOutcome::Joined(worker) => {
                shutdown.await;
                worker
            }
            StartOutcome::Stopped(Some(worker)) => worker,
            StartOutcome::Stopped(None) => return Ok(None),
        };
        Ok(Some(Box::pin(worker.stop_or(hurry)).await))
    }

    async fn join_or_stop(self, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Result<StartOutcome, Error> {
        let mut worker = tokio::select! {
            worker = self.begin() => worker?,
            () = shutdown.as_mut() => {
                tracing::info!("stopped before it served");
                return Ok(StartOutcome::Stopped(None));
            }
        };
        let joined = tokio::select! {
            joined = worker.joined() => Some(joined),
            () = shutdown => None,
        };
        match joined {
            Some(joined) => joined.map(|()| StartOutcome::Joined(worker)),
            // It may run calls before it observes that it has joined.
            None => Ok(StartOutcome::Stopped(Some(worker))),
        }
    }

    /// Starts to serve, and returns once requests arrive: for programs that also do something else, and for tests.
    /// Dropping this future stops at once.
    ///
    /// # Errors
    ///
    /// See [`serve`](Self::serve). Here it is also an error if [`enabled`](Config#structfield.enabled) is false.
    pub async fn start(self) -> Result<Worker, Error> {
        let mut worker = self.begin().await?;
        worker.joined().await?;
        Ok(worker)
    }

    async fn begin(self) -> Result<Worker, Error> {
        let config = self.config?;
        config.check()?;
        if !config.enabled {
            return Err(Error::config("`enabled` (CENTRIFUGO_ENABLED) is false: there is nothing to start"));
        }
        let registry = Registry::collect(&self.states)?.with_built_in(&system::METHODS);
        // Boxed because it is large, and part of every program that starts a worker.
        Box::pin(Worker::start(&config, registry, self.states, self.layers)).await
    }

    /// Runs a method in process, for unit tests: through the same layers, extractors, limits and deadlines as a call
    /// from outside, without Centrifugo. Dropping this future cancels the call.
    ///
    /// ```standalone_crate
    /// # use centrifugo_rpc::{Caller, Config, Connection, RpcError, Server, websocket_rpc};
    /// #[websocket_rpc("greet")]
    /// async fn greet(conn: Connection) -> Result<String, RpcError> {
    ///     Ok(format!("hello, {}", conn.require_user()?))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let server = Server::new(Config::new("api-key", "secret"));
    /// let greeting: String = server.call(Caller::user("42"), "greet", &()).await.expect("a greeting");
    /// assert_eq!(greeting, "hello, 42");
    /// # }
    /// ```
    ///
    /// Dropping the future drops the handler, as a caller's cancellation does.
    ///
    /// # Errors
    ///
    /// The error that a caller would get. Also 500 if the server could not have started or the result is not an `R`;
    /// the `source()` has the reason.
    pub async fn call<R: DeserializeOwned>(
        &self,
        caller: Caller,
        method: &str,
        params: &(impl Serialize + ?Sized),
    ) -> Result<R, RpcError> {
        let params = serde_json::to_vec(params).map_err(RpcError::internal)?;
        let reply = in_process::call(self.in_process()?, caller, method, params.into()).await?;
        serde_json::from_slice(reply.json()).map_err(RpcError::internal)
    }

    #[cfg(feature = "cli")]
    pub(crate) fn into_config(self) -> Result<Config, Error> {
        self.config
    }

    /// The channels of the service, for its clients. They are generated whatever other settings are missing.
    #[cfg(feature = "codegen")]
    pub(crate) fn channels(&self) -> Result<Channels, Error> {
        let channels = match &self.config {
            Ok(config) => config.channels(),
            Err(_) => config::channels_from_env(self.service.as_deref()),
        };
        channels.check().map(|()| channels)
    }

    fn in_process(&self) -> Result<&Dispatcher, RpcError> {
        if let Some(dispatcher) = self.in_process.get() {
            return Ok(dispatcher);
        }
        let registry = Registry::collect(&self.states).map_err(RpcError::internal)?.with_built_in(&system::METHODS);
        // Without a configuration, the default limits apply: there is nothing to connect to.
        let config = self.config.as_ref().map_or_else(|_| Config::new("", ""), Config::clone);
        let (states, layers) = (self.states.clone(), self.layers.clone());
        let dispatcher = Dispatcher::new(&config, registry, states, layers, Arc::default());
        Ok(self.in_process.get_or_init(|| dispatcher))
    }
}

#[cfg(all(test, feature = "codegen"))]
mod tests {
    use super::*;

    #[test]
    fn clients_are_generated_for_the_channels_of_the_service_whatever_settings_are_missing() {
        let missing = || Server::with(Err(Error::config("CENTRIFUGO_API_KEY is not set")));
        assert_eq!(missing().service("billing").channels().expect("channels"), Channels::of(Some("billing")));
        let config = Config::new("", "").request_channel("own:calls").service("billing");
        assert_eq!(Server::new(config).channels().expect("channels").requests, "own:calls");
        let error = missing().service("My billing").channels().expect_err("no name").to_string();
        assert!(error.contains("write for example `billing`"), "{error}");
    }
}
