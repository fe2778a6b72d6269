"""How far the ledger is in the aggregates, and which hours have to be looked at again.

    pk ROLLUP   sk FRONTIER         frontier: rows before this moment (unix milliseconds) are counted; run: see below
    pk ROLLUP   sk DIRTY#<hour>     mark: a row came late to an hour that may have been counted before

Each roll-up takes a number, `run`, when it begins. What it concludes (the frontier moves on, an hour is in order again)
counts only while no other one has begun, so that whatever a later run reads, an earlier one changes no more.
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
_FRONTIER: Final = "FRONTIER"
_DIRTY: Final = "DIRTY#"
_HOUR: Final = "%Y-%m-%dT%H"


@dataclass(frozen=True, slots=True)
class WatermarkState:
    """How far the roll-up is.

    `watermark_ms` is on a full minute, and None where nobody can have used anything yet. `run` is the latest run's
    number, or one's own. `dirty` are starts of hours, each with what its mark says.
    """

    watermark_ms: int | None
    run: int
    dirty: Mapping[int, str]


class Watermark:
    """The roll-up's progress in the gateway's table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> WatermarkState:
        """As it is now. Before the first roll-up, the frontier is where the books begin."""
        item: dict[str, Any] = {}
        dirty: dict[int, str] = {}
        for found in self._table.query(_PARTITION):
            if found["sk"]["S"] == _FRONTIER:
                item = found
            else:
                dirty[_hour_from(found["sk"]["S"])] = found["mark"]["S"]
        watermark_ms = int(item["frontier"]["N"]) if "frontier" in item else self.beginning_ms()
        return WatermarkState(watermark_ms, int(item["run"]["N"]) if item else 0, dirty)

    def beginning_ms(self) -> int | None:
        """A midnight before which there is no row, unix milliseconds; None where there is no project yet."""
        created_s = [project_from(item).created_at for item in self._table.query(PROJECTS)]
        # Clocks differ: a request may be stamped a little before the project that made it possible.
        return DAY.start(min(created_s) * 1000 - HOUR.ms) if created_s else None

    def begin(self) -> WatermarkState:
        """Begin a run: what earlier ones have not concluded by now, they will not."""
        item = self._table.update(Update(_key(_FRONTIER)).add("#run", 1))
        return replace(self.read(), run=int(item["run"]["N"]))

    def move(self, run: int, watermark_ms: int) -> bool:
        """Conclude that all rows before `watermark_ms` are counted; False if a later run has begun."""
        update = Update(_key(_FRONTIER)).require("#run = :run", run=run).set("frontier", watermark_ms)
        return self._table.update_if(update) is not None

    def mark(self, at_ms: int) -> None:
        """Say that a row comes late, before it is written and again when it is.

        The first mark lets reports read the ledger in place of the aggregates from that moment on. The second is for a
        roll-up that has worked on the first one before the row was there.
        """
        self._table.update(Update(_key(_dirty(HOUR.start(at_ms)))).set("mark", uuid.uuid4().hex))

    def clear(self, progress: WatermarkState, hour_ms: int) -> bool:
        """Conclude that an hour is in order again; False if a later run has begun."""
        item = self._table.get(_key(_FRONTIER))
        if item is None or int(item["run"]["N"]) != progress.run:
            return False
        self._table.delete_if(_key(_dirty(hour_ms)), Condition("mark = :mark", mark=progress.dirty[hour_ms]))
        return True


def _key(sort_key: str) -> dict[str, Any]:
    return item_key(_PARTITION, sort_key)


def _dirty(hour_ms: int) -> str:
    return f"{_DIRTY}{datetime.fromtimestamp(hour_ms // 1000, UTC):{_HOUR}}"


def _hour_from(sort_key: str) -> int:
    hour = datetime.strptime(sort_key.removeprefix(_DIRTY), _HOUR).replace(tzinfo=UTC)
    return int(hour.timestamp()) * 1000
