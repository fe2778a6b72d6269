"""The ledger: one immutable row for every answered request, and for every other one that concerns the operator.

Rows are in partitions of an hour and a shard, in order of time. Their key follows only from the moment of admission and
the request's id, so a row can be written only once, by whichever process.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, cast

from audio_gateway.catalog.line_items import LineItem, Unit, line_items_from, line_items_text
from audio_gateway.metering.account import UNPAID, FreeOutcome, Hold, MeteredRequest, Outcome

SHARDS: Final = 4
"""Partitions of an hour: 4 times 1,000 writes a second, one for each answered request."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A charge. Money is micro-dollars; `at_ms` is the moment of admission in Unix milliseconds, or a job's end.

    `outcome` says how the row came about. The process that gave the answer writes `answered`, and the sweeper writes
    `swept` in its place. The other outcomes are free to the caller, and `held_amount` and `held_microusd` say how large
    the request was and what was held for it. `abandoned`: its process died before it gave an answer. `failed`: a
    provider worked for it and the caller got nothing; `cost_microusd` is what the provider charges all the same.
    `repeated`: it was answered, and another attempt of the same call pays.

    `unbilled_cost_microusd` is the part of the cost for which no one pays: all of it in a `failed` or `repeated` row,
    and the cost of failed tries before a fallback answered.

    `items` are what the price was computed from, one for each model that served. Rows of earlier versions have none,
    nor have free rows, nor jobs with a model that has left the catalogue.
    """

    at_ms: int
    request_id: str
    key_id: str
    project_id: str
    endpoint: str
    model: str
    unit: Unit
    amount: int
    price_microusd: int
    cost_microusd: int
    outcome: Outcome
    held_amount: int = 0
    held_microusd: int = 0
    items: tuple[LineItem, ...] = ()
    unbilled_cost_microusd: int = 0

    @property
    def adjustment_microusd(self) -> int:
        """The price minus the sum of its items, nearly always 0: a job never costs more than was held for it."""
        computed = sum(item.price_microusd(self.unit) for item in self.items)
        return self.price_microusd - computed if self.items else 0


def row_for(hold: Hold, work: MeteredRequest, outcome: Outcome, at_ms: int | None = None) -> LedgerRow:
    """The row that settles a hold with the finished work; `at_ms` if it is not the moment of admission."""
    return LedgerRow(
        at_ms=hold.admitted_ms if at_ms is None else at_ms,
        request_id=work.request_id,
        key_id=hold.caller.key_id,
        project_id=hold.caller.project_id,
        endpoint=work.endpoint,
        model=work.model,
        unit=work.unit,
        amount=work.amount,
        price_microusd=work.price_microusd,
        cost_microusd=work.cost_microusd,
        outcome=outcome,
        items=work.items,
        unbilled_cost_microusd=work.unbilled_cost_microusd,
    )


def abandoned_row(hold: Hold) -> LedgerRow:
    """The row of a hold that expired without an answer."""
    return _unpaid(hold, replace(hold.work, cost_microusd=0, unbilled_cost_microusd=0), "abandoned")


def free_row(hold: Hold, model: str, cost_microusd: int, outcome: FreeOutcome = "failed") -> LedgerRow:
    """The row of a request for which a provider has worked and the caller does not pay."""
    work = replace(hold.work, model=model, cost_microusd=cost_microusd, unbilled_cost_microusd=cost_microusd)
    return _unpaid(hold, work, outcome)


def _unpaid(hold: Hold, work: MeteredRequest, outcome: Outcome) -> LedgerRow:
    row = row_for(hold, replace(work, amount=0, price_microusd=0, items=()), outcome)
    return replace(row, held_amount=hold.work.amount, held_microusd=hold.work.price_microusd)


def partition(at_ms: int, shard: int) -> str:
    """The partition key of an hour's shard, as LEDGER#2026-11-21T10#3."""
    return f"LEDGER#{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H}#{shard}"


def row_key(at_ms: int, request_id: str) -> dict[str, Any]:
    """The primary key of the row of a request that was admitted at `at_ms`."""
    shard = zlib.crc32(request_id.encode()) % SHARDS
    return {"pk": {"S": partition(at_ms, shard)}, "sk": {"S": f"{at_ms:013d}#{request_id}"}}


def row_item(row: LedgerRow) -> dict[str, Any]:
    """The row as DynamoDB stores it."""
    item = row_key(row.at_ms, row.request_id) | {
        "key_id": {"S": row.key_id},
        "project_id": {"S": row.project_id},
        "endpoint": {"S": row.endpoint},
        "model": {"S": row.model},
        "unit": {"S": row.unit},
        "amount": {"N": str(row.amount)},
        "price_microusd": {"N": str(row.price_microusd)},
        "cost_microusd": {"N": str(row.cost_microusd)},
        "outcome": {"S": row.outcome},
    }
    if row.items:
        item["line_items"] = {"S": line_items_text(row.items)}
    if row.unbilled_cost_microusd:
        item["in_vain_microusd"] = {"N": str(row.unbilled_cost_microusd)}
    if row.outcome in UNPAID:
        item |= {"held_amount": {"N": str(row.held_amount)}, "held_microusd": {"N": str(row.held_microusd)}}
    return item


def row_from(item: dict[str, Any]) -> LedgerRow:
    """The row that an item holds."""
    at_ms, _, request_id = item["sk"]["S"].partition("#")
    return LedgerRow(
        at_ms=int(at_ms),
        request_id=request_id,
        key_id=item["key_id"]["S"],
        project_id=item["project_id"]["S"],
        endpoint=item["endpoint"]["S"],
        model=item["model"]["S"],
        unit=cast("Unit", item["unit"]["S"]),
        amount=int(item["amount"]["N"]),
        price_microusd=int(item["price_microusd"]["N"]),
        cost_microusd=int(item["cost_microusd"]["N"]),
        outcome=cast("Outcome", item["outcome"]["S"]),
        held_amount=int(item.get("held_amount", {"N": "0"})["N"]),
        held_microusd=int(item.get("held_microusd", {"N": "0"})["N"]),
        items=line_items_from(item["line_items"]["S"]) if "line_items" in item else (),
        unbilled_cost_microusd=int(item.get("in_vain_microusd", {"N": "0"})["N"]),
    )
