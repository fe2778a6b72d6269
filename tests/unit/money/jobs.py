"""Jobs of a key: started by the API, worked on by the state machine, ended by the first process that can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from audio_gateway.audio.measure import MIN_MS
from audio_gateway.deadline import Deadline
from audio_gateway.errors import (
    BudgetReached,
    InvalidRequest,
    LimitReached,
    PermissionDenied,
    ProviderError,
    RateLimitReached,
)
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.use_cases.jobs.cancel import cancel_job, cancel_unless_over, delete_job
from audio_gateway.use_cases.jobs.chunk import work_on_chunks
from audio_gateway.use_cases.jobs.merge import INTERRUPTED, UNKNOWN, fail_job, merge_job
from audio_gateway.use_cases.jobs.prepare import prepare_job
from audio_gateway.use_cases.jobs.request import JobRequest
from audio_gateway.use_cases.jobs.start import JobStarting
from audio_gateway.use_cases.speech import SpeechRequest
from audio_gateway.use_cases.transcription_request import TranscriptionRequest
from tests.fakes.jobs import start_now
from tests.sound import wav
from tests.unit.money.processes import CATALOG, PATIENCE_S, TALKER, Process
from tests.unit.money.stage import CALLER, STEPS, Stage
from tests.unit.money.truth import PRICES

SENTENCE: Final = "Nineteen letters ab "
"""A part of a text."""
RECORDING: Final = wav(b"\x00\x10\x00\xf0" * 12_000, 16_000, 1)


@dataclass
class Run:
    """An execution of the state machine: its next step."""

    job_id: str
    begun_ms: int
    phase: Literal["prepare", "work", "merge", "end"] = "prepare"
    tasks: list[int] = field(default_factory=list)


class Jobs(Stage):
    """What callers and the state machine do with jobs. `about` is the one that is being worked on."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[str] = []
        self.runs: dict[str, Run] = {}
        self.about: str | None = None

    def start(self, number: int, parts: int) -> str:
        """A job is asked for: to speak so many parts; or to listen, where there are none, to a file of unknown length.

        Its id.
        """
        self.about = job_id = f"job_{self.next_number():024x}"
        self.jobs.append(job_id)
        self.runs[job_id] = Run(job_id, self.now_ms)
        speech = SpeechRequest(TALKER.id, SENTENCE * parts, "alloy", "pcm")
        request: JobRequest[Any] = JobRequest(speech if parts else TranscriptionRequest(TALKER.id, b""))
        audio = None if parts else RECORDING
        least = -(-MIN_MS // 25)
        fits = self.fits((len(SENTENCE) * parts or least) * PRICES["talker"], is_job=True)

        def action(process: Process) -> None:
            try:
                deps = JobStarting(process.job_service, CATALOG, self.provider)
                start_now(request, CALLER, deps, audio, job_id=job_id)
            except (BudgetReached, RateLimitReached):
                assert self.network.planned or not fits
                raise
            assert self.network.planned or fits, f"{job_id} is begun, and the limits do not allow it"

        self.act(number, action)
        return job_id

    def is_running(self, job_id: str) -> bool:
        """Whether the state machine works on a job."""
        return job_id in self.network.machine.running

    def may_be_interrupted(self, job_id: str) -> bool:
        """Whether the function that ends jobs may be called for one: its work has stopped, or was never begun."""
        old = self.now_ms - self.runs[job_id].begun_ms >= PATIENCE_S * 1000
        return not self.is_running(job_id) and (old or job_id in self.network.machine.started)

    def step(self, job_id: str, *, unheard: bool = False) -> bool:
        """The next step of a job; whether it was done. One that is `unheard` of is repeated."""
        if not self.is_running(job_id):
            return False
        self.about = job_id
        run = self.runs[job_id]
        work = {"prepare": self._prepare, "work": self._work, "merge": self._merge, "end": self._end}[run.phase]
        return self.act(STEPS, lambda process: work(process, run, unheard))

    def work(self, job_id: str, steps: int, *, unheard: bool = False) -> None:
        """So many of a job's next steps, as long as they are done; the last may be one that is `unheard` of."""
        for left in reversed(range(steps)):
            if not self.step(job_id, unheard=unheard and not left):
                return

    def _prepare(self, process: Process, run: Run, unheard: bool) -> None:
        try:
            ref = JobRef("default", run.job_id)
            lanes = prepare_job(ref, Deadline.after(900), deps=process.preparation).lanes
        except (InvalidRequest, LimitReached, PermissionDenied):
            run.phase = "end"
            raise
        if run.phase == "prepare" and not unheard:
            run.tasks = sorted(task for lane in lanes for task in lane)
            run.phase = "work" if run.tasks else "merge"

    def _work(self, process: Process, run: Run, unheard: bool) -> None:
        task = run.tasks[0]
        try:
            work_on_chunks(JobRef("default", run.job_id), task, Deadline.after(900), deps=process.chunk_work)
        except ProviderError:
            unheard = False
        if task in run.tasks and not unheard:
            run.tasks.remove(task)
            run.phase = "work" if run.tasks else "merge"

    def _merge(self, process: Process, run: Run, unheard: bool) -> None:
        merge_job(JobRef("default", run.job_id), Deadline.after(900), deps=process.ending)
        if not unheard:
            self.network.machine.running.discard(run.job_id)

    def _end(self, process: Process, run: Run, unheard: bool) -> None:
        fail_job(JobRef("default", run.job_id), UNKNOWN, Deadline.after(900), deps=process.ending)
        if not unheard:
            self.network.machine.running.discard(run.job_id)

    def cancel(self, job_id: str, number: int = 0) -> None:
        """The caller cancels a job."""
        self._with_job(number, job_id, lambda p, job: cancel_job(job, deps=p.stopping))

    def delete(self, job_id: str, number: int = 0) -> None:
        """The caller deletes a job, or tries to."""
        self.truth.thrown_away.add(job_id)
        self._with_job(number, job_id, lambda p, job: delete_job(job, deps=p.stopping))

    def end_job(self, job_id: str, how: str, number: int) -> None:
        """A job ends before its time: by its caller, because a step was tried often enough, or by the operator."""
        if how == "cancel":
            self.cancel(job_id, number)
        elif how == "delete":
            self.delete(job_id, number)
        elif how == "give up":
            self.give_up(job_id)
        elif how == "operator":
            self.cancel_for_the_operator(job_id)
        else:
            self.network.machine.running.discard(job_id)

    def cancel_for_the_operator(self, job_id: str) -> None:
        """The sweeper stops the work on a job, and has it cancelled."""
        self.network.machine.running.discard(job_id)
        self.about = job_id
        self.act(STEPS, lambda p: cancel_unless_over(JobRef("default", job_id), Deadline.after(900), deps=p.ending))

    def give_up(self, job_id: str) -> None:
        """The state machine has tried a step often enough."""
        run = self.runs[job_id]
        if run.phase == "work" and run.tasks:
            run.tasks.pop(0)
            run.phase = "work" if run.tasks else "merge"
        else:
            run.phase = "end"

    def _with_job(self, number: int, job_id: str, change: Callable[[Process, Job], object]) -> None:
        self.about = job_id

        def action(process: Process) -> None:
            job = process.job_service.store.get("default", job_id, self.now_ms // 1000)
            if job is not None:
                change(process, job)

        self.act(number, action)

    def interrupt(self, job_id: str) -> None:
        """The function that ends jobs is called for one that was lost."""
        self.about = job_id
        self.act(
            STEPS,
            lambda p: fail_job(JobRef("default", job_id), INTERRUPTED, Deadline.after(900), deps=p.ending),
        )
