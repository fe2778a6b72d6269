"""Whether an interrupted run was paid: by the ledger, or by a pending settlement.

A request that became a job counts as paid if the job exists: the job settles it.
"""

from __future__ import annotations

from audio_gateway.aws.table import Table
from audio_gateway.jobs.job import JobRef
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering.account import UNPAID, Hold
from audio_gateway.metering.ledger import abandoned_row, row_from, row_item, row_key
from audio_gateway.metering.pending_settlements import PendingSettlements


class LedgerPayments:
    """See `Payments`."""

    def __init__(self, table: Table, pending_settlements: PendingSettlements, jobs: JobStore) -> None:
        self._table = table
        self._pending_settlements = pending_settlements
        self._jobs = jobs

    def was_paid(self, by: Hold | JobRef) -> bool:
        """See `Payments.was_paid`.

        The pending settlement is read first: the sweeper removes it after it has written the row, so one of them
        always exists.
        """
        if isinstance(by, JobRef):
            return self._jobs.get(by.project_id, by.id, 0) is not None
        if self._pending_settlements.find(by) is not None:
            return True
        item = self._table.get(row_key(by.admitted_ms, by.work.request_id))
        return item is not None and row_from(item).outcome not in UNPAID

    def cancel(self, hold: Hold) -> bool:
        """See `Payments.cancel`.

        The row decides, whichever process writes it first: with one that says `abandoned`, a settlement that comes
        later charges nothing.
        """
        if self._pending_settlements.find(hold) is not None:
            return False
        row = self._table.put_if_absent(row_item(abandoned_row(hold))).item
        return row_from(row).outcome in UNPAID
