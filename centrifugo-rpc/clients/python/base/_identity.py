"""The identity of the caller, and the address of its replies."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, cast

URL = re.compile(r"wss?://[^/\s?#]+([/?]\S*)?\Z", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
NOT_OF_A_JWT = re.compile(r"^bearer |[^A-Za-z0-9_.-]", re.IGNORECASE)


def check_url(url: str) -> None:
    """Refuses a URL that is not a WebSocket URL."""
    if not URL.match(url):
        raise ValueError(
            "the URL is not a WebSocket URL: write for example "
            "`ws://localhost:8000/connection/websocket`"
        )


def shown_url(url: str) -> str:
    """The URL for messages: without user, password and query, which may contain
    secrets.
    """
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{host}{slash}{path.partition('?')[0].partition('#')[0]}"


def check_channel(channel: str) -> None:
    """Refuses a name that cannot be the request channel."""
    namespace, colon, name = channel.partition(":")
    if not (colon and NAME.match(namespace) and NAME.match(name)):
        raise ValueError(
            f"`request_channel` is {channel!r}, which is not `<namespace>:<name>` of "
            "letters, digits, `_`, `-` and `.`: "
            "write for example `rpc:requests`"
        )


def check_namespace(namespace: str) -> None:
    """Refuses a name that cannot be a namespace."""
    if not NAME.match(namespace):
        raise ValueError(
            f"`reply_namespace` is {namespace!r}, which is not a name of letters, "
            "digits, `_`, `-` and `.`: "
            "write for example `reply`"
        )


def user_of(token: str | None, user: str | None) -> str:
    """The user whose reply channel the client owns: the given user, or the `sub` claim
    of the token.
    """
    given = cast(Any, token)
    if given is not None and not isinstance(given, str):
        kind = type(given).__name__
        raise ValueError(f"the token is of type {kind}, not str: decode it")
    subject = subject_of(token) if token else None
    if user is None:
        user = subject
    if user is None:
        raise ValueError(
            "the user is unknown: give the client the user ID as its third argument "
            "(the anonymous one is '')"
        )
    if subject is not None and subject != user:
        raise ValueError(
            f"the token is for user {subject!r}, but the client was given user {user!r}"
        )
    check_user(user)
    return user


def check_user(user: str) -> None:
    """Refuses users whose reply channel Centrifugo would read differently."""
    if not (user.isascii() and user.isprintable()) or "," in user or "#" in user:
        raise ValueError(
            f"the user {user!r} cannot own a reply channel: user IDs must not contain "
            "`,`, `#`, control characters or "
            "non-ASCII characters"
        )


def subject_of(token: str) -> str | None:
    """The `sub` claim, '' if there is none; None if this is not a JWT. Centrifugo
    verifies tokens; the client only reads them. Tokens that Centrifugo would refuse
    without a reason are refused here.
    """
    # Centrifugo ignores line feeds at the end.
    strange = NOT_OF_A_JWT.search(token.rstrip("\r\n"))
    if strange:
        raise ValueError(
            f"the token contains {strange[0]!r}, which no JWT contains: give the JWT "
            "alone"
        )
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Any = json.loads(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        )
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    claims = cast(dict[str, Any], claims)
    for name in ("exp", "nbf", "iat"):
        if not is_time(claims.get(name)):
            raise ValueError(
                f"the token's `{name}` is {json.dumps(claims[name])[:64]}, which is "
                f"not a number: sign tokens whose `{name}` is in seconds since 1970"
            )
    subject = claims.get("sub")
    if subject is not None and not isinstance(subject, str):
        raise ValueError(
            f"the token's `sub` is {json.dumps(subject)[:64]}, which is not a string: "
            'sign tokens whose `sub` is the user ID as text, like "42"'
        )
    return subject or ""


def is_time(claim: Any) -> bool:
    """Whether Centrifugo reads the claim as a time: a number, also as text, or null."""
    if isinstance(claim, str):
        try:
            float(claim)
        except ValueError:
            return False
        return True
    return claim is None or (
        isinstance(claim, int | float) and not isinstance(claim, bool)
    )
