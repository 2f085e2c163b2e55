"""The source of fresh connection tokens."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from ._errors import TokenError, TokenRefused
from ._identity import subject_of
from ._sdk import UnauthorizedError

GetToken = Callable[[], Awaitable[str]]


class Tokens:
    """Calls the user's function, and ends the client if a retry cannot help."""

    def __init__(
        self, get_token: GetToken, user: str, on_end: Callable[[TokenError], None]
    ) -> None:
        self._get_token = get_token
        self._user = user
        self._on_end = on_end
        self._asking: set[asyncio.Future[str]] = set()

    async def next(self) -> str:
        """A token of the client's user."""
        given: Any = self._get_token()
        if not inspect.isawaitable(given):
            raise self._end("`get_token` is not an async function")
        asking = asyncio.ensure_future(given)
        self._asking.add(asking)
        try:
            token: Any = await asking
        except TokenRefused as error:
            raise self._end(
                f"`get_token` says that there is no token: {error}"
            ) from error
        finally:
            self._asking.discard(asking)
        if not isinstance(token, str) or not token:
            raise self._end(
                f"`get_token` gave {type(token).__name__} instead of a token"
            )
        try:
            subject = subject_of(token)
        except ValueError as error:
            raise self._end(str(error)) from None
        if subject is not None and subject != self._user:
            raise self._end(
                f"`get_token` gave a token of user {subject!r} to the client of user "
                f"{self._user!r}: a client belongs to one "
                "user, make a new one"
            )
        return token

    def close(self) -> None:
        """Cancels all pending calls of the function."""
        for asking in self._asking:
            asking.cancel()

    def _end(self, message: str) -> UnauthorizedError:
        self._on_end(TokenError(message))
        return UnauthorizedError(message)
