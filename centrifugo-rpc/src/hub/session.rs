//! The commands of a connection, without sockets.

mod channels;
mod timers;

pub(super) use channels::keep;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{
    Shared,
    auth::{self, Refused},
    codec::Codec,
    codes::{self, Disconnect, ErrorCode},
    outbox::Outbox,
    protocol::{Command, ConnectRequest, ConnectResult, RefreshRequest, RefreshResult, Reply},
};
use timers::{Timers, due, spread};

/// The version that the hub reports.
const VERSION: &str = concat!("centrifugo-rpc hub ", env!("CARGO_PKG_VERSION"));

/// The reason why a command has no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Sent as an error reply; the connection continues.
    Error(ErrorCode),
    /// Ends the connection.
    Disconnect(Disconnect),
}

impl From<ErrorCode> for Failure {
    fn from(error: ErrorCode) -> Self {
        Self::Error(error)
    }
}

impl From<Disconnect> for Failure {
    fn from(disconnect: Disconnect) -> Self {
        Self::Disconnect(disconnect)
    }
}

/// Tells the connection to continue reading or to stop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    /// Stops reading and ends the connection without a reason, for example after a rejected connect command.
    Stop,
}

/// A connection, before or after authentication.
pub(super) struct Session {
    hub: Arc<Shared>,
    id: String,
    codec: Codec,
    outbox: Arc<Outbox>,
    state: Mutex<State>,
    timers_changed: Notify,
}

#[derive(Default)]
struct State {
    authenticated: bool,
    timers: Timers,
}

impl Session {
    pub(super) fn new(hub: Arc<Shared>, codec: Codec) -> Self {
        let outbox = Arc::new(Outbox::new(hub.settings.queue_max_size));
        let mut state = State::default();
        state.timers.stale = after(hub.settings.stale_close_delay);
        let id = Uuid::new_v4().to_string();
        Self { hub, id, codec, outbox, state: Mutex::new(state), timers_changed: Notify::new() }
    }

    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Ends the connection and its subscriptions.
    pub(super) fn disconnect(&self, disconnect: &Disconnect) {
        self.hub.broker().disconnect(&self.id, disconnect);
        self.outbox.close(disconnect.clone());
    }

    /// Runs the commands of one frame sequentially.
    pub(super) fn handle_frame(&self, frame: &[u8]) -> Flow {
        for command in self.codec.commands(frame) {
            if self.outbox.end().is_some() {
                return Flow::Stop;
            }
            let Ok(command) = command else {
                self.disconnect(&codes::MALFORMED);
                return Flow::Stop;
            };
            if self.handle(command) == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    fn handle(&self, command: Command) -> Flow {
        let id = command.id;
        let connecting = command.connect.is_some();
        match self.dispatch(command) {
            Ok(()) => Flow::Continue,
            Err(Failure::Disconnect(disconnect)) => {
                self.disconnect(&disconnect);
                Flow::Stop
            }
            Err(Failure::Error(error)) => {
                let reply = Reply { id, error: Some(error.into()), ..Reply::default() };
                if connecting {
                    // The connection is not registered with the broker yet.
                    if let Ok(reply) = self.codec.encode(&reply)
                        && self.outbox.push(reply).is_err()
                    {
                        self.disconnect(&codes::SLOW);
                    }
                    return Flow::Stop;
                }
                self.hub.broker().send(&self.id, &reply);
                Flow::Continue
            }
        }
    }

    fn dispatch(&self, command: Command) -> Result<(), Failure> {
        let id = command.id;
        if !self.state().authenticated && command.connect.is_none() {
            return Err(codes::MALFORMED.into());
        }
        if id == 0 && command.send.is_none() {
            return self.pong();
        }
        if let Some(request) = command.connect {
            self.connect(id, &request)
        } else if let Some(request) = command.subscribe {
            self.subscribe(id, &request)
        } else if let Some(request) = command.unsubscribe {
            self.unsubscribe(id, &request)
        } else if let Some(request) = command.publish {
            self.publish(id, request)
        } else if let Some(request) = command.presence {
            self.presence(id, &request)
        } else if let Some(request) = command.presence_stats {
            self.presence_stats(id, &request)
        } else if let Some(request) = command.history {
            self.history(id, request)
        } else if command.rpc.is_some() {
            // The answer of a Centrifugo without an RPC proxy.
            Err(codes::NOT_AVAILABLE.into())
        } else if command.send.is_some() {
            Err(codes::UNAVAILABLE.into())
        } else if let Some(request) = command.refresh {
            self.refresh(id, &request)
        } else if let Some(request) = command.sub_refresh {
            self.sub_refresh(id, &request)
        } else {
            Err(codes::MALFORMED.into())
        }
    }

    fn reply(&self, reply: &Reply) {
        self.hub.broker().send(&self.id, reply);
    }

    fn connect(&self, id: u32, request: &ConnectRequest) -> Result<(), Failure> {
        if self.state().authenticated {
            return Err(codes::MALFORMED.into());
        }
        let settings = &self.hub.settings;
        let identity = if !request.token.is_empty() {
            auth::verify_connection(&request.token, &settings.token_secret).map_err(refused)?
        } else if settings.allow_anonymous {
            auth::Identity::default()
        } else {
            return Err(codes::MALFORMED.into());
        };
        let ttl = identity.expires - auth::now();
        if identity.expires > 0 && ttl < 0 {
            return Err(codes::EXPIRED.into());
        }
        let expires = identity.expires > 0;
        let result = ConnectResult {
            client: self.id.clone(),
            version: VERSION.to_owned(),
            expires,
            ttl: if expires { seconds(ttl) } else { 0 },
            ping: u32::try_from(settings.ping_interval.as_secs()).unwrap_or(u32::MAX),
            pong: !settings.pong_timeout.is_zero(),
        };
        {
            let mut state = self.state();
            state.authenticated = true;
            state.timers.stale = None;
            state.timers.ping = after(spread(settings.ping_interval));
            state.timers.check = after(spread(settings.presence_update_interval));
            if expires {
                state.timers.expire = after(Duration::from_secs(seconds(ttl).into()) + settings.expired_close_delay);
            }
        }
        {
            let mut broker = self.hub.broker();
            broker.connect(&self.id, identity.user, identity.info, self.codec, Arc::clone(&self.outbox));
            broker.send(&self.id, &Reply { id, connect: Some(result), ..Reply::default() });
        }
        if self.outbox.end().is_some() {
            // The connection ended while it was being registered, and nothing else would remove it.
            self.hub.broker().disconnect(&self.id, &codes::CONNECTION_CLOSED);
        }
        self.timers_changed.notify_one();
        Ok(())
    }

    fn refresh(&self, id: u32, request: &RefreshRequest) -> Result<(), Failure> {
        if request.token.is_empty() {
            return Err(codes::MALFORMED.into());
        }
        let settings = &self.hub.settings;
        let identity = match auth::verify_connection(&request.token, &settings.token_secret) {
            Ok(identity) => identity,
            Err(Refused::Expired) => return Err(codes::CONNECTION_EXPIRED.into()),
            Err(Refused::Invalid) => return Err(codes::INVALID_TOKEN.into()),
        };
        if self.user().is_some_and(|user| user != identity.user) {
            return Err(codes::INVALID_TOKEN.into());
        }
        let mut result = RefreshResult::default();
        if identity.expires > 0 {
            result.expires = true;
            result.ttl = seconds(identity.expires - auth::now());
            if result.ttl == 0 {
                return Err(codes::EXPIRED.into());
            }
            let ttl = Duration::from_secs(result.ttl.into());
            self.state().timers.expire = after(ttl + settings.expired_close_delay);
            if !identity.info.is_empty() {
                self.hub.broker().set_info(&self.id, identity.info);
            }
            self.timers_changed.notify_one();
        }
        self.reply(&Reply { id, refresh: Some(result), ..Reply::default() });
        Ok(())
    }

    fn user(&self) -> Option<String> {
        self.hub.broker().connection(&self.id).map(|connection| connection.user.clone())
    }

    /// Handles a pong, which is malformed if no ping is open.
    fn pong(&self) -> Result<(), Failure> {
        let answered = std::mem::take(&mut self.state().timers.pinged);
        if answered { Ok(()) } else { Err(codes::MALFORMED.into()) }
    }

    /// Runs due timers until the connection ends. Dropping the future stops them.
    pub(super) async fn run_timers(&self) {
        loop {
            let next = self.state().timers.next();
            let next = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.outbox.closed() => return,
                () = self.timers_changed.notified() => {}
                () = next => {
                    if let Some(disconnect) = self.do_what_is_due() {
                        self.disconnect(&disconnect);
                    }
                }
            }
        }
    }

    fn do_what_is_due(&self) -> Option<Disconnect> {
        let settings = &self.hub.settings;
        let now = Instant::now();
        let mut state = self.state();
        let timers = &mut state.timers;
        if due(&mut timers.stale, now) {
            return Some(codes::STALE);
        }
        if due(&mut timers.expire, now) {
            return Some(codes::CONNECTION_EXPIRED);
        }
        if due(&mut timers.pong, now) && timers.pinged {
            return Some(codes::NO_PONG);
        }
        if due(&mut timers.ping, now) {
            timers.ping = after(settings.ping_interval);
            timers.pinged = true;
            if !settings.pong_timeout.is_zero() {
                timers.pong = after(settings.pong_timeout);
            }
            if self.outbox.push(self.codec.ping()).is_err() {
                return Some(codes::SLOW);
            }
        }
        if due(&mut timers.check, now) {
            timers.check = after(settings.presence_update_interval);
            drop(state);
            let delay = i64::try_from(settings.expired_sub_close_delay.as_secs()).unwrap_or(i64::MAX);
            self.hub.broker().revoke_expired(&self.id, auth::now().saturating_sub(delay));
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::Expired => codes::TOKEN_EXPIRED.into(),
        Refused::Invalid => codes::INVALID_TOKEN.into(),
    }
}

/// The remaining seconds, 0 if the time has passed.
fn seconds(ttl: i64) -> u32 {
    u32::try_from(ttl.max(0)).unwrap_or(u32::MAX)
}

fn after(delay: Duration) -> Option<Instant> {
    Instant::now().checked_add(delay)
}
