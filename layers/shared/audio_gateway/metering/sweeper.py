"""Settles what nobody else will: holds that have expired, because their process died or could not write.

The rule, for each hold that has expired:

1. Its ledger row exists: the answer was charged, and only the release is missing.
2. There is evidence that the answer was given (`unsettled`): it is charged by it, with the outcome `swept`, at the
   moment that the evidence names. That of a job is its end, which only the evidence knows: so it is read first.
3. Otherwise nobody got an answer: it costs nothing, and a row with the outcome `abandoned` tells the operator.

The row first, then the release, and the release takes the price of the row that is there, whoever wrote it: a handler
that comes back late, or a second sweeper, changes nothing.

Cost: an account is read eventually consistent, a hundred with each call: half a read unit per key and sweep as long as
the item is below 4 KB (some 30 open holds). Settled requests are nowhere looked at. A hundred keys, swept each minute,
take 100 x 0.5 x 43,200 = 2.2 million read units a month. Only an account in which a hold has expired is read again,
consistently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from audio_gateway.clock import now_ms
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import account_from, account_key, holds_from, release_update, stale_counters
from audio_gateway.metering.frontier import Frontier
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.ledger import LedgerRow, abandoned_row, row_for
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.metering.table import Item, Table
from audio_gateway.metering.unsettled import Unsettled

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

Finding = Literal["released", "swept", "abandoned"]


class Keys(Protocol):
    """Whose holds there may be."""

    def all_key_ids(self) -> Iterable[str]:
        """The ids of all keys with an account, also of deleted ones."""
        ...

    def forget_deleted(self, key_id: str) -> bool:
        """Remove what is left of a deleted key without open holds."""
        ...


@dataclass(frozen=True, slots=True)
class Swept:
    """A hold that is settled now, by the row that is in the ledger; `finding` says which case of the rule it was."""

    finding: Finding
    row: LedgerRow


@dataclass(frozen=True, slots=True)
class Failure:
    """An account that could not be swept, or the list of accounts (None) that could not be read; and why."""

    key_id: str | None
    error: Exception


@dataclass(slots=True)
class SweepReport:
    """What a sweep did."""

    keys: int = 0
    settled: list[Swept] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def count(self, finding: Finding) -> int:
        """How many holds it settled in this way."""
        return sum(each.finding == finding for each in self.settled)


class Sweeper:
    """Looks at all accounts once for each call of `sweep`. `now_ms` is the clock."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        keys: Keys,
        unsettled: Unsettled,
        lag: Lag,
        *,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._table = Table(client, table)
        self._ledger = LedgerStore(client, table)
        self._frontier = Frontier(self._table)
        self._keys = keys
        self._unsettled = unsettled
        self._lag = lag
        self._now_ms = now_ms

    def sweep(self) -> SweepReport:
        """Settle every hold that has expired. Nothing is raised: what fails is reported, and stops nothing else."""
        report = SweepReport()
        try:
            accounts = map(account_key, self._keys.all_key_ids())
            for account in self._table.get_each(accounts, consistent=False):
                report.keys += 1
                self._sweep_account(account, report)
        except MeteringUnavailable as error:
            report.failures.append(Failure(None, error))
        return report

    def _sweep_account(self, account: Item, report: SweepReport) -> None:
        key_id = account["pk"]["S"].removeprefix("ACCOUNT#")
        try:
            if self._expired(account):
                self._settle_all(key_id, report)
            elif account_from(account).status == "deleted" and not account["holds"]["M"]:
                self._keys.forget_deleted(key_id)
        except Exception as error:  # noqa: BLE001 - one account must not stop the others, whatever is wrong with it
            report.failures.append(Failure(key_id, error))

    def _settle_all(self, key_id: str, report: SweepReport) -> None:
        # What was read may be a moment old, and a hold in it have been released since.
        account = self._table.get(account_key(key_id))
        if account is None:
            return
        for hold in self._expired(account):
            try:
                swept = self._settle(hold, stale_counters(account, self._now_ms()))
            except MeteringUnavailable as error:
                report.failures.append(Failure(key_id, error))
            else:
                report.settled += [] if swept is None else [swept]

    def _is_open(self, hold: Hold) -> bool:
        account = self._table.get(account_key(hold.caller.key_id))
        return account is not None and hold in holds_from(account)

    def _expired(self, account: Item) -> list[Hold]:
        now_s = self._now_ms() // 1000
        return [hold for hold in holds_from(account) if hold.expires_s <= now_s]

    def _settle(self, hold: Hold, stale: tuple[str, ...]) -> Swept | None:
        """Settle one hold; None if somebody else has done it in the meantime."""
        evidence = self._unsettled.find(hold)
        at_ms = hold.admitted_ms if evidence is None else evidence.at_ms
        late = self._lag.is_late(at_ms, self._now_ms())
        finding: Finding = "released"
        row = self._ledger.find(hold, at_ms)
        if row is None and evidence is None and not self._is_open(hold):
            return None  # settled in the meantime, with a stamp that only the evidence knew
        if row is None:
            if late:
                self._frontier.mark(at_ms)
            wanted = abandoned_row(hold) if evidence is None else row_for(hold, evidence.work, "swept", at_ms)
            row = self._ledger.put(wanted)
            if row == wanted:
                finding = "abandoned" if wanted.outcome == "abandoned" else "swept"
        if late:
            self._frontier.mark(at_ms)
        own_stamp = at_ms == hold.admitted_ms
        if own_stamp:  # before the release, after which nobody would come to do it
            self._unsettled.forget(hold)
        released = self._table.update(release_update(hold, row.price_microusd, stale, at_ms=at_ms))
        if not own_stamp:  # after it: whoever sweeps again, because this one broke off, must find the same stamp
            self._unsettled.forget(hold)
        return Swept(finding, row) if released else None
