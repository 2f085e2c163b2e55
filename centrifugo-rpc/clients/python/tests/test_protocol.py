"""The constants of the protocol, and the order of the modules."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from pathlib import Path
from typing import Any

from base import CentrifugoRPCClient, ErrorCode
from base import _connection as connection
from base import _deadline as deadline
from base import _refusal as refusals
from base import _wire as wire

HERE = Path(__file__).parent
SHARED: dict[str, Any] = json.loads((HERE / "../../protocol.json").read_text())


def default(name: str) -> Any:
    """The default of a setting."""
    return inspect.signature(CentrifugoRPCClient).parameters[name].default


def ms(seconds: float) -> float:
    return seconds * 1000


def test_the_constants_are_those_that_all_languages_share() -> None:
    assert list(SHARED) == ["common", "callers", "workers"]
    assert SHARED["common"] == {
        "request_channel": default("request_channel"),
        "reply_namespace": default("reply_namespace"),
        "reply_channel_regex": refusals.REPLY_CHANNEL_REGEX,
        "contract_method": wire.CONTRACT_METHOD,
        "max_batch_bytes": wire.MAX_BATCH,
        "min_batch_bytes_per_request": wire.MIN_REQUEST,
        "message_size_limit": default("message_size_limit"),
        "reply_history_size": wire.KEPT_REPLIES,
        "default_channel_max_length": refusals.DEFAULT_MAX_LENGTH,
        "timeout_ms": ms(default("timeout")),
        "write_timeout_ms": ms(connection.COMMAND_TIMEOUT),
        "codes": {code.name.lower(): code.value for code in ErrorCode},
        "centrifugo_codes": {
            "unknown_channel": refusals.UNKNOWN_CHANNEL,
            "permission_denied": refusals.PERMISSION_DENIED,
            "limit_exceeded": refusals.LIMIT_EXCEEDED,
            "bad_request": refusals.BAD_REQUEST,
            "token_expired": refusals.TOKEN_EXPIRED,
            "too_many_requests": refusals.TOO_MANY_REQUESTS,
            "invalid_token": refusals.INVALID_TOKEN,
            "malformed": refusals.MALFORMED,
        },
    }
    assert SHARED["callers"] == {
        "max_timeout_ms": ms(deadline.MAX_TIMEOUT),
        "min_grace_ms": ms(deadline.MIN_GRACE),
        "max_grace_ms": ms(deadline.MAX_GRACE),
        "connect_timeout_ms": ms(default("connect_timeout")),
    }


def test_the_limits_of_workers_hold_for_this_client() -> None:
    workers = SHARED["workers"]
    assert str(workers["version"]) == wire.VERSION
    correlation_id = str(uuid.uuid4())
    assert len(correlation_id) <= workers["max_correlation_id_bytes"]
    assert re.match(refusals.REPLY_CHANNEL_REGEX, f"{correlation_id}#42")
    # A batch of the smallest notifications or calls has no more requests than a worker
    # takes.
    notification = wire.encode_request("a", None, 1)
    reply_to = f"reply:{correlation_id}#"
    call = wire.encode_request(
        "a", None, 1, correlation_id=correlation_id, reply_to=reply_to
    )
    for request, limit in (
        (notification, "max_batch_requests"),
        (call, "max_batch_calls"),
    ):
        room = wire.MAX_BATCH - wire.BATCH_OVERHEAD + len(b",")
        most = room // max(wire.MIN_REQUEST, len(request + b","))
        assert most <= workers[limit]


# The modules, from the lowest to the highest. So the connection knows nothing about
# calls.
ORDER = [
    *("_errors", "_tasks", "_sdk", "_deadline", "_identity", "_refusal", "_token"),
    *("_wire", "_subscription", "_connection", "_reply_channel", "_state", "_pending"),
    *("_cancel_queue", "_batcher", "_calls", "_session", "_client"),
    *("_exact", "_unions", "_datetime", "_values", "_model", "_codec", "_api", "_sync"),
    "__init__",
]


def test_modules_import_only_lower_ones() -> None:
    modules = {path.stem: path.read_text() for path in HERE.glob("../base/*.py")}
    assert sorted(modules) == sorted(ORDER)
    for name, text in modules.items():
        imports = re.findall(r"^from \.(\w*) import (?:(_\w+))?", text, re.MULTILINE)
        lower = ORDER[: ORDER.index(name)]
        for module, attribute in imports:
            assert (module or attribute) in lower, f"{name}: {module or attribute}"
