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

Outcome = Literal["answered", "swept", "abandoned", "failed"]
UNPAID: Final[frozenset[Outcome]] = frozenset({"abandoned", "failed"})
"""The outcomes of requests that cost their caller nothing."""

JOB_PREFIX: Final = "job_"
"""How the id of a request begins that became a job."""

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Payer:
    """Who is charged."""

    key_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class MeteredRequest:
    """One request, measured: `amount` Unicode code points or milliseconds of audio, as `unit` says.

    The price is what the caller pays, the cost what the provider takes. `items` says how the price was computed; it is
    empty for work that was only held, and where a version before this one wrote it. `unbilled_cost_microusd` is the
    part of the cost for which the caller got nothing and pays nothing.
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


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for a request that was admitted, with all that a ledger row needs.

    `admitted_ms` is the moment of admission (unix milliseconds): it decides the month that is charged and the place of
    the row, so that whoever settles, and however often, writes the same row. `expires_s` is when the sweeper may.
    The row of a job stands at its end instead: see `stamp`.
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
        """Whether it is held for a job, which may run for longer than its hold lives."""
        return self.work.request_id.startswith(JOB_PREFIX)

    def stamp(self, ended_ms: int) -> int:
        """The moment of the row of a job that ended then, in unix milliseconds: never outside of the hold's month.

        That month's budget was asked, so it pays, in the account and in every report alike.
        """
        return max(self.admitted_ms, min(ended_ms, _month_end_ms(self.admitted_ms)))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used of its windows at one moment.

    `unbilled_cost_microusd` is what providers took in the month for nothing, which the caller does not pay.
    `open_holds` counts requests and jobs that are running, `open_jobs` the jobs among them; `pending_upload_bytes` are
    those of uploads that were announced and not used, where that was looked up.
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
    """A limit of the running minute: what it allows, what is left of it, and the seconds until it starts anew."""

    limit: int
    remaining: int
    reset_s: int


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on, and what is left of the key's minute, by `requests`, `characters`, `audio-seconds`."""

    hold: Hold
    windows: Mapping[str, Window] = field(default_factory=dict)


class Meter(Protocol):
    """Admits work against a key's limits, and settles or releases what it held."""

    def admit(self, caller: Payer, work: MeteredRequest) -> Admission:
        """Check every limit and hold the price, in one write.

        Raises:
            LimitReached: one of the key's limits does not allow it; nothing is held.
            PermissionDenied: the key is disabled, deleted or expired, or not for the model.
            MeteringUnavailable: the account cannot be written now; nothing may reach a provider.
        """
        ...

    def look(self, caller: Payer, work: MeteredRequest) -> None:
        """Raise what `admit` would refuse now, for work that may come to more than this; nothing is held. One read.

        Raises:
            LimitReached, PermissionDenied: as `admit`.
            MeteringUnavailable: the account cannot be read now.
        """
        ...

    def settle(self, hold: Hold, work: MeteredRequest, *, late: Callable[[], bool] = lambda: False) -> None:
        """Write the ledger row for the work as it was done, then release the hold. Safe to repeat.

        `late` is asked in between: if there is no time left, or the release fails, the hold stays for the key's next
        release, or for the sweeper.

        Raises:
            MeteringUnavailable: the row cannot be written.
        """
        ...

    def fail(self, hold: Hold, model: str, cost_microusd: int, *, late: Callable[[], bool] = lambda: False) -> None:
        """Write the row of a request for which a provider has worked and which costs its caller nothing, then release.

        Safe to repeat; `late` is as with `settle`.

        Raises:
            MeteringUnavailable: the row cannot be written; the hold stays for the sweeper, which tells of it.
        """
        ...

    def release(self, hold: Hold) -> None:
        """Give the held money back: the caller got no answer. Safe to repeat.

        Raises:
            MeteringUnavailable: the account cannot be written; the key's next release gives it back, or the sweeper
                once the hold has expired.
        """
        ...


class JobMeter(Protocol):
    """A meter for work whose steps may each be repeated, by another process and much later."""

    def admit(self, caller: Payer, work: MeteredRequest, *, at_ms: int | None = None) -> Admission:
        """See `Meter.admit`. With the same `at_ms` it can be repeated: what is held already is not held again."""
        ...

    def correct(self, present: Hold, wanted: Hold) -> bool:
        """Put a hold in the place of a smaller one of the same job, `present` as far as it is known; in one write.

        Only the difference is asked for: of the budget of the month of the hold, and of the running minute. False if
        nothing is held for the job. Safe to repeat.

        Raises:
            LimitReached: one of these limits does not allow it; what was held stays so.
            MeteringUnavailable: the account cannot be written now.
        """
        ...

    def settle_at(self, hold: Hold, work: MeteredRequest, at_ms: int, *, unbilled_cost_microusd: int = 0) -> None:
        """Write the ledger row for the work as it was done, stamped with `at_ms`, then release the hold.

        `unbilled_cost_microusd` is what providers took for nothing of the job, which has rows of its own. `at_ms` is
        `Hold.stamp` of the job's end. Safe to repeat with the same stamp, at any time later. Evidence with the stamp
        must be there before. A hold that was given back, because nobody knew of the job, is charged all the same.

        Raises:
            MeteringUnavailable: the row cannot be written, or the account.
        """
        ...

    def release(self, hold: Hold, *, unbilled_cost_microusd: int = 0) -> None:
        """See `Meter.release`, and `settle_at` for what was in vain."""
        ...


@dataclass(frozen=True, slots=True)
class HeldJob:
    """What there is to know of a job that has a hold.

    `ended_ms` is when it ended (unix milliseconds), None while it runs; `work` what it is charged for, None for
    nothing; `unbilled_cost_microusd` what providers took for nothing.
    """

    ended_ms: int | None
    work: MeteredRequest | None
    unbilled_cost_microusd: int = 0


class HeldJobs(Protocol):
    """Knows the jobs that have holds."""

    def of_hold(self, hold: Hold) -> HeldJob | None:
        """The job of a hold as it is now, None if there is none.

        Raises:
            StorageUnavailable: that cannot be found out now.
        """
        ...


def windows_of(limits: Limits, usage: Usage, now_ms: int) -> dict[str, Window]:
    """What is left of each limit that a key has, in whole units; seconds of audio are rounded down."""
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
