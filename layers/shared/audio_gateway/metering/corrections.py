"""Corrects the hold of a job once its length is known: one conditional write, which admits the difference.

A job is admitted before its audio is read, with the price of the shortest possible audio. Its first step measures the
audio, and must hold the whole price before any of it goes to a provider (ADR 0031).
"""

from __future__ import annotations

from collections.abc import Callable

from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import Account, account_from, hold_of
from audio_gateway.metering.account_updates import correction_update
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.limited_updates import MAX_TRIES, UNKNOWN, being_changed
from audio_gateway.metering.refusals import Demand, refusal


class Corrections:
    """The corrections of one process, which remembers the limits of accounts. `now_ms` is the clock."""

    def __init__(self, accounts: AccountWriter, now_ms: Callable[[], int]) -> None:
        self._accounts = accounts
        self._now_ms = now_ms
        self._known: dict[str, Account] = {}

    def make(self, present: Hold, wanted: Hold) -> bool:
        """See `JobMeter.correct`. A second write follows if the limits or the hold were changed."""
        key_id, at_ms = wanted.caller.key_id, self._now_ms()
        for _ in range(MAX_TRIES):
            account = self._known.get(key_id, UNKNOWN)
            corrected, item, _twice = self._accounts.update(correction_update(present, wanted, account, at_ms))
            if corrected:
                return True
            found = hold_of(item, key_id, wanted.work.request_id)
            if found is None:
                return False
            current = self._known[key_id] = account_from(item)
            refused = refusal(Demand.correction(found, wanted, at_ms), current.limits, item)
            if refused is not None and (found, current) == (present, account):
                raise refused
            present = found
        raise being_changed()
