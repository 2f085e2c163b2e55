"""The common base of typed clients."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from ._client import CentrifugoRPCClient
from ._codec import Codec, read_hash
from ._errors import ContractMismatchError, DecodeError, EncodeError
from ._wire import CONTRACT_METHOD


class BaseAPIClient:
    """Calls methods with values of the contract's types."""

    _contract_hash: ClassVar[str] = ""
    # By method; each codec is made at its first use.
    _params: ClassVar[dict[str, Codec]] = {}
    _results: ClassVar[dict[str, Codec]] = {}

    def __init__(self, rpc: CentrifugoRPCClient) -> None:
        self._rpc = rpc

    @property
    def rpc(self) -> CentrifugoRPCClient:
        """The client whose connection is used."""
        return self._rpc

    async def check_contract(self) -> None:
        """Compares the hash of the server's contract with that of this client.

        Raises:
            ContractMismatchError: this client was generated from another contract.
            RpcError: the server is too old for this check (404), or returned another
                error.
        """
        answer = await self._rpc.call(CONTRACT_METHOD)
        try:
            theirs = read_hash(answer)
        except ValueError as error:
            raise DecodeError(f"the result of `system.contract`: {error}") from error
        if theirs != self._contract_hash:
            raise ContractMismatchError(
                f"the server's contract is {theirs}, this client was generated from "
                f"{self._contract_hash}: generate it again, or update the server"
            )

    async def _call(
        self,
        method: str,
        params_type: Any,
        params: Any,
        result_type: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> Any:
        data = self._encode(method, params_type, params)
        result = await self._rpc.call_json(
            method, data, timeout=timeout, traceparent=traceparent
        )
        codec = self._results.get(method)
        if codec is None:
            codec = self._results[method] = Codec(result_type)
        try:
            return codec.from_plain(result)
        except ValueError as error:
            raise DecodeError(
                f"the result of `{method}` is not what the contract says: {error}"
            ) from error

    async def _call_in_vain(
        self,
        method: str,
        params_type: Any,
        params: Any,
        result_type: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> NoReturn:
        """Calls a method whose result type has no values: the call can only fail."""
        await self._call(method, params_type, params, result_type, timeout, traceparent)
        raise AssertionError(f"`{method}` has no result")

    async def _notify(
        self,
        method: str,
        params_type: Any,
        params: Any,
        timeout: float | None,
        traceparent: str | None,
    ) -> None:
        data = self._encode(method, params_type, params)
        await self._rpc.notify_json(
            method, data, timeout=timeout, traceparent=traceparent
        )

    def _encode(self, method: str, params_type: Any, params: Any) -> bytes | None:
        if params_type is None:
            return None
        codec = self._params.get(method)
        if codec is None:
            codec = self._params[method] = Codec(params_type)
        try:
            return codec.to_json(params)
        except ValueError as error:
            raise EncodeError(
                f"the params of `{method}` are not what the method takes: {error}"
            ) from error


def not_implemented(method: str) -> NotImplementedError:
    """The error of a method that a class derived from `API` does not have."""
    return NotImplementedError(f"this object does not implement `{method}`")
