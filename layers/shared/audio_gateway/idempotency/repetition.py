"""A call that an SDK repeats is the same call, even without an Idempotency-Key (ADR 0022).

The official SDKs repeat a call after a lost connection or a temporary error, and count their attempts in a header. By
then, the first attempt may have become a job, or been paid with an answer in the bucket. It may even be running, as no
function is notified that its caller has disconnected. So the last attempt represents the call:

    a repetition                    registers before it does anything, and takes over, unless the call has an outcome
    an attempt that becomes a job   registers before the job exists, unless a later attempt has registered
    an answer in the bucket         is recorded once it is paid

Each is one conditional write to one item for each key and request. A first attempt that becomes no job and whose answer
is sent directly writes nothing.
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
"""How long an outcome is kept: longer than an SDK follows the redirects of one attempt, at most 20 of 29 s each."""

STARTED_WITHIN_S: Final = 35
"""A job that does not exist this long after its attempt registered never will: longer than a function may run."""

_PATIENCE_S: Final = 8.0
_LATER_TRY_S: Final = 2  # how long an attempt waits that a later one has overtaken


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One attempt of a call, and its outcome: a job, a stored result, or neither so far.

    `key_id` and `fingerprint` identify the call. `retries` is 0 for a first attempt; `began_ms` is when it arrived, in
    Unix milliseconds. `expires_s`, in Unix seconds, is `REMEMBERED_S` after it registered.
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
    """The last attempt of each call. Both methods raise `StorageUnavailable`."""

    def acquire(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        """Let the attempt represent its call; returns None, or the existing attempt that prevents it. Safe to repeat.

        It replaces an expired attempt, that of `instead_of`, or an earlier one without an outcome. A first attempt is a
        new call, and also replaces another first attempt and all that began before it.
        """
        ...

    def release(self, attempt: CallAttempt) -> None:
        """Forget the attempt, if it still represents its call."""
        ...


class Jobs(Protocol):
    """Finds jobs. Raises `StorageUnavailable`."""

    def get(self, project_id: str, job_id: str, now_s: int) -> Job | None:
        """The job; None if there is none."""
        ...


class Repetitions:
    """Finds the outcomes of earlier attempts of a call. `now_s` is the clock in Unix seconds, `poll_s` a pause."""

    def __init__(
        self, attempts: CallAttempts, jobs: Jobs, *, now_s: Callable[[], float] = time.time, poll_s: float = 0.2
    ) -> None:
        self._attempts = attempts
        self._jobs = jobs
        self._now_s = now_s
        self._poll_s = poll_s

    def begin(self, attempt: Callable[[], CallAttempt], *, retries: int, project_id: str) -> RepeatableRun:
        """The run of a request; `attempt` is called when its attempt must register for the first time.

        A repetition registers immediately, and finds the outcome of its call: the run's `found`.

        Raises:
            AlreadyRunning: an earlier attempt is about to start a job.
            StorageUnavailable: the outcomes of earlier attempts cannot be read now.
        """
        run = RepeatableRun(self, attempt, retries=retries, project_id=project_id)
        if retries:
            run.found = self.outcome(run.attempt, project_id)
        return run

    def outcome(self, attempt: CallAttempt, project_id: str) -> Job | StoredResult | None:
        """The outcome of the call, if this attempt may take it; None if this attempt represents the call now.

        Also None for an attempt without an outcome that was overtaken by another such: its caller has most likely
        disconnected, and it does no harm. Raises as `begin` does.
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
                wait_s = existing.expires_s - REMEMBERED_S + STARTED_WITHIN_S - now_s
                if wait_s <= 0:  # the process that was to start it has died
                    instead_of = existing
                    continue
            elif attempt.job_id is None:
                return None
            if time.monotonic() >= give_up_at:
                raise _in_progress(wait_s)
            time.sleep(self._poll_s)

    def remember(self, attempt: CallAttempt) -> None:
        """Record the outcome of an attempt. Raises nothing, as the answer must not be withheld because of it."""
        attempt = replace(attempt, expires_s=int(self._now_s()) + REMEMBERED_S)
        with suppress(StorageUnavailable):
            self._attempts.acquire(attempt, instead_of=None, now_s=int(self._now_s()))

    def forget(self, attempt: CallAttempt) -> None:
        """Remove the record of an attempt. Raises nothing, as the record expires."""
        with suppress(StorageUnavailable):
            self._attempts.release(attempt)

    def _hand_over(self, job: Job, existing: CallAttempt, attempt: CallAttempt) -> None:
        """Let a repetition represent the job that it found, so the next one finds the job for as long again."""
        if not attempt.retries:
            return
        with suppress(StorageUnavailable):
            successor = replace(attempt, job_id=job.id, result=None)
            self._attempts.acquire(successor, instead_of=existing, now_s=int(self._now_s()))


class RepeatableRun(Run):
    """A request without an Idempotency-Key. `found` is the outcome of earlier attempts of its call."""

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
        """The attempt, without an outcome. Made when it is needed, as a fingerprint of audio takes a while."""
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
            return None  # a repetition may not find the job, but the request is not lost
        if isinstance(found, StoredResult):
            raise _in_progress(_LATER_TRY_S)
        if found is None:
            self._began = attempt
        return found

    def remember(self, result: StoredResult) -> None:
        """See `Run.remember`."""
        self._repetitions.remember(replace(self.attempt, result=result))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and self._began is not None:
            self._repetitions.forget(self._began)


def _in_progress(wait_s: int) -> AlreadyRunning:
    message = f"Another attempt of this request is being processed. Send it again in {wait_s} s to get its result."
    return AlreadyRunning(message, retry_after_s=wait_s)
