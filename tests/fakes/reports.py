"""A ledger in memory: its rows, and the sums that reports are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

from audio_gateway.metering.account import Usage
from audio_gateway.metering.account_item import Account
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions

_NUMBERS = count(1)


def row(at_s: float, **fields: Any) -> LedgerRow:
    """A charge at this moment (unix seconds); whatever is not given is of a short speech."""
    endpoint = fields.setdefault("endpoint", "speech")
    fields.setdefault("unit", "characters" if endpoint == "speech" else "audio_ms")
    plain: dict[str, Any] = {
        "at_ms": round(at_s * 1000),
        "request_id": f"req_{next(_NUMBERS):032x}",
        "key_id": "key_1",
        "project_id": "default",
        "model": "talker",
        "amount": 10,
        "price_microusd": 150,
        "cost_microusd": 100,
        "outcome": "answered",
    }
    return LedgerRow(**plain | fields)


@dataclass
class FakeAccounts:
    """Accounts in memory, by the key's id."""

    accounts: dict[str, tuple[Account, Usage]]

    def get(self, key_id: str, _now_ms: int) -> tuple[Account, Usage] | None:
        return self.accounts.get(key_id)


class FakeNames:
    """Everybody is called by a word and the id."""

    def project(self, project_id: str) -> str:
        return f"project {project_id}"

    def key(self, project_id: str, key_id: str) -> str:
        return f"key {key_id} of {project_id}"


@dataclass
class FakeReports:
    """Sums rows by reading all of them, which is what every report must be equal to."""

    ledger: list[LedgerRow] = field(default_factory=list)

    def series(self, edges_ms: Sequence[int], key_ids: Sequence[str] | None = None) -> list[TotalsByDimensions]:
        return [self._between(start_ms, end_ms, key_ids) for start_ms, end_ms in pairwise(edges_ms)]

    def rows(self, start_ms: int, end_ms: int) -> Iterator[LedgerRow]:
        found = [each for each in self.ledger if start_ms <= each.at_ms < end_ms]
        return iter(sorted(found, key=lambda each: each.at_ms))

    def _between(self, start_ms: int, end_ms: int, key_ids: Sequence[str] | None) -> TotalsByDimensions:
        sums: TotalsByDimensions = {}
        for each in self.rows(start_ms, end_ms):
            if each.outcome != "abandoned" and (key_ids is None or each.key_id in key_ids):
                dimensions = Dimensions(each.key_id, each.project_id, each.endpoint, each.model)
                totals = Totals(1, each.amount, each.price_microusd, each.cost_microusd)
                if each.outcome == "failed":  # the provider's money, and no use of anything
                    totals = Totals(0, 0, 0, each.cost_microusd)
                sums[dimensions] = sums[dimensions] + totals if dimensions in sums else totals
        return sums
