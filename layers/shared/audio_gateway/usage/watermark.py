"""The watermark of the roll-up, before which the ledger is counted, and the hours that must be recomputed.

    pk ROLLUP   sk FRONTIER         frontier: rows before this moment (Unix milliseconds) are counted; run: see below
    pk ROLLUP   sk DIRTY#<hour>     mark: a late row of an hour that may have been counted before

Each roll-up takes a number, `run`, when it begins. Its results (the watermark moves, an hour is correct again) count
only while no other run has begun. So what a later run has read, an earlier one does not change any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from audio_gateway.aws.table import Table
from audio_gateway.aws.update import Condition, Update, item_key
from audio_gateway.identity.directory_items import PROJECTS, project_from
from audio_gateway.usage.buckets import DAY, HOUR

_PARTITION: Final = "ROLLUP"
_WATERMARK: Final = "FRONTIER"
_LATE_HOUR: Final = "DIRTY#"
_HOUR: Final = "%Y-%m-%dT%H"


@dataclass(frozen=True, slots=True)
class WatermarkState:
    """The progress of the roll-up.

    `watermark_ms` is on a full minute, and None before the first project. `run` is the number of the latest run, or of
    the run that reads it. `late_hours` are starts of hours with late rows, each with its mark.
    """

    watermark_ms: int | None
    run: int
    late_hours: Mapping[int, str]


class Watermark:
    """The roll-up's progress in the gateway's table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> WatermarkState:
        """The state now. Before the first roll-up, the watermark is where the ledger begins."""
        item: dict[str, Any] = {}
        late_hours: dict[int, str] = {}
        for found in self._table.query(_PARTITION):
            if found["sk"]["S"] == _WATERMARK:
                item = found
            else:
                late_hours[_hour_from(found["sk"]["S"])] = found["mark"]["S"]
        watermark_ms = int(item["frontier"]["N"]) if "frontier" in item else self.beginning_ms()
        return WatermarkState(watermark_ms, int(item["run"]["N"]) if item else 0, late_hours)

    def beginning_ms(self) -> int | None:
        """A midnight before which there is no row, in Unix milliseconds; None if there is no project yet."""
        created_s = [project_from(item).created_at for item in self._table.query(PROJECTS)]
        # Clocks differ: a request may be stamped a little before its project.
        return DAY.start(min(created_s) * 1000 - HOUR.ms) if created_s else None

    def begin(self) -> WatermarkState:
        """Begin a run; from now on, earlier runs can conclude nothing."""
        item = self._table.update(Update(_key(_WATERMARK)).add("#run", 1))
        return replace(self.read(), run=int(item["run"]["N"]))

    def move(self, run: int, watermark_ms: int) -> bool:
        """Record that all rows before `watermark_ms` are counted; False if a later run has begun."""
        update = Update(_key(_WATERMARK)).require("#run = :run", run=run).set("frontier", watermark_ms)
        return self._table.update_if(update) is not None

    def mark(self, at_ms: int) -> None:
        """Mark the hour of a late row, before the row is written and again after it.

        From the first mark on, reports read the ledger instead of the aggregates. The second is for a roll-up that has
        processed the first one before the row was written.
        """
        self._table.update(Update(_key(_late_hour(HOUR.start(at_ms)))).set("mark", uuid.uuid4().hex))

    def clear(self, progress: WatermarkState, hour_ms: int) -> bool:
        """Record that an hour is correct again; False if a later run has begun."""
        item = self._table.get(_key(_WATERMARK))
        if item is None or int(item["run"]["N"]) != progress.run:
            return False
        self._table.delete_if(_key(_late_hour(hour_ms)), Condition("mark = :mark", mark=progress.late_hours[hour_ms]))
        return True


def _key(sort_key: str) -> dict[str, Any]:
    return item_key(_PARTITION, sort_key)


def _late_hour(hour_ms: int) -> str:
    return f"{_LATE_HOUR}{datetime.fromtimestamp(hour_ms // 1000, UTC):{_HOUR}}"


def _hour_from(sort_key: str) -> int:
    hour = datetime.strptime(sort_key.removeprefix(_LATE_HOUR), _HOUR).replace(tzinfo=UTC)
    return int(hour.timestamp()) * 1000
