"""Jobs, their files and their money in memory, and a switch that kills the process after any write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

from audio_gateway.clock import now_ms
from audio_gateway.errors import GatewayError, StorageUnavailable
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Answered, Job, JobError, JobRef, Status
from audio_gateway.jobs.job_files import JobFiles, files_gone
from audio_gateway.jobs.job_store import OpenJob
from audio_gateway.jobs.plan import DoneChunk, JobPlan
from audio_gateway.metering.account import Admission, Hold, MeteredRequest, Payer, Window
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.metering.pending_settlements import PendingSettlement
from audio_gateway.storage.objects import SourceFile
from audio_gateway.use_cases.jobs.billing import JobBilling
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobService, JobStarting, admitted_job, start_job


class Killed(BaseException):
    """The process was killed."""


@dataclass
class KillSwitch:
    """Kills the process right after the last of `writes_left` writes; never if that is None."""

    writes_left: int | None = None

    def written(self) -> None:
        if self.writes_left is None:
            return
        self.writes_left -= 1
        if self.writes_left <= 0:
            raise Killed


class MemoryFiles(JobFiles):
    """See `JobFiles`."""

    def __init__(self, kill_switch: KillSwitch | None = None) -> None:
        super().__init__("bucket")
        self.kept: dict[str, bytes] = {}
        self.kill_switch = kill_switch or KillSwitch()

    def put(self, job: JobRef, name: str, data: bytes) -> SourceFile:
        key = self._name(job, name)
        self.kept[key] = data
        self.kill_switch.written()
        return SourceFile(key, '"1"', len(data))

    def get(self, job: JobRef, name: str) -> bytes | None:
        return self.kept.get(self._name(job, name))

    def find(self, job: JobRef, name: str) -> SourceFile | None:
        key = self._name(job, name)
        return SourceFile(key, '"1"', len(self.kept[key])) if key in self.kept else None

    def reader(self, source: SourceFile) -> Any:
        return _Reader(self.kept[source.key])

    def put_stream(self, job: JobRef, name: str, pieces: Iterable[bytes], content_type: str) -> int:
        assert "/" in content_type
        data = b"".join(pieces)
        self.put(job, name, data)
        return len(data)

    def read(self, job: JobRef, name: str) -> Iterator[bytes]:
        if not self.has(job, name):
            raise files_gone()
        yield self.kept[self._name(job, name)]

    def remove(self, job: JobRef, *, but: Collection[str] = ()) -> None:
        for name in self.names(job) - {*but}:
            del self.kept[self._name(job, name)]
        self.kill_switch.written()

    def discard(self, job: JobRef, *names: str) -> None:
        for name in names:
            self.kept.pop(self._name(job, name), None)
        self.kill_switch.written()

    def names(self, job: JobRef) -> set[str]:
        prefix = self._name(job, "")
        return {key.removeprefix(prefix) for key in self.kept if key.startswith(prefix)}

    def _name(self, job: JobRef, name: str) -> str:
        return f"jobs/{job.project_id}/{job.id}/{name}"


@dataclass
class _Reader:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, end: int, /) -> bytes:
        return self.data[start:end]


@dataclass
class MemoryStore:
    """See `JobStore`."""

    kill_switch: KillSwitch = field(default_factory=KillSwitch)
    kept: dict[str, Job] = field(default_factory=dict)
    open: dict[str, OpenJob] = field(default_factory=dict)

    def create(self, job: Job) -> None:
        self.open.setdefault(job.id, OpenJob(job.id, job.project_id, job.created_at))
        self.kill_switch.written()
        self.kept.setdefault(job.id, job)
        self.kill_switch.written()

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        job = self.kept.get(job_id)
        return job if job is not None and job.project_id == project_id and job.expires_at > now_s else None

    def newest(self, project_id: str, now_s: int, *, after: str | None, limit: int) -> list[Job]:
        found = (self.get(project_id, job_id, now_s) for job_id in sorted(self.kept, reverse=True))
        return [job for job in found if job is not None and (after is None or job.id < after)][:limit]

    def record_hold(self, job: Job, hold: Hold) -> bool:
        if self._now(job) in {"queued", "running"} and self.kept[job.id].hold not in {job.hold, hold}:
            raise StorageUnavailable("Another run of the step has recorded another hold.")
        return self._change(job, {"queued", "running"}, hold=hold)

    def start(self, job: Job, plan: JobPlan) -> bool:
        known = {"total": plan.tasks, "whole_units": plan.units, "whole_amount": plan.amount}
        return self._change(job, {"queued", "running"}, status="running", **known)

    def count_chunk(self, job: Job, chunk: DoneChunk) -> bool:
        before = self.kept[job.id].answered if job.id in self.kept else Answered()
        if chunk.task in before.tasks or chunk.number in before.chunks:
            return True
        tasks, chunks = before.tasks, before.chunks | {chunk.number}
        if chunk.rest is not None:
            tasks, chunks = tasks | {chunk.task}, before.chunks - {*chunk.rest}
        served = {**before.served, chunk.model: before.served.get(chunk.model, 0) + chunk.units}
        return self._change(job, {"running"}, answered=Answered(tasks, chunks, served, before.count + 1))

    def add_unbilled_cost(self, job: Job, cost_microusd: int) -> None:
        if job.id in self.kept:
            total = self.kept[job.id].unbilled_cost_microusd + cost_microusd
            self._change(job, {"running"}, unbilled_cost_microusd=total)

    def finish(
        self,
        job: Job,
        status: Status,
        *,
        at_ms: int,
        work: MeteredRequest | None = None,
        error: JobError | None = None,
        partial: bool = False,
        unbilled_cost_microusd: int = 0,
    ) -> Job | None:
        now = self.kept.get(job.id)
        if now is None or now.answered.count != job.answered.count:
            return now
        change = {"status": status, "completed_ms": at_ms, "work": work, "error": error, "partial": partial}
        change["unbilled_cost_microusd"] = now.unbilled_cost_microusd + unbilled_cost_microusd
        self._change(job, {"queued", "running"}, **change)
        return self.kept.get(job.id)

    def delete(self, job: Job) -> bool:
        if job.id not in self.kept or not self.kept[job.id].is_final:
            return False
        del self.kept[job.id]
        self.kill_switch.written()
        return True

    def close(self, job_id: str) -> None:
        self.open.pop(job_id, None)
        self.kill_switch.written()

    def open_job(self, job_id: str) -> OpenJob | None:
        return self.open.get(job_id)

    def open_jobs(self) -> list[OpenJob]:
        return list(self.open.values())

    def request_cancel(self, job_id: str) -> bool:
        if job_id not in self.open:
            return False
        self.open[job_id] = replace(self.open[job_id], cancel_requested=True)
        return True

    def claim(self, job: OpenJob, now_s: int) -> bool:
        if self.open.get(job.id) != job:
            return False
        self.open[job.id] = replace(job, stop_requested_at=now_s)
        return True

    def _now(self, job: Job) -> str | None:
        return self.kept[job.id].status if job.id in self.kept else None

    def _change(self, job: Job, while_: set[str], **change: Any) -> bool:
        if self._now(job) not in while_:
            return False
        self.kept[job.id] = replace(self.kept[job.id], **change)
        self.kill_switch.written()
        return True


@dataclass
class MemoryBilling:
    """A meter and its pending settlements. Money moves as in metering/meter.py: the row, then the release."""

    kill_switch: KillSwitch = field(default_factory=KillSwitch)
    refuses: GatewayError | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    rows: dict[tuple[int, str], MeteredRequest] = field(default_factory=dict)
    spent: int = 0
    unbilled: int = 0
    pending_settlements: dict[str, PendingSettlement] = field(default_factory=dict)

    def admit(self, caller: Payer, work: MeteredRequest, *, at_ms: int | None = None) -> Admission:
        assert at_ms is not None
        hold = Hold(caller, work, at_ms, at_ms // 1000 + JOB_HOLD_SECONDS)
        if self.holds.get(work.request_id) == hold:
            return Admission(hold)
        assert work.request_id not in self.holds, "held twice"
        if self.refuses is not None:
            raise self.refuses
        self.holds[work.request_id] = hold
        self.kill_switch.written()
        return Admission(hold, self.windows)

    def correct(self, present: Hold, wanted: Hold) -> bool:
        held = self.holds.get(wanted.work.request_id)
        if held is None or held == wanted:
            return held is not None
        assert held.admitted_ms == present.admitted_ms
        if self.refuses is not None:
            raise self.refuses
        self.holds[wanted.work.request_id] = wanted
        self.kill_switch.written()
        return True

    def settle_at(self, hold: Hold, work: MeteredRequest, at_ms: int, *, unbilled_cost_microusd: int = 0) -> None:
        assert self.pending_settlements[work.request_id] == PendingSettlement(work, at_ms), (
            "a row without a pending settlement"
        )
        self.rows.setdefault((at_ms, work.request_id), work)
        self.kill_switch.written()
        self._release(hold, self.rows[at_ms, work.request_id].price_microusd, unbilled_cost_microusd)

    def release(self, hold: Hold, *, unbilled_cost_microusd: int = 0) -> None:
        self._release(hold, 0, unbilled_cost_microusd)

    def keep(self, hold: Hold, work: MeteredRequest, at_ms: int | None = None) -> None:
        assert at_ms is not None
        self.pending_settlements[hold.work.request_id] = PendingSettlement(work, at_ms)
        self.kill_switch.written()

    def find(self, hold: Hold) -> PendingSettlement | None:
        return self.pending_settlements.get(hold.work.request_id)

    def forget(self, hold: Hold) -> None:
        self.pending_settlements.pop(hold.work.request_id, None)
        self.kill_switch.written()

    def _release(self, hold: Hold, price: int, unbilled: int) -> None:
        if self.holds.pop(hold.work.request_id, None) is not None:
            self.spent += price
            self.unbilled += unbilled
        self.kill_switch.written()


@dataclass
class MemoryLedger:
    """Ledger rows of unbilled work."""

    kill_switch: KillSwitch = field(default_factory=KillSwitch)
    rows: dict[tuple[int, str], LedgerRow] = field(default_factory=dict)

    def put(self, row: LedgerRow) -> LedgerRow:
        kept = self.rows.setdefault((row.at_ms, row.request_id), row)
        self.kill_switch.written()
        return kept

    @property
    def costs(self) -> list[tuple[str, int]]:
        """The model and the cost of each row."""
        return [(row.model, row.cost_microusd) for row in self.rows.values()]


@dataclass
class MemoryExecutions:
    """See `Executions`."""

    started: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)  # running, but not listed yet
    fails: GatewayError | None = None

    def start(self, job: JobRef) -> None:
        self._answer()
        self.started.append(job.id)

    def stop(self, job: JobRef) -> None:
        self.stopped.append(job.id)

    def running(self) -> set[str]:
        self._answer()
        return set(self.started) - set(self.stopped) - self.unlisted

    def is_running(self, job_id: str) -> bool:
        self._answer()
        return job_id in self.started and job_id not in self.stopped

    def _answer(self) -> None:
        if self.fails is not None:
            raise self.fails


def start_now(
    request: JobRequest[Any], payer: Payer, deps: JobStarting, audio: bytes | None = None, **known: Any
) -> Job:
    """A job that is admitted and started without a request in between."""
    with admitted_job(request, payer, deps=deps, **known) as admitted:
        start_job(admitted, job_service=deps.job_service, audio=audio)
    return admitted.job


def empty_job_service() -> JobService:
    """For tests of other things."""
    accounts = MemoryBilling()
    billing = JobBilling(accounts, accounts)
    return JobService(cast("Any", MemoryStore()), MemoryFiles(), cast("Any", MemoryExecutions()), billing, now_ms)
