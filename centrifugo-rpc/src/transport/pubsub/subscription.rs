//! The worker's subscription to the request channel: delivers every request once, in order, across reconnects.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use super::stream::{Arrival, Delivery};
use super::stream::{Found, Missing, Resumed, Stream};
use crate::centrifugo::Centrifugo;
use crate::centrifugo::api::{Position, Publication};
use crate::centrifugo::backoff::Backoff;
use crate::centrifugo::socket::{Channel, ChannelEvent, Published, Socket, SocketEvent, Subscribe, Subscribed, Who};
use crate::centrifugo::tokens::WORKER_USER;
use crate::centrifugo::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::log_rate_limiter::LogRateLimiter;
use crate::service::connection::Caller;

mod catch_up;
mod place;

pub(crate) use place::Place;

/// The time limit for the first subscription. The checks before it found everything in order.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The pauses before a retry after Centrifugo has ended something for good: its configuration may be fixed meanwhile.
const REVIVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(20));

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// A subscription that reconnects by itself. Dropping it ends it without notifying Centrifugo: see
/// [`close`](Self::close).
#[derive(Debug)]
pub(crate) struct Subscription {
    socket: Socket,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

/// State shared by the connection's events and the tasks.
struct Shared {
    channel: String,
    state: Mutex<State>,
    /// Signals that publications must be read from the history.
    gap: Notify,
    connected: watch::Sender<bool>,
    ended: mpsc::UnboundedSender<Ended>,
    /// The last failure, for the error of a start that takes too long.
    last_trouble: Mutex<Option<Trouble>>,
    log: LogRateLimiter,
    skipped: LogRateLimiter,
    /// True if the stream is known to be behind and there is no new subscription yet.
    older: AtomicBool,
}

struct State {
    stream: Stream,
    /// The time at which the subscription was lost, until there is a new one.
    lost_at: Option<Instant>,
    on_event: Box<dyn FnMut(Event) + Send>,
}

/// Events of the channel, in its order.
#[derive(Debug)]
pub(crate) enum Event {
    Arrived(Arrival),
    /// A connection subscribed.
    Joined(Caller),
    /// A connection unsubscribed.
    Left(Caller),
    /// Centrifugo has an older copy of the channel, and of all other channels.
    WentBack,
}

/// Reports whether all publications have been delivered.
#[derive(Debug, Clone)]
pub(crate) struct Liveness(Arc<Shared>);

impl Liveness {
    /// Must not be called from the event callback.
    pub(crate) fn is_live(&self) -> bool {
        *self.0.connected.borrow() && self.0.missing().is_none()
    }
}

/// Endings that the SDK does not recover from by itself.
#[derive(Debug, PartialEq)]
enum Ended {
    Socket(Trouble),
    Channel(Trouble),
    /// The subscription with this number was interrupted and would recover missed publications itself. See [`replace`].
    Interrupted(u64),
    /// The subscription gets no more publications: the stream is behind the last offset read.
    Behind,
}

impl Subscription {
    /// Connects and subscribes, with `info` visible to other connections. `on_event` gets each publication once,
    /// ordered by offset, starting with those in the history. It is called on the connection's own task, so it must
    /// neither wait for anything nor panic.
    ///
    /// # Errors
    ///
    /// Any reason why the first subscription fails; later failures are logged and retried. Dropping this future ends
    /// the connection.
    pub(crate) async fn open(
        centrifugo: &Centrifugo,
        info: &Arc<RawValue>,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, Error> {
        let channel = centrifugo.config.request_channel.clone();
        let (ended, mut endings) = mpsc::unbounded_channel();
        let state = State { stream: Stream::default(), lost_at: None, on_event: Box::new(on_event) };
        let shared = Arc::new(Shared {
            channel: channel.clone(),
            state: Mutex::new(state),
            gap: Notify::new(),
            connected: watch::Sender::new(false),
            ended,
            last_trouble: Mutex::default(),
            log: LogRateLimiter::new(LOG_INTERVAL),
            skipped: LogRateLimiter::new(LOG_INTERVAL),
            older: AtomicBool::new(false),
        });
        let events = shared.clone();
        let who = Who { user: WORKER_USER, info: Some(Arc::clone(info)) };
        let socket = Socket::new(&centrifugo.config, &centrifugo.tls, &centrifugo.tokens, who, move |event| {
            events.on_socket(event);
        })?;
        let subscription = subscribe(&socket, &shared, 0)?;
        socket.connect();

        let mut connected = shared.connected.subscribe();
        let first = async {
            tokio::select! {
                _ = connected.wait_for(|connected| *connected) => Ok(()),
                ended = endings.recv() => match ended {
                    Some(Ended::Socket(trouble) | Ended::Channel(trouble)) => Err(trouble),
                    Some(interrupted @ (Ended::Interrupted(_) | Ended::Behind)) => {
                        // The subscription existed before, so `revive` handles this.
                        let _ = shared.ended.send(interrupted);
                        Ok(())
                    }
                    None => Err(Trouble::Timeout),
                },
            }
        };
        let trouble = match timeout_at(Instant::now() + START_TIMEOUT, first).await {
            Ok(Ok(())) => None,
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => Some(shared.last_trouble().take().unwrap_or(Trouble::Timeout)),
        };
        if let Some(trouble) = trouble {
            socket.close().await;
            let kind = if trouble.is_temporary() { ErrorKind::Unreachable } else { ErrorKind::Setup };
            return Err(Error::new(
                kind,
                format!("`{channel}` cannot be subscribed to: {trouble}; the `doctor` command says more"),
            ));
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(revive(socket.clone(), subscription, shared.clone(), endings));
        tasks.spawn(catch_up::run(Arc::clone(&shared), centrifugo.api.clone()));
        Ok(Self { socket, tasks, shared })
    }

    pub(crate) fn liveness(&self) -> Liveness {
        Liveness(Arc::clone(&self.shared))
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(Arc::clone(&self.shared))
    }

    /// Leaves the channel and disconnects. No event is delivered after this returns. Dropping the future disconnects as
    /// well, but later.
    pub(crate) async fn close(mut self) {
        self.tasks.shutdown().await;
        self.socket.close().await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.last_trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_socket(&self, event: SocketEvent) {
        match event {
            SocketEvent::Connected => tracing::debug!("connected to Centrifugo"),
            SocketEvent::Reconnecting { code, reason } => {
                // The first connect has the code 0.
                if code != 0 {
                    tracing::warn!(code, reason, "the connection to Centrifugo is lost, connecting again");
                }
            }
            SocketEvent::Trouble(trouble) => self.on_trouble(trouble),
            SocketEvent::Ended(trouble) => {
                let _ = self.ended.send(Ended::Socket(trouble));
            }
        }
    }

    fn on_channel(&self, event: ChannelEvent, number: u64) {
        match event {
            ChannelEvent::Published(published) => self.on_published(published),
            ChannelEvent::Subscribed(subscribed) => self.on_subscribed(subscribed),
            ChannelEvent::Lost => {
                if self.on_lost() {
                    let _ = self.ended.send(Ended::Interrupted(number));
                }
            }
            ChannelEvent::Ended(trouble) => {
                self.on_lost();
                let _ = self.ended.send(Ended::Channel(trouble));
            }
            ChannelEvent::Trouble(trouble) => self.on_trouble(trouble),
            ChannelEvent::Joined(who) => (self.state().on_event)(Event::Joined(who)),
            ChannelEvent::Left(who) => (self.state().on_event)(Event::Left(who)),
        }
    }

    fn on_trouble(&self, trouble: Trouble) {
        if let Some(suppressed) = self.log.allow() {
            tracing::warn!(suppressed, "{trouble}");
        }
        *self.last_trouble() = Some(trouble);
    }

    /// Marks the subscription as lost. Returns whether there was one.
    fn on_lost(&self) -> bool {
        let lost = self.connected.send_replace(false);
        if lost {
            self.state().lost_at.get_or_insert_with(Instant::now);
        }
        lost
    }

    fn on_subscribed(&self, subscribed: Subscribed) {
        let Subscribed { position, recovered, .. } = subscribed;
        let (Resumed { lost, found }, missing) = {
            let State { stream, lost_at, on_event } = &mut *self.state();
            let since = lost_at.unwrap_or_else(Instant::now);
            if !recovered {
                // Publications from now on are above `position`, and live.
                *lost_at = None;
            }
            (stream.subscribed(position, recovered, since, &mut arrives(on_event)), stream.missing())
        };
        match found {
            Found::Same => {}
            Found::Another => tracing::warn!(
                channel = self.channel,
                "Centrifugo forgot the channel's history, its new one is read from the start"
            ),
            Found::Older => self.on_older(),
        }
        self.older.store(false, Ordering::Release);
        self.report_lost(lost);
        if let Some(Missing { since, until }) = missing {
            tracing::info!(
                channel = self.channel,
                count = until - since.offset,
                "reading what is missing from the history"
            );
            self.gap.notify_one();
        }
        tracing::info!(channel = self.channel, "subscribed");
        self.connected.send_replace(true);
    }

    fn on_published(&self, published: Published) {
        let Published { data, offset, caller } = published;
        let State { stream, lost_at, on_event } = &mut *self.state();
        let since = lost_at.unwrap_or_else(Instant::now);
        let delivery = Delivery { data, offset, since: Some(since), caller };
        stream.published(delivery, &mut arrives(on_event));
        if stream.missing().is_some() {
            self.gap.notify_one();
        }
    }

    fn missing(&self) -> Option<Missing> {
        self.state().stream.missing()
    }

    fn filled(&self, since: &Position, page: Vec<Publication>) {
        let State { stream, on_event, .. } = &mut *self.state();
        let lost = stream.filled(since, page, &mut arrives(on_event));
        self.report_lost(lost);
    }

    fn unreadable(&self, since: &Position) {
        let State { stream, on_event, .. } = &mut *self.state();
        stream.unreadable(since, &mut arrives(on_event));
        if let Some(suppressed) = self.skipped.allow() {
            tracing::warn!(
                channel = self.channel,
                offset = since.offset + 1,
                suppressed,
                "a publication that is no JSON is skipped: with `publication_data_format` set to `json_object` in the namespace \
                 Centrifugo refuses such"
            );
        }
    }

    fn give_up(&self) {
        let State { stream, on_event, .. } = &mut *self.state();
        let lost = stream.give_up(&mut arrives(on_event));
        self.report_lost(lost);
    }

    fn report_lost(&self, lost: u64) {
        if lost > 0 {
            tracing::error!(
                channel = self.channel,
                count = lost,
                "requests were missed, and Centrifugo's history does not have them any more: where no other worker was there \
                 their callers time out; a larger `history_size` and a longer `history_ttl` of the namespace keep more"
            );
        }
    }
}

fn arrives(on_event: &mut (dyn FnMut(Event) + Send)) -> impl FnMut(Arrival) {
    |arrival| on_event(Event::Arrived(arrival))
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Subscribes to the request channel from now on. [`Stream`] and the history provide earlier publications.
fn subscribe(socket: &Socket, shared: &Arc<Shared>, number: u64) -> Result<Channel, Error> {
    let events = shared.clone();
    let how = Subscribe { token: true, recoverable: true };
    let channel = socket.channel(&shared.channel, how, move |event| events.on_channel(event, number))?;
    channel.subscribe();
    Ok(channel)
}

/// Replaces a subscription that was interrupted or ended.
///
/// The old subscription would recover by itself, but recovered and live publications could not be told apart, so the
/// age of a request would be unknown. It recovers at most 300 publications. And Centrifugo ends a connection that has
/// more to receive than its queue holds (`client.queue_max_size`). A new subscription reports the position of the
/// stream, and the history has everything up to there.
fn replace(old: Channel, socket: &Socket, shared: &Arc<Shared>, number: u64) -> Channel {
    old.remove();
    subscribe(socket, shared, number).unwrap_or_else(|error| {
        tracing::error!("{error:?}");
        old
    })
}

/// Restarts connections and subscriptions that Centrifugo ended for good, forever.
async fn revive(
    socket: Socket,
    mut channel: Channel,
    shared: Arc<Shared>,
    mut endings: mpsc::UnboundedReceiver<Ended>,
) {
    let mut backoff = Backoff::new(REVIVE.0, REVIVE.1);
    let mut last = Instant::now();
    let mut number = 0;
    while let Some(ended) = endings.recv().await {
        let (Ended::Socket(trouble) | Ended::Channel(trouble)) = &ended else {
            if matches!(ended, Ended::Behind) || ended == Ended::Interrupted(number) {
                number += 1;
                channel = replace(channel, &socket, &shared, number);
            }
            continue;
        };
        if last.elapsed() > REVIVE.1 * 2 {
            backoff.reset();
        }
        last = Instant::now();
        let pause = backoff.next();
        if let Ended::Socket(_) = ended {
            tracing::error!("{trouble}; trying again in {pause:.1?}");
            sleep(pause).await;
            socket.connect();
        } else {
            tracing::error!(
                "`{}` cannot be subscribed to: {trouble} (the `doctor` command says more); trying again in {pause:.1?}",
                shared.channel
            );
            sleep(pause).await;
            number += 1;
            channel = replace(channel, &socket, &shared, number);
        }
    }
}
