"""Callers whose key is active at this moment, as requests that change something require.

API Gateway accepts a key for up to 60 seconds after it was disabled, deleted or archived, because it caches the
authorizer's response. That is good enough for reads; a request that changes, sends or starts something checks the key's
account.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from audio_gateway.api.http.app import caller_of
from audio_gateway.api.http.identity import Caller
from audio_gateway.clock import now_ms
from audio_gateway.metering.account_store import AccountStore

WriterOf = Callable[[Request], Caller]
"""The caller, whose key is active. Raises `KeyNotUsable` if it is not, and `MeteringUnavailable` if that cannot be
checked. Every route that changes something calls this first."""


def active_caller(accounts: AccountStore, now_ms: Callable[[], int] = now_ms) -> WriterOf:
    """Checks keys in these accounts; `now_ms` is the clock in Unix milliseconds."""

    def writer_of(request: Request) -> Caller:
        caller = caller_of(request)
        accounts.check(caller.key_id, now_ms())
        return caller

    return writer_of
