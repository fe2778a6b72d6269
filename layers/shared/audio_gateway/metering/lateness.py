"""How late a ledger row may be: it is stamped with the moment of admission and written when the request has ended.

A request ends before its hold expires, and each of its writes has arrived by then or never will. The sweeper then
writes a row that is still missing. From the moment of admission:

    0 ......... hold ............. hold + sweep ........................ hold + 2 sweeps + 60 s
                it expires         the sweeper has been here;           closed: the roll-up has
                                   whatever it writes now is late       counted this minute, or will

The roll-up has the longest hold of a stack that streams and of one that does not: a request that began before an
operator turned streaming off may still write its row.

A job's row is stamped with the job's end, and a repeated step may write it at any later time. The writer of a row that
may belong to a time already counted marks the row's hour for the roll-up (`late_rows`).

The last stretch, a sweep and a minute, is for what a sweep takes (a minute, by the timeout in template.yaml) and for
clocks that differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AHEAD_MS: Final = 300_000
"""How far ahead of this machine's clock a row may be stamped, as clocks differ."""

LATE_WRITE_S: Final = 30
"""A write that its sender has given up arrives within this many seconds, or never."""

CLOCKS_DIFFER_S: Final = 60
"""The clocks of the functions are less than this many seconds apart."""

_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class AllowedLateness:
    """Seconds that a hold lives, and seconds between two sweeps."""

    hold_s: int
    sweep_s: int

    def closed_ms(self, now_ms: int) -> int:
        """The end of the last minute (Unix milliseconds) whose rows are all written, except late ones."""
        open_ms = (self.hold_s + 2 * self.sweep_s) * 1000 + _MINUTE_MS
        return (now_ms - open_ms) // _MINUTE_MS * _MINUTE_MS

    def is_late(self, at_ms: int, now_ms: int) -> bool:
        """Whether a row of `at_ms` that is written from now on may belong to a time already counted."""
        return now_ms - at_ms > (self.hold_s + self.sweep_s) * 1000
