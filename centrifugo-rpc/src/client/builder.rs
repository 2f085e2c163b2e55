//! [`ClientBuilder`]: the connection and the identity of a client.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use uuid::Uuid;

use super::batcher::RequestBatcher;
use super::calls::Calls;
use super::cancel_queue::{CancelQueue, SendOrder};
use super::connection::{Connection, GetToken, PUBLISH_OVERHEAD, Target, TokenFuture};
use super::pending::Pending;
use super::reply_channel::ReplyChannel;
use super::{Client, token};
use crate::channels::{Channels, is_channel, is_name};
use crate::error::{BoxError, Error, ErrorKind, shown_url};
use crate::protocol::{CALL_TIMEOUT, MESSAGE_SIZE_LIMIT};
use crate::sdk::tls::{Tls, is_encrypted};
use crate::urls::{WEBSOCKET, is_url};

/// The default of [`ClientBuilder::connect_timeout`].
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Configures a [`Client`]: the endpoint of Centrifugo, the user, channels and limits. Made by [`Client::builder`].
///
/// The channel names and the message size limit must match Centrifugo's configuration and the workers'
/// [`Config`](crate::Config); the defaults of all three match.
#[must_use = "a builder does nothing until `connect`"]
pub struct ClientBuilder {
    url: String,
    token: Option<String>,
    get_token: Option<GetToken>,
    user: Option<String>,
    timeout: Duration,
    connect_timeout: Duration,
    request_channel: String,
    reply_namespace: String,
    message_size_limit: usize,
    ca_file: Option<PathBuf>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("url", &shown_url(&self.url))
            .field("user", &self.user)
            .field("timeout", &self.timeout)
            .field("request_channel", &self.request_channel)
            .field("reply_namespace", &self.reply_namespace)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> Self {
        let Channels { requests, replies } = Channels::of(None);
        Self {
            url,
            token: None,
            get_token: None,
            user: None,
            timeout: CALL_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            request_channel: requests,
            reply_namespace: replies,
            message_size_limit: MESSAGE_SIZE_LIMIT,
            ca_file: None,
        }
    }

    /// Sets the connection token, a JWT for Centrifugo. Default: none.
    ///
    /// The connection ends for good when this token expires: long-lived clients use [`get_token`](Self::get_token).
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sets the function that fetches connection tokens. [`connect`](Self::connect) calls it once, unless there is a
    /// [`token`](Self::token) to start with; the client calls it again whenever the token expires. Default: none.
    ///
    /// Every token must belong to the same user, because a reply channel belongs to one user. A token of another user
    /// ends the client. An error ends `connect`; after that, the client retries with a delay.
    ///
    /// ```no_run
    /// # use centrifugo_rpc::{BoxError, Client, Error};
    /// # async fn fetch_token() -> Result<String, BoxError> { unimplemented!() }
    /// # async fn run() -> Result<(), Error> {
    /// let client = Client::builder("wss://rt.example.com/connection/websocket")
    ///     .get_token(|| async { fetch_token().await })
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn get_token<F, Fut, E>(mut self, get_token: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.get_token = Some(Arc::new(move || -> TokenFuture {
            let token = get_token();
            Box::pin(async move { token.await.map_err(Into::into) })
        }));
        self
    }

    /// Sets the user ID that Centrifugo gives this connection. Default: the `sub` claim of the token.
    ///
    /// Needed for tokens that the client cannot read, and for connections without a token.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the timeout of calls whose [`CallOptions`](crate::CallOptions) have none; at most a day. Default: 30 s,
    /// like the workers' call timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Limits how long [`connect`](Self::connect) tries. Default: 10 s. Once connected, the client never stops
    /// reconnecting.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// Sets the service to call, by the name in its [`Config`](crate::Config#structfield.service). Default: none. This
    /// sets [`request_channel`](Self::request_channel) and [`reply_namespace`](Self::reply_namespace).
    pub fn service(self, service: impl AsRef<str>) -> Self {
        let Channels { requests, replies } = Channels::of(Some(service.as_ref()));
        self.request_channel(requests).reply_namespace(replies)
    }

    /// Sets the channel that requests are published to, `<namespace>:<name>`. Default: `rpc:requests`.
    pub fn request_channel(mut self, request_channel: impl Into<String>) -> Self {
        self.request_channel = request_channel.into();
        self
    }

    /// Sets the namespace of reply channels. Default: `reply`.
    pub fn reply_namespace(mut self, reply_namespace: impl Into<String>) -> Self {
        self.reply_namespace = reply_namespace.into();
        self
    }

    /// Sets Centrifugo's `websocket.message_size_limit`, in bytes. Default: 64 KiB, Centrifugo's default.
    ///
    /// The client fails a larger request itself, with 413: Centrifugo would end the connection, and with it all calls
    /// in flight.
    pub fn message_size_limit(mut self, message_size_limit: usize) -> Self {
        self.message_size_limit = message_size_limit;
        self
    }

    /// Sets a PEM file with the certificates of a private CA, trusted in addition to the system's roots. Default: none.
    pub fn ca_file(mut self, ca_file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(ca_file.into());
        self
    }

    /// Connects and subscribes to the reply channel. Needs a tokio runtime, whose tasks keep the connection alive: when
    /// this runtime ends, the client ends. Other runtimes may make calls too, as long as this one runs; a current-thread
    /// runtime runs only inside `block_on`.
    ///
    /// Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for settings that cannot work; [`ErrorKind::Setup`] if Centrifugo rejects the token, or a
    /// namespace is missing or lacks a permission; [`ErrorKind::Unreachable`] if there is no connection after
    /// [`connect_timeout`](Self::connect_timeout). Messages name the URL and the fix.
    pub async fn connect(mut self) -> Result<Client, Error> {
        self.check()?;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::config("the client needs a tokio runtime: call `connect` inside one"));
        }
        let tls = Tls::load(self.ca_file.as_deref(), "`ca_file`", is_encrypted(&self.url))?;
        let url = shown_url(&self.url);
        let connect_timeout = self.connect_timeout;
        let opened = OnceLock::new();
        let connected = tokio::time::timeout(connect_timeout, async {
            let client = self.open(tls, &url).await?;
            opened.get_or_init(|| client.calls.replies.clone()).up().await?;
            Ok(client)
        });
        connected.await.unwrap_or_else(|_| {
            let trouble = opened.get().and_then(|replies| replies.trouble());
            Err(no_connection(&url, connect_timeout, trouble))
        })
    }

    async fn open(&mut self, tls: Tls, url: &str) -> Result<Client, Error> {
        if let (None, Some(get_token)) = (&self.token, &self.get_token) {
            let token = get_token().await;
            let token =
                token.map_err(|error| Error::new(ErrorKind::Other, "`get_token` gave no token").because(error))?;
            self.token = Some(token);
        }
        let user = token::user(self.token.as_deref(), self.user.as_deref())?;
        // One session per client, kept across reconnects: its missed replies are recovered, and no other client's
        // replies arrive.
        let reply_channel = format!("{}:{}#{user}", self.reply_namespace, Uuid::new_v4());
        let pending = Arc::new(Pending::default());
        let replies = Arc::new(ReplyChannel::new(reply_channel, user.clone(), pending.clone()));
        let get_token = self.get_token.take().map(|get_token| same_user(get_token, self.user.take(), &user, &replies));
        let connection = Connection::new(Target {
            url: std::mem::take(&mut self.url),
            shown_url: url.to_owned(),
            token: self.token.take(),
            get_token,
            tls,
        })?;
        replies.clone().open(&connection)?;
        connection.connect()?;
        let request_channel = std::mem::take(&mut self.request_channel);
        let max_bytes = self.message_size_limit.saturating_sub(request_channel.len() + PUBLISH_OVERHEAD);
        let order = SendOrder::default();
        let batcher = RequestBatcher::start(
            connection.clone(),
            replies.clone(),
            pending.clone(),
            order.clone(),
            request_channel.clone(),
            max_bytes,
        );
        let cancels = CancelQueue::start(connection, replies.clone(), order, request_channel.clone());
        Ok(Client {
            calls: Arc::new(Calls {
                replies,
                pending,
                batcher,
                cancels,
                timeout: self.timeout,
                request_channel,
                message_size_limit: self.message_size_limit,
            }),
        })
    }

    fn check(&self) -> Result<(), Error> {
        let problem = if !is_url(&self.url, WEBSOCKET) {
            "the URL is not a WebSocket URL: write for example `ws://localhost:8000/connection/websocket`"
        } else if !is_channel(&self.request_channel) {
            "`request_channel` is not `<namespace>:<name>` of letters, digits, `_`, `-` and `.`: write for example `rpc:requests`"
        } else if !is_name(&self.reply_namespace) {
            "`reply_namespace` is not a name of letters, digits, `_`, `-` and `.`: write for example `reply`"
        } else if self.timeout.is_zero() {
            "`timeout` is zero, which would fail every call: write for example 30 s"
        } else if self.connect_timeout.is_zero() {
            "`connect_timeout` is zero: write for example 10 s"
        } else {
            return Ok(());
        };
        Err(Error::config(problem))
    }
}

/// Wraps `get_token` so that it rejects tokens of other users: with such a token the reply channel could not be
/// subscribed to.
fn same_user(get_token: GetToken, explicit: Option<String>, user: &str, replies: &Arc<ReplyChannel>) -> GetToken {
    let (user, replies): (Arc<str>, _) = (user.into(), replies.clone());
    let explicit = explicit.map(Arc::<str>::from);
    Arc::new(move || {
        let token = get_token();
        let (user, explicit, replies) = (user.clone(), explicit.clone(), replies.clone());
        Box::pin(async move {
            let token = token.await?;
            match token::user(Some(&token), explicit.as_deref()) {
                Ok(next) if *next == *user => Ok(token),
                Ok(next) => {
                    let message = format!(
                        "`get_token` gave a token of user `{next}` to the client of user `{user}`: a client belongs to one user, \
                         make a new one"
                    );
                    drop(replies.end(&Error::new(ErrorKind::Config, message.as_str())));
                    Err(message.into())
                }
                Err(error) => {
                    drop(replies.end(&error));
                    Err(error.into())
                }
            }
        })
    })
}

fn no_connection(url: &str, timeout: Duration, trouble: Option<Error>) -> Error {
    match trouble {
        Some(trouble) => trouble,
        None => Error::new(
            ErrorKind::Unreachable,
            format!("no connection to {url} within {timeout:?}: check the URL and that Centrifugo runs"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(builder: ClientBuilder) -> Error {
        let error = builder.connect().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        error
    }

    #[tokio::test]
    async fn settings_that_cannot_work_are_refused_before_connecting() {
        let builder = || Client::builder("ws://localhost:1/connection/websocket").user("42");
        for (builder, named) in [
            (Client::builder("http://localhost:8000").user("42"), "WebSocket URL"),
            (Client::builder("localhost").user("42"), "WebSocket URL"),
            (builder().request_channel("requests"), "request_channel"),
            (builder().reply_namespace("re:ply"), "reply_namespace"),
            (builder().timeout(Duration::ZERO), "`timeout` is zero"),
            (builder().connect_timeout(Duration::ZERO), "`connect_timeout` is zero"),
            (builder().ca_file("/nowhere/ca.pem"), "`ca_file` cannot be read: `/nowhere/ca.pem`"),
            (builder().user("a,b"), "cannot own a reply channel"),
            (Client::builder("ws://localhost:1/"), "no token"),
        ] {
            let error = refused(builder).await.to_string();
            assert!(error.contains(named), "{named} in {error}");
        }
    }

    #[tokio::test]
    async fn a_token_function_that_fails_ends_connect_with_its_reason() {
        let builder = Client::builder("ws://localhost:1/").get_token(|| async { Err::<String, _>("no session") });
        let error = builder.connect().await.expect_err("no token");
        assert!(format!("{error:?}").contains("no session"), "{error:?}");
    }

    #[test]
    fn debug_shows_no_secrets() {
        let url = "wss://user:pa55@rt.example.com/connection/websocket?token=s3cret#x";
        let debug = format!("{:?}", Client::builder(url).token("t0ken"));
        for secret in ["pa55", "s3cret", "t0ken"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }
}
