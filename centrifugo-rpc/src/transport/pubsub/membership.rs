//! The worker's membership in the group of its request channel: joins it, waits for it, leaves it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::endpoint::Endpoint;
use super::subscription::Subscription;
use crate::centrifugo::Centrifugo;
use crate::centrifugo::identity::Identity;
use crate::error::{Error, ErrorKind};
use crate::group::TICK;

mod alone;
mod cancellations;
mod clock;
mod death_log;
mod foreign_services;
mod latency;
mod order;
mod publisher;
mod retained_request;
mod router;

use alone::check_alone;
use foreign_services::ForeignServices;
use publisher::GroupPublisher;
use router::{RequestRouter, run_timers};

/// The time that reading the history may take before joining.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// The time that joining may take: five state requests without an answer, and a little more.
const JOIN: Timeout = Timeout { least: Duration::from_secs(15), answers: 10 };

/// The time that leaving may take: one proposal, and another one if the first is lost.
const LEAVE: Timeout = Timeout { least: Duration::from_secs(5), answers: 4 };

/// The time that the final report may take.
const FINAL_REPORT: Timeout = Timeout { least: Duration::from_secs(1), answers: 4 };

/// A timeout that grows with the latency of the server API: a fixed time plus that of a number of answers.
#[derive(Debug, Clone, Copy)]
struct Timeout {
    least: Duration,
    answers: u32,
}

/// The timeout for the list of subscribed workers, if only the log needs it.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(2);

/// A worker's membership in the group of its channel.
#[derive(Debug)]
pub(crate) struct Membership {
    identity: Identity,
    router: Arc<RequestRouter>,
    subscription: Subscription,
    status: watch::Receiver<Status>,
    /// The tasks stop when this value is dropped.
    tasks: JoinSet<()>,
}

/// The status of this worker in the group, for the code that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Outside,
    Member,
    Left,
    /// The channel has no history, so there is no group.
    Alone,
}

impl Membership {
    /// Subscribes to the request channel and starts to join the group. From then on requests may run, so the worker
    /// must [`leave`](Self::leave).
    ///
    /// # Errors
    ///
    /// Everything that prevents the subscription.
    pub(crate) async fn start(centrifugo: &Centrifugo, endpoint: Arc<Endpoint>) -> Result<Self, Error> {
        let config = &centrifugo.config;
        let foreign_services =
            ForeignServices::new(&config.request_channel, endpoint.dispatcher().served(config.service.as_deref()));
        let identity = Identity::new(foreign_services.own().clone());
        let (sender, status) = watch::channel(Status::Outside);
        let router = Arc::new(RequestRouter::new(endpoint, &identity.worker, foreign_services, sender));
        let events = Arc::clone(&router);
        let info = identity.info()?;
        let subscription = Subscription::open(centrifugo, &info, move |event| events.on_event(event)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(run_timers(Arc::clone(&router), subscription.liveness()));
        let answers = Arc::clone(&router);
        let publisher = router.publisher().clone();
        tasks.spawn(publisher.run(centrifugo.clone(), subscription.place(), move |answer| answers.on_answer(answer)));
        Ok(Self { identity, router, subscription, status, tasks })
    }

    /// Waits until this worker is a member of the group.
    ///
    /// # Errors
    ///
    /// Everything that prevents joining. If the channel has no history, also another worker.
    pub(crate) async fn joined(&mut self, centrifugo: &Centrifugo) -> Result<(), Error> {
        let channel = &centrifugo.config.request_channel;
        let liveness = self.subscription.liveness();
        let caught_up = async {
            while !liveness.is_live() {
                sleep(Duration::from_millis(TICK)).await;
            }
        };
        let too_long = async {
            // A long history takes time to read.
            let _ = timeout(CATCH_UP_TIMEOUT, caught_up).await;
            time_out(JOIN, self.router.publisher()).await;
        };
        let status = tokio::select! {
            joined = self.status.wait_for(|status| *status != Status::Outside) => joined.ok().map(|status| *status),
            () = too_long => None,
        };
        match status {
            Some(Status::Alone) => check_alone(centrifugo, &self.identity).await,
            Some(_) => {
                // Workers that start later announce themselves. A slow API must not delay the start.
                let present = timeout(PRESENCE_TIMEOUT, centrifugo.api.presence(channel)).await;
                for client in present.ok().and_then(Result::ok).unwrap_or_default() {
                    self.router.foreign_services().check(&client);
                }
                Ok(())
            }
            None => Err(Error::new(
                ErrorKind::Unreachable,
                format!(
                    "the worker group of `{channel}` cannot be joined: what is published through the server API does not arrive \
                     over the WebSocket; CENTRIFUGO_API_URL and CENTRIFUGO_URL must lead to the same Centrifugo (the `doctor` \
                     command says more)"
                ),
            )),
        }
    }

    /// Leaves the group: other workers run later requests, or the next worker that starts. Returns whether that worked;
    /// it does not if Centrifugo is unreachable.
    pub(crate) async fn leave(&mut self, limit: Duration, hurry: impl Future<Output = ()>) -> bool {
        self.router.leave();
        let out = self.status.wait_for(|status| *status != Status::Member);
        let left = tokio::select! {
            left = timeout(limit, out) => left.is_ok(),
            () = time_out(LEAVE, self.router.publisher()) => false,
            () = hurry => false,
        };
        left
    }

    /// Reports that all calls are finished, once they are, and disconnects.
    pub(crate) async fn close(mut self) {
        self.router.wake();
        let out = self.status.wait_for(|status| matches!(status, Status::Left | Status::Alone));
        tokio::select! {
            _ = out => {}
            () = time_out(FINAL_REPORT, self.router.publisher()) => {
                tracing::warn!("the final report to the worker group could not be published");
            }
        }
        self.tasks.shutdown().await;
        self.subscription.close().await;
    }
}

/// Waits until the timeout is over. It grows if the latency grows meanwhile.
async fn time_out(Timeout { least, answers }: Timeout, publisher: &GroupPublisher) {
    let started = Instant::now();
    while let Some(left) = (least + publisher.latency() * answers).checked_sub(started.elapsed()) {
        sleep(left.clamp(Duration::from_millis(1), Duration::from_millis(TICK))).await;
    }
}
