"""What is computed from the measured times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the smallest value that `percent` of all values do not exceed."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


@dataclass
class Cell:
    """All measurements of one system with one kind of request and one number of concurrent requests.

    `first_ms` is the time from the upstream's first byte to the client's first byte, and `delays_ms` that of each piece
    of a stream.
    """

    system: str
    case: str
    concurrency: int
    times_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    delays_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    errors: int = 0
    faults: list[str] = field(default_factory=list)

    def summary(self) -> CellSummary:
        done = len(self.times_ms)
        return CellSummary(
            system=self.system,
            case=self.case,
            concurrency=self.concurrency,
            requests=done,
            errors=self.errors,
            p50_ms=_rounded(percentile(self.times_ms, 50)),
            p99_ms=_rounded(percentile(self.times_ms, 99)),
            per_second=_rounded(done / self.seconds) if self.seconds else None,
            cpu_ms=_rounded(self.cpu_seconds * 1000 / done) if done else None,
            first_p50_ms=_rounded(percentile(self.first_ms, 50)),
            first_p95_ms=_rounded(percentile(self.first_ms, 95)),
            delay_p50_ms=_rounded(percentile(self.delays_ms, 50)),
            delay_p95_ms=_rounded(percentile(self.delays_ms, 95)),
            faults=sorted(set(self.faults)),
        )


@dataclass(frozen=True)
class CellSummary:
    """The figures of a cell. `cpu_ms` is the processor time of all the system's processes for each request."""

    system: str
    case: str
    concurrency: int
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    per_second: float | None
    cpu_ms: float | None
    first_p50_ms: float | None
    first_p95_ms: float | None
    delay_p50_ms: float | None
    delay_p95_ms: float | None
    faults: list[str]


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return ours divided by theirs, or None if one was not measured."""
    return ours / theirs if ours is not None and theirs else None


def piece_delays_ms(stamps_ns: Sequence[int], arrivals_ns: Sequence[int]) -> list[float]:
    """Return the delay of each piece: when it was complete at the client, less when the upstream wrote it."""
    return [(arrival - stamp) / 1e6 for stamp, arrival in zip(stamps_ns, arrivals_ns, strict=True)]


def is_buffered(first_ms: float, stream_ms: float) -> bool:
    """Whether the first byte came only in the second half of the stream: somebody kept the pieces back."""
    return first_ms > stream_ms / 2


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
