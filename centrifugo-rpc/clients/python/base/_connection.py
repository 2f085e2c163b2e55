"""The connection to Centrifugo: the module that uses the SDK. It reports all events to
`Calls`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import _refusal as refusals
from ._calls import Calls
from ._errors import ConnectionError, SetupError, TokenError, UnreachableError
from ._identity import shown_url
from ._reply_channel import Replies
from ._sdk import CentrifugeError, Client, ClientEventHandler, ReplyError
from ._token import GetToken, Tokens

logger = logging.getLogger("centrifugo_rpc")

# The version of the protocol with the worker.
VERSION = "1"
# How long the SDK waits for Centrifugo's reply to one command, and for the handshake.
# All missed replies arrive as one message, behind other data: over a slow link it may
# take as long as Centrifugo's `websocket.write_timeout`, as `centrifugo_config` prints
# it.
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
    request_channel: str
    reply_channel: str
    message_size_limit: int
    ssl_context: ssl.SSLContext | None
    proxy: str | Literal[True] | None
    headers: Mapping[str, str] | None


class Link:
    """One connection, which reconnects until it is closed."""

    def __init__(self, target: Target, calls: Calls) -> None:
        self.is_closed = False
        self._calls = calls
        self._starting: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._tokens = (
            Tokens(target.get_token, target.user, self.end)
            if target.get_token
            else None
        )
        # With Protobuf the payloads are bytes: this package reads them exactly, and an
        # unreadable payload does not end the connection.
        self._client = Client(
            target.url,
            _ClientEvents(self, target, calls),
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
        self._replies = Replies(
            self._client, target.reply_channel, target.user, self, calls
        )

    async def start(self) -> None:
        """Starts connecting and subscribing to the reply channel."""
        await self._replies.start()
        self._starting = asyncio.create_task(self._client.connect())

    async def publish(self, channel: str, data: bytes) -> None:
        """Publishes once, without a retry: a worker may run each copy."""
        try:
            await self._client.publish(channel, data)
        except ReplyError as error:
            raise PublishRefusedError(error.code, error.message) from None
        except CentrifugeError as error:
            raise UnconfirmedError(str(error)) from None

    async def close(self) -> None:
        """Ends the connection and all of its tasks. `Calls` gets no further events."""
        self.is_closed = True
        if self._tokens is not None:
            self._tokens.close()
        await self._client.disconnect()
        # The SDK does not wait for its own tasks, which would outlive the client.
        tasks: set[asyncio.Task[Any]] = set(
            getattr(self._client, "_background_tasks", ())
        )
        tasks |= {task for task in (self._starting, self._ending) if task is not None}
        tasks |= self._replies.tasks
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT)

    def end(self, error: ConnectionError) -> None:
        """Ends the client because of an event of the connection, which is then no
        longer usable.
        """
        if not self.is_closed:
            self._calls.end(error)
            self._ending = self._ending or asyncio.create_task(
                self._client.disconnect()
            )


class _ClientEvents(ClientEventHandler):
    def __init__(self, link: Link, target: Target, calls: Calls) -> None:
        self._link = link
        self._calls = calls
        self._url = shown_url(target.url)

    async def on_disconnected(self, ctx: Any) -> None:
        self._link.end(refusals.disconnect(self._url, ctx.code, ctx.reason))

    async def on_error(self, ctx: Any) -> None:
        if self._link.is_closed:
            return
        error: BaseException = ctx.error
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if 400 <= status <= 499:
            hopeless = SetupError(
                f"{self._url} answers HTTP {status} instead of a WebSocket: is it "
                "Centrifugo's WebSocket endpoint, by "
                "default `/connection/websocket`?"
            )
            # After a first connection, the cause counts as temporary: a proxy whose
            # backend restarts answers 404 for a moment.
            if self._calls.was_up:
                self._calls.on_trouble(hopeless)
            else:
                self._link.end(hopeless)
        elif ctx.code in (CONNECT_TOKEN, REFRESH_TOKEN):
            self._calls.on_trouble(
                TokenError(f"no new token: {refusals.describe(error)}")
            )
            logger.warning(
                "`get_token` failed and is asked again: %s", refusals.describe(error)
            )
        elif isinstance(error, ReplyError):
            self._calls.on_trouble(
                refusals.connect(self._url, error.code, error.message)
            )
        else:
            self._calls.on_trouble(
                UnreachableError(
                    f"cannot connect to {self._url}: {refusals.describe(error)}"
                )
            )
