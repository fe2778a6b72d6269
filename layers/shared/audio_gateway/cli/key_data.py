"""Formats a key as JSON and as text."""

from __future__ import annotations

from typing import Any, Final

from audio_gateway.cli.limits import limits_text
from audio_gateway.cli.output import audio_text, day_text, time_text
from audio_gateway.identity.directory_items import AdminKey, ProjectKey
from audio_gateway.metering.account import Usage
from audio_gateway.metering.limits import Limits, usd

Key = ProjectKey | AdminKey

_MILLISECONDS: Final = 1_000


def limits_of(key: Key) -> Limits:
    """Return the limits of a key. An admin key has no limit except its expiry."""
    return Limits(expires_at=key.expires_at) if isinstance(key, AdminKey) else key.limits


def key_data(key: Key, now_s: int) -> dict[str, Any]:
    """Return the documented JSON object. An admin key belongs to no project."""
    entry = key if isinstance(key, AdminKey) else key.entry
    return {
        "object": "key",
        "id": entry.id,
        "kind": "admin" if isinstance(key, AdminKey) else "api",
        "name": entry.name,
        "project_id": None if isinstance(key, AdminKey) else key.entry.project_id,
        "service_account_id": None if isinstance(key, AdminKey) else key.entry.service_account_id,
        "redacted_value": entry.redacted,
        "status": _status(key, now_s),
        "created_at": entry.created_at,
        "last_used_at": None if isinstance(key, AdminKey) else key.last_used_at,
        "limits": limits_of(key).to_api(),
    }


def used_data(usage: Usage) -> dict[str, Any]:
    """Return the usage of each limit in the current minute and month, as `GET /v1/usage` shows it to the key's owner.

    Adds, for the operator only, the provider cost of failed requests that were free to the key.
    """
    return {
        "requests_per_minute": usage.requests,
        "concurrent_requests": usage.open_holds,
        "concurrent_jobs": usage.open_jobs,
        "characters_per_minute": usage.characters,
        "audio_seconds_per_minute": usage.audio_ms / _MILLISECONDS,
        "monthly_budget_usd": usd(usage.committed_microusd),
        "pending_upload_bytes": usage.pending_upload_bytes,
        "free_failures_provider_cost_usd": usd(usage.unbilled_cost_microusd),
    }


def key_cells(key: Key, now_s: int) -> tuple[str, ...]:
    """Return the cells of a row in the list of keys."""
    data = key_data(key, now_s)
    used_at = data["last_used_at"]
    used = "" if isinstance(key, AdminKey) else "never" if used_at is None else day_text(used_at)
    first, last = ("id", "name", "status"), ("project_id", "redacted_value")
    return (
        *(data[name] for name in first),
        day_text(data["created_at"]),
        used,
        *(data[name] or "" for name in last),
        limits_text(limits_of(key)),
    )


def key_lines(key: Key, usage: Usage | None, now_s: int) -> list[tuple[str, str]]:
    """Return the labelled lines of `keys show`."""
    data, limits = key_data(key, now_s), limits_of(key)
    names = ("id", "kind", "name", "project_id", "service_account_id")
    lines = [(name, str(data[name])) for name in names if data[name]]
    lines += [("key", data["redacted_value"]), ("status", data["status"]), ("created", time_text(data["created_at"]))]
    if not isinstance(key, AdminKey):
        lines.append(("last used", "never" if key.last_used_at is None else time_text(key.last_used_at)))
    lines.append(("expires", "never" if limits.expires_at is None else time_text(limits.expires_at)))
    if usage is None:
        return lines
    audio_limit = None if limits.audio_ms_per_minute is None else audio_text(limits.audio_ms_per_minute)
    budget = None if limits.monthly_budget_microusd is None else f"${usd(limits.monthly_budget_microusd)}"
    return [
        *lines,
        ("models", "any" if limits.models is None else ", ".join(limits.models)),
        ("requests this minute", _of(usage.requests, limits.requests_per_minute)),
        ("characters this minute", _of(usage.characters, limits.characters_per_minute)),
        ("audio this minute", _of(audio_text(usage.audio_ms), audio_limit)),
        ("requests and jobs running", _of(usage.open_holds, limits.most_at_once)),
        ("jobs running", _of(usage.open_jobs, limits.most_jobs)),
        ("spent and held this month", _of(f"${usd(usage.committed_microusd)}", budget)),
        ("free failures this month", _of(f"${usd(usage.unbilled_cost_microusd)} of provider cost", budget)),
        ("uploads pending", _of(_bytes(usage.pending_upload_bytes), _bytes(limits.most_pending_bytes))),
    ]


def _status(key: Key, now_s: int) -> str:
    status = "active" if isinstance(key, AdminKey) else key.status
    expires_at = limits_of(key).expires_at
    return "expired" if status == "active" and expires_at is not None and expires_at <= now_s else status


def _of(used: int | str, limit: int | str | None) -> str:
    return f"{used}, no limit" if limit is None else f"{used} of {limit}"


def _bytes(count: int) -> str:
    return f"{count:,} bytes"
