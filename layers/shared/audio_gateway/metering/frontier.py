"""How far the ledger is in the aggregates, and which hours have to be looked at again.

    pk ROLLUP   sk FRONTIER         frontier: rows before this moment (unix milliseconds) are counted; run: see below
    pk ROLLUP   sk DIRTY#<hour>     token: a row came late to an hour that may have been counted before

Each roll-up takes a number, `run`, when it begins. What it concludes (the frontier moves on, an hour is in order again)
counts only while no other one has begun: whatever a later run reads, it reads after the earlier run's last conclusion.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from audio_gateway.metering.buckets import DAY, HOUR
from audio_gateway.metering.directory_items import PROJECTS, project_from
from audio_gateway.metering.table import Table

_PARTITION: Final = "ROLLUP"
_FRONTIER: Final = "FRONTIER"
_DIRTY: Final = "DIRTY#"
_HOUR: Final = "%Y-%m-%dT%H"
_CLOCKS_DIFFER_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Progress:
    """`frontier_ms` is on a full minute, and None where nobody can have used anything yet.

    `dirty` are the starts of hours, with the token of their mark; `run` is the latest roll-up's number.
    """

    frontier_ms: int | None
    run: int
    dirty: Mapping[int, str]


class Frontier:
    """The progress of the roll-up in the gateway's table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> Progress:
        """As it is now. Before the first roll-up, the frontier is where the books begin."""
        item: dict[str, Any] = {}
        dirty: dict[int, str] = {}
        for found in self._table.query(_PARTITION, _DIRTY, _FRONTIER):
            if found["sk"]["S"] == _FRONTIER:
                item = found
            else:
                dirty[_hour_ms(found["sk"]["S"].removeprefix(_DIRTY))] = found["token"]["S"]
        frontier_ms = int(item["frontier"]["N"]) if "frontier" in item else self.beginning_ms()
        return Progress(frontier_ms, int(item.get("run", {"N": "0"})["N"]), dirty)

    def begin(self) -> Progress:
        """Begin a roll-up: what earlier ones have not concluded, they will not."""
        self._table.updated(
            {
                "Key": _key(_FRONTIER),
                "UpdateExpression": "ADD #run :one",
                "ExpressionAttributeNames": {"#run": "run"},
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        )
        return self.read()
