"""The account of a key: what it may use, what it has used in the running windows, and what is held for open requests.

Domain types only; `audio_gateway.metering.meter` keeps them in DynamoDB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from audio_gateway.catalog.line_items import LineItem, Unit
from audio_gateway.metering.limits import Limits

Outcome = Literal["answered", "swept", "abandoned", "failed", "repeated"]
UNPAID: Final[frozenset[Outcome]] = frozenset({"abandoned", "failed", "repeated"})
"""The outcomes of requests that are free to their caller."""

FreeOutcome = Literal["failed", "repeated"]
"""Why a request is free for which a provider has worked: it failed, or another attempt of its call pays."""

JOB_PREFIX: Final = "job_"
"""The prefix of the id of a request that became a job."""

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Payer:
    """The key that is charged, and its project."""

    key_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class MeteredRequest:
    """One request, measured: `amount` Unicode code points or milliseconds of audio, as `unit` says.

    The price is what the caller pays, the cost what the provider charges. `items` says how the price was computed; it
    is empty for work that was only held, and in data of earlier versions. `unbilled_cost_microusd` is the part of the
    cost for which the caller got nothing and pays nothing. `aliases` are other names of the model, by which a key may
    be limited to it; they are not stored.
    """

    request_id: str
    endpoint: str
    model: str
    unit: Unit
    amount: int
    price_microusd: int
    cost_microusd: int
    items: tuple[LineItem, ...] = ()
    unbilled_cost_microusd: int = 0
    aliases: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for an admitted request, with everything that a ledger row needs.

    `admitted_ms` is the moment of admission (Unix milliseconds). It decides the month that is charged and the key of
    the row, so every settlement writes the same row. From `expires_s` on, the sweeper may settle. The row of a job is
    stamped with the job's end instead: see `stamp`.
    """

    caller: Payer
    work: MeteredRequest
    admitted_ms: int
    expires_s: int

    @property
    def month(self) -> str:
        """The UTC month that is charged, as 202611."""
        return month_of(self.admitted_ms)

    @property
    def is_job(self) -> bool:
        """Whether it is held for a job, which may run longer than its hold lives."""
        return self.work.request_id.startswith(JOB_PREFIX)

    def stamp(self, ended_ms: int) -> int:
        """The moment of the row of a job that ended then, in Unix milliseconds, within the hold's month.

        The job was admitted against that month's budget, so that month pays in the account and in every report.
        """
        return max(self.admitted_ms, min(ended_ms, _month_end_ms(self.admitted_ms)))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used of its windows at one moment.

    `unbilled_cost_microusd` is what providers charged in the month for work that the caller does not pay for.
    `open_holds` counts running requests and jobs, `open_jobs` the jobs among them. `pending_upload_bytes` counts
    uploads that were announced and not used, if they were read.
    """

    requests: int = 0
    characters: int = 0
    audio_ms: int = 0
    committed_microusd: int = 0
    unbilled_cost_microusd: int = 0
    open_holds: int = 0
    open_jobs: int = 0
    pending_upload_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A limit of the running minute: what it allows, what is left of it, and the seconds until it starts again."""

    limit: int
    remaining: int
    reset_s: int


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on, and what is left of the key's minute, by `requests`, `characters`, `audio-seconds`."""

    hold: Hold
    windows: Mapping[str, Window] = field(default_factory=dict)


class Meter(Protocol):
    """Admits work against a key's limits, and settles or releases holds."""

    def admit(self, caller: Payer, work: MeteredRequest) -> Admission:
        """Check every limit and hold the price, in one write.

        Raises:
            LimitReached: one of the key's limits does not allow it; nothing is held.
            PermissionDenied: the key is disabled, deleted or expired, or not for the model.
            MeteringUnavailable: the account cannot be written now; nothing may reach a provider.
        """
        ...

    def check(self, caller: Payer, work: MeteredRequest) -> None:
        """Raise what `admit` would raise now, for work that may turn out larger. Holds nothing; one read.

        Raises:
            LimitReached, PermissionDenied: as `admit`.
            MeteringUnavailable: the account cannot be read now.
        """
        ...

    def settle(self, hold: Hold, work: MeteredRequest, *, late: Callable[[], bool] = lambda: False) -> None:
        """Write the ledger row for the finished work, then release the hold. Safe to repeat.

        `late` is called in between: if no time is left, or the release fails, the hold stays for the key's next
        release, or for the sweeper.

        Raises:
            MeteringUnavailable: the row cannot be written.
        """
        ...

    def fail(
        self,
        hold: Hold,
        model: str,
        cost_microusd: int,
        *,
        outcome: FreeOutcome = "failed",
        late: Callable[[], bool] = lambda: False,
    ) -> None:
        """Write the row of a request that has a provider cost and is free to its caller, then release.

        Safe to repeat; `late` is as with `settle`.

        Raises:
            MeteringUnavailable: the row cannot be written; the hold stays for the sweeper, which reports it.
        """
        ...

    def release(self, hold: Hold) -> None:
        """Return the held money, as the caller got no answer. Safe to repeat.

        Raises:
            MeteringUnavailable: the account cannot be written; the key's next release returns the money, or the
                sweeper once the hold has expired.
        """
        ...


class JobMeter(Protocol):
    """A meter for work whose steps may each be repeated by another process, and much later."""

    def admit(self, caller: Payer, work: MeteredRequest, *, at_ms: int | None = None) -> Admission:
        """See `Meter.admit`. Safe to repeat with the same `at_ms`: an existing hold is not held again."""
        ...

    def correct(self, present: Hold, wanted: Hold) -> bool:
        """Replace a hold by a larger one of the same job, in one write. `present` is the last hold that is known.

        Only the difference is admitted: against the budget of the hold's month, and the running minute. Returns False
        if nothing is held for the job. Safe to repeat.

        Raises:
            LimitReached: one of these limits does not allow it; the hold is unchanged.
            MeteringUnavailable: the account cannot be written now.
        """
        ...

    def settle_at(self, hold: Hold, work: MeteredRequest, at_ms: int, *, unbilled_cost_microusd: int = 0) -> None:
        """Write the ledger row for the finished work, stamped with `at_ms`, then release the hold.

        `unbilled_cost_microusd` is the job's unbilled cost, which has rows of its own. `at_ms` is `Hold.stamp` of the
        job's end. Safe to repeat with the same stamp, at any later time. A pending settlement with the stamp must be
        stored before. A hold that was returned because its job was unknown is charged all the same.

        Raises:
            MeteringUnavailable: the row or the account cannot be written.
        """
        ...

    def release(self, hold: Hold, *, unbilled_cost_microusd: int = 0) -> None:
        """See `Meter.release`, and `settle_at` for the unbilled cost."""
        ...


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that has a hold, as settling needs it.

    `ended_ms` is when it ended (Unix milliseconds), None while it runs; `work` what it is charged for, None for
    nothing; `unbilled_cost_microusd` its unbilled cost.
    """

    ended_ms: int | None
    work: MeteredRequest | None
    unbilled_cost_microusd: int = 0


class HeldJobs(Protocol):
    """Finds the jobs that have holds."""

    def of_hold(self, hold: Hold) -> HeldJob | None:
        """The job of a hold, None if there is none.

        Raises:
            StorageUnavailable: the job cannot be read now.
        """
        ...


def windows_of(limits: Limits, usage: Usage, now_ms: int) -> dict[str, Window]:
    """What is left of each limit of a key, in whole units; seconds of audio are rounded down."""
    reset_s = seconds_to_next_minute(now_ms)
    of_minute = {
        "requests": (limits.requests_per_minute, usage.requests, 1),
        "characters": (limits.characters_per_minute, usage.characters, 1),
        "audio-seconds": (limits.audio_ms_per_minute, usage.audio_ms, 1000),
    }
    return {
        name: Window(cap // unit, max(0, cap - used) // unit, reset_s)
        for name, (cap, used, unit) in of_minute.items()
        if cap is not None
    }


def minute_of(now_ms: int) -> int:
    """The clock minute, counted from the epoch."""
    return now_ms // 1000 // _MINUTE_S


def month_of(now_ms: int) -> str:
    """The UTC month, as 202611."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m")


def _month_end_ms(at_ms: int) -> int:
    """The last millisecond of the UTC month of a moment."""
    first = datetime.fromtimestamp(at_ms // 1000, UTC).replace(day=1, hour=0, minute=0, second=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return int(following.timestamp()) * 1000 - 1


def seconds_to_next_minute(now_ms: int) -> int:
    """Whole seconds until the running minute is over, at least 1."""
    return _MINUTE_S - now_ms // 1000 % _MINUTE_S
