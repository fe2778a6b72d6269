"""A call that an SDK repeats is the same call, even without an Idempotency-Key (ADR 0022 and 0052).

The official SDKs repeat a call after a lost connection or a temporary error, and count their attempts in a header. By
then, the first attempt may have become a job, or been paid. It may even be running, as no function is notified that its
caller has disconnected. So the last attempt represents the call:

    a repetition                    registers before it does anything, and takes over, unless the call has an outcome
    an attempt that becomes a job   registers before the job exists, unless a later attempt has registered
    an SDK's attempt that ends      records that it pays, unless a later attempt has registered: that one pays instead
    an answer in the bucket         is recorded once it is paid

Each is one conditional write to one item for each key and request. A repetition that finds a payment is free, and hands
it on to the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from audio_gateway.errors import AlreadyRunning, MeteringUnavailable, StorageUnavailable
from audio_gateway.idempotency.idempotency import Payments, Run, StoredResult
from audio_gateway.jobs.job import Job
from audio_gateway.metering.account import Hold

REMEMBERED_S: Final = 1020
"""How long an attempt and its outcome are kept: longer than a function may stream, 900 s, as an earlier attempt that is
still running must see a later one; and longer than an SDK follows the redirects of one attempt, at most 20 of 29 s."""

STARTED_WITHIN_S: Final = 35
"""A job that does not exist this long after its attempt registered never will: each step of a start takes seconds."""

MAX_RETRIES: Final = 10
"""The most repetitions of a call that one payment covers. The official SDKs make 2 unless they are told otherwise."""
_PATIENCE_S: Final = 8.0
_LATER_TRY_S: Final = 2  # how long an attempt waits that a later one has overtaken


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One attempt of a call, and its outcome: a job, a stored result, or neither so far.

    `key_id` and `fingerprint` identify the call. `retries` is 0 for a first attempt; `began_ms` is when it arrived, in
    Unix milliseconds. `expires_s`, in Unix seconds, is `REMEMBERED_S` after it registered. `payment` is the hold that
    pays for the call: that of this attempt, or of an earlier one.
    """

    key_id: str
    fingerprint: str
    request_id: str
    began_ms: int
    retries: int
    expires_s: int
    job_id: str | None = None
    result: StoredResult | None = None
    payment: Hold | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has an outcome, or a payment."""
        return not (self.job_id is None and self.result is None and self.payment is None)

    def follows(self, other: CallAttempt) -> bool:
        """Whether this is a later attempt of the same call, as far as money is concerned.

        Equal calls of one key cannot be told from attempts of one call. But each attempt of an SDK has a higher count
        than the one before, and a payment that is older than the first attempt of a call is not for that call.
        """
        if not other.retries < self.retries <= MAX_RETRIES or self.began_ms < other.began_ms:
            return False
        return other.retries > 0 or self.payment is None or self.payment.admitted_ms >= other.began_ms


class CallAttempts(Protocol):
    """The last attempt of each call. Both methods raise `StorageUnavailable`."""

    def acquire(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        """Let the attempt represent its call; returns None, or the existing attempt that prevents it. Safe to repeat.

        It replaces an expired attempt, that of `instead_of`, or an earlier one that is not over. A first attempt is a
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
        self,
        attempts: CallAttempts,
        jobs: Jobs,
        payments: Payments,
        *,
        now_s: Callable[[], float] = time.time,
        poll_s: float = 0.2,
    ) -> None:
        self._attempts = attempts
        self._jobs = jobs
        self._payments = payments
        self._now_s = now_s
        self._poll_s = poll_s

    def begin(self, attempt: Callable[[], CallAttempt], *, retries: int | None, project_id: str) -> RepeatableRun:
        """The run of a request; `attempt` is called when its attempt must register for the first time.

        A repetition registers immediately, and finds the outcome of its call: the run's `found`, or that it `is_paid`.
        `retries` is None for a client that does not count its attempts.

        Raises:
            AlreadyRunning: an earlier attempt is about to start a job.
            StorageUnavailable, MeteringUnavailable: the outcomes of earlier attempts cannot be read now.
        """
        run = RepeatableRun(self, attempt, retries=retries, project_id=project_id)
        if retries:
            outcome = self.outcome(run.attempt, project_id)
            if isinstance(outcome, Hold):
                run.payment, run.is_paid = outcome, self._payments.was_paid(outcome)
            else:
                run.found = outcome
        return run

    def outcome(self, attempt: CallAttempt, project_id: str) -> Job | StoredResult | Hold | None:
        """The outcome of the call, if this attempt may take it; None if this attempt represents the call now.

        A hold, if this attempt represents the call now and an earlier one may have paid for it. Also None for an
        attempt that is not over and was overtaken by another such: its caller has most likely disconnected, and it
        does no harm. Raises as `begin` does.
        """
        attempt = replace(attempt, expires_s=int(self._now_s()) + REMEMBERED_S)
        give_up_at = time.monotonic() + _PATIENCE_S
        instead_of: CallAttempt | None = None
        while True:
            now_s = int(self._now_s())
            existing = self._attempts.acquire(attempt, instead_of=instead_of, now_s=now_s)
            if existing is None:
                return attempt.payment
            if existing.result is not None:
                return existing.result
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
                if existing.payment is None or existing.began_ms > attempt.began_ms:
                    return None
                payment = existing.payment if attempt.follows(existing) else None
                attempt, instead_of = replace(attempt, payment=payment), existing
                continue
            if time.monotonic() >= give_up_at:
                raise _in_progress(wait_s)
            time.sleep(self._poll_s)

    def pays(self, attempt: CallAttempt, hold: Hold) -> bool:
        """Record that the hold pays for the call; False if a later attempt has registered, which pays in its place.

        If it cannot be recorded, the hold pays all the same.
        """
        attempt = replace(attempt, payment=hold, expires_s=int(self._now_s()) + REMEMBERED_S)
        try:
            existing = self._attempts.acquire(attempt, instead_of=None, now_s=int(self._now_s()))
        except StorageUnavailable:
            return True
        return existing is None or not existing.follows(attempt)

    def is_free(self, payment: Hold) -> bool:
        """Whether no one pays with an earlier attempt's hold. The caller has the benefit of the doubt."""
        try:
            return self._payments.cancel(payment)
        except MeteringUnavailable:
            return False

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
    """A request without an Idempotency-Key. `found` is the outcome of earlier attempts of its call.

    `payment` is the hold of an earlier attempt, which has paid for the call or is just doing so. `is_paid` says that it
    has.
    """

    def __init__(
        self, repetitions: Repetitions, attempt: Callable[[], CallAttempt], *, retries: int | None, project_id: str
    ) -> None:
        super().__init__()
        self.found: Job | StoredResult | None = None
        self.payment: Hold | None = None
        self._repetitions = repetitions
        self._make = attempt
        self._made: CallAttempt | None = None
        self._retries = retries
        self._project_id = project_id
        self._began: CallAttempt | None = None
        self._has_ended = False

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
        if isinstance(found, StoredResult | Hold):
            raise _in_progress(_LATER_TRY_S)
        if found is None:
            self._began = attempt
        return found

    def pays(self, hold: Hold) -> bool:
        """See `Run.pays`. Of a client that does not count its attempts, nothing is recorded."""
        self._has_ended = True
        if self.is_paid:
            return False
        if self.payment is not None and not self._repetitions.is_free(self.payment):
            return False
        return self._retries is None or self._repetitions.pays(self.attempt, hold)

    def remember(self, result: StoredResult) -> None:
        """See `Run.remember`."""
        self._repetitions.remember(replace(self.attempt, result=result))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if self._began is not None:
            self._repetitions.forget(self._began)
        elif self._retries and self.payment is None and not self._has_ended:
            # A repetition that failed pays for nothing, and an earlier attempt that is still running does.
            self._repetitions.forget(self.attempt)


def _in_progress(wait_s: int) -> AlreadyRunning:
    message = f"Another attempt of this request is being processed. Send it again in {wait_s} s to get its result."
    return AlreadyRunning(message, retry_after_s=wait_s)
