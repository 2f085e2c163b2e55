"""Centrifugo's refusals, as errors that name the setting to change."""

from __future__ import annotations

from ._errors import (
    CentrifugoRPCError,
    ConnectionError,
    ErrorCode,
    RpcError,
    SetupError,
    TokenError,
)

UNKNOWN_CHANNEL = 102
PERMISSION_DENIED = 103
LIMIT_EXCEEDED = 106
BAD_REQUEST = 107
TOKEN_EXPIRED = 109
TOO_MANY_REQUESTS = 111
INVALID_TOKEN = 3500
# Data that Centrifugo does not understand; in practice, a connection without a token.
MALFORMED = 3501

# The SDK's own codes: a connection without a usable token, and a message that was too
# large.
NO_TOKEN = 1
MESSAGE_TOO_LARGE = 3

# The names of reply channels, as a `channel_regex` of Centrifugo.
REPLY_CHANNEL_REGEX = r"^[A-Za-z0-9_-]{16,64}#[^,#]*$"
# Centrifugo's own `channel.max_length`.
DEFAULT_MAX_LENGTH = 255

# Explains Centrifugo's "token expired", which also covers tokens not valid yet.
EXPIRED = (
    "the token is missing, has expired or is not valid yet: look at its `exp` and "
    "`nbf`, and whether the clocks of Centrifugo and of the machine that signs tokens "
    "agree"
)

CLOSED = "the client is closed"


def subscribe(channel: str, user: str, code: int, reason: str) -> ConnectionError:
    """Why Centrifugo does not let the client read its replies."""
    namespace = channel.partition(":")[0]
    fixes = {
        UNKNOWN_CHANNEL: f"add a namespace `{namespace}` to Centrifugo's "
        "`channel.namespaces`, with "
        "`allow_user_limited_channels`, `history_size`, `history_ttl` and "
        "`force_recovery`",
        PERMISSION_DENIED: "set `allow_user_limited_channels` in Centrifugo's "
        f"namespace `{namespace}`, and check that the "
        f"token is user `{user}`'s",
        BAD_REQUEST: f"the `channel_regex` of Centrifugo's namespace `{namespace}` "
        f"must be `{REPLY_CHANNEL_REGEX}`",
        LIMIT_EXCEEDED: "the connection has as many subscriptions as Centrifugo's "
        "`client.channel_limit` allows, 128 by default: raise it, or have fewer "
        "channels in the token",
        TOKEN_EXPIRED: "give the client fresh tokens with `get_token`",
    }
    length = len(channel.encode())
    if length > DEFAULT_MAX_LENGTH:
        fixes[BAD_REQUEST] = (
            f"the name of the channel has {length} bytes, as the user ID has "
            f"{len(user.encode())}: set Centrifugo's `channel.max_length` to {length} "
            f"or more (it is {DEFAULT_MAX_LENGTH} by default, `centrifugo_config` "
            "prints enough), or give the user a shorter ID; where it is, look at the "
            f"`channel_regex` of the namespace `{namespace}`"
        )
    fix = fixes.get(code, "the client gets no replies any more, make a new one")
    message = (
        f"Centrifugo refuses the reply channel `{channel}` ({code} {reason}): {fix}"
    )
    return SetupError(message) if code in fixes else ConnectionError(message)


def publish(
    channel: str, anonymous: bool, code: int, reason: str
) -> CentrifugoRPCError:
    """Why Centrifugo does not take a request. The rate limit is the only temporary
    refusal.
    """
    if code == TOO_MANY_REQUESTS:
        return RpcError(
            ErrorCode.OVERLOADED,
            f"Centrifugo's rate limit of requests is reached ({code} {reason})",
        )
    namespace = channel.partition(":")[0]
    permission = (
        "allow_publish_for_anonymous" if anonymous else "allow_publish_for_client"
    )
    fixes = {
        UNKNOWN_CHANNEL: f"add a namespace `{namespace}` to Centrifugo's "
        f"`channel.namespaces`, with `{permission}`, or name "
        "another channel with `request_channel`",
        PERMISSION_DENIED: f"set `{permission}` in Centrifugo's namespace "
        f"`{namespace}`",
        BAD_REQUEST: f"the `channel_regex` of Centrifugo's namespace `{namespace}` "
        "must match the request channel, for "
        "example `^requests$`",
    }
    fix = fixes.get(code, "the request was not taken")
    message = f"Centrifugo refuses to publish into `{channel}` ({code} {reason}): {fix}"
    return SetupError(message) if code in fixes else ConnectionError(message)


def connect(url: str, code: int, reason: str) -> ConnectionError:
    """Why Centrifugo refuses the connection, for now."""
    fix = f": {EXPIRED}" if code == TOKEN_EXPIRED else ""
    return SetupError(
        f"Centrifugo at {url} refuses the connection: {reason} ({code}){fix}"
    )


def disconnect(url: str, code: int, reason: str) -> ConnectionError:
    """Why the connection has ended permanently."""
    message = f"Centrifugo at {url} ended the connection ({code} {reason})"
    if code in (NO_TOKEN, TOKEN_EXPIRED):
        return TokenError(
            f"{message}: {EXPIRED}; give the client fresh ones with `get_token`"
        )
    if code == INVALID_TOKEN:
        return TokenError(
            f"{message}: check that the token is a JWT of three parts and nothing "
            "else, is signed with the key in Centrifugo's `client.token`, has its "
            "`aud` and `iss`, that its `sub` is a string, and that its `exp`, `nbf` "
            "and `iat` are numbers"
        )
    if code == MALFORMED:
        return TokenError(
            f"{message}: is the token missing? Centrifugo takes connections without "
            "one only where `client.allow_anonymous_connect_without_token` is set"
        )
    if code == MESSAGE_TOO_LARGE:
        return SetupError(
            f"{message}: a request was larger than Centrifugo's "
            "`websocket.message_size_limit`, give the client the same "
            "`message_size_limit`"
        )
    return ConnectionError(message)


def describe(error: BaseException) -> str:
    """The message of the error; the name of the exception if it has no message."""
    return str(error) or type(error).__name__
