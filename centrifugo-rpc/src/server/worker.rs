//! A running worker: requests in, replies out.

use std::future::{self, Future};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::watchdog::watchdog_timer;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::checks::{self, Purpose};
use crate::config::Config;
use crate::engine::dispatcher::{Dispatcher, NEVER};
use crate::engine::layers::LayerStack;
use crate::engine::telemetry::Telemetry;
use crate::error::{Error, shown_url};
use crate::service::registry::Registry;
use crate::service::states::States;
use crate::transport::pubsub::endpoint::Endpoint;
use crate::transport::pubsub::membership::Membership;
use crate::transport::pubsub::replies::publisher::Publisher;
use crate::transport::pubsub::replies::queue::ReplyQueue;

/// The bytes of queued replies from which on calls wait until their own reply has left: 128 results of the largest
/// size, or about 200,000 small ones, which is some seconds of a busy worker.
const REPLY_QUEUE_BYTES: usize = 64 << 20;

/// The time that a stop may take after the shutdown timeout, to send replies and to close the connection. With the
/// default timeout of 25 s, the stop ends before Kubernetes kills the process after 30 s.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// The time that a stop may take after the signal to hurry: enough to tell callers that their calls were cut off, if
/// Centrifugo is reachable.
const HURRIED_STOP: Duration = Duration::from_millis(500);

/// A worker that serves until it is stopped. See [`Server::start`](crate::Server::start).
///
/// Dropped without [`stop`](Self::stop), it takes no more requests and sends no more replies at once.
#[derive(Debug)]
pub struct Worker {
    centrifugo: Centrifugo,
    dispatcher: Arc<Dispatcher>,
    endpoint: Arc<Endpoint>,
    reply_queue: Arc<ReplyQueue>,
    membership: Membership,
    publisher: Publisher,
    /// The log of suppressed events. Stops when this value is dropped.
    log: JoinSet<()>,
}

impl Worker {
    /// Checks Centrifugo and starts to join the worker group. After this returns, requests may arrive: the worker must
    /// be [stopped](Self::stop), whether it has [joined](Self::joined) or not.
    pub(super) async fn start(
        config: &Config,
        registry: Registry,
        states: States,
        layers: LayerStack,
    ) -> Result<Self, Error> {
        let centrifugo = Centrifugo::new(config)?;
        // Boxed because it is large and ends before the worker serves: it takes no room in the future that serves.
        checks::verdict(&Box::pin(checks::run(&centrifugo, Purpose::Start, checks::STARTUP_TIMEOUT)).await)?;
        let telemetry = Arc::<Telemetry>::default();
        let max_per_user = config.max_remembered_bytes_per_user;
        let reply_queue = Arc::new(ReplyQueue::new(REPLY_QUEUE_BYTES, max_per_user, Arc::clone(&telemetry)));
        let dispatcher = Arc::new(Dispatcher::new(config, registry, states, layers, Arc::clone(&telemetry)));
        let endpoint =
            Arc::new(Endpoint::new(Arc::clone(&dispatcher), &config.reply_namespace, Arc::clone(&reply_queue)));
        let publisher = Publisher::start(&centrifugo.api, &reply_queue);
        let membership = Membership::start(&centrifugo, Arc::clone(&endpoint)).await?;
        let mut log = JoinSet::new();
        let transport = Arc::clone(&endpoint);
        log.spawn(async move { telemetry.run(|| transport.log_overdue()).await });
        Ok(Self { centrifugo, dispatcher, endpoint, reply_queue, membership, publisher, log })
    }

    /// Waits until requests arrive.
    pub(super) async fn joined(&mut self) -> Result<(), Error> {
        self.membership.joined(&self.centrifugo).await?;
        let config = &self.centrifugo.config;
        let (methods, url) = (self.dispatcher.methods(), shown_url(&config.centrifugo_url));
        tracing::info!(methods, channel = config.request_channel, url, "serving");
        Ok(())
    }

    /// Stops gracefully: leaves the worker group, so that other workers or the next one to start run later calls; calls
    /// in flight finish (up to [`shutdown_timeout`](crate::Config#structfield.shutdown_timeout)), their replies are
    /// sent, and the connection is closed. All of this ends within 2 s after the `shutdown_timeout`; the log counts
    /// what is given up.
    ///
    /// Dropping this future stops at once.
    pub async fn stop(self) {
        self.stop_or(future::pending()).await;
    }

    /// Like [`stop`](Self::stop), but stops waiting when `hurry` is ready. Returns the number of calls that still run
    /// because they block their threads.
    pub(super) async fn stop_or(self, hurry: impl Future<Output = ()>) -> usize {
        let Self { centrifugo, dispatcher, endpoint, reply_queue, mut membership, publisher, log } = self;
        let shutdown_timeout = centrifugo.config.shutdown_timeout;
        let (hurry, limit) = (hurry.shared(), stop_limit(shutdown_timeout));
        let (started, drain_timeout) = (Instant::now(), shutdown_timeout.min(NEVER));
        let end = either(watchdog_timer(limit), hurry.clone().then(|()| watchdog_timer(HURRIED_STOP)));
        let in_order = async {
            tracing::info!("shutting down: leaving the worker group");
            if !membership.leave(drain_timeout, hurry.clone()).await {
                tracing::warn!(
                    "the worker group could not be left: calls are refused from now on until the others notice"
                );
            }
            tracing::info!("waiting for the calls in flight");
            dispatcher.drain(either(watchdog_timer(drain_timeout.saturating_sub(started.elapsed())), hurry)).await;
            // Other workers rely on the report that all calls are finished, so every reply must be sent before.
            reply_queue.drained().await;
            membership.close().await;
            dispatcher.wait_idle().await;
            publisher.finish(Instant::now() + limit).await;
        };
        tokio::select! {
            biased;
            () = in_order => {}
            () = end => {}
        }
        // The publisher is dropped at the end of this function: replies on their way still count as pending.
        drop(log);
        endpoint.log_suppressed();
        let left = dispatcher.report();
        let waiting = reply_queue.pending();
        if waiting > 0 {
            tracing::error!(replies = waiting, "replies that Centrifugo did not take in time are given up");
            reply_queue.record_lost(waiting as u64, "Centrifugo did not take them before the worker stopped");
        }
        match reply_queue.lost() {
            0 => tracing::info!("stopped"),
            lost => tracing::error!(lost, "stopped; replies were lost since the start"),
        }
        left
    }
}

async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => {}
        () = other => {}
    }
}

/// The longest time that a stop takes.
pub(super) fn stop_limit(shutdown_timeout: Duration) -> Duration {
    shutdown_timeout.min(NEVER) + STOP_GRACE
}
