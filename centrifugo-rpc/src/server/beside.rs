//! A worker and something else in one program, such as an HTTP server: one start, one stop, one exit code.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::sync::watch;

use super::alarm::alarm;
use super::{Before, Server, signals, worker};
use crate::config::Config;
use crate::error::{BoxError, Error, ErrorKind};

/// What runs beside a worker knows of it. See [`Server::run_with`].
#[derive(Debug, Clone)]
pub struct Serving {
    config: Arc<Config>,
    stopping: watch::Receiver<()>,
}

impl Serving {
    /// The worker's configuration, which [makes tokens](Config::connection_token) for callers.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Waits until the program has to stop: what axum calls a graceful shutdown signal. Dropping the future does nothing.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // Nothing is ever sent: the end of the sender is the word.
            while stopping.changed().await.is_ok() {}
        }
    }
}

/// How it ended.
pub(crate) struct Ended {
    /// How many calls still run, because they block their threads.
    pub left: usize,
    /// Of what ran beside the worker.
    pub beside: Result<(), Error>,
}

impl Server {
    /// Serves until a signal, or until what runs beside it has ended; then both stop.
    pub(crate) async fn serve_beside(
        self,
        beside: impl AsyncFnOnce(Serving) -> Result<(), BoxError>,
    ) -> Result<Ended, Error> {
        let config = Arc::new(match &self.config {
            Ok(config) => config.clone(),
            Err(_) => return self.serve_until_signals().await.map(|left| Ended { left, beside: Ok(()) }),
        });
        let limit = worker::stop_limit(config.shutdown_timeout);
        let (first, second) = signals::listen(limit).await?;
        let mut first = pin!(first);
        let worker = if config.enabled {
            match self.joined_before(first.as_mut()).await? {
                Before::Joined(worker) => Some(worker),
                Before::Stopped(Some(worker)) => {
                    return Ok(Ended { left: Box::pin(worker.stop_or(second)).await, beside: Ok(()) });
                }
                Before::Stopped(None) => return Ok(Ended { left: 0, beside: Ok(()) }),
            }
        } else {
            config.check()?;
            tracing::info!("not serving calls: `enabled` (CENTRIFUGO_ENABLED) is false");
            None
        };

        let (stop, stopping) = watch::channel(());
        let serving = Serving { config, stopping };
        let mut beside = pin!(AssertUnwindSafe(async { beside(serving).await }).catch_unwind());
        let ended = tokio::select! {
            biased;
            () = first.as_mut() => None,
            ended = beside.as_mut() => Some(ended),
        };
        drop(stop);
        // A signal that comes while it stops by itself is the first one.
        let hurry = if ended.is_some() {
            tracing::info!("what runs beside the worker has ended: stopping");
            Either::Left(first)
        } else {
            Either::Right(second)
        };
        let hurry = hurry.shared();
        let stop_worker = async {
            match worker {
                Some(worker) => Box::pin(worker.stop_or(hurry.clone())).await,
                None => 0,
            }
        };
        let stop_beside = async {
            if ended.is_some() {
                return ended;
            }
            tokio::select! {
                biased;
                ended = beside => Some(ended),
                () = alarm(limit) => None,
                () = hurry.clone() => None,
            }
        };
        let (left, ended) = tokio::join!(stop_worker, stop_beside);
        let failed = |what: &str| Error::new(ErrorKind::Other, what);
        let beside = match ended {
            Some(Ok(result)) => result.map_err(|error| failed("what runs beside the worker failed").because(error)),
            // The hook for panics has said where and why.
            Some(Err(_)) => Err(failed("what runs beside the worker panicked")),
            None => {
                tracing::error!("what runs beside the worker did not stop in time: it is cut off");
                Ok(())
            }
        };
        Ok(Ended { left, beside })
    }
}
