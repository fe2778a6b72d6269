"""A meter in memory: it records admissions, settlements and releases, and refuses or fails on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from audio_gateway.errors import GatewayError
from audio_gateway.metering.account import Admission, FreeOutcome, HeldJob, Hold, MeteredRequest, Payer, Window
from audio_gateway.metering.pending_settlements import PendingSettlement
from audio_gateway.use_cases.reservation import Billing

NOW_MS = 1_796_083_140_000


@dataclass
class FakeMeter:
    """Admits everything, unless `refuses` is set; settling and releasing fail with `fails`."""

    refuses: GatewayError | None = None
    fails: GatewayError | None = None
    windows: Mapping[str, Window] = field(default_factory=dict)
    checked: list[tuple[str, int]] = field(default_factory=list)  # key and amount
    admitted: list[MeteredRequest] = field(default_factory=list)
    settled: list[MeteredRequest] = field(default_factory=list)
    released: list[MeteredRequest] = field(default_factory=list)
    failed: list[tuple[str, int]] = field(default_factory=list)  # model and cost; released, too
    given: list[tuple[str, int]] = field(default_factory=list)  # the same, of repeated calls

    def admit(self, caller: Payer, work: MeteredRequest) -> Admission:
        if self.refuses is not None:
            raise self.refuses
        self.admitted.append(work)
        return Admission(Hold(caller, work, NOW_MS, NOW_MS // 1000 + 60), self.windows)

    def check(self, caller: Payer, work: MeteredRequest) -> None:
        self.checked.append((caller.key_id, work.amount))
        if self.refuses is not None:
            raise self.refuses

    def settle(self, _hold: Hold, work: MeteredRequest, *, late: Callable[[], bool] = lambda: False) -> None:
        assert not late()
        if self.fails is not None:
            raise self.fails
        self.settled.append(work)

    def fail(
        self,
        hold: Hold,
        model: str,
        cost_microusd: int,
        *,
        outcome: FreeOutcome = "failed",
        late: Callable[[], bool] = lambda: False,
    ) -> None:
        if self.fails is not None:
            raise self.fails
        (self.failed if outcome == "failed" else self.given).append((model, cost_microusd))
        if not late():
            self.released.append(hold.work)

    def release(self, hold: Hold) -> None:
        if self.fails is not None:
            raise self.fails
        self.released.append(hold.work)

    @property
    def open(self) -> list[str]:
        """Ids of the requests whose hold was neither settled nor released."""
        ended = {work.request_id for work in (*self.settled, *self.released)}
        return [work.request_id for work in self.admitted if work.request_id not in ended]


@dataclass
class FakePendingSettlements:
    """Pending settlements in memory; writing one fails with `fails`."""

    fails: GatewayError | None = None
    kept: dict[str, MeteredRequest] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)

    def keep(self, hold: Hold, work: MeteredRequest, at_ms: int | None = None) -> None:
        if self.fails is not None:
            raise self.fails
        self.kept[hold.work.request_id] = work
        self.stamps[hold.work.request_id] = hold.admitted_ms if at_ms is None else at_ms

    def find(self, hold: Hold) -> PendingSettlement | None:
        work = self.kept.get(hold.work.request_id)
        return None if work is None else PendingSettlement(work, self.stamps[hold.work.request_id])

    def forget(self, hold: Hold) -> None:
        self.kept.pop(hold.work.request_id, None)


@dataclass
class FakeHeldJobs:
    """The jobs that have holds, by their ids."""

    kept: dict[str, HeldJob] = field(default_factory=dict)

    def of_hold(self, hold: Hold) -> HeldJob | None:
        assert hold.is_job
        return self.kept.get(hold.work.request_id)


@dataclass
class FakeWaitingPolls:
    """Places for polls that wait; there is none with `refuses`. `calls` is how often it was asked for something."""

    refuses: GatewayError | None = None
    taken: set[str] = field(default_factory=set)
    calls: int = 0

    def begin(self, key_id: str) -> str:
        self.calls += 1
        if self.refuses is not None:
            raise self.refuses
        wait = f"{key_id} {self.calls}"
        self.taken.add(wait)
        return wait

    def end(self, key_id: str, wait: str) -> None:
        self.calls += 1
        assert wait.startswith(key_id)
        self.taken.remove(wait)


def free_billing() -> Billing:
    """A billing for tests that are about something else."""
    return Billing(FakeMeter(), FakePendingSettlements())
