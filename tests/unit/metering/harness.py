"""A key's account, as the tests of the meter and of what follows it look at it."""

from __future__ import annotations

from typing import Any

from audio_gateway.metering.account import Hold
from audio_gateway.metering.account_item import account_from, account_key, holds_from, new_account_item, usage_from
from audio_gateway.metering.ledger import LedgerRow, row_from
from audio_gateway.metering.limits import Limits
from tests.unit.metering.tables import TABLE


class MeterHarness:
    """The table with an account in it, and a clock that a test moves."""

    def __init__(self, client: Any, now_ms: int, key_id: str = "key_1") -> None:
        self.client: Any = client
        self.now_ms = now_ms
        self.key_id = key_id

    def clock(self) -> int:
        """Unix milliseconds."""
        return self.now_ms

    def limit(self, **limits: Any) -> None:
        """The operator makes the account, or changes its limits: these and the version, nothing else."""
        item = new_account_item(self.key_id, Limits(**limits))
        old = self.client.get_item(TableName=TABLE, Key=account_key(self.key_id)).get("Item")
        if old:
            item = old | {"limits": item["limits"], "version": {"N": str(account_from(old).version + 1)}}
        self.client.put_item(TableName=TABLE, Item=item)

    def item_of(self, key_id: str) -> dict[str, Any]:
        """The account of a key."""
        return dict(self.client.get_item(TableName=TABLE, Key=account_key(key_id), ConsistentRead=True)["Item"])

    @property
    def item(self) -> dict[str, Any]:
        """The account."""
        return self.item_of(self.key_id)

    def number(self, name: str) -> int:
        """One of its counters."""
        return int(self.item.get(name, {"N": "0"})["N"])

    @property
    def committed(self) -> int:
        """What is spent and held in this month."""
        return usage_from(self.item, self.now_ms).committed_microusd

    @property
    def holds(self) -> list[Hold]:
        """Its open holds."""
        return holds_from(self.item)

    @property
    def rows(self) -> list[LedgerRow]:
        """The key's rows of the ledger."""
        items = self.client.scan(TableName=TABLE)["Items"]
        rows = [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]
        return [row for row in rows if row.key_id == self.key_id]
