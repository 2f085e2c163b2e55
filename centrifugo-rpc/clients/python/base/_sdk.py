"""The part of Centrifugo's official SDK that is used here, with the types that it does
not declare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Literal, Protocol

    class ConnectingContext(Protocol):
        code: int
        reason: str

    class ConnectedContext(Protocol):
        client: str

    class DisconnectedContext(Protocol):
        code: int
        reason: str

    class ErrorContext(Protocol):
        code: int
        error: BaseException

    class StreamPosition:
        offset: int
        epoch: str

        def __init__(self, offset: int, epoch: str) -> None: ...

    class SubscribedContext(Protocol):
        stream_position: StreamPosition | None
        recoverable: bool
        was_recovering: bool
        recovered: bool

    class Publication(Protocol):
        data: Any

    class PublicationContext(Protocol):
        pub: Publication

    class ClientEventHandler:
        async def on_connecting(self, ctx: ConnectingContext) -> None: ...
        async def on_connected(self, ctx: ConnectedContext) -> None: ...
        async def on_disconnected(self, ctx: DisconnectedContext) -> None: ...
        async def on_error(self, ctx: ErrorContext) -> None: ...

    class SubscriptionEventHandler:
        async def on_subscribing(self, ctx: ConnectingContext) -> None: ...
        async def on_subscribed(self, ctx: SubscribedContext) -> None: ...
        async def on_unsubscribed(self, ctx: DisconnectedContext) -> None: ...
        async def on_publication(self, ctx: PublicationContext) -> None: ...
        async def on_error(self, ctx: ErrorContext) -> None: ...

    class Subscription:
        async def subscribe(self) -> None: ...
        async def unsubscribe(self) -> None: ...

    class Client:
        def __init__(
            self,
            address: str,
            events: ClientEventHandler | None = None,
            token: str = "",
            get_token: Callable[[], Awaitable[str]] | None = None,
            use_protobuf: bool = False,
            timeout: float = 5.0,
            max_server_ping_delay: float = 10.0,
            name: str = "python",
            version: str = "",
            data: Any = None,
            min_reconnect_delay: float = 0.1,
            max_reconnect_delay: float = 20.0,
            headers: Mapping[str, str] | None = None,
            loop: Any = None,
            ssl_context: ssl.SSLContext | None = None,
            proxy: str | Literal[True] | None = True,
        ) -> None: ...

        def new_subscription(
            self,
            channel: str,
            events: SubscriptionEventHandler | None = None,
            *,
            min_resubscribe_delay: float = 0.1,
            max_resubscribe_delay: float = 10.0,
            recoverable: bool = False,
            get_state: Callable[[str], Awaitable[StreamPosition]] | None = None,
        ) -> Subscription: ...

        def remove_subscription(self, sub: Subscription) -> None: ...

        async def connect(self) -> None: ...
        async def disconnect(self) -> None: ...
        async def publish(
            self, channel: str, data: Any, timeout: float | None = None
        ) -> object: ...

    class CentrifugeError(Exception): ...

    class ReplyError(CentrifugeError):
        code: int
        message: str
        temporary: bool

    class UnauthorizedError(CentrifugeError): ...

else:
    from centrifuge import (
        CentrifugeError,
        Client,
        ClientEventHandler,
        ReplyError,
        StreamPosition,
        Subscription,
        SubscriptionEventHandler,
        UnauthorizedError,
    )

__all__ = [
    "CentrifugeError",
    "Client",
    "ClientEventHandler",
    "ReplyError",
    "StreamPosition",
    "Subscription",
    "SubscriptionEventHandler",
    "UnauthorizedError",
]
