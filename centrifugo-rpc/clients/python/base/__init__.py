"""The hand-written half of the generated Python clients."""

from ._client import CentrifugoRPCClient
from ._codec import as_params, read_json, to_json
from ._datetime import FarDate, FarDateTime, NanoDateTime
from ._errors import (
    CentrifugoRPCError,
    ConnectionError,
    ContractMismatchError,
    DecodeError,
    EncodeError,
    ErrorCode,
    EventLoopError,
    RpcError,
    RpcTimeoutError,
    SetupError,
    TokenError,
    TokenRefused,
    UnreachableError,
)

__all__ = [
    "CentrifugoRPCClient",
    "CentrifugoRPCError",
    "ConnectionError",
    "ContractMismatchError",
    "DecodeError",
    "EncodeError",
    "ErrorCode",
    "EventLoopError",
    "FarDate",
    "FarDateTime",
    "NanoDateTime",
    "RpcError",
    "RpcTimeoutError",
    "SetupError",
    "TokenError",
    "TokenRefused",
    "UnreachableError",
    "as_params",
    "read_json",
    "to_json",
]
