"""Claims, answers, payments and speech in memory: they obey the conditions of the real ones, and fail on request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, cast

from audio_gateway.errors import IdempotencyUnavailable, MeteringUnavailable, StorageUnavailable
from audio_gateway.idempotency.idempotency import Claim, Idempotency, StoredAnswer
from audio_gateway.idempotency.repetition import CallAttempt, Repetitions
from audio_gateway.jobs.job import JobRef
from audio_gateway.metering.account import Hold
from audio_gateway.storage.speech_cache import Sound


@dataclass
class FakeClaims:
    """Claims by project and key; a method whose name is in `failing` cannot reach its store."""

    existing: dict[tuple[str, str], Claim] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def acquire(self, claim: Claim, *, instead_of: Claim | None, now_s: int) -> Claim | None:
        self._reach("acquire")
        name = (claim.project_id, claim.key_sha256)
        old = self.existing.get(name)
        free = old is None or old.expires_s <= now_s or old.token == claim.token
        if old is not None and instead_of is not None:
            free = free or (old.token == instead_of.token and not old.done)
        if not free:
            return old
        self.existing[name] = claim
        return None

    def complete(self, claim: Claim) -> None:
        self._reach("complete")
        if self._is_ours(claim):
            self.existing[claim.project_id, claim.key_sha256] = replace(claim, done=True)

    def release(self, claim: Claim) -> None:
        self._reach("release")
        if self._is_ours(claim):
            del self.existing[claim.project_id, claim.key_sha256]

    def _is_ours(self, claim: Claim) -> bool:
        old = self.existing.get((claim.project_id, claim.key_sha256))
        return old is not None and old.token == claim.token and not old.done

    def _reach(self, method: str) -> None:
        if method in self.failing:
            raise IdempotencyUnavailable("the table is away")


@dataclass
class FakeAnswers:
    """Answers by project, key and request; a method whose name is in `failing` cannot reach its store."""

    stored: dict[tuple[str, str, str], StoredAnswer] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def keep(self, claim: Claim, stored: StoredAnswer) -> None:
        self._reach("keep")
        self.stored[claim.project_id, claim.key_sha256, claim.request_id] = stored

    def find(self, claim: Claim) -> StoredAnswer | None:
        self._reach("find")
        return self.stored.get((claim.project_id, claim.key_sha256, claim.request_id))

    def _reach(self, method: str) -> None:
        if method in self.failing:
            raise IdempotencyUnavailable("the bucket is away")


@dataclass
class FakePayments:
    """Ids of the requests that were paid, and of those that never will be."""

    paid: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    fails: MeteringUnavailable | None = None

    def was_paid(self, by: Hold | JobRef) -> bool:
        if self.fails is not None:
            raise self.fails
        return (by.id if isinstance(by, JobRef) else by.work.request_id) in self.paid

    def cancel(self, hold: Hold) -> bool:
        if self.was_paid(hold):
            return False
        self.cancelled.add(hold.work.request_id)
        return True


@dataclass
class FakeSpeechCache:
    """The speech of all organisations, by organisation and key; nothing in it is older than `age_s`."""

    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    organization_id: str = ""
    age_s: int = 0

    def of(self, organization_id: str) -> FakeSpeechCache:
        return FakeSpeechCache(self.kept, organization_id, self.age_s)

    def find(self, sound: Sound, *, max_age_s: int) -> bytes | None:
        return self.kept.get((self.organization_id, sound.key)) if self.age_s <= max_age_s else None

    def keep(self, sound: Sound, audio: bytes) -> None:
        self.kept[self.organization_id, sound.key] = audio


@dataclass
class FakeAttempts:
    """The last try of each call, by key and fingerprint. While it is `broken`, it cannot be reached."""

    existing: dict[tuple[str, str], CallAttempt] = field(default_factory=dict)
    broken: bool = False
    writes: int = 0
    lock: Lock = field(default_factory=Lock)

    def acquire(self, attempt: CallAttempt, *, instead_of: CallAttempt | None, now_s: int) -> CallAttempt | None:
        self._reach()
        with self.lock:
            old = self.existing.get((attempt.key_id, attempt.fingerprint))
            if old is not None and not _gives_way(old, attempt, instead_of, now_s):
                return old
            self.existing[attempt.key_id, attempt.fingerprint] = attempt
            return None

    def release(self, attempt: CallAttempt) -> None:
        self._reach()
        old = self.existing.get((attempt.key_id, attempt.fingerprint))
        if old is not None and old.request_id == attempt.request_id:
            del self.existing[attempt.key_id, attempt.fingerprint]

    def _reach(self) -> None:
        self.writes += 1
        if self.broken:
            raise StorageUnavailable("the table is away")


def _gives_way(old: CallAttempt, attempt: CallAttempt, instead_of: CallAttempt | None, now_s: int) -> bool:
    if old.expires_s <= now_s or old.request_id == attempt.request_id:
        return True
    if instead_of is not None and old.request_id == instead_of.request_id and (instead_of.is_over or not old.is_over):
        return True
    if not old.is_over and old.began_ms <= attempt.began_ms:
        return True
    return attempt.retries == 0 and (old.retries == 0 or old.began_ms < attempt.began_ms)


def no_repetitions() -> Repetitions:
    """For tests that are about something else: nothing was asked before."""
    return Repetitions(FakeAttempts(), cast("Any", None), FakePayments())


def fresh_idempotency() -> Idempotency:
    """For tests that are about something else."""
    return Idempotency(FakeClaims(), FakeAnswers(), FakePayments())
