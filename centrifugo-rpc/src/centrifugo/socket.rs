//! The WebSocket connection to Centrifugo. Exposes no type of the SDK (`centrifuge`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use centrifuge::{Client, ClientBuilder, ClientErrorKind, ClientInfo, EventDelivery, HistoryOptions, TokenError};

use serde_json::value::RawValue;

use super::api::Position;
use super::tokens::Tokens;
use super::trouble::Trouble;
use crate::config::Config;
use crate::error::{Error, ErrorKind, shown_url};
use crate::sdk::tls::Tls;
use crate::sdk::{codes, with_tls};
use crate::service::connection::Caller;

/// The first and the longest pause before the next attempt to connect or to subscribe: a worker serves again within
/// about two seconds after Centrifugo does, and a thousand workers do not overload it (the SDK adds jitter).
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The timeout of a handshake and of the answer to a command.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Events of a connection.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    Connected,
    /// The connection was lost, or is made for the first time; the SDK connects.
    Reconnecting {
        code: u32,
        reason: String,
    },
    /// The connection ended; the SDK does not reconnect.
    Ended(Trouble),
    /// An attempt failed; the SDK retries.
    Trouble(Trouble),
}

/// Events of a channel.
#[derive(Debug)]
pub(crate) enum ChannelEvent {
    Subscribed(Subscribed),
    /// The subscription was lost with the connection; the SDK subscribes again.
    Lost,
    /// The subscription ended; the SDK does not subscribe again.
    Ended(Trouble),
    /// An attempt failed; the SDK retries.
    Trouble(Trouble),
    Published(Published),
    /// A connection subscribed.
    Joined(Caller),
    /// A connection unsubscribed.
    Left(Caller),
}

/// The start of a subscription.
#[derive(Debug, Clone)]
pub(crate) struct Subscribed {
    /// The position of the channel's stream, if it has one. If publications were recovered, the position before them.
    pub position: Option<Position>,
    /// True if all publications missed since the last subscription follow.
    pub recovered: bool,
    /// True if publications missed from now on can be recovered.
    pub recoverable: bool,
}

/// A publication delivered by the subscription.
#[derive(Debug)]
pub(crate) struct Published {
    pub data: Bytes,
    pub offset: u64,
    pub caller: Option<Caller>,
}

/// Options of a subscription.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subscribe {
    /// Subscribes with a token for this user.
    pub token: bool,
    /// Requests recovery, in case the namespace does not force it.
    pub recoverable: bool,
}

/// The user of a connection, and the additional `info` in its token.
#[derive(Debug)]
pub(crate) struct Who<'a> {
    pub user: &'a str,
    pub info: Option<Arc<RawValue>>,
}

/// A connection of one user.
#[derive(Debug, Clone)]
pub(crate) struct Socket {
    client: Client,
    tokens: Tokens,
    user: Arc<str>,
}

/// A subscription of a [`Socket`].
#[derive(Debug, Clone)]
pub(crate) struct Channel(centrifuge::Subscription);

impl Socket {
    /// Prepares a connection; [`connect`](Self::connect) starts it. `on_event` is called on the connection's own task,
    /// so it must not wait for anything.
    ///
    /// # Errors
    ///
    /// A URL or certificates that the SDK rejects.
    pub(crate) fn new(
        config: &Config,
        tls: &Tls,
        tokens: &Tokens,
        who: Who<'_>,
        on_event: impl Fn(SocketEvent) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let failed = |error: centrifuge::Error| {
            Error::new(ErrorKind::Config, "the WebSocket connection (CENTRIFUGO_URL) cannot be set up").because(error)
        };
        let (user, info): (Arc<str>, _) = (who.user.into(), who.info);
        let url = shown_url(&config.centrifugo_url);
        let on_event = Arc::new(on_event);
        let [connected, connecting, ended] = [on_event.clone(), on_event.clone(), on_event.clone()];
        let (signer, subject) = (tokens.clone(), user.clone());
        let builder = Client::builder(&config.centrifugo_url)
            .name("centrifugo-rpc")
            .version(env!("CARGO_PKG_VERSION"))
            .event_delivery(EventDelivery::Inline)
            .timeout(TIMEOUT)
            .handshake_timeout(TIMEOUT)
            .min_reconnect_delay(RECONNECT.0)
            .max_reconnect_delay(RECONNECT.1)
            .get_token(move |_| {
                let token = signer.connection(&subject, signer.worker_ttl(), info.as_deref());
                async move { token.map(Some).map_err(TokenError::from) }
            })
            .on_connected(move |_, _| connected(SocketEvent::Connected))
            .on_connecting(move |_, event| {
                let (code, reason) = (event.code, event.reason);
                connecting(SocketEvent::Reconnecting { code, reason });
            })
            .on_disconnected(move |_, event| {
                ended(SocketEvent::Ended(Trouble::Disconnected { code: event.code, reason: event.reason }));
            })
            .on_error(move |_, event| on_event(SocketEvent::Trouble(client_trouble(&url, &event.error))));
        let client = with_tls(builder, tls).and_then(ClientBuilder::build).map_err(failed)?;
        Ok(Self { client, tokens: tokens.clone(), user })
    }

    /// Connects, and reconnects whenever the connection is lost.
    pub(crate) fn connect(&self) {
        let _ = self.client.connect();
    }

    /// Prepares a subscription; [`subscribe`](Channel::subscribe) starts it. `on_event` is called on the connection's
    /// own task, so it must not wait for anything.
    ///
    /// # Errors
    ///
    /// An existing subscription to this channel, or a closed connection.
    pub(crate) fn channel(
        &self,
        channel: &str,
        how: Subscribe,
        on_event: impl Fn(ChannelEvent) + Send + Sync + 'static,
    ) -> Result<Channel, Error> {
        let on_event = Arc::new(on_event);
        let [subscribed, lost, ended, trouble, joined, left] = std::array::from_fn(|_| on_event.clone());
        let mut builder = self
            .client
            .new_subscription(channel)
            .recoverable(how.recoverable)
            .min_resubscribe_delay(RECONNECT.0)
            .max_resubscribe_delay(RECONNECT.1)
            .on_subscribed(move |_, event| {
                let position = event.stream_position.map(|at| Position { offset: at.offset, epoch: at.epoch });
                let recovered = event.was_recovering && event.recovered;
                let recoverable = event.recoverable;
                subscribed(ChannelEvent::Subscribed(Subscribed { position, recovered, recoverable }));
            })
            .on_subscribing(move |_, _| lost(ChannelEvent::Lost))
            .on_unsubscribed(move |_, event| match event.code {
                // Ended by this side: removed or closed.
                0 | 2 => ended(ChannelEvent::Lost),
                _ => ended(ChannelEvent::Ended(Trouble::Refused { code: event.code, message: event.reason })),
            })
            .on_error(move |_, event| {
                trouble(ChannelEvent::Trouble(Trouble::Other(event.error.message)));
            })
            .on_join(move |_, event| joined(ChannelEvent::Joined(caller(event.info))))
            .on_leave(move |_, event| left(ChannelEvent::Left(caller(event.info))))
            .on_publication(move |_, event| {
                let publication = event.publication;
                on_event(ChannelEvent::Published(Published {
                    data: publication.data,
                    offset: publication.offset,
                    caller: publication.info.map(caller),
                }));
            });
        if how.token {
            let (signer, subject) = (self.tokens.clone(), self.user.clone());
            builder = builder.get_token(move |context| {
                let token = signer.subscription(&subject, &context.channel, signer.worker_ttl());
                async move { token.map_err(TokenError::from) }
            });
        }
        let subscription = builder.build();
        subscription.map(Channel).map_err(|error| {
            Error::new(ErrorKind::Other, format!("the subscription to `{channel}` cannot be set up")).because(error)
        })
    }

    /// Publishes as this user.
    pub(crate) async fn publish(&self, channel: &str, data: impl Into<Bytes>) -> Result<(), Trouble> {
        self.client.publish(channel, data).await.map_err(call_trouble)
    }

    /// Reads the last publication of a channel as this user.
    pub(crate) async fn history(&self, channel: &str) -> Result<(), Trouble> {
        self.client.history(channel, HistoryOptions::new().limit(1)).await.map(drop).map_err(call_trouble)
    }

    /// Ends the connection with its subscriptions. Dropping the future ends it as well, but later.
    pub(crate) async fn close(&self) {
        self.client.close().await;
    }
}

impl Channel {
    /// Subscribes, and subscribes again after every reconnect.
    pub(crate) fn subscribe(&self) {
        self.0.subscribe();
    }

    /// Unsubscribes and forgets the stream position, so that another subscription can replace this one.
    pub(crate) fn remove(&self) {
        let _ = self.0.client().remove_subscription(&self.0);
    }
}

fn caller(info: ClientInfo) -> Caller {
    Caller { user: info.user, client: info.client, info: info.conn_info }
}

fn call_trouble(error: centrifuge::Error) -> Trouble {
    match error {
        centrifuge::Error::Server(error) => Trouble::Refused { code: error.code, message: error.message },
        centrifuge::Error::Timeout => Trouble::Timeout,
        error => Trouble::Other(error.to_string()),
    }
}

fn client_trouble(url: &str, error: &centrifuge::ClientError) -> Trouble {
    let (url, why) = (url.to_owned(), error.message.clone());
    match &error.kind {
        ClientErrorKind::Transport { status: Some(status), .. } => Trouble::Http { url, status: *status },
        ClientErrorKind::Transport { .. } if why.starts_with("TLS ") => Trouble::Tls { url, why },
        ClientErrorKind::Transport { .. } if is_network(&why) => Trouble::Unreachable { url, why },
        // The SDK requests another token and retries, which helps only if the clock catches up.
        ClientErrorKind::Connect if why.ends_with("(109)") => {
            Trouble::Disconnected { code: codes::TOKEN_EXPIRED, reason: "token expired".to_owned() }
        }
        ClientErrorKind::Transport { .. } | ClientErrorKind::Protocol => Trouble::NotCentrifugo { url, why },
        _ => Trouble::Other(why),
    }
}

/// Recognizes the SDK's messages about failures below the WebSocket; the SDK has no error kinds for them.
fn is_network(why: &str) -> bool {
    ["connect to ", "DNS lookup ", "no address "].iter().any(|start| why.starts_with(start))
        || ["timed out", "IO error", "proxy", "SOCKS5"].iter().any(|part| why.contains(part))
}
