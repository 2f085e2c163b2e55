//! Runs a worker and another task in one program, such as an HTTP server: one start, one stop, one exit code.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::sync::watch;

use super::watchdog::watchdog_timer;
use super::{Server, StartOutcome, signals, worker};
use crate::config::Config;
use crate::error::{BoxError, Error, ErrorKind};

/// The handle for a task that runs beside a worker. See [`Server::run_with`].
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

    /// Waits until the program has to stop: axum calls this a graceful shutdown signal. Dropping the future has no
    /// effect.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            // No value is ever sent: dropping the sender is the signal.
            while stopping.changed().await.is_ok() {}
        }
    }
}

/// The outcome of a worker and the task beside it.
pub(crate) struct Ended {
    /// The number of calls that still run because they block their threads; `None` if the program was stopped before
    /// the worker began.
    pub left: Option<usize>,
    /// The result of the task beside the worker.
    pub beside: Result<(), Error>,
}

impl Server {
    /// Serves until a signal or until the task beside the worker ends; then stops both.
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
            match self.join_or_stop(first.as_mut()).await? {
                StartOutcome::Joined(worker) => Some(worker),
                StartOutcome::Stopped(Some(worker)) => {
                    return Ok(Ended { left: Some(Box::pin(worker.stop_or(second)).await), beside: Ok(()) });
                }
                StartOutcome::Stopped(None) => return Ok(Ended { left: None, beside: Ok(()) }),
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
        // If it stops without a signal, a signal during the stop is the first one.
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
                () = watchdog_timer(limit) => None,
                () = hurry.clone() => None,
            }
        };
        let (left, ended) = tokio::join!(stop_worker, stop_beside);
        let failed = |what: &str| Error::new(ErrorKind::Other, what);
        let beside = match ended {
            Some(Ok(result)) => result.map_err(|error| failed("what runs beside the worker failed").because(error)),
            // The panic hook has logged where and why.
            Some(Err(_)) => Err(failed("what runs beside the worker panicked")),
            None => {
                tracing::error!("what runs beside the worker did not stop in time: it is cut off");
                Ok(())
            }
        };
        Ok(Ended { left: Some(left), beside })
    }
}
