"""What came of the inputs of one kind, and whether that is what may come of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts outcomes. Those not in `allowed` are failures, as is what takes longer than `limit_s` seconds."""

    kind: str
    allowed: Sequence[str]
    limit_s: float
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, name: str, outcome: str, seconds: float) -> None:
        """One input, by a name from which it can be made again."""
        self.outcomes[outcome] += 1
        self.slowest = max(self.slowest, (seconds, name))
        if outcome not in self.allowed:
            self.failures.append(f"{name}: {outcome}")
        if seconds > self.limit_s:
            self.failures.append(f"{name}: took {seconds:.1f} s, more than {self.limit_s:.0f}")

    def report(self) -> str:
        """A line of numbers, then the failures."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        slowest = f"slowest {self.slowest[0]:.2f} s ({self.slowest[1]})"
        line = f"{self.kind}: {self.outcomes.total()}, of them {counts or 'none'}; {slowest}"
        return "\n".join([line, *(f"  FAILED {failure}" for failure in self.failures)])
