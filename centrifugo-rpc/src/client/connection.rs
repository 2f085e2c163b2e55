//! The connection to Centrifugo, with any number of subscriptions. It knows nothing of requests and replies. Only this
//! module uses the SDK.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use centrifuge::{ClientErrorKind, EventDelivery, StreamPosition, TokenError};

use super::refusal;
use crate::error::{BoxError, Error, ErrorKind};
use crate::sdk::tls::Tls;
use crate::sdk::with_tls;

/// The SDK's timeout for Centrifugo's reply to one command. All missed publications arrive in one message, behind other
/// traffic; Centrifugo's `websocket.write_timeout`, as `centrifugo_config` prints it, allows a slow link that much
/// time.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest accepted message from Centrifugo: after a reconnect, the last 128 replies of 512 KiB arrive in one
/// message. The SDK's default of 64 MiB is just too small.
const MAX_MESSAGE_SIZE: usize = 96 << 20;
/// Short, because callers are waiting: the connection comes back soon after Centrifugo does.
const MIN_RECONNECT_DELAY: Duration = Duration::from_millis(200);
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(5);

/// The most that Centrifugo's protocol adds to the payload and the channel of a publication, in bytes.
pub(super) const PUBLISH_OVERHEAD: usize = 32;

pub(super) type TokenFuture = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send>>;
pub(super) type GetToken = Arc<dyn Fn() -> TokenFuture + Send + Sync>;

/// The endpoint to connect to, and the identity to use.
pub(super) struct Target {
    pub url: String,
    /// The URL without secrets, for messages.
    pub shown_url: String,
    pub token: Option<String>,
    /// Fetches fresh tokens and checks that they belong to the same user.
    pub get_token: Option<GetToken>,
    pub tls: Tls,
}

/// Reasons why a message was not published.
#[derive(Debug, Clone)]
pub(super) enum PublishError {
    /// Centrifugo refused the message.
    Refused { code: u32, reason: String },
    /// The connection broke or Centrifugo did not answer: the message may have been published.
    Unknown,
}

/// A place in the stream of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub offset: u64,
    pub epoch: String,
}

/// Centrifugo's confirmation of a subscription. Publications that were recovered come after it.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub recoverable: bool,
    /// True if the subscription was to continue from a position.
    pub was_recovering: bool,
    /// True if no publication is missing since that position.
    pub recovered: bool,
    /// The position of Centrifugo's answer; after a recovery, the position that the subscription continued from.
    pub position: Option<Position>,
}

/// The reason why there is no subscription at the moment.
#[derive(Debug)]
pub(super) enum Interruption {
    /// The connection, or the subscription alone, was lost.
    Lost { code: u32, reason: String },
    /// An attempt to connect failed.
    NotConnected(Error),
    /// An attempt to subscribe failed, with this message.
    NotSubscribed(String),
}

/// The reason why there will be no subscription any more.
#[derive(Debug)]
pub(super) enum End {
    /// Centrifugo refuses the subscription.
    Refused { code: u32, reason: String },
    /// The connection has ended.
    Connection(Error),
}

/// Handles the events of a subscription. The connection reads nothing else meanwhile.
pub(super) trait Subscriber: Send + Sync {
    /// Handles a publication, live or recovered.
    fn data(&self, data: &Bytes);
    /// Handles a confirmation, also of a subscription that begins again.
    fn subscribed(self: Arc<Self>, subscription: &Subscription, event: Subscribed);
    /// Handles an interruption; the connection tries again.
    fn subscribing(&self, reason: Interruption);
    /// Handles the end. [`Subscription::close`] causes no such event.
    fn ended(&self, connection: &Connection, reason: End);
}

/// A connection. Ends with its last clone.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    client: centrifuge::Client,
    events: Arc<Events>,
}

impl Connection {
    /// Sets up a connection. It does not connect before [`connect`](Self::connect).
    pub(super) fn new(target: Target) -> Result<Self, Error> {
        let events = Arc::new(Events::default());
        let mut builder = centrifuge::Client::builder(target.url)
            .name("centrifugo-rpc")
            .version(env!("CARGO_PKG_VERSION"))
            .event_delivery(EventDelivery::Inline)
            .timeout(COMMAND_TIMEOUT)
            .max_message_size(MAX_MESSAGE_SIZE)
            .min_reconnect_delay(MIN_RECONNECT_DELAY)
            .max_reconnect_delay(MAX_RECONNECT_DELAY)
            .on_error({
                let (events, url) = (events.clone(), target.shown_url.clone());
                move |client, event| events.on_error(client, &url, &event.error)
            })
            .on_disconnected({
                let (events, url) = (events.clone(), target.shown_url);
                move |client, event| events.end(client, &refusal::disconnect(&url, event.code, &event.reason))
            });
        if let Some(token) = target.token {
            builder = builder.token(token);
        }
        if let Some(get_token) = target.get_token {
            builder = builder.get_token(move |_| {
                let token = get_token();
                async move { token.await.map(Some).map_err(TokenError::Other) }
            });
        }
        let client = with_tls(builder, &target.tls).and_then(centrifuge::ClientBuilder::build).map_err(unusable)?;
        Ok(Self { client, events })
    }

    /// Starts connecting; keeps the connection up until the end.
    pub(super) fn connect(&self) -> Result<(), Error> {
        self.client.connect().map_err(unusable)
    }

    /// Subscribes to a channel, and stays subscribed; the publications after `since` are delivered first. Fails if the
    /// connection has ended, or has another subscription of the channel.
    pub(super) fn subscribe(
        &self,
        channel: &str,
        since: Option<Position>,
        subscriber: Arc<dyn Subscriber>,
    ) -> Result<Subscription, Error> {
        let mut builder = self
            .client
            .new_subscription(channel)
            .recoverable(true)
            .min_resubscribe_delay(MIN_RECONNECT_DELAY)
            .max_resubscribe_delay(MAX_RECONNECT_DELAY);
        if let Some(Position { offset, epoch }) = since {
            builder = builder.since(StreamPosition::new(offset, epoch));
        }
        let inner =
            builder.build().map_err(|error| self.events.ended.get().cloned().unwrap_or_else(|| unusable(error)))?;
        let closed = Arc::new(AtomicBool::new(false));
        let handle = {
            let (events, closed) = (self.events.clone(), closed.clone());
            move |inner: &centrifuge::Subscription| Subscription {
                inner: inner.clone(),
                events: events.clone(),
                closed: closed.clone(),
            }
        };
        let subscription = handle(&inner);
        self.events.add(channel, &subscriber)?;
        inner.on_publication({
            let subscriber = subscriber.clone();
            move |_, event| subscriber.data(&event.publication.data)
        });
        inner.on_subscribed({
            let (subscriber, handle) = (subscriber.clone(), handle.clone());
            move |inner, event| {
                let subscription = handle(inner);
                subscription.events.was_up.store(true, Ordering::Relaxed);
                let event = Subscribed {
                    recoverable: event.recoverable,
                    was_recovering: event.was_recovering,
                    recovered: event.recovered,
                    position: event.stream_position.map(|at| Position { offset: at.offset, epoch: at.epoch }),
                };
                subscriber.clone().subscribed(&subscription, event);
            }
        });
        inner.on_subscribing({
            let subscriber = subscriber.clone();
            move |_, event| subscriber.subscribing(Interruption::Lost { code: event.code, reason: event.reason })
        });
        inner.on_error({
            let subscriber = subscriber.clone();
            move |_, event| subscriber.subscribing(Interruption::NotSubscribed(event.error.message))
        });
        inner.on_unsubscribed(move |inner, event| {
            let subscription = handle(inner);
            if subscription.forget() {
                let reason = End::Refused { code: event.code, reason: event.reason };
                subscriber.ended(&subscription.connection(), reason);
            }
        });
        inner.subscribe();
        Ok(subscription)
    }

    /// Publishes once and never retries: receivers may act on each copy.
    ///
    /// On a connection that is up, the message is sent when this future is first polled. If the connection has just
    /// broken, the SDK waits for a new one, up to [`COMMAND_TIMEOUT`].
    pub(super) async fn publish(&self, channel: &str, data: Vec<u8>) -> Result<(), PublishError> {
        self.client.publish(channel, data).await.map_err(|error| match error {
            centrifuge::Error::Server(error) => PublishError::Refused { code: error.code, reason: error.message },
            _ => PublishError::Unknown,
        })
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client.state() == centrifuge::State::Connected
    }

    /// Starts to disconnect.
    pub(super) fn disconnect(&self) {
        self.client.disconnect();
    }

    pub(super) async fn close(&self) {
        self.events.end(&self.client, &Error::new(ErrorKind::Other, "the client is closed"));
        self.client.close().await;
    }
}

/// A channel of a connection.
#[derive(Debug)]
pub(super) struct Subscription {
    inner: centrifuge::Subscription,
    events: Arc<Events>,
    closed: Arc<AtomicBool>,
}

impl Subscription {
    pub(super) fn connection(&self) -> Connection {
        Connection { client: self.inner.client().clone(), events: self.events.clone() }
    }

    /// Ends the subscription; its subscriber gets no further event. Returns false if it had ended already.
    pub(super) fn close(&self) -> bool {
        self.forget() && self.inner.client().remove_subscription(&self.inner).is_ok()
    }

    /// Returns false if the subscription, or the connection with it, had ended already.
    fn forget(&self) -> bool {
        !self.closed.swap(true, Ordering::Relaxed) && self.events.remove(self.inner.channel())
    }
}

/// The subscriptions that get to know the events of the connection.
#[derive(Default)]
struct Events {
    subscribers: Mutex<HashMap<String, Arc<dyn Subscriber>>>,
    /// True once a subscription was confirmed: some failures end the connection before that and are retried after.
    was_up: AtomicBool,
    ended: OnceLock<Error>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("was_up", &self.was_up).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Events {
    fn subscribers(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn Subscriber>>> {
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber, unless the connection has ended.
    fn add(&self, channel: &str, subscriber: &Arc<dyn Subscriber>) -> Result<(), Error> {
        let mut subscribers = self.subscribers();
        if let Some(ended) = self.ended.get() {
            return Err(ended.clone());
        }
        subscribers.insert(channel.to_owned(), subscriber.clone());
        Ok(())
    }

    fn remove(&self, channel: &str) -> bool {
        self.subscribers().remove(channel).is_some()
    }

    /// Ends all subscriptions. The first reason stays.
    fn end(self: &Arc<Self>, client: &centrifuge::Client, error: &Error) {
        let subscribers = {
            let mut subscribers = self.subscribers();
            // Set while no subscriber can be added.
            let _ = self.ended.set(error.clone());
            std::mem::take(&mut *subscribers)
        };
        let connection = Connection { client: client.clone(), events: self.clone() };
        for subscriber in subscribers.into_values() {
            subscriber.ended(&connection, End::Connection(error.clone()));
        }
    }

    /// Handles a failed connection attempt that only a person can fix. After the first subscription the cause counts as
    /// temporary: a proxy whose backend restarts answers 404 for a moment.
    fn on_hopeless(self: &Arc<Self>, client: &centrifuge::Client, error: &Error) {
        if self.was_up.load(Ordering::Relaxed) {
            self.on_trouble(error);
        } else {
            self.end(client, error);
        }
    }

    /// Handles a failed connection attempt; another one follows.
    fn on_trouble(&self, error: &Error) {
        let subscribers: Vec<_> = self.subscribers().values().cloned().collect();
        for subscriber in subscribers {
            subscriber.subscribing(Interruption::NotConnected(error.clone()));
        }
    }

    /// Handles a failed connection attempt. The SDK retries unless `on_disconnected` follows.
    fn on_error(self: &Arc<Self>, client: &centrifuge::Client, url: &str, error: &centrifuge::ClientError) {
        let message = &error.message;
        let trouble = match error.kind {
            ClientErrorKind::Transport { status: Some(status @ 400..=499), .. } => {
                let hopeless = format!(
                    "{url} answers HTTP {status} instead of a WebSocket: is it Centrifugo's WebSocket endpoint, by default \
                     `/connection/websocket`?"
                );
                return self.on_hopeless(client, &Error::new(ErrorKind::Setup, hopeless));
            }
            ClientErrorKind::Transport { .. } if message.starts_with("TLS ") => Error::new(
                ErrorKind::Unreachable,
                format!(
                    "no TLS with {url}: {message}; for a private CA give the client its `ca_file`, for a server without TLS write `ws://`"
                ),
            ),
            ClientErrorKind::Connect => refusal::connect(url, message),
            ClientErrorKind::ConnectToken | ClientErrorKind::Refresh => {
                Error::new(ErrorKind::Other, format!("no new token: {message}"))
            }
            _ => Error::new(ErrorKind::Unreachable, format!("cannot connect to {url}: {message}")),
        };
        self.on_trouble(&trouble);
    }
}

fn unusable(error: centrifuge::Error) -> Error {
    Error::config("the connection cannot be set up").because(error)
}

#[cfg(test)]
mod tests;
