//! A worker that serves: requests in, replies out.

use std::future::{self, Future};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::centrifugo::Centrifugo;
use crate::centrifugo::checks::{self, Purpose};
use crate::centrifugo::replies::Replies;
use crate::centrifugo::subscription::{Delivery, Subscription};
use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::dispatch::outbox::{GRACE, Outbox};
use crate::dispatch::service::Stack;
use crate::error::{Error, shown_url};
use crate::handler::States;
use crate::registry::Registry;

/// How many bytes of replies wait for Centrifugo's server API before calls are held up until their own are away: 128 results of
/// the largest size, or about 200,000 small ones, which is some seconds of a busy worker.
const OUTBOX_BYTES: usize = 64 << 20;

/// A worker that serves, until it is stopped. See [`Server::start`](crate::Server::start).
///
/// Dropped without [`stop`](Self::stop), it takes no more requests and sends no more replies at once.
#[derive(Debug)]
pub struct Worker {
    dispatcher: Arc<Dispatcher>,
    outbox: Arc<Outbox>,
    subscription: Subscription,
    replies: Replies,
    shutdown_timeout: Duration,
}

impl Worker {
    /// Checks Centrifugo, and begins to take requests and to send replies.
    pub(super) async fn start(
        config: &Config,
        registry: Registry,
        states: States,
        stack: Stack,
    ) -> Result<Self, Error> {
        let centrifugo = Centrifugo::new(config)?;
        checks::verdict(&checks::run(&centrifugo, Purpose::Start, checks::PATIENCE).await)?;
        let methods = registry.len();
        let outbox = Arc::new(Outbox::remembering(OUTBOX_BYTES, config.max_remembered_bytes_per_user));
        let dispatcher = Arc::new(Dispatcher::new(config, registry, states, stack, Arc::clone(&outbox)));
        let replies = Replies::start(&centrifugo.api, &outbox);
        let deliver = {
            let dispatcher = Arc::clone(&dispatcher);
            move |delivery: Delivery| match delivery.caller {
                Some(caller) => dispatcher.accept(&delivery.data, caller, delivery.since.elapsed()),
                // Only the server API publishes without a caller, and only operators have its key.
                None => {
                    tracing::debug!(
                        offset = delivery.offset,
                        "a message of a worker group, which this version has none of"
                    );
                }
            }
        };
        let subscription = Subscription::open(&centrifugo, deliver).await?;
        tracing::info!(methods, channel = config.request_channel, url = shown_url(&config.centrifugo_url), "serving");
        Ok(Self { dispatcher, outbox, subscription, replies, shutdown_timeout: config.shutdown_timeout })
    }

    /// Stops gracefully: no new calls, those that run finish (up to
    /// [`shutdown_timeout`](crate::Config#structfield.shutdown_timeout)), their replies are sent, the connection is closed.
    ///
    /// Dropping this future stops at once.
    pub async fn stop(self) {
        self.stop_or(future::pending()).await;
    }

    /// The same, but waits for running calls only until it is told to `hurry`.
    pub(super) async fn stop_or(self, hurry: impl Future<Output = ()>) {
        tracing::info!("shutting down: no new calls, waiting for those that run");
        self.dispatcher.drain(self.shutdown_timeout, hurry).await;
        self.subscription.close().await;
        self.dispatcher.finished().await;
        self.replies.finish(Instant::now() + GRACE).await;
        let waiting = self.outbox.waiting();
        if waiting > 0 {
            tracing::error!(replies = waiting, "replies that Centrifugo did not take in time are given up");
            self.outbox.lose(waiting as u64, "Centrifugo did not take them before the worker stopped");
        }
        match self.outbox.lost() {
            0 => tracing::info!("stopped"),
            lost => tracing::error!(lost, "stopped; replies were lost since the start"),
        }
    }
}
