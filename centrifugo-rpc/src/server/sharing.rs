//! Shares the request channel with other workers: from the subscription through the rules of the group to the dispatcher.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::centrifugo::Centrifugo;
use crate::centrifugo::identity::{self, Identity};
use crate::centrifugo::subscription::{Arrival, Delivery, Event, Liveness, Subscription};
use crate::centrifugo::tokens::WORKER_USER;
use crate::dispatch::completion::{CompletionGuard, Completions};
use crate::dispatch::{Dispatcher, may_cancel};
use crate::error::{Error, ErrorKind};
use crate::group::{Action, Envelope, Group, Standing, TICK};

mod cancelled;
mod clock;
mod deaths;
mod latency;
mod remembered;
mod strangers;
mod voice;

use cancelled::Cancelled;
use clock::Clock;
use remembered::Remembered;
use strangers::Strangers;
use voice::{Heard, Voice};

/// How many bytes of requests a worker remembers of others, so that it can speak for them should they die: some seconds of the
/// busiest channel. As many again while it joins.
const MEMORY: usize = 64 << 20;

/// How long reading the history may take before that.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a worker may take to be a member: five questions that nobody answers, and a little more.
const JOIN: Patience = Patience { least: Duration::from_secs(15), answers: 10 };

/// How long leaving may take: a proposal, and another one should that be lost.
const LEAVE: Patience = Patience { least: Duration::from_secs(5), answers: 4 };

/// How long the last word may take.
const FAREWELL: Patience = Patience { least: Duration::from_secs(1), answers: 4 };

/// How long something may take: a time, and as long as the server API takes for so many answers.
#[derive(Debug, Clone, Copy)]
struct Patience {
    least: Duration,
    answers: u32,
}

/// How long the question may take who else is subscribed, where only the log waits for the answer.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(2);

/// A worker's part in the group of its channel.
#[derive(Debug)]
pub(super) struct Sharing {
    identity: Identity,
    shared: Arc<Shared>,
    subscription: Subscription,
    standing: watch::Receiver<Stand>,
    /// End when this is dropped.
    tasks: JoinSet<()>,
}

/// Where this worker stands, as far as others wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Outside,
    Member,
    Left,
    /// There is no history, and so no group.
    Alone,
}

#[derive(Debug)]
struct Shared {
    dispatcher: Arc<Dispatcher>,
    state: Mutex<State>,
    finished: Arc<Completions>,
    clock: Clock,
    voice: Voice,
    strangers: Strangers,
    /// There may be something to say.
    wake: Notify,
    standing: watch::Sender<Stand>,
}

#[derive(Debug)]
struct State {
    group: Group<Remembered>,
    order: Order,
    cancelled: Cancelled,
    actions: Vec<Action<Remembered>>,
    /// How many requests of others were too many to remember, as far as that was logged.
    forgotten: u64,
}

/// What the channel is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Unknown,
    Ordered,
    /// Without history: every request is this worker's, as there can be no other.
    Unordered,
    /// The history went away while there may have been others: nobody could say any more who runs what.
    Lost,
}

impl Sharing {
    /// Subscribes to the request channel, and begins to join the group. From then on requests may be run, so that it has to be
    /// left again: see [`leave`](Self::leave).
    ///
    /// # Errors
    ///
    /// Whatever keeps it from subscribing.
    pub(super) async fn start(centrifugo: &Centrifugo, dispatcher: Arc<Dispatcher>) -> Result<Self, Error> {
        let config = &centrifugo.config;
        let strangers = Strangers::new(&config.request_channel, dispatcher.served(config.service.as_deref()));
        let identity = Identity::new(strangers.own().clone());
        let (sender, standing) = watch::channel(Stand::Outside);
        let shared = Arc::new(Shared {
            dispatcher,
            state: Mutex::new(State {
                group: Group::new(&identity.worker, MEMORY),
                order: Order::Unknown,
                cancelled: Cancelled::default(),
                actions: Vec::new(),
                forgotten: 0,
            }),
            finished: Arc::default(),
            clock: Clock::new(),
            voice: Voice::default(),
            strangers,
            wake: Notify::new(),
            standing: sender,
        });
        let events = Arc::clone(&shared);
        let info = identity.info()?;
        let subscription = Subscription::open(centrifugo, &info, move |event| events.on_event(event)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_time(Arc::clone(&shared), subscription.liveness()));
        let heard = Arc::clone(&shared);
        let voice = shared.voice.clone();
        tasks.spawn(voice.run(centrifugo.clone(), subscription.place(), move |what| heard.on_heard(what)));
        Ok(Self { identity, shared, subscription, standing, tasks })
    }

    /// Waits until it is a member of the group.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from joining; where the channel has no history, that there is another worker.
    pub(super) async fn joined(&mut self, centrifugo: &Centrifugo) -> Result<(), Error> {
        let channel = &centrifugo.config.request_channel;
        let liveness = self.subscription.liveness();
        let caught_up = async {
            while !liveness.is_live() {
                sleep(Duration::from_millis(TICK)).await;
            }
        };
        let too_long = async {
            // A long history takes its time.
            let _ = timeout(CATCH_UP_TIMEOUT, caught_up).await;
            self.shared.end_of(JOIN).await;
        };
        let stand = tokio::select! {
            joined = self.standing.wait_for(|standing| *standing != Stand::Outside) => joined.ok().map(|stand| *stand),
            () = too_long => None,
        };
        match stand {
            Some(Stand::Alone) => nobody_else(centrifugo, &self.identity).await,
            Some(_) => {
                // Workers that come later announce themselves. A slow API must not hold up the start.
                let present = timeout(PRESENCE_TIMEOUT, centrifugo.api.presence(channel)).await;
                for client in present.ok().and_then(Result::ok).unwrap_or_default() {
                    self.shared.strangers.look_at(&client);
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

    /// Leaves the group: others run what comes from now on, or nobody does until another worker starts. Says whether that
    /// worked; it does not where Centrifugo is away.
    pub(super) async fn leave(&mut self, limit: Duration, hurry: impl Future<Output = ()>) -> bool {
        self.shared.state().group.leave();
        self.shared.wake.notify_one();
        let out = self.standing.wait_for(|standing| *standing != Stand::Member);
        let left = tokio::select! {
            left = timeout(limit, out) => left.is_ok(),
            () = self.shared.end_of(LEAVE) => false,
            () = hurry => false,
        };
        left
    }

    /// Says that all is finished, once all is, and disconnects.
    pub(super) async fn close(mut self) {
        self.shared.wake.notify_one();
        let out = self.standing.wait_for(|standing| matches!(standing, Stand::Left | Stand::Alone));
        tokio::select! {
            _ = out => {}
            () = self.shared.end_of(FAREWELL) => {
                tracing::warn!("the other workers could not be told that this one is finished");
            }
        }
        self.tasks.shutdown().await;
        self.subscription.close().await;
    }
}

/// Without history only one worker may run: the one that was there first.
async fn nobody_else(centrifugo: &Centrifugo, identity: &Identity) -> Result<(), Error> {
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

fn tell(group: &Group<Remembered>, standing: Stand) {
    let (me, members) = (group.me(), group.view().map_or(0, |view| view.members.len()));
    match standing {
        Stand::Member => tracing::info!(%me, members, "a member of the worker group"),
        Stand::Outside => tracing::info!(%me, members, "not a member of the worker group any more"),
        Stand::Left | Stand::Alone => {}
    }
}

/// Lets time pass for the group.
async fn keep_time(shared: Arc<Shared>, liveness: Liveness) {
    let mut ticks = interval(Duration::from_millis(TICK));
    // After a pause one tick is enough: what others did not say while nothing was read means nothing.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ticked = tokio::select! {
            _ = ticks.tick() => true,
            () = shared.wake.notified() => false,
        };
        if ticked {
            shared.dispatcher.resume_if_stalled();
        }
        shared.pass(ticked, liveness.is_live());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for as long as there is patience, which may become more meanwhile.
    async fn end_of(&self, Patience { least, answers }: Patience) {
        let started = Instant::now();
        while let Some(left) = (least + self.voice.latency() * answers).checked_sub(started.elapsed()) {
            sleep(left.clamp(Duration::from_millis(1), Duration::from_millis(TICK))).await;
        }
    }

    fn on_heard(&self, what: Heard) {
        match what {
            Heard::Presence(clients) => self.state().group.presence(clients),
            Heard::Behind => self.state().group.state_soon(),
            Heard::Nothing => return,
        }
        self.wake.notify_one();
    }

    fn on_event(&self, event: Event) {
        match event {
            Event::Arrived(Arrival::Published(delivery)) => self.on_delivery(delivery),
            Event::Arrived(Arrival::Begins { epoch, first }) => self.on_beginning(&epoch, first),
            Event::Arrived(Arrival::Unordered) => self.on_unordered(),
            Event::WentBack => self.dispatcher.suspend_reply_history(),
            Event::Joined(client) => {
                if let Some(worker) = identity::worker(&client) {
                    self.state().group.joined(&client.client, &worker);
                    self.strangers.look_at(&client);
                }
            }
            Event::Left(client) => {
                if let Some(worker) = identity::worker(&client) {
                    self.state().group.left(&client.client, &worker);
                }
            }
        }
    }

    fn on_beginning(&self, epoch: &str, first: u64) {
        let mut state = self.state();
        if state.order == Order::Unordered {
            tracing::error!(
                "the request channel has a history now: restart this worker, so that others can run beside it"
            );
            return;
        }
        state.order = Order::Ordered;
        state.cancelled.clear();
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
            self.standing.send_replace(Stand::Alone);
        }
    }

    /// A publication: run here, left to others, or something between workers.
    fn on_delivery(&self, mut delivery: Delivery) {
        let now = self.clock.now();
        let mut state = self.state();
        let State { group, order, cancelled, actions, .. } = &mut *state;
        if *order == Order::Lost || *order == Order::Ordered && delivery.offset == 0 {
            tracing::debug!("a publication without a place in the order of the channel");
            return;
        }
        let Some(caller) = delivery.caller.take() else {
            if *order == Order::Ordered {
                self.on_message(group, &delivery, now, actions);
                self.act(group, cancelled, actions);
            }
            return;
        };
        if *order != Order::Ordered {
            // What was there before this worker, of a time in which there was a history.
            if let Some(since) = delivery.since {
                self.dispatcher.accept(&delivery.data, caller, since.elapsed(), None);
            }
            return;
        }
        // Cancellations act wherever their call runs.
        if may_cancel(&delivery.data)
            && let Some(address) = self.dispatcher.cancel(&delivery.data, &caller)
        {
            cancelled.add(address, delivery.offset);
            return group.skip(delivery.offset);
        }
        let request = Remembered::new(delivery.data, caller, delivery.since, Arc::clone(&self.dispatcher));
        group.request(delivery.offset, request, now, actions);
        self.act(group, cancelled, actions);
    }

    fn on_message(
        &self,
        group: &mut Group<Remembered>,
        delivery: &Delivery,
        now: u64,
        actions: &mut Vec<Action<Remembered>>,
    ) {
        match serde_json::from_slice::<Envelope>(&delivery.data) {
            Ok(envelope) => {
                tracing::trace!(offset = delivery.offset, message = ?envelope.group, "a message of the worker group");
                let dead = envelope.group.message.dead().to_vec();
                group.message(delivery.offset, envelope.group, now, actions);
                deaths::tell(group, delivery.offset, &dead, actions);
                self.wake.notify_one();
            }
            Err(_) => group.skip(delivery.offset),
        }
    }

    fn pass(&self, ticked: bool, live: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        let State { group, order, cancelled, actions, forgotten } = &mut *state;
        if *order != Order::Ordered {
            return;
        }
        let more = group.forgotten() - *forgotten;
        if ticked && more > 0 {
            *forgotten += more;
            tracing::warn!(
                count = more,
                "more requests of other workers are open than this one remembers: should their worker die, their callers time out"
            );
        }
        self.finished.drain(|generation, offset| group.finished(generation, offset));
        if ticked {
            group.tick(now, live, actions);
        } else {
            group.decide(live, actions);
        }
        self.act(group, cancelled, actions);
        let standing = match group.standing() {
            Standing::Outside => Stand::Outside,
            Standing::Member => Stand::Member,
            Standing::Left => Stand::Left,
        };
        let before = *self.standing.borrow();
        if before != standing {
            // Before those who wait for it go on: the log keeps the order.
            tell(group, standing);
            self.standing.send_replace(standing);
        }
    }

    fn act(&self, group: &Group<Remembered>, cancelled: &Cancelled, actions: &mut Vec<Action<Remembered>>) {
        for action in actions.drain(..) {
            match action {
                Action::Run { offset, request, after } => {
                    let age = request.age(after.map(|after| self.clock.since(after)));
                    let completion = CompletionGuard::new(&self.finished, group.generation(), offset);
                    // Before anybody had it, or while it was another's: it waited.
                    let (over, request) = if cancelled.after(offset) {
                        request.by_cancellation(|address| cancelled.has(offset, address))
                    } else {
                        (None, Some(request))
                    };
                    if let Some(request) = over {
                        request.cancelled();
                    }
                    if let Some(request) = request {
                        request.run(age, completion);
                    }
                }
                Action::Lost { offset, request } => {
                    tracing::debug!(offset, "the worker that had this request is gone");
                    request.lost();
                }
                Action::Publish(sent) => self.voice.say(Envelope { group: sent }),
                Action::AskPresence => self.voice.ask(),
            }
        }
    }
}
