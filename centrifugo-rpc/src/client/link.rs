//! The connection to Centrifugo. Only this module uses the SDK; its events go to [`Shared`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use centrifuge::{ClientErrorKind, EventDelivery, StreamPosition, SubscribedEvent, Subscription, TokenError};

use super::refusal;
use super::shared::Shared;
use crate::centrifugo::sdk::with_tls;
use crate::centrifugo::tls::Tls;
use crate::error::{BoxError, Error, ErrorKind};

/// The SDK's timeout for Centrifugo's reply to one command. All missed replies arrive in one message, behind other
/// traffic; Centrifugo's `websocket.write_timeout`, as `centrifugo_config` prints it, allows a slow link that much
/// time.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest accepted message from Centrifugo: after a reconnect, the last 128 replies of 512 KiB arrive in one
/// message. The SDK's default of 64 MiB is just too small.
const MAX_MESSAGE_SIZE: usize = 96 << 20;
/// Short, because callers are waiting: the connection comes back soon after Centrifugo does.
const MIN_RECONNECT_DELAY: Duration = Duration::from_millis(200);
const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(5);

pub(super) type TokenFuture = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send>>;
pub(super) type GetToken = Arc<dyn Fn() -> TokenFuture + Send + Sync>;

/// The endpoint to connect to, and the identity to use.
pub(super) struct Target {
    pub url: String,
    /// The URL without secrets, for messages.
    pub shown_url: String,
    pub user: String,
    pub token: Option<String>,
    /// Fetches fresh tokens and checks that they belong to the same user.
    pub get_token: Option<GetToken>,
    pub reply_channel: String,
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

/// A connection. Ends with its last clone.
#[derive(Debug, Clone)]
pub(super) struct Link {
    client: centrifuge::Client,
}

impl Link {
    /// Starts connecting and subscribing to the reply channel; keeps both up until the end.
    pub(super) fn open(target: Target, shared: &Arc<Shared>) -> Result<Self, Error> {
        let mut builder = centrifuge::Client::builder(target.url)
            .name("centrifugo-rpc")
            .version(env!("CARGO_PKG_VERSION"))
            .event_delivery(EventDelivery::Inline)
            .timeout(COMMAND_TIMEOUT)
            .max_message_size(MAX_MESSAGE_SIZE)
            .min_reconnect_delay(MIN_RECONNECT_DELAY)
            .max_reconnect_delay(MAX_RECONNECT_DELAY)
            .on_error({
                let (shared, url) = (shared.clone(), target.shown_url.clone());
                move |_, event| on_error(&shared, &url, &event.error)
            })
            .on_disconnected({
                let (shared, url) = (shared.clone(), target.shown_url);
                move |_, event| {
                    drop(shared.end(&refusal::disconnect(&url, event.code, &event.reason)));
                }
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
        let unusable = |error| Error::config("the connection cannot be set up").because(error);
        let client = with_tls(builder, &target.tls).and_then(centrifuge::ClientBuilder::build).map_err(unusable)?;
        let replies = ReplyChannel { shared: shared.clone(), channel: target.reply_channel, user: target.user };
        Arc::new(replies).subscribe(&client, None).map_err(unusable)?;
        client.connect().map_err(unusable)?;
        Ok(Self { client })
    }

    /// Publishes once and never retries, because a worker may run each copy that it receives.
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

    pub(super) async fn close(&self) {
        self.client.close().await;
    }
}

/// The number of replies that Centrifugo keeps in a reply channel (`history_size`) in the configuration that
/// `centrifugo_config` prints.
pub(super) const KEPT_REPLIES: u64 = 128;

/// The channel that replies arrive on.
struct ReplyChannel {
    shared: Arc<Shared>,
    channel: String,
    user: String,
}

impl ReplyChannel {
    /// Subscribes and stays subscribed; the replies after `since` are delivered first.
    fn subscribe(
        self: Arc<Self>,
        client: &centrifuge::Client,
        since: Option<StreamPosition>,
    ) -> Result<(), centrifuge::Error> {
        let reads_again = AtomicBool::new(since.is_some());
        let replaced = Arc::new(AtomicBool::new(false));
        let mut builder = client
            .new_subscription(self.channel.clone())
            .recoverable(true)
            .min_resubscribe_delay(MIN_RECONNECT_DELAY)
            .max_resubscribe_delay(MAX_RECONNECT_DELAY);
        if let Some(since) = since {
            builder = builder.since(since);
        }
        let subscription = builder.build()?;
        subscription.on_publication({
            let shared = self.shared.clone();
            move |_, event| shared.on_publication(&event.publication.data)
        });
        subscription.on_subscribed({
            let (replies, replaced) = (self.clone(), replaced.clone());
            move |subscription, event| {
                let again = reads_again.swap(false, Ordering::Relaxed);
                replies.on_subscribed(subscription, &event, again, &replaced);
            }
        });
        subscription.on_subscribing({
            let shared = self.shared.clone();
            move |_, event| shared.on_down(event.code, &event.reason)
        });
        subscription.on_error({
            let replies = self.clone();
            move |_, event| {
                let message =
                    format!("the reply channel `{}` cannot be subscribed: {}", replies.channel, event.error.message);
                replies.shared.on_trouble(Error::new(ErrorKind::Setup, message));
            }
        });
        subscription.on_unsubscribed(move |subscription, event| {
            if !replaced.load(Ordering::Relaxed) {
                let Self { shared, channel, user } = &*self;
                drop(shared.end(&refusal::subscribe(channel, user, event.code, &event.reason)));
                subscription.client().disconnect();
            }
        });
        subscription.subscribe();
        Ok(())
    }

    /// Handles a (re)subscription. If Centrifugo cannot continue from the last reply, the client reads everything in
    /// the history: in a new stream, after a restart with the memory engine, those are the replies sent since the
    /// restart; in the old stream, the latest replies, of more than the history keeps.
    fn on_subscribed(
        self: &Arc<Self>,
        subscription: &Subscription,
        event: &SubscribedEvent,
        again: bool,
        replaced: &AtomicBool,
    ) {
        if !event.recoverable {
            tracing::warn!(
                channel = self.channel,
                "replies sent while the connection is down will be lost: set `history_size`, `history_ttl` and `force_recovery` \
                 in the namespace of the reply channel"
            );
        }
        let complete = !event.was_recovering || event.recovered;
        let top = event.stream_position.as_ref().filter(|_| event.recoverable && !complete && !again);
        if let Some(StreamPosition { offset, epoch, .. }) = top {
            let since = StreamPosition::new(offset.saturating_sub(KEPT_REPLIES), epoch.clone());
            let client = subscription.client();
            replaced.store(true, Ordering::Relaxed);
            if client.remove_subscription(subscription).is_ok() && self.clone().subscribe(client, Some(since)).is_ok() {
                return;
            }
        }
        self.shared.on_up(complete && !again);
    }
}

/// Handles a failed connection attempt. The SDK retries unless `on_disconnected` follows.
fn on_error(shared: &Shared, url: &str, error: &centrifuge::ClientError) {
    let message = &error.message;
    match error.kind {
        ClientErrorKind::Transport { status: Some(status @ 400..=499), .. } => shared.on_hopeless(Error::new(
            ErrorKind::Setup,
            format!(
                "{url} answers HTTP {status} instead of a WebSocket: is it Centrifugo's WebSocket endpoint, by default \
                 `/connection/websocket`?"
            ),
        )),
        ClientErrorKind::Transport { .. } if message.starts_with("TLS ") => shared.on_trouble(Error::new(
            ErrorKind::Unreachable,
            format!(
                "no TLS with {url}: {message}; for a private CA give the client its `ca_file`, for a server without TLS write `ws://`"
            ),
        )),
        ClientErrorKind::Connect => {
            shared.on_trouble(refusal::connect(url, message));
        }
        ClientErrorKind::ConnectToken | ClientErrorKind::Refresh => {
            shared.on_trouble(Error::new(ErrorKind::Other, format!("no new token: {message}")));
        }
        _ => shared.on_trouble(Error::new(ErrorKind::Unreachable, format!("cannot connect to {url}: {message}"))),
    }
}
