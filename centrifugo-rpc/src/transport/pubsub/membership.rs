//! The worker's membership in the group of its request channel: connects the subscription, the rules of the group and
//! the dispatcher.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::endpoint::Endpoint;
use super::rejections::may_cancel;
use super::replies::completion::{CompletionGuard, Completions};
use super::subscription::{Arrival, Delivery, Event, Liveness, Subscription};
use crate::centrifugo::Centrifugo;
use crate::centrifugo::identity::{self, Identity};
use crate::centrifugo::tokens::WORKER_USER;
use crate::error::{Error, ErrorKind};
use crate::group::{Action, Envelope, Group, MemberStatus, TICK};

mod cancellations;
mod clock;
mod death_log;
mod foreign_services;
mod latency;
mod publisher;
mod retained_request;

use cancellations::Cancellations;
use clock::Clock;
use foreign_services::ForeignServices;
use publisher::{Answer, GroupPublisher};
use retained_request::RetainedRequest;

/// The bytes of requests that a worker retains of other workers, so that it can answer for them if they die: some
/// seconds of the busiest channel. As many again while it joins.
const RETAINED_BYTES: usize = 64 << 20;

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
    shared: Arc<Shared>,
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

#[derive(Debug)]
struct Shared {
    endpoint: Arc<Endpoint>,
    state: Mutex<State>,
    completions: Arc<Completions>,
    clock: Clock,
    publisher: GroupPublisher,
    foreign_services: ForeignServices,
    /// Notified when the group may have messages to send.
    wake: Notify,
    status: watch::Sender<Status>,
}

#[derive(Debug)]
struct State {
    group: Group<RetainedRequest>,
    order: Order,
    cancellations: Cancellations,
    actions: Vec<Action<RetainedRequest>>,
    /// The number of dropped requests of other workers that was logged already.
    dropped: u64,
}

/// The order of the publications in the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Unknown,
    Ordered,
    /// No history: every request is this worker's, because there is no other worker.
    Unordered,
    /// The history was removed while there may have been other workers: the owner of a request is undefined now.
    Lost,
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
        let shared = Arc::new(Shared {
            endpoint,
            state: Mutex::new(State {
                group: Group::new(&identity.worker, RETAINED_BYTES),
                order: Order::Unknown,
                cancellations: Cancellations::default(),
                actions: Vec::new(),
                dropped: 0,
            }),
            completions: Arc::default(),
            clock: Clock::new(),
            publisher: GroupPublisher::default(),
            foreign_services,
            wake: Notify::new(),
            status: sender,
        });
        let events = Arc::clone(&shared);
        let info = identity.info()?;
        let subscription = Subscription::open(centrifugo, &info, move |event| events.on_event(event)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(run_timers(Arc::clone(&shared), subscription.liveness()));
        let answers = Arc::clone(&shared);
        let publisher = shared.publisher.clone();
        tasks.spawn(publisher.run(centrifugo.clone(), subscription.place(), move |answer| answers.on_answer(answer)));
        Ok(Self { identity, shared, subscription, status, tasks })
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
            self.shared.time_out(JOIN).await;
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
                    self.shared.foreign_services.check(&client);
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
        self.shared.state().group.leave();
        self.shared.wake.notify_one();
        let out = self.status.wait_for(|status| *status != Status::Member);
        let left = tokio::select! {
            left = timeout(limit, out) => left.is_ok(),
            () = self.shared.time_out(LEAVE) => false,
            () = hurry => false,
        };
        left
    }

    /// Reports that all calls are finished, once they are, and disconnects.
    pub(crate) async fn close(mut self) {
        self.shared.wake.notify_one();
        let out = self.status.wait_for(|status| matches!(status, Status::Left | Status::Alone));
        tokio::select! {
            _ = out => {}
            () = self.shared.time_out(FINAL_REPORT) => {
                tracing::warn!("the final report to the worker group could not be published");
            }
        }
        self.tasks.shutdown().await;
        self.subscription.close().await;
    }
}

/// Checks that no other worker runs: without history, only one may.
async fn check_alone(centrifugo: &Centrifugo, identity: &Identity) -> Result<(), Error> {
    let channel = &centrifugo.config.request_channel;
    let namespace = crate::protocol::namespace(channel);
    let present = centrifugo.api.presence(channel).await.unwrap_or_default();
    let other = present.iter().any(|client| client.user == WORKER_USER && !identity.is(client));
    if other {
        return Err(Error::new(
            ErrorKind::Setup,
            format!(
                "another worker is subscribed to `{channel}`, and without a history both would run every call: set \
                 `history_size` to 10000, `history_ttl` to \"60s\" and `force_recovery` to true in `{namespace}`, or run one \
                 worker"
            ),
        ));
    }
    tracing::warn!(channel, "the channel has no history that can be recovered, so only one worker may run: this one");
    Ok(())
}

fn log_status(group: &Group<RetainedRequest>, status: Status) {
    let (me, members) = (group.me(), group.view().map_or(0, |view| view.members.len()));
    match status {
        Status::Member => tracing::info!(%me, members, "a member of the worker group"),
        Status::Outside => tracing::info!(%me, members, "not a member of the worker group any more"),
        Status::Left | Status::Alone => {}
    }
}

/// Drives the timers of the group.
async fn run_timers(shared: Arc<Shared>, liveness: Liveness) {
    let mut ticks = interval(Duration::from_millis(TICK));
    // After a pause one tick is enough: silence of other workers proves nothing while nothing was read.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ticked = tokio::select! {
            _ = ticks.tick() => true,
            () = shared.wake.notified() => false,
        };
        if ticked {
            shared.endpoint.resume_if_stalled();
        }
        shared.advance(ticked, liveness.is_live());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the timeout is over. It grows if the latency grows meanwhile.
    async fn time_out(&self, Timeout { least, answers }: Timeout) {
        let started = Instant::now();
        while let Some(left) = (least + self.publisher.latency() * answers).checked_sub(started.elapsed()) {
            sleep(left.clamp(Duration::from_millis(1), Duration::from_millis(TICK))).await;
        }
    }

    fn on_answer(&self, answer: Answer) {
        match answer {
            Answer::Presence(clients) => self.state().group.presence(clients),
            Answer::Behind => self.state().group.publish_state_soon(),
            Answer::Nothing => return,
        }
        self.wake.notify_one();
    }

    fn on_event(&self, event: Event) {
        match event {
            Event::Arrived(Arrival::Published(delivery)) => self.on_delivery(delivery),
            Event::Arrived(Arrival::Begins { epoch, first }) => self.on_stream_start(&epoch, first),
            Event::Arrived(Arrival::Unordered) => self.on_unordered(),
            Event::WentBack => self.endpoint.suspend_reply_history(),
            Event::Joined(client) => {
                if let Some(worker) = identity::worker(&client) {
                    self.state().group.joined(&client.client, &worker);
                    self.foreign_services.check(&client);
                }
            }
            Event::Left(client) => {
                if let Some(worker) = identity::worker(&client) {
                    self.state().group.left(&client.client, &worker);
                }
            }
        }
    }

    fn on_stream_start(&self, epoch: &str, first: u64) {
        let mut state = self.state();
        if state.order == Order::Unordered {
            tracing::error!(
                "the request channel has a history now: restart this worker, so that others can run beside it"
            );
            return;
        }
        state.order = Order::Ordered;
        state.cancellations.clear();
        state.group.begin(epoch, first);
        self.wake.notify_one();
    }

    fn on_unordered(&self) {
        let mut state = self.state();
        if matches!(state.order, Order::Ordered | Order::Lost) {
            tracing::error!(
                "the request channel has no history any more, and several workers would each run every call: no calls are run \
                 until it has one again, or this worker is restarted alone"
            );
            state.order = Order::Lost;
        } else {
            state.order = Order::Unordered;
            self.status.send_replace(Status::Alone);
        }
    }

    /// Handles a publication: a request for this worker or another one, or a message between workers.
    fn on_delivery(&self, mut delivery: Delivery) {
        let now = self.clock.now();
        let mut state = self.state();
        let State { group, order, cancellations, actions, .. } = &mut *state;
        if *order == Order::Lost || *order == Order::Ordered && delivery.offset == 0 {
            tracing::debug!("a publication without a place in the order of the channel");
            return;
        }
        let Some(caller) = delivery.caller.take() else {
            if *order == Order::Ordered {
                self.on_message(group, &delivery, now, actions);
                self.act(group, cancellations, actions);
            }
            return;
        };
        if *order != Order::Ordered {
            // Requests that were stored before this worker started, while the channel had a history.
            if let Some(since) = delivery.since {
                self.endpoint.accept(&delivery.data, caller, since.elapsed(), None);
            }
            return;
        }
        // Every worker handles a cancellation, because any of them may run the call.
        if may_cancel(&delivery.data)
            && let Some(call) = self.endpoint.cancel(&delivery.data, &caller)
        {
            cancellations.add(call, delivery.offset);
            return group.skip(delivery.offset);
        }
        let request = RetainedRequest::new(delivery.data, caller, delivery.since, Arc::clone(&self.endpoint));
        group.request(delivery.offset, request, now, actions);
        self.act(group, cancellations, actions);
    }

    fn on_message(
        &self,
        group: &mut Group<RetainedRequest>,
        delivery: &Delivery,
        now: u64,
        actions: &mut Vec<Action<RetainedRequest>>,
    ) {
        match serde_json::from_slice::<Envelope>(&delivery.data) {
            Ok(envelope) => {
                tracing::trace!(offset = delivery.offset, message = ?envelope.group, "a message of the worker group");
                let dead = envelope.group.message.dead().to_vec();
                group.message(delivery.offset, envelope.group, now, actions);
                death_log::log_deaths(group, delivery.offset, &dead, actions);
                self.wake.notify_one();
            }
            Err(_) => group.skip(delivery.offset),
        }
    }

    fn advance(&self, ticked: bool, live: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        let State { group, order, cancellations, actions, dropped } = &mut *state;
        if *order != Order::Ordered {
            return;
        }
        let more = group.dropped() - *dropped;
        if ticked && more > 0 {
            *dropped += more;
            self.endpoint.dispatcher().telemetry().requests_not_retained(more);
            tracing::warn!(
                count = more,
                "too many requests of other workers are in flight to retain them all: if their worker dies, their callers time out"
            );
        }
        self.completions.drain(|generation, offset| group.finished(generation, offset));
        if ticked {
            group.tick(now, live, actions);
        } else {
            group.poll(live, actions);
        }
        self.act(group, cancellations, actions);
        let status = match group.status() {
            MemberStatus::Outside => Status::Outside,
            MemberStatus::Member => Status::Member,
            MemberStatus::Left => Status::Left,
        };
        let before = *self.status.borrow();
        if before != status {
            // Logged before the waiting code continues, so that log lines are in order.
            log_status(group, status);
            self.status.send_replace(status);
        }
    }

    fn act(
        &self,
        group: &Group<RetainedRequest>,
        cancellations: &Cancellations,
        actions: &mut Vec<Action<RetainedRequest>>,
    ) {
        for action in actions.drain(..) {
            match action {
                Action::Run { offset, request, after } => {
                    let age = request.age(after.map(|after| self.clock.since(after)));
                    let completion = CompletionGuard::new(&self.completions, group.generation(), offset);
                    // The call may have been cancelled while it waited without an owner or belonged to another worker.
                    let (rejected, request) = if cancellations.after(offset) {
                        request.split_cancelled(|call| cancellations.has(offset, call))
                    } else {
                        (None, Some(request))
                    };
                    if let Some(request) = rejected {
                        request.reject_cancelled();
                    }
                    if let Some(request) = request {
                        request.run(age, completion);
                    }
                }
                Action::Lost { offset, request } => {
                    tracing::debug!(offset, "the worker that had this request is gone");
                    request.reject_lost();
                }
                Action::Publish(sent) => self.publisher.publish(Envelope { group: sent }),
                Action::QueryPresence => self.publisher.query_presence(),
            }
        }
    }
}
