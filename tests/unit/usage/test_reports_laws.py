"""Reports equal the plain sum of the ledger, whatever was rolled up, interrupted, done twice, late or rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from audio_gateway.aws.table import Table
from audio_gateway.identity.directory_items import Project, project_item
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.ledger_store import LedgerStore
from audio_gateway.usage.audit import Audit
from audio_gateway.usage.buckets import DAY
from audio_gateway.usage.reports import Dimensions, DynamoUsageReports, Totals
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.totals import total
from audio_gateway.usage.watermark import Watermark
from tests.examples import examples
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.meter import FakeHeldJobs
from tests.fakes.reports import row
from tests.unit.metering.interleaving import Crash, Dying, TakingTurns
from tests.unit.metering.tables import TABLE

pytestmark = pytest.mark.slow

START_MS = 1_796_076_000_000  # 2026-11-30T22:00:00Z: hour, day and month change while it runs
LATENESS = AllowedLateness(hold_s=90, sweep_s=10)
KEYS = {"key_1": "default", "key_2": "default", "key_3": "proj_2"}
MINUTE_MS, HOUR_MS = 60_000, 3_600_000

keys = st.sampled_from(sorted(KEYS))
moments = st.integers(0, 400)
ends = st.lists(st.integers(-1_000, 60), min_size=1, max_size=3)
turns = st.lists(st.integers(0, 4), min_size=1, max_size=60)
outcomes = st.sampled_from(["answered", "answered", "swept", "abandoned", "failed"])


class ReportsAndLedger(RuleBasedStateMachine):
    """A ledger that grows, roll-ups that work on it in every bad moment, and a reader."""

    @initialize()
    def start(self) -> None:
        self.client: Any = FakeDynamoDB()
        self.client.put_item(TableName=TABLE, Item=project_item(Project("default", "Default", START_MS // 1000)))
        self.now_ms = START_MS
        self.rows: list[LedgerRow] = []

    # ------------------------------------------------------------ what happens
    @rule(key_id=keys, ago_s=st.integers(0, 95), model=st.sampled_from(["talker", "singer"]), outcome=outcomes)
    def write_a_row(self, key_id: str, ago_s: int, model: str, outcome: str) -> None:
        """As late as a handler or a sweeper that is in time may be."""
        self._put(key_id, self.now_ms - ago_s * 1000, model, outcome)

    @rule(key_id=keys, ago_m=moments, model=st.sampled_from(["talker", "singer"]))
    def write_a_late_row(self, key_id: str, ago_m: int, model: str) -> None:
        self._put_late(key_id, ago_m, model)

    @rule(key_id=keys, ago_m=moments)
    def write_a_late_row_while_roll_ups_work(self, key_id: str, ago_m: int) -> None:
        self._put_late(key_id, ago_m, "talker", lambda: self._rollup().run())

    @rule(seconds=st.integers(1, 20) | st.integers(60, 600) | st.integers(3_000, 20_000))
    def wait(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @rule()
    def roll_up(self) -> None:
        assert not self._rollup().run().superseded

    @rule(calls=st.integers(0, 40))
    def roll_up_and_crash(self, calls: int) -> None:
        with suppress(Crash):
            self._rollup(Dying(self.client, calls)).run()

    @rule(turns=turns, seconds=st.integers(0, 60), ends_s=ends, key_id=keys, ago_m=moments)
    def all_at_once(self, turns: list[int], seconds: int, ends_s: list[int], key_id: str, ago_m: int) -> None:
        """Three roll-ups, one with a clock ahead and one that dies; a row that comes late; a reader."""
        edges = sorted({DAY.start(START_MS), DAY.start(self.now_ms), *(self.now_ms + end * 1000 for end in ends_s)})
        seen: list[object] = []
        before = [self._sum(start, stop, None) for start, stop in pairwise(edges)]

        def ahead(client: Any) -> None:
            Rollup(client, TABLE, LATENESS, now_ms=lambda: self.now_ms + seconds * 1000).run()

        processes: list[Callable[[Any], object]] = [
            lambda client: self._rollup(client).run(),
            ahead,
            lambda client: self._rollup(Dying(client, len(turns))).run(),
            lambda client: self._put_late(key_id, ago_m, "talker", client=client),
            lambda client: seen.append(self._reports(client).series(edges)),
        ]
        TakingTurns(self.client, processes, turns).run()
        after = [self._sum(start, stop, None) for start, stop in pairwise(edges)]
        assert seen in ([before], [after])

    @rule(days_ago=st.integers(0, 2))
    def rebuild(self, days_ago: int) -> None:
        self._rollup().rebuild(DAY.start(self.now_ms) - days_ago * DAY.ms)

    # ------------------------------------------------------------ what must be true
    @rule(ends=st.lists(st.integers(-400_000, 90_000), min_size=2, max_size=6), only=st.none() | st.sets(keys))
    def read(self, ends: list[int], only: set[str] | None) -> None:
        edges = sorted({self.now_ms + end * 1000 for end in ends})
        self._compare(edges, only)

    @rule(width=st.sampled_from([MINUTE_MS, HOUR_MS, DAY.ms]), count=st.integers(1, 30), only=st.none() | st.sets(keys))
    def read_whole_buckets(self, width: int, count: int, only: set[str] | None) -> None:
        end = self.now_ms - self.now_ms % width + width
        self._compare([end - width * number for number in range(count, -1, -1)], only)

    @invariant()
    def all_of_it_is_in_the_reports(self) -> None:
        if hasattr(self, "client"):
            self._compare([START_MS - 2 * DAY.ms, self.now_ms + 1], None)

    @rule()
    def audit(self) -> None:
        self._rollup().run()
        assert Audit(self.client, TABLE, FakeHeldJobs(), now_ms=lambda: self.now_ms).run([]).differences == []

    # ------------------------------------------------------------ parts
    def _rollup(self, client: Any = None) -> Rollup:
        return Rollup(client or self.client, TABLE, LATENESS, now_ms=lambda: self.now_ms)

    def _put(self, key_id: str, at_ms: int, model: str, outcome: str, client: Any = None) -> None:
        new = row(at_ms / 1000, key_id=key_id, project_id=KEYS[key_id], model=model, outcome=outcome)
        LedgerStore(client or self.client, TABLE).put(new)
        self.rows.append(new)

    def _put_late(
        self,
        key_id: str,
        ago_m: int,
        model: str,
        meanwhile: Callable[[], object] = lambda: None,
        client: Any = None,
    ) -> None:
        """As a sweeper does that was down; something happens after each of its writes."""
        watermark = Watermark(Table(client or self.client, TABLE))
        at_ms = max(START_MS - HOUR_MS, self.now_ms - LATENESS.hold_s * 1000 - ago_m * 60_000)
        late = LATENESS.is_late(at_ms, self.now_ms)
        if late:
            watermark.mark(at_ms)
        meanwhile()
        self._put(key_id, at_ms, model, "swept", client)
        meanwhile()
        if late:
            watermark.mark(at_ms)

    def _reports(self, client: Any) -> DynamoUsageReports:
        return DynamoUsageReports(client, TABLE, now_ms=lambda: self.now_ms)

    def _compare(self, edges: Sequence[int], only: set[str] | None) -> None:
        expected = [self._sum(start, stop, only) for start, stop in pairwise(edges)]
        assert self._reports(self.client).series(edges, None if only is None else sorted(only)) == expected

    def _sum(self, start_ms: int, stop_ms: int, only: set[str] | None) -> dict[Dimensions, Totals]:
        return total(
            each for each in self.rows if start_ms <= each.at_ms < stop_ms and (only is None or each.key_id in only)
        )


TestReportsAndLedger = ReportsAndLedger.TestCase
TestReportsAndLedger.settings = settings(examples(25), stateful_step_count=30)
