"""The connection to Centrifugo, and the module that uses the SDK. It carries
publications and any number of subscriptions, and knows nothing about requests and
replies.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from . import _refusal as refusals
from ._errors import ConnectionError, SetupError, TokenError, UnreachableError
from ._identity import shown_url
from ._sdk import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    ReplyError,
    StreamPosition,
)
from ._subscription import Subscription, SubscriptionListener
from ._tasks import Tasks
from ._token import GetToken, Tokens
from ._wire import VERSION

logger = logging.getLogger("centrifugo_rpc")

# How long the SDK waits for Centrifugo's reply to one command, and for the handshake.
# All missed publications arrive as one message, behind other data: over a slow link it
# may take as long as Centrifugo's `websocket.write_timeout`, as `centrifugo_config`
# prints it.
COMMAND_TIMEOUT = 30.0
# Callers wait for the connection: after a restart of Centrifugo it is soon back.
MIN_RECONNECT_DELAY = 0.2
MAX_RECONNECT_DELAY = 5.0
# How long the remaining tasks of the SDK may take to end, for example the closing
# handshake of its socket.
CLOSE_TIMEOUT = 2.0

# The SDK's codes of errors that come from the token function.
CONNECT_TOKEN, REFRESH_TOKEN = 5, 6


class UnconfirmedError(Exception):
    """The connection broke or Centrifugo did not answer: the message may have been
    published.
    """


class PublishRefusedError(Exception):
    """Centrifugo did not publish the message."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Target:
    """The server to connect to, and the user of the connection."""

    url: str
    user: str
    token: str | None = field(repr=False)
    get_token: GetToken | None
    ssl_context: ssl.SSLContext | None
    proxy: str | Literal[True] | None
    headers: Mapping[str, str] | None


class ConnectionListener(Protocol):
    """Receives the events of a connection, until it is closed. Its methods must not
    raise: the SDK would end the connection.
    """

    def on_trouble(self, error: ConnectionError) -> None:
        """An attempt to connect failed; the connection tries again."""
        ...

    def on_end(self, error: ConnectionError) -> None:
        """The connection has ended permanently."""
        ...


class Connection:
    """One connection, which reconnects until it is closed."""

    def __init__(self, target: Target, listener: ConnectionListener) -> None:
        self._listener = listener
        self._shown_url = shown_url(target.url)
        self._is_stopped = False
        # After a first connection, some errors are temporary that are permanent before.
        self._was_connected = False
        self._tasks = Tasks()
        # By channel; the last one if several have not ended.
        self._subscriptions: dict[str, Subscription] = {}
        self._tokens = (
            Tokens(target.get_token, target.user, self._end)
            if target.get_token
            else None
        )
        # With Protobuf the payloads are bytes: this package reads them exactly, and an
        # unreadable payload does not end the connection.
        self._client = Client(
            target.url,
            _Events(self),
            token=target.token or "",
            get_token=self._tokens.next if self._tokens else None,
            use_protobuf=True,
            timeout=COMMAND_TIMEOUT,
            name="centrifugo-rpc-python",
            version=VERSION,
            min_reconnect_delay=MIN_RECONNECT_DELAY,
            max_reconnect_delay=MAX_RECONNECT_DELAY,
            headers=target.headers,
            ssl_context=target.ssl_context,
            proxy=target.proxy,
        )

    def open(self) -> None:
        """Starts connecting."""
        self._tasks.spawn(self._client.connect())

    async def publish(self, channel: str, data: bytes) -> None:
        """Publishes once, without a retry, which could publish twice."""
        try:
            await self._client.publish(channel, data)
        except ReplyError as error:
            raise PublishRefusedError(error.code, error.message) from None
        except CentrifugeError as error:
            raise UnconfirmedError(str(error)) from None

    def subscribe(
        self,
        channel: str,
        listener: SubscriptionListener,
        since: StreamPosition | None = None,
    ) -> Subscription:
        """Subscribes to a channel once there is a connection, and stays subscribed. The
        publications after `since` come first; by default, those after the first
        subscription. A connection has one subscription to a channel at a time.
        """
        previous = self._subscriptions.get(channel)
        if previous is not None and not previous.is_closed:
            raise ValueError(f"the channel `{channel}` is subscribed already")
        subscription = Subscription(
            self._client, channel, listener, self._tasks, previous, self._forget
        )
        self._subscriptions[channel] = subscription
        subscription.start(since)
        return subscription

    def _forget(self, subscription: Subscription) -> None:
        if self._subscriptions.get(subscription.channel) is subscription:
            del self._subscriptions[subscription.channel]

    def stop(self) -> None:
        """Begins to end the connection. The listeners get no further events."""
        if not self._is_stopped:
            self._detach()
            self._tasks.spawn(self._client.disconnect())

    async def close(self) -> None:
        """Ends the connection and all of its tasks."""
        self._detach()
        if self._tokens is not None:
            self._tokens.close()
        await self._client.disconnect()
        # The SDK does not wait for its own tasks, which would outlive the client.
        tasks: set[asyncio.Task[Any]] = set(
            getattr(self._client, "_background_tasks", ())
        )
        tasks |= self._tasks.running
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)

    def _detach(self) -> None:
        self._is_stopped = True
        for subscription in self._subscriptions.values():
            subscription.detach()

    def _end(self, error: ConnectionError) -> None:
        """Ends the connection because of an event: it is no longer usable."""
        if not self._is_stopped:
            self.stop()
            self._listener.on_end(error)

    def on_error(self, code: int, error: BaseException) -> None:
        """An attempt to connect failed, or to get a token."""
        if self._is_stopped:
            return
        url = self._shown_url
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if 400 <= status <= 499:
            hopeless = SetupError(
                f"{url} answers HTTP {status} instead of a WebSocket: is it "
                "Centrifugo's WebSocket endpoint, by "
                "default `/connection/websocket`?"
            )
            # After a first connection, the cause counts as temporary: a proxy whose
            # backend restarts answers 404 for a moment.
            if self._was_connected:
                self._listener.on_trouble(hopeless)
            else:
                self._end(hopeless)
        elif code in (CONNECT_TOKEN, REFRESH_TOKEN):
            why = refusals.describe(error)
            self._listener.on_trouble(TokenError(f"no new token: {why}"))
            logger.warning("`get_token` failed and is asked again: %s", why)
        elif isinstance(error, ReplyError):
            refused = refusals.connect(url, error.code, error.message)
            self._listener.on_trouble(refused)
        else:
            why = refusals.describe(error)
            unreachable = UnreachableError(f"cannot connect to {url}: {why}")
            self._listener.on_trouble(unreachable)

    def on_connected(self) -> None:
        """The connection is up."""
        self._was_connected = True

    def on_disconnected(self, code: int, reason: str) -> None:
        """The connection has ended, and the SDK does not connect again."""
        self._end(refusals.disconnect(self._shown_url, code, reason))


class _Events(ClientEventHandler):
    """The events of the SDK's client, with `Any` for its undeclared types."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def on_connected(self, ctx: Any) -> None:
        self._connection.on_connected()

    async def on_disconnected(self, ctx: Any) -> None:
        self._connection.on_disconnected(ctx.code, ctx.reason)

    async def on_error(self, ctx: Any) -> None:
        self._connection.on_error(ctx.code, ctx.error)
