"""Who may change things: the holder of a key that is good at this moment.

API Gateway lets a key through for up to 60 seconds after it was disabled, deleted or archived, because it remembers
what the authorizer said. What reads may be that old; what changes, sends or begins something asks the key's account.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from audio_gateway.api.http.app import caller_of
from audio_gateway.api.http.identity import Caller
from audio_gateway.clock import now_ms
from audio_gateway.metering.account_store import AccountStore

WriterOf = Callable[[Request], Caller]
"""Who calls and may change things. Raises as `caller_of`, `KeyNotUsable` for a key that is not good any more, and
`MeteringUnavailable` if that cannot be found out. Every route that changes something asks this first."""


def active_caller(accounts: AccountStore, now_ms: Callable[[], int] = now_ms) -> WriterOf:
    """Ask these accounts; `now_ms` is the clock in unix milliseconds."""

    def writer_of(request: Request) -> Caller:
        caller = caller_of(request)
        accounts.check(caller.key_id, now_ms())
        return caller

    return writer_of
