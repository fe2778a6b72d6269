"""The clock of accounts, ledger and jobs."""

from __future__ import annotations

import time


def now_ms() -> int:
    """The time in Unix milliseconds."""
    return time.time_ns() // 1_000_000
