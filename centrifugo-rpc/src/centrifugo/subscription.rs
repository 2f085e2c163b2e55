//! The worker's subscription to the request channel: every request once, in order, whatever happens to the connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::Centrifugo;
use super::api::{Position, Publication};
use super::backoff::Backoff;
use super::codes;
use super::socket::{Channel, ChannelEvent, Published, Socket, SocketEvent, Subscribe, Subscribed};
pub(crate) use super::stream::Delivery;
use super::stream::{Missing, Resumed, Stream};
use super::tokens::WORKER_USER;
use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::throttle::Throttle;

mod catch_up;

/// How long the first subscription may take. The checks before it found everything in order.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// The pauses before trying again what Centrifugo ended for good: somebody may change its configuration.
const REVIVE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(20));

/// How long after a new subscription what it recovered may take to arrive. Centrifugo sends it together with the answer;
/// nothing tells it from what comes live.
const RECOVERY: Duration = Duration::from_millis(500);

const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// A subscription that keeps itself alive. Dropping it ends it, but without a word to Centrifugo: see
/// [`close`](Self::close).
#[derive(Debug)]
pub(crate) struct Subscription {
    socket: Socket,
    tasks: JoinSet<()>,
}

/// What the connection's events and the tasks share.
struct Shared {
    channel: String,
    state: Mutex<State>,
    /// There is something to read from the history.
    gap: Notify,
    connected: watch::Sender<bool>,
    ended: mpsc::UnboundedSender<Ended>,
    /// What went wrong last, for the error of a start that takes too long.
    last_trouble: Mutex<Option<Trouble>>,
    log: Throttle,
}

struct State {
    stream: Stream,
    interruption: Option<Interruption>,
    on_delivery: Box<dyn FnMut(Delivery) + Send>,
}

/// A time without a connection, as far as it matters for the age of what was published in it.
#[derive(Debug, Clone, Copy)]
struct Interruption {
    began: Instant,
    /// When what was missed has arrived, if the subscription itself brings it.
    over: Option<Instant>,
}

/// What does not come back by itself.
#[derive(Debug)]
enum Ended {
    Socket(Trouble),
    Channel(Trouble),
    /// What Centrifugo would recover is more than it queues for a connection (`client.queue_max_size`), so that it ends each
    /// one that asks for it. The server API has no such limit.
    Overwhelmed,
}

impl Subscription {
    /// Connects and subscribes. `on_delivery` gets each publication once, in the order of their offsets, on the connection's
    /// own task: it must not wait for anything, and must not panic.
    ///
    /// Publications of before the subscription are not delivered.
    ///
    /// # Errors
    ///
    /// Whatever keeps the first subscription from working; later troubles are logged and tried again. Dropping this future
    /// ends the connection.
    pub(crate) async fn open(
        centrifugo: &Centrifugo,
        on_delivery: impl FnMut(Delivery) + Send + 'static,
    ) -> Result<Self, Error> {
        let channel = centrifugo.config.request_channel.clone();
        let (ended, mut endings) = mpsc::unbounded_channel();
        let state = State { stream: Stream::default(), interruption: None, on_delivery: Box::new(on_delivery) };
        let shared = Arc::new(Shared {
            channel: channel.clone(),
            state: Mutex::new(state),
            gap: Notify::new(),
            connected: watch::Sender::new(false),
            ended,
            last_trouble: Mutex::default(),
            log: Throttle::new(LOG_INTERVAL),
        });
        let events = shared.clone();
        let socket = Socket::new(&centrifugo.config, &centrifugo.tls, &centrifugo.tokens, WORKER_USER, move |event| {
            events.on_socket(event);
        })?;
        let subscription = subscribe(&socket, &shared)?;
        socket.connect();

        let mut connected = shared.connected.subscribe();
        let first = async {
            tokio::select! {
                _ = connected.wait_for(|connected| *connected) => Ok(()),
                Some(Ended::Socket(trouble) | Ended::Channel(trouble)) = endings.recv() => Err(trouble),
                // Between `connected` and here there is nothing to recover, so nothing to be overwhelmed by.
                else => Err(Trouble::Timeout),
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
        tasks.spawn(catch_up::run(shared, centrifugo.api.clone()));
        Ok(Self { socket, tasks })
    }

    /// Leaves the channel and disconnects. Nothing is delivered any more once this returns; dropping its future disconnects
    /// as well, only later.
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
                // The first connect says so too, with 0.
                if code != 0 {
                    tracing::warn!(code, reason, "the connection to Centrifugo is lost, connecting again");
                }
                if code == codes::SLOW && !*self.connected.borrow() {
                    let _ = self.ended.send(Ended::Overwhelmed);
                }
            }
            SocketEvent::Trouble(trouble) => self.on_trouble(trouble),
            SocketEvent::Ended(trouble) => {
                let _ = self.ended.send(Ended::Socket(trouble));
            }
        }
    }

    fn on_channel(&self, event: ChannelEvent) {
        match event {
            ChannelEvent::Published(published) => self.on_published(published),
            ChannelEvent::Subscribed(subscribed) => self.on_subscribed(subscribed),
            ChannelEvent::Lost => self.on_lost(),
            ChannelEvent::Ended(trouble) => {
                self.on_lost();
                let _ = self.ended.send(Ended::Channel(trouble));
            }
            ChannelEvent::Trouble(trouble) => self.on_trouble(trouble),
            ChannelEvent::Joined(_) => {}
        }
    }

    fn on_trouble(&self, trouble: Trouble) {
        if let Some(suppressed) = self.log.allow() {
            tracing::warn!(suppressed, "{trouble}");
        }
        *self.last_trouble() = Some(trouble);
    }

    fn on_lost(&self) {
        if self.connected.send_replace(false) {
            let interruption = Interruption { began: Instant::now(), over: None };
            self.state().interruption.get_or_insert(interruption).over = None;
        }
    }

    fn on_subscribed(&self, subscribed: Subscribed) {
        let Subscribed { position, recovered, .. } = subscribed;
        let (Resumed { lost, reset }, missing) = {
            let State { stream, interruption, on_delivery } = &mut *self.state();
            if let Some(interruption) = interruption {
                interruption.over = Some(Instant::now() + RECOVERY);
            }
            (stream.subscribed(position, recovered, on_delivery), stream.missing())
        };
        if reset {
            tracing::warn!(
                channel = self.channel,
                "Centrifugo forgot the channel's history, its new one is read from the start"
            );
        }
        self.report_lost(lost);
        if let Some(Missing { since, until }) = missing {
            tracing::info!(
                channel = self.channel,
                count = until - since.offset,
                "reading the requests of the interruption from the history"
            );
            self.gap.notify_one();
        }
        tracing::info!(channel = self.channel, recovered, "subscribed");
        self.connected.send_replace(true);
    }

    fn on_published(&self, published: Published) {
        let Published { data, offset, caller } = published;
        let State { stream, interruption, on_delivery } = &mut *self.state();
        let max_age = match *interruption {
            Some(Interruption { began, over }) if over.is_none_or(|over| Instant::now() < over) => began.elapsed(),
            Some(_) if stream.missing().is_none() => {
                *interruption = None;
                Duration::ZERO
            }
            _ => Duration::ZERO,
        };
        stream.published(Delivery { data, offset, max_age, caller }, on_delivery);
        if stream.missing().is_some() {
            self.gap.notify_one();
        }
    }

    fn missing(&self) -> Option<Missing> {
        self.state().stream.missing()
    }

    fn filled(&self, since: &Position, page: Vec<Publication>) {
        let State { stream, interruption, on_delivery } = &mut *self.state();
        let max_age = interruption.map_or(Duration::ZERO, |interruption| interruption.began.elapsed());
        let lost = stream.filled(since, page, max_age, on_delivery);
        self.report_lost(lost);
    }

    fn unreadable(&self, since: &Position) {
        let State { stream, on_delivery, .. } = &mut *self.state();
        stream.unreadable(since, on_delivery);
        tracing::warn!(
            channel = self.channel,
            offset = since.offset + 1,
            "a publication that is no JSON is skipped: with `publication_data_format` set to `json_object` in the namespace \
             Centrifugo refuses such"
        );
    }

    fn give_up(&self) {
        let State { stream, on_delivery, .. } = &mut *self.state();
        let lost = stream.give_up(on_delivery);
        self.report_lost(lost);
    }

    fn report_lost(&self, lost: u64) {
        if lost > 0 {
            tracing::error!(
                channel = self.channel,
                lost,
                "requests were lost: Centrifugo's history does not have them any more; a larger `history_size` and a longer \
                 `history_ttl` of the namespace keep more"
            );
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Subscribes to the request channel, from now on: what came before is up to [`Stream`] and the history.
fn subscribe(socket: &Socket, shared: &Arc<Shared>) -> Result<Channel, Error> {
    let events = shared.clone();
    let how = Subscribe { token: true, recoverable: true };
    let channel = socket.channel(&shared.channel, how, move |event| events.on_channel(event))?;
    channel.subscribe();
    Ok(channel)
}

/// Starts again what Centrifugo ended for good, for ever.
async fn revive(
    socket: Socket,
    mut channel: Channel,
    shared: Arc<Shared>,
    mut endings: mpsc::UnboundedReceiver<Ended>,
) {
    let mut backoff = Backoff::new(REVIVE.0, REVIVE.1);
    let mut last = Instant::now();
    while let Some(ended) = endings.recv().await {
        if matches!(ended, Ended::Overwhelmed) {
            if !*shared.connected.borrow() {
                channel.remove();
                match subscribe(&socket, &shared) {
                    Ok(fresh) => channel = fresh,
                    Err(error) => tracing::error!("{error:?}"),
                }
            }
            continue;
        }
        if last.elapsed() > REVIVE.1 * 2 {
            backoff.reset();
        }
        last = Instant::now();
        let pause = backoff.next();
        match ended {
            Ended::Socket(trouble) => {
                tracing::error!("{trouble}; trying again in {pause:.1?}");
                sleep(pause).await;
                socket.connect();
            }
            Ended::Channel(trouble) => {
                tracing::error!(
                    "`{}` cannot be subscribed to: {trouble} (the `doctor` command says more); trying again in {pause:.1?}",
                    shared.channel
                );
                sleep(pause).await;
                channel.subscribe();
            }
            Ended::Overwhelmed => {}
        }
    }
}
