//! A worker that serves: requests in, replies out.

use std::future::{self, Future};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::alarm::alarm;
use super::sharing::Sharing;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::checks::{self, Purpose};
use crate::centrifugo::replies::Replies;
use crate::config::Config;
use crate::dispatch::layers::LayerStack;
use crate::dispatch::reply_queue::ReplyQueue;
use crate::dispatch::{Dispatcher, NEVER};
use crate::error::{Error, shown_url};
use crate::handler::States;
use crate::registry::Registry;

/// How many bytes of replies wait for Centrifugo's server API before calls are held up until their own are away: 128 results of
/// the largest size, or about 200,000 small ones, which is some seconds of a busy worker.
const REPLY_QUEUE_BYTES: usize = 64 << 20;

/// What a stop may take after the shutdown timeout, in all: for the connection to close, and for replies to be sent. With the
/// default timeout of 25 s it is over before Kubernetes kills a process, after 30 s.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What it may take once it is told to hurry: enough to tell callers that their calls were cut off, where Centrifugo is there.
const HURRY: Duration = Duration::from_millis(500);

/// A worker that serves, until it is stopped. See [`Server::start`](crate::Server::start).
///
/// Dropped without [`stop`](Self::stop), it takes no more requests and sends no more replies at once.
#[derive(Debug)]
pub struct Worker {
    centrifugo: Centrifugo,
    dispatcher: Arc<Dispatcher>,
    reply_queue: Arc<ReplyQueue>,
    sharing: Sharing,
    replies: Replies,
    /// Ends when this is dropped.
    telemetry: JoinSet<()>,
}

impl Worker {
    /// Checks Centrifugo, and begins to join those who take requests. Once this has returned there may be some: it has to be
    /// [stopped](Self::stop), whether it has [joined](Self::joined) or not.
    pub(super) async fn start(
        config: &Config,
        registry: Registry,
        states: States,
        layers: LayerStack,
    ) -> Result<Self, Error> {
        let centrifugo = Centrifugo::new(config)?;
        // Large, and over before anything is served: its room is not kept in the future that serves.
        checks::verdict(&Box::pin(checks::run(&centrifugo, Purpose::Start, checks::PATIENCE)).await)?;
        let reply_queue =
            Arc::new(ReplyQueue::with_history_limit(REPLY_QUEUE_BYTES, config.max_remembered_bytes_per_user));
        let dispatcher = Arc::new(Dispatcher::new(config, registry, states, layers, Arc::clone(&reply_queue)));
        let replies = Replies::start(&centrifugo.api, &reply_queue);
        let sharing = Sharing::start(&centrifugo, Arc::clone(&dispatcher)).await?;
        let mut telemetry = JoinSet::new();
        let kept = Arc::clone(&dispatcher);
        telemetry.spawn(async move { kept.run_telemetry().await });
        Ok(Self { centrifugo, dispatcher, reply_queue, sharing, replies, telemetry })
    }

    /// Waits until requests arrive.
    pub(super) async fn joined(&mut self) -> Result<(), Error> {
        self.sharing.joined(&self.centrifugo).await?;
        let config = &self.centrifugo.config;
        let (methods, url) = (self.dispatcher.methods(), shown_url(&config.centrifugo_url));
        tracing::info!(methods, channel = config.request_channel, url, "serving");
        Ok(())
    }

    /// Stops gracefully: leaves the group of workers, so that others run what comes from now on, or the next one to start; calls
    /// that run finish (up to
    /// [`shutdown_timeout`](crate::Config#structfield.shutdown_timeout)), their replies are sent, the connection is closed. All
    /// of it ends within 2 s after the `shutdown_timeout`; what was given up for that is counted in the log.
    ///
    /// Dropping this future stops at once.
    pub async fn stop(self) {
        self.stop_or(future::pending()).await;
    }

    /// The same, but waits for nothing any more when it is told to `hurry`. Says how many calls still run, because they block
    /// their threads.
    pub(super) async fn stop_or(self, hurry: impl Future<Output = ()>) -> usize {
        let Self { centrifugo, dispatcher, reply_queue, mut sharing, replies, telemetry } = self;
        let shutdown_timeout = centrifugo.config.shutdown_timeout;
        let (hurry, limit) = (hurry.shared(), stop_limit(shutdown_timeout));
        let (started, patience) = (Instant::now(), shutdown_timeout.min(NEVER));
        let end = either(alarm(limit), hurry.clone().then(|()| alarm(HURRY)));
        let in_order = async {
            tracing::info!("shutting down: leaving the worker group");
            if !sharing.leave(patience, hurry.clone()).await {
                tracing::warn!(
                    "the worker group could not be left: calls are refused from now on until the others notice"
                );
            }
            tracing::info!("waiting for the calls that run");
            dispatcher.drain(either(alarm(patience.saturating_sub(started.elapsed())), hurry)).await;
            // Those who are told that all is finished believe it.
            reply_queue.drained().await;
            sharing.close().await;
            dispatcher.wait_idle().await;
            replies.finish(Instant::now() + limit).await;
        };
        tokio::select! {
            biased;
            () = in_order => {}
            () = end => {}
        }
        drop(telemetry);
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

/// How long a stop takes at most.
pub(super) fn stop_limit(shutdown_timeout: Duration) -> Duration {
    shutdown_timeout.min(NEVER) + STOP_GRACE
}
