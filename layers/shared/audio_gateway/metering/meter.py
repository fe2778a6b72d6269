"""The meter on DynamoDB: one conditional write to admit, two idempotent ones to settle (ADR 0012).

Settling writes the ledger row first and then the account, without a transaction: transactions on an item that every
request of a key writes would conflict with each other. A crash between the two leaves a hold whose row exists, and the
sweeper only has to release it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.clock import now_ms
from audio_gateway.errors import AlreadyRunning, MeteringUnavailable
from audio_gateway.metering.account import Admission, FreeOutcome, Hold, MeteredRequest, Payer, windows_of
from audio_gateway.metering.account_item import (
    Account,
    account_from,
    account_key,
    closed_jobs,
    hold_text,
    no_account,
    stale_names,
    usage_from,
)
from audio_gateway.metering.account_updates import Release, admission_update, is_guarded, without_closed_jobs
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.ledger import LedgerRow, free_row, row_for
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.limited_updates import MAX_TRIES, UNKNOWN, being_changed
from audio_gateway.metering.refusals import Demand, key_refuses, refusal
from audio_gateway.metering.releases import Releases

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

REQUEST_HOLD_SECONDS: Final = 960
"""How long a hold lives: longer than a function that streams responses may run, and its last write may be in flight.

A stack that does not stream sets a minute (template.yaml).
"""


class DynamoMeter:
    """Accounts and ledger in one table. `now_ms` is the clock; accounts' limits are remembered between invocations."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        hold_seconds: int = REQUEST_HOLD_SECONDS,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._table = Table(client, table)
        self._accounts = AccountWriter(client, table)
        self._releases = Releases(self._accounts, now_ms)
        self._ledger = LedgerStore(client, table)
        self._hold_seconds = hold_seconds
        self._now_ms = now_ms
        self._known: dict[str, Account] = {}
        self._stale: dict[str, tuple[str, ...]] = {}
        self._sent_twice: set[str] = set()

    def admit(self, caller: Payer, work: MeteredRequest, *, at_ms: int | None = None) -> Admission:
        """See `Meter.admit`. One write; a second one if the limits have changed since this process read them."""
        now_ms = self._now_ms() if at_ms is None else at_ms
        hold = Hold(caller, work, now_ms, now_ms // 1000 + self._hold_seconds)
        for _ in range(MAX_TRIES):
            account = self._known.get(caller.key_id, UNKNOWN)
            if key_refuses(account, work, now_ms) is not None:
                # The remembered account may be outdated to the key's disadvantage: read it again.
                self._known.pop(caller.key_id, None)
                account = UNKNOWN
            update = admission_update(hold, account)
            admitted, item, twice = self._accounts.update(update, returns="ALL_NEW")
            if not admitted:
                admitted = self._admitted_all_the_same(hold, account, item)
            if admitted:
                if twice and not hold.is_job:  # the releases of jobs are all guarded
                    self._sent_twice.add(work.request_id)
                self._stale[caller.key_id] = stale_names(item, now_ms)
                return Admission(hold, windows_of(account.limits, usage_from(item, now_ms), now_ms))
        raise being_changed()

    def _admitted_all_the_same(self, hold: Hold, account: Account, item: dict[str, Any]) -> bool:
        """Whether the item that refused the hold contains it; False to try again with the limits of the item.

        Raises the reason if the remembered limits were current and do not allow the hold.
        """
        if not item:
            raise no_account()
        running = item["holds"]["M"].get(hold.work.request_id)
        if running == {"S": hold_text(hold)}:
            return True  # the client repeated a write whose answer was lost, and the first had taken effect
        if running is not None:
            raise AlreadyRunning("This request was delivered twice and is being processed.", retry_after_s=1)
        if is_guarded(item, hold):
            raise AlreadyRunning("This request was delivered twice and has ended.", retry_after_s=1)
        current = account_from(item)
        self._known[hold.caller.key_id] = current
        denial = key_refuses(current, hold.work, hold.admitted_ms)
        if denial is not None:
            raise denial
        refused = refusal(Demand.admission(hold), current.limits, item) if current == account else None
        if refused is None:
            return False
        if refused.limit == "concurrent_jobs" and (closed := closed_jobs(item)):
            self._accounts.update(without_closed_jobs(hold.caller.key_id, closed))
            return False
        raise refused

    def check(self, caller: Payer, work: MeteredRequest) -> None:
        """See `Meter.check`. The read is consistent, so a request that has just ended does not count."""
        now_ms = self._now_ms()
        item = self._table.get(account_key(caller.key_id))
        if item is None:
            raise no_account()
        account = self._known[caller.key_id] = account_from(item)
        denial = key_refuses(account, work, now_ms)
        if denial is not None:
            raise denial
        refused = refusal(Demand.at_least(Hold(caller, work, now_ms, 0)), account.limits, item)
        if refused is not None and not (refused.limit == "concurrent_jobs" and closed_jobs(item)):
            raise refused

    def settle(self, hold: Hold, work: MeteredRequest, *, late: Callable[[], bool] = lambda: False) -> None:
        """See `Meter.settle`."""
        self._settle(hold, row_for(hold, work, "answered"), late)

    def fail(
        self,
        hold: Hold,
        model: str,
        cost_microusd: int,
        *,
        outcome: FreeOutcome = "failed",
        late: Callable[[], bool] = lambda: False,
    ) -> None:
        """See `Meter.fail`."""
        self._settle(hold, free_row(hold, model, cost_microusd, outcome), late)

    def _settle(self, hold: Hold, row: LedgerRow, late: Callable[[], bool]) -> None:
        row = self._ledger.put(row)
        release = self._release_of(hold, row.price_microusd, row.unbilled_cost_microusd)
        if late():
            self._releases.remember(release)
            return
        # The row decides, with its own price if it existed before; if the release fails, the sweeper finds the row.
        with suppress(MeteringUnavailable):
            self._send(release)

    def release(self, hold: Hold) -> None:
        """See `Meter.release`."""
        self._send(self._release_of(hold, 0, 0))

    def _release_of(self, hold: Hold, spent_microusd: int, unbilled_cost_microusd: int) -> Release:
        twice = hold.work.request_id in self._sent_twice
        self._sent_twice.discard(hold.work.request_id)
        return Release(hold, spent_microusd, guarded=twice, unbilled_cost_microusd=unbilled_cost_microusd)

    def _send(self, release: Release) -> None:
        self._releases.send(release, self._stale.pop(release.hold.caller.key_id, ()))
