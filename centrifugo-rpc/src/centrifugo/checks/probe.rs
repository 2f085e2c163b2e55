//! A connection for tests.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::centrifugo::Centrifugo;
use crate::centrifugo::socket::{Channel, ChannelEvent, Published, Socket, SocketEvent, Subscribe, Subscribed, Who};
use crate::centrifugo::trouble::Trouble;
use crate::error::Error;

/// The prefix of the checks' user IDs, by which checks recognize each other.
pub(super) const CHECK_USER: &str = "centrifugo-rpc-check-";

/// The time limit for operations that Centrifugo does immediately.
pub(super) const WAIT: Duration = Duration::from_secs(3);

/// A connection with a unique user.
#[derive(Debug)]
pub(super) struct Probe {
    pub user: String,
    pub socket: Socket,
    events: mpsc::UnboundedReceiver<SocketEvent>,
}

/// A subscription of a probe.
#[derive(Debug)]
pub(super) struct ProbeChannel {
    events: mpsc::UnboundedReceiver<ChannelEvent>,
    /// The users that have joined so far.
    joined: Vec<String>,
    _channel: Channel,
}

impl Probe {
    /// Starts connecting.
    pub(super) fn start(centrifugo: &Centrifugo) -> Result<Self, Error> {
        Self::start_as(centrifugo, format!("{CHECK_USER}{}", uuid::Uuid::new_v4().simple()))
    }

    /// Starts connecting as `user`, whose ID begins with [`CHECK_USER`].
    pub(super) fn start_as(centrifugo: &Centrifugo, user: String) -> Result<Self, Error> {
        let (sender, events) = mpsc::unbounded_channel();
        let socket = Socket::new(
            &centrifugo.config,
            &centrifugo.tls,
            &centrifugo.tokens,
            Who { user: &user, info: None },
            move |event| {
                let _ = sender.send(event);
            },
        )?;
        socket.connect();
        Ok(Self { user, socket, events })
    }

    /// Waits for the connection. Calls `on_wait` for every temporary failure.
    pub(super) async fn connected(
        &mut self,
        patience: Duration,
        mut on_wait: impl FnMut(&Trouble),
    ) -> Result<(), Trouble> {
        let patient_until = Instant::now() + patience;
        // Even without patience, one attempt gets the time it needs.
        let deadline = patient_until.max(Instant::now() + WAIT);
        let mut last = Trouble::Timeout;
        loop {
            match timeout_at(deadline, self.events.recv()).await {
                Ok(Some(SocketEvent::Connected)) => return Ok(()),
                Ok(Some(SocketEvent::Ended(trouble))) => return Err(trouble),
                Ok(Some(SocketEvent::Trouble(trouble))) => {
                    if !trouble.is_temporary() || Instant::now() >= patient_until {
                        return Err(trouble);
                    }
                    on_wait(&trouble);
                    last = trouble;
                }
                Ok(Some(SocketEvent::Reconnecting { code, reason })) => {
                    if code != 0 {
                        last = Trouble::Disconnected { code, reason };
                    }
                }
                Ok(None) | Err(_) => return Err(last),
            }
        }
    }

    /// Subscribes and waits for the answer.
    pub(super) async fn subscribe(&self, channel: &str, token: bool) -> Result<(ProbeChannel, Subscribed), Trouble> {
        self.subscribe_with(channel, token, |_| ()).await
    }

    /// Subscribes with a callback: `on_event` gets each event first, on the connection's own task.
    pub(super) async fn subscribe_with(
        &self,
        channel: &str,
        token: bool,
        on_event: impl Fn(&ChannelEvent) + Send + Sync + 'static,
    ) -> Result<(ProbeChannel, Subscribed), Trouble> {
        let (sender, events) = mpsc::unbounded_channel();
        let how = Subscribe { token, recoverable: false };
        let subscription = self.socket.channel(channel, how, move |event| {
            on_event(&event);
            let _ = sender.send(event);
        });
        let channel = subscription.map_err(|error| Trouble::Other(error.to_string()))?;
        channel.subscribe();
        let mut channel = ProbeChannel { events, joined: Vec::new(), _channel: channel };
        let answer = channel.wait_for(|event| match event {
            ChannelEvent::Subscribed(subscribed) => Some(Ok(subscribed)),
            ChannelEvent::Ended(trouble) => Some(Err(trouble)),
            _ => None,
        });
        let subscribed = answer.await.unwrap_or(Err(Trouble::Timeout))?;
        Ok((channel, subscribed))
    }

    /// The reason why the connection was lost, if it was.
    pub(super) fn lost(&mut self) -> Option<(u32, String)> {
        while let Ok(event) = self.events.try_recv() {
            match event {
                SocketEvent::Reconnecting { code, reason }
                | SocketEvent::Ended(Trouble::Disconnected { code, reason }) => return Some((code, reason)),
                _ => {}
            }
        }
        None
    }

    pub(super) async fn close(&self) {
        self.socket.close().await;
    }
}

impl ProbeChannel {
    /// Waits for a publication that `wanted` accepts.
    pub(super) async fn published(&mut self, wanted: impl Fn(&Published) -> bool) -> Option<Published> {
        self.published_within(WAIT, wanted).await
    }

    /// Waits for a publication that `wanted` accepts, at most for `wait`.
    pub(super) async fn published_within(
        &mut self,
        wait: Duration,
        wanted: impl Fn(&Published) -> bool,
    ) -> Option<Published> {
        self.wait_until(Instant::now() + wait, |event| match event {
            ChannelEvent::Published(published) if wanted(&published) => Some(published),
            _ => None,
        })
        .await
    }

    /// Returns whether a user has joined or joins in time.
    pub(super) async fn joined(&mut self, user: &str, wait: Duration) -> bool {
        let before = self.joined.iter().any(|joined| joined == user);
        before
            || self
                .wait_until(Instant::now() + wait, |event| match event {
                    ChannelEvent::Joined(joined) if joined.user == user => Some(()),
                    _ => None,
                })
                .await
                .is_some()
    }

    async fn wait_for<T>(&mut self, wanted: impl FnMut(ChannelEvent) -> Option<T>) -> Option<T> {
        self.wait_until(Instant::now() + WAIT, wanted).await
    }

    async fn wait_until<T>(
        &mut self,
        deadline: Instant,
        mut wanted: impl FnMut(ChannelEvent) -> Option<T>,
    ) -> Option<T> {
        loop {
            let event = timeout_at(deadline, self.events.recv()).await.ok()??;
            if let ChannelEvent::Joined(who) = &event {
                self.joined.push(who.user.clone());
            }
            if let Some(found) = wanted(event) {
                return Some(found);
            }
        }
    }
}
