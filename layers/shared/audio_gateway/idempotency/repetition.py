"""A call that an SDK makes again is the same call, also without an Idempotency-Key (ADR 0022).

The official SDKs send a call again after a lost connection or a passing error, and count their tries in a header. The
first try may have become a job by then, or have been paid with an answer in the bucket; it may even be at work still,
for nobody tells a function that its caller is gone. So the last try speaks for the call:

    a repetition               says so before it does anything, and takes over, unless the call has an outcome
    a try that becomes a job   says so before there is anything of the job, unless a later try has spoken
    an answer in the bucket    is remembered once it is paid

Each is one conditional write to one item for each key and request. A first try that becomes no job and whose answer
goes out directly writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from audio_gateway.errors import AlreadyRunning, StorageUnavailable
from audio_gateway.idempotency.idempotency import Run, StoredResult
from audio_gateway.jobs.job import Job

REMEMBERED_S: Final = 600
"""How long an outcome is found, in seconds: longer than an SDK follows the redirects of one try, 20 of 29 s at most."""

BEGUN_WITHIN_S: Final = 35
"""A job that is not there so many seconds after its try spoke never will be: longer than a function may run."""

_PATIENCE_S: Final = 8.0
_LATER_TRY_S: Final = 2  # what a try is told to wait that a later one has overtaken


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One try of a call, and what has come of it: a job, a stored result, or neither so far.

    A call is known by `key_id` and `fingerprint`. `retries` is 0 for a first try; `began_ms` is when it came, unix
    milliseconds. `expires_s`, unix seconds, is `REMEMBERED_S` after it spoke.
    """

    key_id: str
    fingerprint: str
    request_id: str
    began_ms: int
    retries: int
    expires_s: int
    job_id: str | None = None
    result: StoredResult | None = None


class CallAttempts(Protocol):
    """The last try of each call. Both raise `StorageUnavailable`."""

    def acquire(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        """Let the try speak for its call; None, or the one that stands in the way. Safe to repeat.

        It may if nobody does, or one that has expired, the try of `instead_of`, or an earlier one without an outcome.
        A first try is a call of its own, and also may in place of another first try and of all that came before it.
        """
        ...

    def release(self, attempt: CallAttempt) -> None:
        """Forget the try, if it still speaks for its call."""
        ...


class Jobs(Protocol):
    """Where jobs are found. Raises `StorageUnavailable`."""

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        """The job; None if there is none."""
        ...


class Repetitions:
    """Finds what earlier tries of a call have come to. `now_s` is the clock in unix seconds, `poll_s` a pause."""

    def __init__(
        self, attempts: CallAttempts, jobs: Jobs, *, now_s: Callable[[], float] = time.time, poll_s: float = 0.2
    ) -> None:
        self._attempts = attempts
        self._jobs = jobs
        self._now_s = now_s
        self._poll_s = poll_s

    def begin(self, attempt: Callable[[], CallAttempt], *, retries: int, project_id: str) -> RepeatableRun:
        """The run of a request; `attempt` is called when its try has to speak for the first time.

        A repetition speaks at once, and finds the outcome that its call has: the run's `found`.

        Raises:
            AlreadyRunning: an earlier try is about to begin a job.
            StorageUnavailable: what came of the earlier tries cannot be found out now.
        """
        run = RepeatableRun(self, attempt, retries=retries, project_id=project_id)
        if retries:
            run.found = self.outcome(run.attempt, project_id)
        return run

    def outcome(self, attempt: CallAttempt, project_id: str) -> Job | StoredResult | None:
        """What the call has come to, as far as it is for this try to take; None if this try speaks for it now.

        None also for a try without an outcome that was overtaken by another such: its caller has gone, most likely,
        and it does no harm. Raises as `begin` does.
        """
        attempt = replace(attempt, expires_s=int(self._now_s()) + REMEMBERED_S)
        give_up_at = time.monotonic() + _PATIENCE_S
        instead_of: CallAttempt | None = None
        while True:
            now_s = int(self._now_s())
            existing = self._attempts.acquire(attempt, instead_of=instead_of, now_s=now_s)
            if existing is None or existing.result is not None:
                return None if existing is None else existing.result
            instead_of, wait_s = None, _LATER_TRY_S
            if existing.job_id is not None:
                job = self._jobs.get(project_id, existing.job_id, now_s)
                if job is not None:
                    self._hand_over(job, existing, attempt)
                    return job
                wait_s = existing.expires_s - REMEMBERED_S + BEGUN_WITHIN_S - now_s
                if wait_s <= 0:  # the process died that was to begin it
                    instead_of = existing
                    continue
            elif attempt.job_id is None:
                return None
            if time.monotonic() >= give_up_at:
                raise _at_work(wait_s)
            time.sleep(self._poll_s)

    def remember(self, attempt: CallAttempt) -> None:
        """Write down what a try has come to. Nothing is raised: an answer is not withheld because of it."""
        attempt = replace(attempt, expires_s=int(self._now_s()) + REMEMBERED_S)
        with suppress(StorageUnavailable):
            self._attempts.acquire(attempt, instead_of=None, now_s=int(self._now_s()))

    def forget(self, attempt: CallAttempt) -> None:
        """Take back what a try has said. Nothing is raised: what is left of it is of no use after a while."""
        with suppress(StorageUnavailable):
            self._attempts.release(attempt)

    def _hand_over(self, job: Job, existing: CallAttempt, attempt: CallAttempt) -> None:
        """Let a repetition speak for the job that it found, so that the next one finds it for as long again."""
        if not attempt.retries:
            return
        with suppress(StorageUnavailable):
            heir = replace(attempt, job_id=job.id, result=None)
            self._attempts.acquire(heir, instead_of=existing, now_s=int(self._now_s()))


class RepeatableRun(Run):
    """A request without an Idempotency-Key. `found` is what earlier tries of its call have come to."""

    def __init__(
        self, repetitions: Repetitions, attempt: Callable[[], CallAttempt], *, retries: int, project_id: str
    ) -> None:
        super().__init__()
        self.found: Job | StoredResult | None = None
        self._repetitions = repetitions
        self._make = attempt
        self._made: CallAttempt | None = None
        self._retries = retries
        self._project_id = project_id
        self._began: CallAttempt | None = None

    @property
    def attempt(self) -> CallAttempt:
        """The try, without an outcome. Made when it is needed: a fingerprint of audio takes a while."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def becomes(self, job_id: str) -> Job | None:
        """See `Run.becomes`."""
        attempt = replace(self.attempt, job_id=job_id)
        try:
            found = self._repetitions.outcome(attempt, self._project_id)
        except StorageUnavailable:
            if self._retries:
                raise
            return None  # nobody may find the job by it, but the request is not lost
        if isinstance(found, StoredResult):
            raise _at_work(_LATER_TRY_S)
        if found is None:
            self._began = attempt
        return found

    def remember(self, result: StoredResult) -> None:
        """See `Run.remember`."""
        self._repetitions.remember(replace(self.attempt, result=result))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and self._began is not None:
            self._repetitions.forget(self._began)


def _at_work(wait_s: int) -> AlreadyRunning:
    message = f"Another try of this request is being worked on. Ask again for its result in {wait_s} s."
    return AlreadyRunning(message, retry_after_s=wait_s)
