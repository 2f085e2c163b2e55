"""The hand-written half of the generated Python clients."""

from ._client import CentrifugoRPCClient
from ._errors import (
    CentrifugoRPCError,
    ConnectionError,
    ContractMismatchError,
    DecodeError,
    EncodeError,
    ErrorCode,
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
    "RpcError",
    "RpcTimeoutError",
    "SetupError",
    "TokenError",
    "TokenRefused",
    "UnreachableError",
]
