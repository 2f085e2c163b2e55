"""A network that fails on demand: a TCP proxy."""

from __future__ import annotations

import asyncio
from types import TracebackType
from urllib.parse import urlsplit

from typing_extensions import Self


class Network:
    """Carries connections to a server until it is told not to."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._listener: asyncio.Server | None = None
        self._port = 0
        self._carried: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The server, as it is reached through this network."""
        return self._target._replace(netloc=f"127.0.0.1:{self._port}").geturl()

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.refuse()
        await self.cut()

    async def accept(self) -> None:
        """Listens, on the same port as before."""
        self._listener = await asyncio.start_server(
            self._carry, "127.0.0.1", self._port
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Takes no new connections. Those that exist stay."""
        if self._listener is not None:
            self._listener.close()

    async def cut(self) -> None:
        """Breaks all connections."""
        carried = list(self._carried)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)
        writers = [writer]
        try:
            up, down = await asyncio.open_connection(
                self._target.hostname, self._target.port
            )
            writers.append(down)
            await asyncio.gather(_pump(reader, down), _pump(up, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in writers:
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
