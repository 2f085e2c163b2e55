"""The caller: one connection, and calls of methods by name."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from typing_extensions import Self

from ._calls import Calls, IgnoredReplyHook
from ._deadline import Deadline, check_duration, check_timeout
from ._errors import ConnectionError, EventLoopError, UnreachableError
from ._identity import check_channel, check_namespace, check_url, shown_url, user_of
from ._json import encode_params
from ._link import Target
from ._refusals import CLOSED
from ._session import Session
from ._tokens import GetToken


class CentrifugoRPCClient:
    """Calls methods of workers, over one WebSocket to Centrifugo.

    What happens to a call: it ends exactly once, with its result, the worker's error, a
    timeout, or the end of the client.

    - Deadline. The worker is told the timeout and ends the method by then with 408. The
      caller waits a tenth of the timeout longer, at least 250 ms and at most 1 s, so
      that this answer usually arrives. `RpcTimeoutError` therefore means that nobody
      answered.
    - Cancellation. Cancelling the task that awaits a call tells the worker to stop the
      method.
    - Lost connections. The client reconnects for as long as it lives. Calls under way
      go on: replies sent meanwhile are recovered. Calls made meanwhile wait for the
      connection, within their timeout.
    - At most once. A request is published once. If the connection breaks before
      Centrifugo confirms, nobody knows whether a worker has it: the call then waits for
      a reply until its timeout.
    - Together. What tasks ask for in the same moment goes out as one message of up to
      16 KiB, once the workers have shown that they read that. Nothing waits for it, and
      each call ends as it would alone.

    A client belongs to one user, and to the event loop that `connect` runs in: from
    another one it raises `EventLoopError`. `APIClient.sync` works from all of them.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        user: str | None = None,
        *,
        get_token: GetToken | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        request_channel: str = "rpc:requests",
        reply_namespace: str = "reply",
        message_size_limit: int = 64 * 1024,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | Literal[True] | None = True,
        headers: Mapping[str, str] | None = None,
        on_ignored_reply: IgnoredReplyHook | None = None,
    ) -> None:
        """Describes a client. Nothing happens until `connect`.

        Args:
            url: Centrifugo's WebSocket endpoint, like
                `ws://localhost:8000/connection/websocket`.
            token: the connection token, a JWT. When it expires, the connection ends for
                good: long-lived clients use `get_token`.
            user: the user ID that Centrifugo takes this connection for, '' for the
                anonymous one. Default: the `sub` claim of the token.
            get_token: where tokens come from: called by `connect`, unless there is a
                `token` to start with, and again whenever the token expires. If it
                raises, it is asked again after a while; `TokenRefused` ends the client.
                Every token must be the same user's.
            timeout: how many seconds a call may take, unless it says otherwise; at most
                a day. Default: 30, as at the workers.
            connect_timeout: how many seconds `connect` tries; `math.inf` for ever.
                Default: 10. Later the client never stops trying.
            request_channel: the channel that requests are published into. Default:
                `rpc:requests`.
            reply_namespace: the namespace of reply channels. Default: `reply`.
            message_size_limit: Centrifugo's `websocket.message_size_limit`, in bytes.
                Default: 64 KiB, as there. A request over it is answered here, with 413;
                Centrifugo would end the connection, and with it all its calls.
            ssl_context: for `wss://` with a private CA. Default: the system's roots.
            proxy: the URL of an HTTP proxy, None for none. Default: what the
                environment says (`HTTPS_PROXY`, `NO_PROXY`, …).
            headers: more HTTP headers of the WebSocket's handshake. Default: none.
            on_ignored_reply: called with the reason, and the bytes of the publication,
                for each reply that fits no call; a publication may have other replies
                too. Default: they are counted in `ignored_replies` and logged.

        Raises:
            ValueError: for settings that cannot work.
        """
        check_url(url)
        check_channel(request_channel)
        check_namespace(reply_namespace)
        if ssl_context is not None and not url.lower().startswith("wss://"):
            raise ValueError("`ssl_context` is for `wss://` URLs only")
        if not token and get_token is None and user != "":
            raise ValueError(
                "no token: give the client one with `token` or `get_token`; or, where "
                "Centrifugo accepts connections "
                "without a token, name their user with `user` (the anonymous one is '')"
            )
        self._user = user_of(token, user)
        self._timeout = check_timeout(timeout)
        self._connect_timeout = check_duration(connect_timeout, "connect_timeout")
        # One session per client, kept across reconnects: its replies are recovered, and
        # nobody else's arrive.
        self._target = Target(
            url=url,
            user=self._user,
            token=token or None,
            get_token=get_token,
            request_channel=request_channel,
            reply_channel=f"{reply_namespace}:{uuid.uuid4()}#{self._user}",
            message_size_limit=message_size_limit,
            ssl_context=ssl_context,
            proxy=proxy,
            headers=headers,
        )
        self._on_ignored_reply = on_ignored_reply
        self._calls = Calls(on_ignored_reply)
        self._session: Session | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        name = type(self).__name__
        url = shown_url(self._target.url)
        return f"<{name} {url} user={self._user!r} connected={self.is_connected}>"

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def user(self) -> str:
        """The user ID, '' for an anonymous caller."""
        return self._user

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection at this moment. Calls need not ask: they wait
        for it.
        """
        return self._calls.is_up

    @property
    def ignored_replies(self) -> int:
        """How many replies fitted no call: late, duplicate, unknown or malformed."""
        return self._calls.ignored_replies

    async def connect(self) -> None:
        """Connects and subscribes to the reply channel. Does nothing on a client that
        has connected before.

        Cancelling it ends the attempt. After a failed attempt it may be called again.

        Raises:
            TokenError: Centrifugo refuses the token, or `get_token` gives none.
            SetupError: a namespace is missing or lacks a permission, or the URL is not
                Centrifugo's.
            UnreachableError: there is no connection after `connect_timeout`.
            ConnectionError: the client was closed.
            EventLoopError: it has connected in another event loop.
        """
        self._belong_here()
        async with self._connecting:
            calls = self._calls
            calls.check_not_ended()
            if self._session is not None:
                return
            session = self._session = Session(self._target, calls)
            try:
                await session.start()
                if not await calls.up(self._connect_timeout):
                    raise calls.trouble or UnreachableError(
                        f"no connection to {shown_url(self._target.url)} within "
                        f"{self._connect_timeout:g} s: check the URL "
                        "and that Centrifugo runs"
                    )
            except BaseException as error:
                if self._closing is None:
                    # The next attempt starts from nothing.
                    self._session, self._calls = None, Calls(self._on_ignored_reply)
                    self._loop = None
                reason = (
                    error
                    if isinstance(error, ConnectionError)
                    else ConnectionError("`connect` was cancelled")
                )
                await session.close(reason)
                raise

    async def ended(self) -> ConnectionError:
        """Waits until the client has ended for good, and says why: it was closed, or
        Centrifugo ended the connection in a way that forbids another attempt, for
        example because the token has expired. Lost connections do not end it.
        """
        self._belong_here()
        return await self._calls.end_of_all()

    async def close(self) -> None:
        """Closes the connection. Calls under way end with `ConnectionError`, and their
        workers are told to stop.

        Takes a moment, at most a few seconds. Cancelling it does not stop the closing.
        """
        self._belong_here()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        reason = ConnectionError(CLOSED)
        if self._session is None:
            self._calls.end(reason)
        else:
            await self._session.close(reason)

    async def call(
        self,
        method: str,
        params: object = None,
        *,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Any:
        """Calls a method by its name and returns its result, as Python's `json` would
        read it.

        Cancelling the task cancels the call: the worker is told to stop the method, if
        it may have begun.

        Args:
            method: the name, like `tasks.get_stats`.
            params: anything that `json.dumps` takes; None for a method without params.
            timeout: how many seconds the call may take. Default: the client's.
            traceparent: the W3C trace context, handed to the method. Default: none.

        Raises:
            RpcError: the call was answered with an error.
            RpcTimeoutError: nobody answered in time.
            ConnectionError: the client is closed, or Centrifugo did not take the
                request.
            EncodeError: the params have no JSON form.
            EventLoopError: the client has connected in another event loop.
        """
        return await self.call_json(
            method,
            encode_params(method, params),
            timeout=timeout,
            traceparent=traceparent,
        )

    async def notify(
        self,
        method: str,
        params: object = None,
        *,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Notifies a method: it runs, and nothing is answered. Returns when Centrifugo
        has taken the notification.

        Cancelling the task does not stop a notification that is on its way.

        Raises:
            RpcError: the notification is too large, or over Centrifugo's rate limit.
            RpcTimeoutError: there was no connection in time.
            ConnectionError: Centrifugo did not take it. Whether it did is unknown when
                the connection broke meanwhile.
            EncodeError: the params have no JSON form.
        """
        await self.notify_json(
            method,
            encode_params(method, params),
            timeout=timeout,
            traceparent=traceparent,
        )

    async def call_json(
        self,
        method: str,
        params: bytes | None,
        *,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> Any:
        """As `call`, with params that are JSON already."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        session = self._open_session()
        return (await session.call(method, params, deadline, traceparent)).result

    async def notify_json(
        self,
        method: str,
        params: bytes | None,
        *,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> None:
        """As `notify`, with params that are JSON already."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        await self._open_session().notify(method, params, deadline, traceparent)

    def _belong_here(self) -> None:
        """Raises if the client is another event loop's. There nothing would ever wake
        up the caller, who would wait for its timeout.
        """
        here = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = here
        elif self._loop is not here:
            state = ", which is closed" if self._loop.is_closed() else ""
            raise EventLoopError(
                f"this client was connected in another event loop{state}: make one in "
                "each event loop (each `asyncio.run` and each `async_to_sync` may have "
                "its own), or use `APIClient.sync`, which has a loop of its own"
            )

    def _open_session(self) -> Session:
        self._calls.check_not_ended()
        if self._session is None:
            raise ConnectionError(
                "the client is not connected: `await connect()` first"
            )
        self._belong_here()
        return self._session
