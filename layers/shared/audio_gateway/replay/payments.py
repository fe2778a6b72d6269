"""Whether a run that broke off was paid: what the ledger says, and what its handler left for the sweeper."""

from __future__ import annotations

from audio_gateway.metering.account import Hold
from audio_gateway.metering.ledger import row_from, row_key
from audio_gateway.metering.table import Table
from audio_gateway.metering.unsettled import Unsettled


class LedgerPayments:
    """See `Payments`."""

    def __init__(self, table: Table, unsettled: Unsettled) -> None:
        self._table = table
        self._unsettled = unsettled

    def was_paid(self, hold: Hold) -> bool:
        """See `Payments.was_paid`.

        The evidence is looked at first: the sweeper removes it after it has written the row, so that one of them is
        always there.
        """
        if self._unsettled.find(hold) is not None:
            return True
        item = self._table.get(row_key(hold.admitted_ms, hold.work.request_id))
        return item is not None and row_from(item).outcome != "abandoned"
