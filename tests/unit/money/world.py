"""The gateway at work: what callers, the state machine, schedules and the operator may do, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from audio_gateway.jobs.job import JOB_HOLD_SECONDS
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.usage.audit import Audit
from audio_gateway.usage.reports import DynamoUsageReports
from audio_gateway.usage.totals import total
from tests.unit.metering.tables import TABLE
from tests.unit.money.calls import Calls
from tests.unit.money.jobs import Jobs
from tests.unit.money.processes import Process
from tests.unit.money.requests import Requests
from tests.unit.money.stage import CALLER, DAY_MS, SCHEDULES, START_MS

TURNS: Final = (
    "a sweep", "some seconds", "a repetition", "a cancellation", "a deletion", "an interruption", "another attempt",
)  # fmt: skip
"""What another process may do between two calls of one."""


class World(Requests, Calls, Jobs):
    """A key, and everything that may happen to its money."""

    def _turn_of_another(self, what: str) -> None:
        """What another process does between two calls of the one that acts."""
        about, called = self.about, self.called
        with self.under(()):
            self._do_another(what, about)
        self.about, self.called = about, called

    def _do_another(self, what: str, about: str | None) -> None:
        if what == "some seconds":
            self.pass_time(20_000)
        elif what == "a sweep":
            self.sweep()
        elif what == "another attempt":
            if self.called is not None:
                self.another_attempt(self.called)
        elif about is not None:
            turns: dict[str, Callable[[str], object]] = {
                "a repetition": self.step,
                "a cancellation": self.cancel,
                "a deletion": self.delete,
                "an interruption": self.interrupt,
            }
            if what != "an interruption" or self.may_be_interrupted(about):
                turns[what](about)

    # ------------------------------------------------------------ schedules
    def sweep(self) -> None:
        """The sweeper has its turn: it settles what has expired."""

        def action(process: Process) -> None:
            failures = process.sweeper.sweep().failures
            assert self.network.planned or not failures, failures

        self.act(SCHEDULES, action)

    def find_orphaned_jobs(self) -> None:
        """The sweeper's other half: it has jobs ended whose work has stopped."""
        self.act(SCHEDULES, lambda process: process.orphaned_jobs.end_them())

    def roll_up(self) -> None:
        """The roll-up has its turn."""
        self.act(SCHEDULES, lambda process: process.rollup.run())

    # ------------------------------------------------------------ what must be true
    def check(self) -> None:
        """The laws that hold at every moment."""
        self.truth.check()
        assert not self.network.invalid, self.network.invalid

    def check_reports(self) -> None:
        """The reports are the sum of the ledger, and the audit finds nothing wrong where nothing is."""
        reports = DynamoUsageReports(self._table, TABLE, now_ms=self.clock)
        (reported,) = reports.series([START_MS - DAY_MS, self.now_ms + 1])
        assert reported == total(self.truth.rows.values()), f"reported: {reported}; rows: {self.truth.rows}"
        report = Audit(self._table, TABLE, JobStore(self._table, TABLE), now_ms=self.clock).run([CALLER.key_id])
        assert not report.differences, report.differences

    def check_at_rest(self) -> None:
        """The laws that hold once everything was tried again and swept."""
        self.check()
        self.truth.check_at_rest()
        self.check_calls()
        self.check_reports()

    @property
    def _table(self) -> Any:
        return self.network.table

    # ------------------------------------------------------------ the end
    def come_to_rest(self) -> None:
        """Nothing fails any more, everything is tried again, and all that has to expire does.

        Half of the jobs end before their hold has expired, the others after that.
        """
        self.provider.down.clear()
        self.requests.clear()
        for attempt in self.attempts[::2]:
            self.finish(attempt)
        stretches = ((17 * 60, self.jobs[::2]), (JOB_HOLD_SECONDS, self.jobs), (2 * JOB_HOLD_SECONDS, self.jobs))
        for seconds, jobs in stretches:
            self.pass_time(seconds * 1000)
            self.sweep()
            for job_id in jobs:
                self._finish(job_id)
            self.find_orphaned_jobs()
            while self.asked_to_end:
                self.interrupt(self.asked_to_end.pop())
            self.sweep()
        self.pass_time(2 * JOB_HOLD_SECONDS * 1000)
        self.sweep()
        for _ in range(4):
            self.roll_up()

    def _finish(self, job_id: str) -> None:
        for _ in range(12):
            if self.is_running(job_id) and not self.step(job_id):
                self.give_up(job_id)
