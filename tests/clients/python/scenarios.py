"""The scenarios of tests/clients/README.md, with the generated Python client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import calls
import connections
import protocol

# Longer than the slowest scenario takes.
LIMIT = 60.0

SCENARIOS: list[Callable[[], Awaitable[None]]] = [
    calls.result,
    calls.every_error_code,
    calls.application_error_with_data,
    calls.unknown_method,
    calls.invalid_params,
    calls.params_too_large,
    calls.timeout,
    calls.cancel,
    calls.cancel_before_sending,
    calls.concurrent_1000,
    connections.reconnect_by_server,
    connections.reconnect_after_cut,
    connections.calls_made_while_disconnected,
    connections.token_refresh,
    connections.refused_token,
    connections.failing_token_function,
    calls.no_wait,
    connections.two_clients_of_one_user,
    connections.close_with_calls_pending,
    calls.unicode,
    calls.large_payloads,
    connections.slow_link,
    connections.long_user_id,
    connections.token_words,
    connections.channel_limit,
    connections.identity,
    connections.guard,
    connections.anonymous,
    calls.contract_check,
    calls.overload,
    protocol.on_the_wire,
    protocol.requests_that_go_together,
    protocol.replies_that_change_nothing,
    protocol.replies_without_an_offset,
    protocol.more_replies_than_the_history_keeps,
    protocol.replies_after_a_restart,
    protocol.replies_lost_twice,
    protocol.giving_up,
]


async def run(scenario: Callable[[], Awaitable[None]]) -> str | None:
    """Returns the reason of a failure, or None. Leftovers are failures, too."""
    unseen: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(str(context)))
    try:
        await asyncio.wait_for(scenario(), LIMIT)
    except Exception as error:  # noqa: BLE001 - any exception is a failure
        return f"{type(error).__name__}: {error}"
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        return f"tasks are left behind: {left}"
    return f"unhandled errors: {unseen}" if unseen else None


def main() -> int:
    names = sys.argv[1:]
    failed = 0
    for scenario in SCENARIOS:
        name = scenario.__name__
        if names and name not in names:
            continue
        reason = asyncio.run(run(scenario))
        if reason is None:
            print(f"ok {name}", flush=True)
        else:
            failed += 1
            print(f"FAILED {name}: {' '.join(reason.split())}", flush=True)
    unknown = set(names) - {scenario.__name__ for scenario in SCENARIOS}
    for name in unknown:
        print(f"FAILED {name}: there is no such scenario")
    return 1 if failed or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
