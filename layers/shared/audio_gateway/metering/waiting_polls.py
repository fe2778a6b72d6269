"""Polls that wait for jobs: each occupies a function, so their number is limited for each key (ADR 0031).

    waits    a set of texts in the account, one for each waiting poll: `<until, Unix seconds>_<random>`

They are stored beside the holds and not among them: a wait is free, so it must not become a ledger row. It must not
take the place of a request, nor the hold of a job the place of the poll that waits for it. A wait whose process died
expires, and the first poll that finds no place removes it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.update import Update
from audio_gateway.clock import now_ms
from audio_gateway.errors import RateLimitReached
from audio_gateway.metering.account_item import WAITS, Account, account_key
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.limited_updates import LimitedUpdates
from audio_gateway.metering.limits import Limits

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

LIFE_S: Final = 30
"""How long a wait counts: longer than a poll waits, and its last look at the job takes (api/job_wait.py)."""

RETRY_AFTER_S: Final = 25
"""The longest wait: by then, all polls that wait now have been answered. The SDKs follow this up to 60 s."""


class WaitingPolls:
    """The waiting polls in the gateway's table. `now_ms` is the clock."""

    def __init__(self, client: DynamoDBClient, table: str, now_ms: Callable[[], int] = now_ms) -> None:
        self._accounts = AccountWriter(client, table)
        self._updates = LimitedUpdates(self._accounts)
        self._now_ms = now_ms

    def begin(self, key_id: str) -> str:
        """Take a place for one wait of a key; returns the id of the wait, for `end`. One write, which may arrive twice.

        Raises:
            RateLimitReached: all places of the key are taken.
            PermissionDenied: the key was deleted.
            MeteringUnavailable: the account cannot be written now.
        """
        now_s = self._now_ms() // 1000
        wait = f"{now_s + LIFE_S}_{secrets.token_hex(4)}"

        def update_for(account: Account) -> Update:
            update = Update(account_key(key_id))
            update.require("version = :version", version=account.version)
            # A wait may take its own place again: the client repeats a write whose answer was lost.
            room = f"attribute_not_exists({WAITS}) OR size({WAITS}) < :most OR contains({WAITS}, :own)"
            update.require(f"({room})", most=account.limits.most_waits, own=wait)
            return update.add_to_set(WAITS, "wait", [wait])

        def refuse(account: Account, item: dict[str, Any]) -> RateLimitReached | None:
            there = item.get(WAITS, {"SS": []})["SS"]
            if len(there) < account.limits.most_waits:
                return None
            over = [each for each in there if int(each.partition("_")[0]) < now_s]
            if not over:
                return _refusal(account.limits)
            self._accounts.update(_without(key_id, over))
            return None

        self._updates.make(key_id, update_for, refuse)
        return wait

    def end(self, key_id: str, wait: str) -> None:
        """Free the place. Safe to repeat. Raises `MeteringUnavailable`; then the place is free after `LIFE_S`."""
        self._accounts.update(_without(key_id, [wait]))


def _without(key_id: str, waits: Sequence[str]) -> Update:
    return Update(account_key(key_id)).require("attribute_exists(pk)").remove_from_set(WAITS, "over", waits)


def _refusal(limits: Limits) -> RateLimitReached:
    limit = "its concurrent_requests" if limits.concurrent_requests else "the most without concurrent_requests"
    message = (
        f"{limits.most_waits} polls of the key wait for results of jobs, {limit}. The job goes on and is not charged "
        f"again. Poll again in {RETRY_AFTER_S} s, poll with wait=0, or use a webhook."
    )
    return RateLimitReached(message, limit="concurrent_requests", retry_after_s=RETRY_AFTER_S)
