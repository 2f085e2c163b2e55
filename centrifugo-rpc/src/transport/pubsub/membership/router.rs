//! Passes publications to the rules of the group, and requests that the rules assign to this worker to the endpoint.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::Status;
use super::cancellations::Cancellations;
use super::clock::Clock;
use super::death_log;
use super::foreign_services::ForeignServices;
use super::order::ChannelOrder;
use super::publisher::{Answer, GroupPublisher};
use super::retained_request::RetainedRequest;
use crate::centrifugo::identity;
use crate::group::{Action, Envelope, Group, MemberStatus, TICK};
use crate::transport::pubsub::endpoint::Endpoint;
use crate::transport::pubsub::rejections::may_cancel;
use crate::transport::pubsub::replies::completion::{CompletionGuard, Completions};
use crate::transport::pubsub::subscription::{Arrival, Delivery, Event, Liveness};

/// The bytes of requests that a worker retains of other workers, so that it can answer for them if they die: some
/// seconds of the busiest channel. As many again while it joins.
const RETAINED_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct RequestRouter {
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
    order: ChannelOrder,
    cancellations: Cancellations,
    actions: Vec<Action<RetainedRequest>>,
}

/// Drives the timers of the group.
pub(super) async fn run_timers(router: Arc<RequestRouter>, liveness: Liveness) {
    let mut ticks = interval(Duration::from_millis(TICK));
    // After a pause one tick is enough: silence of other workers proves nothing while nothing was read.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ticked = tokio::select! {
            _ = ticks.tick() => true,
            () = router.wake.notified() => false,
        };
        if ticked {
            router.endpoint.resume_if_stalled();
        }
        router.advance(ticked, liveness.is_live());
    }
}

impl RequestRouter {
    pub(super) fn new(
        endpoint: Arc<Endpoint>,
        worker: &str,
        foreign_services: ForeignServices,
        status: watch::Sender<Status>,
    ) -> Self {
        Self {
            endpoint,
            state: Mutex::new(State {
                group: Group::new(worker, RETAINED_BYTES),
                order: ChannelOrder::default(),
                cancellations: Cancellations::default(),
                actions: Vec::new(),
            }),
            completions: Arc::default(),
            clock: Clock::new(),
            publisher: GroupPublisher::default(),
            foreign_services,
            wake: Notify::new(),
            status,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the rules leave the group.
    pub(super) fn leave(&self) {
        self.state().group.leave();
        self.wake.notify_one();
    }

    /// Has the rules look for messages to send.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// The messages of this worker to the others.
    pub(super) fn publisher(&self) -> &GroupPublisher {
        &self.publisher
    }

    pub(super) fn foreign_services(&self) -> &ForeignServices {
        &self.foreign_services
    }

    pub(super) fn on_answer(&self, answer: Answer) {
        match answer {
            Answer::Presence(clients) => self.state().group.presence(clients),
            Answer::Behind => self.state().group.publish_state_soon(),
            Answer::Nothing => return,
        }
        self.wake.notify_one();
    }

    pub(super) fn on_event(&self, event: Event) {
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
        if !state.order.has_history() {
            tracing::error!(
                "the request channel has a history now: restart this worker, so that others can run beside it"
            );
            return;
        }
        state.cancellations.clear();
        state.group.begin(epoch, first);
        self.wake.notify_one();
    }

    fn on_unordered(&self) {
        if self.state().order.has_no_history() {
            self.status.send_replace(Status::Alone);
        } else {
            tracing::error!(
                "the request channel has no history any more, and several workers would each run every call: no calls are run \
                 until it has one again, or this worker is restarted alone"
            );
        }
    }

    /// Handles a publication: a request for this worker or another one, or a message between workers.
    fn on_delivery(&self, mut delivery: Delivery) {
        let now = self.clock.now();
        let mut state = self.state();
        let State { group, order, cancellations, actions, .. } = &mut *state;
        if !order.admits(delivery.offset) {
            tracing::debug!("a publication without a place in the order of the channel");
            return;
        }
        let Some(caller) = delivery.caller.take() else {
            if order.is_ordered() {
                self.on_message(group, &delivery, now, actions);
                self.act(group, cancellations, actions);
            }
            return;
        };
        if !order.is_ordered() {
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
        let State { group, order, cancellations, actions } = &mut *state;
        if !order.is_ordered() {
            return;
        }
        let telemetry = self.endpoint.dispatcher().telemetry();
        let more = group.dropped() - telemetry.not_retained();
        if ticked && more > 0 {
            telemetry.requests_not_retained(more);
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

fn log_status(group: &Group<RetainedRequest>, status: Status) {
    let (me, members) = (group.me(), group.view().map_or(0, |view| view.members.len()));
    match status {
        Status::Member => tracing::info!(%me, members, "a member of the worker group"),
        Status::Outside => tracing::info!(%me, members, "not a member of the worker group any more"),
        Status::Left | Status::Alone => {}
    }
}
