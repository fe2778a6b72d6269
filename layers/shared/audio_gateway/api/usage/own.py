"""The caller's own limits and usage (design section 2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from audio_gateway.metering.account import Usage, seconds_to_next_minute
from audio_gateway.metering.account_item import Account
from audio_gateway.metering.limits import usd

_MILLISECONDS: Final = 1000
_INTO_NEXT_MONTH: Final = timedelta(days=32)


def own_usage(account: Account, used: Usage, now_ms: int) -> dict[str, Any]:
    """`limits` has those that are set, `used` has all, and `resets_at` is in Unix seconds.

    Money includes what is spent and what open requests hold. Open requests and jobs and pending uploads have no time at
    which they are reset. Callers do not see providers' costs, only whether failures that were free to the key have used
    up its allowance.
    """
    budget = account.limits.monthly_budget_microusd
    minute = now_ms // _MILLISECONDS + seconds_to_next_minute(now_ms)
    return {
        "object": "usage",
        "limits": account.limits.to_api(),
        "used": {
            "requests_per_minute": used.requests,
            "concurrent_requests": used.open_holds,
            "concurrent_jobs": used.open_jobs,
            "characters_per_minute": used.characters,
            "audio_seconds_per_minute": used.audio_ms / _MILLISECONDS,
            "monthly_budget_usd": usd(used.committed_microusd),
            "pending_upload_bytes": used.pending_upload_bytes,
        },
        "resets_at": {
            "requests_per_minute": minute,
            "concurrent_requests": None,
            "concurrent_jobs": None,
            "characters_per_minute": minute,
            "audio_seconds_per_minute": minute,
            "monthly_budget_usd": _next_month(now_ms),
            "pending_upload_bytes": None,
        },
        "free_failures_used_up": budget is not None and 0 < used.unbilled_cost_microusd >= budget,
    }


def _next_month(now_ms: int) -> int:
    """The first second of the next UTC month."""
    now = datetime.fromtimestamp(now_ms / _MILLISECONDS, UTC)
    first = datetime(now.year, now.month, 1, tzinfo=UTC)
    return int((first + _INTO_NEXT_MONTH).replace(day=1).timestamp())
