"""Settles expired holds, whose process died or could not write.

The rule, for each hold that has expired:

1. It is held for a running job: it stays.
2. Its ledger row exists: the answer was charged, and only the release is missing.
3. Its job is over, or there is a pending settlement (`pending_settlements`): what they say is charged, with the outcome
   `swept`, at the moment that they name; or nothing, if the job is free.
4. Otherwise the caller got no answer: it is free, and a row with the outcome `abandoned` informs the operator.

The row is written first, then the hold is released with the price of the existing row, whichever process wrote it. So a
handler that comes back late, or a second sweeper, changes nothing.

Cost: only accounts that may have open holds are read (`open_accounts`); unused keys and their projects cost nothing. An
account is read eventually consistent, a hundred with each call: half a read unit as long as it is below 4 KB (some 25
open holds). Only an account with an expired hold is read again, consistently, and its holds are released twenty with
each update. If forty or more attributes are obsolete, they are removed, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Item
from audio_gateway.clock import now_ms
from audio_gateway.errors import GatewayError, MeteringUnavailable
from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import (
    MAX_STALE,
    account_from,
    account_key,
    given_back_from,
    holds_from,
    last_used_s,
    stale_names,
)
from audio_gateway.metering.account_updates import MAX_RELEASES, Release, stale_removal
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.late_rows import LateRows
from audio_gateway.metering.ledger import LedgerRow, abandoned_row, row_for
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.open_accounts import OpenAccounts, unlisting
from audio_gateway.metering.releases import release_all
from audio_gateway.metering.work_outcomes import WorkOutcome, WorkOutcomes

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

Finding = Literal["released", "swept", "abandoned"]

# A key that was unused for this long leaves the list; its next use costs one more write, of the index.
_IDLE_S: Final = 300

# The most marks of returned holds in an account, which must stay small.
_MAX_GIVEN_BACK: Final = 20


class Keys(Protocol):
    """Removes keys."""

    def forget_deleted(self, key_id: str) -> bool:
        """Remove what is left of a deleted key without open holds."""
        ...


@dataclass(frozen=True, slots=True)
class Swept:
    """A hold that is settled now, for this price in micro-dollars; `finding` says which case of the rule it was.

    `unbilled_cost_microusd` is the cost for which the caller got nothing.
    """

    finding: Finding
    hold: Hold
    price_microusd: int
    unbilled_cost_microusd: int = 0


@dataclass(frozen=True, slots=True)
class SweepFailure:
    """An account that could not be swept, or the list of accounts (None) that could not be read; and why."""

    key_id: str | None
    error: Exception


@dataclass(slots=True)
class SweepReport:
    """What a sweep did.

    `keys` counts the keys that were swept, `left` those for which there was no time. `running` counts expired holds
    that stay because their job goes on.
    """

    keys: int = 0
    left: int = 0
    running: int = 0
    settled: list[Swept] = field(default_factory=list)
    failures: list[SweepFailure] = field(default_factory=list)

    def count(self, finding: Finding) -> int:
        """How many holds were settled with this finding."""
        return sum(each.finding == finding for each in self.settled)


class Sweeper:
    """Each call of `sweep` reads all accounts with open holds once. `now_ms` is the clock."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        keys: Keys,
        outcomes: WorkOutcomes,
        rows: LateRows,
        *,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._table = Table(client, table)
        self._accounts = AccountWriter(client, table)
        self._ledger = LedgerStore(client, table)
        self._rows = rows
        self._open = OpenAccounts(client, table)
        self._keys = keys
        self._outcomes = outcomes
        self._now_ms = now_ms

    def sweep(self, late: Callable[[], bool] = lambda: False) -> SweepReport:
        """Settle every hold that has expired. Raises nothing: a failure is reported, and the sweep goes on.

        `late` is called repeatedly and ends the sweep when it returns True; the next one goes on, in another order.
        """
        report = SweepReport()
        try:
            listed = self._open.key_ids()
            report.left = len(listed)
            for account in self._table.get_many(map(account_key, listed), consistent=False):
                if late():
                    return report
                report.keys += 1
                report.left -= 1
                self._sweep_account(account, report, late)
            report.left = 0  # the others do not exist any more
        except MeteringUnavailable as error:
            report.failures.append(SweepFailure(None, error))
        return report

    def _sweep_account(self, account: Item, report: SweepReport, late: Callable[[], bool]) -> None:
        key_id = account["pk"]["S"].removeprefix("ACCOUNT#")
        try:
            account = self._tidied(key_id, account)
            if self._expired(account):
                self._settle_all(key_id, report, late)
            elif account["holds"]["M"]:
                return
            elif account_from(account).status == "deleted":
                self._keys.forget_deleted(key_id)
            elif self._is_idle(account):
                self._table.update_if(unlisting(account_key(key_id), stale_names(account, self._now_ms())))
        except Exception as error:  # noqa: BLE001 - one account must not stop the others, whatever is wrong with it
            report.failures.append(SweepFailure(key_id, error))

    def _tidied(self, key_id: str, account: Item) -> Item:
        """The account without obsolete attributes, which are removed if there are many.

        The releases of requests remove them. Those of jobs do not, and each leaves a guard.
        """
        while len(stale := stale_names(account, self._now_ms())) == MAX_STALE:
            self._accounts.update(stale_removal(key_id, stale))
            account = {name: value for name, value in account.items() if name not in stale}
        return account

    def _is_idle(self, account: Item) -> bool:
        """Whether nothing was admitted for a while: a key in regular use stays on the list."""
        return self._now_ms() // 1000 - (last_used_s(account) or 0) >= _IDLE_S

    def _settle_all(self, key_id: str, report: SweepReport, late: Callable[[], bool]) -> None:
        # The first read may be outdated: a hold in it may have been released since.
        account = self._table.get(account_key(key_id))
        expired = [] if account is None else self._expired(account)
        while account is not None and expired and not late():
            found = [each for hold in expired[:MAX_RELEASES] for each in self._settled(hold, report)]
            self._release(account, found, report)
            expired = expired[MAX_RELEASES:]
            account = self._table.get(account_key(key_id)) if expired else None

    def _settled(self, hold: Hold, report: SweepReport) -> Iterator[Swept]:
        """Write the row of a hold; yields the hold if it is to be released."""
        try:
            ending = self._outcomes.of(hold)
            if ending.state == "running":
                report.running += 1
                return
            found = self._row_of(hold, ending)
            if found is None:
                return
            if ending.may_be_pending and ending.at_ms == hold.admitted_ms:
                # Before the release: after it, no sweep returns to the hold. With another stamp, it is removed after
                # the release, as a sweep that repeats an interrupted one must find the same row.
                self._outcomes.forget(hold)
        except GatewayError as error:
            report.failures.append(SweepFailure(hold.caller.key_id, error))
            return
        finding, row = found
        price, unbilled = (0, 0) if row is None else (row.price_microusd, row.unbilled_cost_microusd)
        yield Swept(finding, hold, price, ending.unbilled_cost_microusd if hold.is_job else unbilled)

    def _release(self, account: Item, settled: list[Swept], report: SweepReport) -> None:
        """Release the holds with one update, and report those that still existed."""
        now_ms = self._now_ms()
        marks_left = max(0, _MAX_GIVEN_BACK - len(given_back_from(account, now_ms)))
        of_no_job = [each.hold for each in settled if each.finding == "abandoned" and each.hold.is_job][:marks_left]
        batch = [
            Release(
                each.hold,
                each.price_microusd,
                given_back=each.hold in of_no_job,
                unbilled_cost_microusd=each.unbilled_cost_microusd,
            )
            for each in settled
        ]
        released = release_all(self._accounts, batch, now_ms, stale_names(account, now_ms)).releases
        for each, release in zip(settled, batch, strict=True):
            if each.hold.is_job:
                self._outcomes.forget(each.hold)
            if release in released:
                report.settled.append(each)

    def _is_open(self, hold: Hold) -> bool:
        account = self._table.get(account_key(hold.caller.key_id))
        return account is not None and hold in holds_from(account)

    def _expired(self, account: Item) -> list[Hold]:
        now_s = self._now_ms() // 1000
        return [hold for hold in holds_from(account) if hold.expires_s <= now_s]

    def _row_of(self, hold: Hold, ending: WorkOutcome) -> tuple[Finding, LedgerRow | None] | None:
        """How a hold is settled, and the row, which is written if it is missing; None if the hold needs nothing.

        A job that is over and not charged has no row.
        """
        row = self._ledger.find(hold, ending.at_ms)
        if row is not None:
            self._rows.found(row)
            return _found(row), row
        if ending.work is not None:
            wanted = row_for(hold, ending.work, "swept", ending.at_ms)
        elif ending.state == "ended":
            return "released", None
        else:
            # The job may have been settled and deleted in the meantime, with a stamp that only it had.
            if hold.is_job and not self._is_open(hold):
                return None
            wanted = abandoned_row(hold)
        row = self._rows.put(wanted)
        return ("swept" if row == wanted and ending.work is not None else _found(row)), row


def _found(row: LedgerRow) -> Finding:
    """The finding for a hold whose row existed: an earlier sweep may have died between the row and the release."""
    return "abandoned" if row.outcome == "abandoned" else "released"
