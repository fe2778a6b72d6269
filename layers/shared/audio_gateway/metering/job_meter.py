"""The meter of jobs: the steps that admit and settle one may each be repeated, by another process and much later.

It differs from the meter of requests in three ways. The process that settles is not the one that admitted, so every
release is guarded against an admission that arrives late. A row may be written long after its stamp, so its hour is
marked for the roll-up. If the hold was returned because the sweeper found no job, a late settlement charges the account
without a hold, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from audio_gateway.clock import now_ms
from audio_gateway.metering.account import Admission, Hold, MeteredRequest, Payer
from audio_gateway.metering.account_updates import Release, late_charge, was_given_back
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.corrections import Corrections
from audio_gateway.metering.late_rows import LateRows
from audio_gateway.metering.ledger import row_for
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.releases import Releases

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


class DynamoJobMeter:
    """See `JobMeter`. Holds live for `hold_seconds`; `rows` writes the ledger, `now_ms` is the clock."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        rows: LateRows,
        *,
        hold_seconds: int,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._admissions = DynamoMeter(client, table, hold_seconds=hold_seconds, now_ms=now_ms)
        self._rows = rows
        self._accounts = AccountWriter(client, table)
        self._corrections = Corrections(self._accounts, now_ms)
        self._releases = Releases(self._accounts, now_ms)

    def admit(self, caller: Payer, work: MeteredRequest, *, at_ms: int | None = None) -> Admission:
        """See `JobMeter.admit`."""
        return self._admissions.admit(caller, work, at_ms=at_ms)

    def correct(self, present: Hold, wanted: Hold) -> bool:
        """See `JobMeter.correct`."""
        return self._corrections.make(present, wanted)

    def settle_at(self, hold: Hold, work: MeteredRequest, at_ms: int, *, unbilled_cost_microusd: int = 0) -> None:
        """See `JobMeter.settle_at`."""
        row = self._rows.put(row_for(hold, work, "answered", at_ms))
        self._release(hold, row.price_microusd, unbilled_cost_microusd)

    def release(self, hold: Hold, *, unbilled_cost_microusd: int = 0) -> None:
        """See `JobMeter.release`."""
        self._release(hold, 0, unbilled_cost_microusd)

    def _release(self, hold: Hold, spent_microusd: int, unbilled_cost_microusd: int) -> None:
        release = Release(hold, spent_microusd, guarded=True, unbilled_cost_microusd=unbilled_cost_microusd)
        account = self._releases.send(release)
        if account is not None and was_given_back(account, hold):
            self._accounts.update(late_charge(hold, spent_microusd, unbilled_cost_microusd))
