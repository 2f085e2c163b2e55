"""The caller: one connection, and calls of methods by name."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from typing_extensions import Self

from ._connection import Target
from ._deadline import Deadline, check_duration, check_timeout
from ._errors import ConnectionError, EventLoopError, UnreachableError
from ._identity import check_channel, check_namespace, check_url, shown_url, user_of
from ._pending import IgnoredReplyHook, Pending
from ._refusal import CLOSED
from ._session import Session
from ._state import State
from ._token import GetToken
from ._wire import Channels, encode_params


class CentrifugoRPCClient:
    """Calls methods of workers, over one WebSocket to Centrifugo.

    A call ends exactly once: with its result, the worker's error, a timeout, or the end
    of the client.

    - Deadline. The request carries the timeout; the worker ends the method by then with
      408. The caller waits a tenth of the timeout longer, at least 250 ms and at most
      1 s, so that this answer usually arrives. `RpcTimeoutError` therefore means that
      no answer arrived.
    - Cancellation. If the task that awaits a call is cancelled, the client sends a
      cancellation, and the worker stops the method.
    - Lost connections. The client reconnects until it is closed. Calls in flight go on:
      the client recovers the replies that were sent meanwhile. New calls wait for the
      connection, within their timeout.
    - At most once. A request is published once. If the connection breaks before
      Centrifugo confirms it, a worker may or may not have it: the call then waits for a
      reply until its timeout.
    - Batching. Requests of the same moment go out as one message of up to 16 KiB, once
      the workers have shown that they read batches. A request is never delayed to fill
      a batch, and each call ends as it would alone.

    A client belongs to one user, and to the event loop that `connect` runs in: in
    another event loop it raises `EventLoopError`. `APIClient.sync` works in all.
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
            token: the connection token, a JWT. When it expires, the connection ends
                permanently: long-lived clients use `get_token`.
            user: the user ID of this connection in Centrifugo, '' for the anonymous
                user. Default: the `sub` claim of the token.
            get_token: the function that provides tokens. `connect` calls it, unless
                there is a first `token`, and the client calls it whenever the token
                expires. If it raises, the client calls it again after a while;
                `TokenRefused` ends the client. All tokens must belong to the same user.
            timeout: how many seconds a call may take, unless the call has a timeout of
                its own; at most a day. Default: 30, as at the workers.
            connect_timeout: how many seconds `connect` tries; `math.inf` for no limit.
                Default: 10. After a first connection, the client never stops trying.
            request_channel: the channel for requests, `<namespace>:<name>`. Default:
                `rpc:requests`.
            reply_namespace: the namespace of reply channels. Default: `reply`.
            message_size_limit: Centrifugo's `websocket.message_size_limit`, in bytes.
                Default: 64 KiB, as in Centrifugo. The client itself answers a larger
                request with 413; Centrifugo would end the connection, and with it all
                its calls.
            ssl_context: for `wss://` with a private CA. Default: the system's roots.
            proxy: the URL of an HTTP proxy, None for none. Default: the proxy of the
                environment (`HTTPS_PROXY`, `NO_PROXY`, …).
            headers: more HTTP headers for the WebSocket's handshake. Default: none.
            on_ignored_reply: called with the reason, and the bytes of the publication,
                for each reply that matches no call; a publication may contain other
                replies too. Default: such replies are counted in `ignored_replies` and
                logged.

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
        self._target = Target(
            url=url,
            user=self._user,
            token=token or None,
            get_token=get_token,
            ssl_context=ssl_context,
            proxy=proxy,
            headers=headers,
        )
        # One session per client, kept across reconnects: the client recovers its
        # replies, and gets no replies of other clients.
        replies = f"{reply_namespace}:{uuid.uuid4()}#{self._user}"
        self._channels = Channels(request_channel, replies)
        self._message_size_limit = message_size_limit
        self._on_ignored_reply = on_ignored_reply
        self._state, self._pending = State(), Pending(on_ignored_reply)
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
        """Whether there is a connection at this moment. Callers need not check this:
        calls wait for the connection.
        """
        return self._state.is_ready

    @property
    def ignored_replies(self) -> int:
        """How many replies matched no call: late, duplicate, unknown or malformed."""
        return self._pending.ignored_replies

    async def connect(self) -> None:
        """Connects and subscribes to the reply channel. Does nothing on a client that
        has connected before.

        A cancellation ends the attempt. After a failed attempt, `connect` may be called
        again.

        Raises:
            TokenError: Centrifugo refuses the token, or `get_token` returns none.
            SetupError: a namespace is missing or lacks a permission, or the URL is not
                Centrifugo's.
            UnreachableError: there is no connection after `connect_timeout`.
            ConnectionError: the client was closed.
            EventLoopError: the client has connected in another event loop.
        """
        self._belong_here()
        async with self._connecting:
            state = self._state
            state.check_not_ended()
            if self._session is not None:
                return
            session = self._session = Session(
                self._target,
                self._channels,
                self._message_size_limit,
                state,
                self._pending,
            )
            try:
                session.open()
                if not await state.ready(self._connect_timeout):
                    raise state.trouble or UnreachableError(
                        f"no connection to {shown_url(self._target.url)} within "
                        f"{self._connect_timeout:g} s: check the URL "
                        "and that Centrifugo runs"
                    )
            except BaseException as error:
                if self._closing is None:
                    # The next attempt starts from nothing.
                    self._session, self._loop = None, None
                    self._state = State()
                    self._pending = Pending(self._on_ignored_reply)
                reason = (
                    error
                    if isinstance(error, ConnectionError)
                    else ConnectionError("`connect` was cancelled")
                )
                await session.close(reason)
                raise

    async def ended(self) -> ConnectionError:
        """Waits until the client has ended permanently, and returns the reason: the
        client was closed, or Centrifugo ended the connection in a way that forbids
        another attempt, for example because the token has expired. A lost connection
        does not end the client.
        """
        self._belong_here()
        return await self._state.end_of_all()

    async def close(self) -> None:
        """Closes the connection. Calls in flight end with `ConnectionError`, and the
        client sends their cancellations.

        Closing takes at most a few seconds. A cancellation does not stop it.
        """
        self._belong_here()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        reason = ConnectionError(CLOSED)
        if self._session is None:
            self._state.end(reason)
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

        Cancelling the task cancels the call: the worker stops the method, if it may
        have begun.

        Args:
            method: the name, like `tasks.get_stats`.
            params: anything that `json.dumps` takes; None for a method without params.
            timeout: how many seconds the call may take. Default: the client's.
            traceparent: the W3C trace context, handed to the method. Default: none.

        Raises:
            RpcError: the answer is an error.
            RpcTimeoutError: no answer arrived in time.
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
        """Sends a notification: the method runs, without an answer. Returns when
        Centrifugo has taken the notification.

        Cancelling the task does not stop a notification that is on its way.

        Raises:
            RpcError: the notification is too large, or over Centrifugo's rate limit.
            RpcTimeoutError: there was no connection in time.
            ConnectionError: Centrifugo did not take the notification. If the connection
                broke meanwhile, this is unknown.
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
        """Like `call`, with params that are JSON already."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        session = self._open_session()
        reply = await session.calls.call(method, params, deadline, traceparent)
        return reply.result

    async def notify_json(
        self,
        method: str,
        params: bytes | None,
        *,
        timeout: float | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Like `notify`, with params that are JSON already."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        calls = self._open_session().calls
        await calls.notify(method, params, deadline, traceparent)

    def _belong_here(self) -> None:
        """Raises if the client belongs to another event loop: in this one, no event
        would wake up the caller before its timeout.
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
        self._state.check_not_ended()
        if self._session is None:
            raise ConnectionError(
                "the client is not connected: `await connect()` first"
            )
        self._belong_here()
        return self._session
