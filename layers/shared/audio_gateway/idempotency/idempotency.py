"""The same request with the same Idempotency-Key: done once, paid once, answered the same each time (ADR 0014).

A request claims its key before anything else is done. It ends in this order, so it may be interrupted anywhere:

    the answer is made → stored → paid → the claim is marked as done → the answer is sent

An interrupted run leaves a claim, which is free when no process can be working on it any more. The next request with
the key takes the claim over. It gives the stored answer if that was paid, and otherwise does the work again, under its
own id.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, Self

from audio_gateway.deadline import Deadline
from audio_gateway.errors import AlreadyRunning, IdempotencyKeyReused, IdempotencyUnavailable, InvalidRequest
from audio_gateway.jobs.job import Job, JobRef
from audio_gateway.metering.account import Hold
from audio_gateway.spool import Spool

CLAIM_MARGIN_S: Final = 38
"""How long a claim belongs to its run alone after the deadline of the request: a run settles within 2.5 s of it, its
last write may be in flight for 30 s, as the next run must see whether it was paid, and clocks may differ."""
KEY_KEPT_SECONDS: Final = 24 * 60 * 60
"""How long a key represents its request, counted from the request."""

_LONGEST_RETRY_AFTER_S: Final = 60  # the official SDKs do not obey a longer one

_OF_JOBS: Final = frozenset({202, 303})
_SYNTAX: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An answer as it was given: its `headers` by lower-case name, with the content type, and the body.

    The body of a large answer that was given before is a `Spool`, which its run closes.

    `ignored` are the options that were accepted without effect. `status` is 200, or 202 or 303 for a request that
    became a job.
    """

    headers: Mapping[str, str]
    body: bytes | Spool
    ignored: tuple[str, ...] = ()
    status: int = 200

    @property
    def is_of_job(self) -> bool:
        """Whether the request became a job, and this is where to find it."""
        return self.status in _OF_JOBS


@dataclass(frozen=True, slots=True)
class StoredResult:
    """An answer in the bucket of results: its key there, and the model that made it."""

    key: str
    model: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer, and the hold that pays for it: that of the request, or of the job that the request became."""

    answer: ApiResponse
    hold: Hold

    @property
    def paid_by(self) -> Hold | JobRef:
        """What the answer is paid by: its hold, or the job, which settles its hold itself."""
        if self.answer.is_of_job:
            return JobRef(self.hold.caller.project_id, self.hold.work.request_id)
        return self.hold


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that represents a request. Times are Unix seconds.

    `token` identifies the run that made it, as one request may be delivered twice. Until `locked_until_s`, no other run
    may work on the request. `done` says that the answer of `request_id` is stored and paid.
    """

    project_id: str
    key_sha256: str
    fingerprint: str
    request_id: str
    token: str
    locked_until_s: int
    expires_s: int
    done: bool = False


class Claims(Protocol):
    """Which request holds which key. Each method is one write and raises `IdempotencyUnavailable` if it fails."""

    def acquire(self, claim: Claim, *, instead_of: Claim | None, now_s: int) -> Claim | None:
        """Write the claim if the key is free: never used, expired, or still held by the run of `instead_of`.

        Returns None, or the existing claim. Safe to repeat.
        """
        ...

    def complete(self, claim: Claim) -> None:
        """Mark the claim as done, if its run still holds it."""
        ...

    def release(self, claim: Claim) -> None:
        """Remove the claim, if its run still holds it and it is not done."""
        ...


class Answers(Protocol):
    """The stored answers of claims. Both methods raise `IdempotencyUnavailable`."""

    def keep(self, claim: Claim, stored: StoredAnswer) -> None:
        """Store the answer of the claim's run."""
        ...

    def find(self, claim: Claim) -> StoredAnswer | None:
        """The answer of the claim's run; None if there is none, or it is incomplete."""
        ...


class Payments(Protocol):
    """Knows which answers were paid."""

    def was_paid(self, by: Hold | JobRef) -> bool:
        """Whether the request of a run that is over has been charged, or will be by the sweeper or with its job.

        Raises:
            MeteringUnavailable: it cannot be found out now.
        """
        ...

    def cancel(self, hold: Hold) -> bool:
        """See to it that the request of a hold is never charged, unless it has been; returns whether it is free.

        Raises:
            MeteringUnavailable: neither is certain.
        """
        ...


def key_hash(values: list[str]) -> str | None:
    """SHA-256 in hex of the Idempotency-Key of a request with these values of the header; None without the header.

    Raises:
        InvalidRequest: the header was sent twice, is empty, or is not a key.
    """
    if not values:
        return None
    if len(values) > 1 or not _SYNTAX.fullmatch(values[0]):
        message = (
            "The header Idempotency-Key must be sent once, with 1 to 255 visible ASCII characters and no spaces, "
            "such as a UUID."
        )
        raise InvalidRequest(message, param="Idempotency-Key", code="invalid_idempotency_key")
    return hashlib.sha256(values[0].encode()).hexdigest()


class Idempotency:
    """Lets each key run once, and gives later requests the answer of that run. `now_s` is the clock, Unix seconds."""

    def __init__(
        self, claims: Claims, answers: Answers, payments: Payments, now_s: Callable[[], float] = time.time
    ) -> None:
        self._claims = claims
        self._answers = answers
        self._payments = payments
        self._now_s = now_s

    def begin(self, *, project_id: str, key_sha256: str, fingerprint: str, request_id: str, deadline: Deadline) -> Run:
        """Claim the key for a request, or find the answer that it already has: the run's `earlier`.

        No run works on the request after its `deadline`.

        Raises:
            AlreadyRunning: another run works on the request.
            IdempotencyKeyReused: the key represents another request.
            IdempotencyUnavailable, MeteringUnavailable: it cannot be found out now whether it was made before.
        """
        now_s = int(self._now_s())
        claim = Claim(
            project_id=project_id,
            key_sha256=key_sha256,
            fingerprint=fingerprint,
            request_id=request_id,
            token=secrets.token_hex(8),
            locked_until_s=now_s + math.ceil(deadline.remaining_s()) + CLAIM_MARGIN_S,
            expires_s=now_s + KEY_KEPT_SECONDS,
        )
        existing = self._claims.acquire(claim, instead_of=None, now_s=now_s)
        if existing is None:
            return _ClaimedRun(self._claims, self._answers, claim)
        if existing.fingerprint != fingerprint:
            raise IdempotencyKeyReused(
                "The header Idempotency-Key holds a key that was used for a different request in the last 24 hours. "
                "Send a new key for a new request, or the same request again."
            )
        if not existing.done and now_s < existing.locked_until_s:
            raise _running(existing, now_s)
        return self._after(existing, claim, now_s)

    def _after(self, existing: Claim, claim: Claim, now_s: int) -> Run:
        """The run that follows one that is over: with its answer, or to do the work again."""
        stored = self._answers.find(existing)
        if existing.done and stored is None:
            raise IdempotencyUnavailable("The stored answer to this Idempotency-Key cannot be read. Send a new key.")
        if stored is not None and (existing.done or self._payments.was_paid(stored.paid_by)):
            if not existing.done:
                with suppress(IdempotencyUnavailable):  # the next request finds it out again
                    self._claims.complete(existing)
            return Run(stored.answer)
        other = self._claims.acquire(claim, instead_of=existing, now_s=now_s)
        if other is not None:  # another request has just taken it over
            raise _running(other, now_s)
        return _ClaimedRun(self._claims, self._answers, claim)


class Run:
    """A request from its claim to its end, as a context manager; this one has no key, or is already answered.

    `earlier` is the answer that was given before.
    """

    keeps = False
    """Whether `keep` stores the answer."""
    is_paid = False
    """Whether an earlier attempt of the same call has paid for it."""

    def __init__(self, earlier: ApiResponse | None = None) -> None:
        self.earlier = earlier

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Mark the key's request as done, or release the key if there is no answer."""
        if self.earlier is not None and isinstance(self.earlier.body, Spool):
            self.earlier.body.close()

    def keep(self, answer: ApiResponse, hold: Hold) -> None:
        """Store the answer, just before it is paid.

        Raises:
            IdempotencyUnavailable: it cannot be stored. Then it must not be given, as the next one would be paid again.
        """

    def pays(self, hold: Hold) -> bool:  # noqa: ARG002 - with a key, its claim decides
        """Record that the hold of this request pays for the call, just before it is charged.

        False if another attempt of the same call pays: one that has paid already, or one that has taken over.
        """
        return True

    def becomes(self, job_id: str) -> Job | None:  # noqa: ARG002 - with a key, that decides
        """Record that the request becomes a job with this id, before the job exists.

        Returns the job to answer with instead, if another attempt of the same call has started one.

        Raises:
            AlreadyRunning, StorageUnavailable: no job may be started.
        """
        return None

    def remember(self, result: StoredResult) -> None:
        """Record that the answer is paid and in the bucket, for other attempts of the call."""


class _ClaimedRun(Run):
    keeps = True

    def __init__(self, claims: Claims, answers: Answers, claim: Claim) -> None:
        super().__init__()
        self._claims = claims
        self._answers = answers
        self._claim = claim
        self._kept = False

    def keep(self, answer: ApiResponse, hold: Hold) -> None:
        self._answers.keep(self._claim, StoredAnswer(answer, hold))
        self._kept = True

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # If this cannot be written now, the next request finds it out when the claim has expired. The same holds for a
        # run that failed after it had stored its answer: only the ledger says whether that was before it was paid.
        with suppress(IdempotencyUnavailable):
            if self._kept and error is None:
                self._claims.complete(self._claim)
            elif not self._kept:
                self._claims.release(self._claim)


def _running(claim: Claim, now_s: int) -> AlreadyRunning:
    """The time that it has run is the best guess of the time that it needs; the claim's end is the latest."""
    so_far = now_s - (claim.expires_s - KEY_KEPT_SECONDS)
    retry_after_s = max(1, min(so_far, claim.locked_until_s - now_s, _LONGEST_RETRY_AFTER_S))
    message = (
        f"A request with this Idempotency-Key is being processed. Send it again in {retry_after_s} s to get its answer."
    )
    return AlreadyRunning(message, retry_after_s=retry_after_s)
