"""What a key may use (ADR 0012). An absent limit does not apply; invalid values are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final

from audio_gateway.catalog.prices import MICROUSD_PER_USD
from audio_gateway.errors import InvalidRequest

_MAX: Final = 10**12  # far beyond any use, and far below what DynamoDB's numbers hold
_USD: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)

MAX_OPEN_HOLDS: Final = 300
"""The most requests and jobs of one key that are open at the same time, whatever its limits say. Each adds some 160
bytes to the account, and every write of it costs a unit for each KB. Without a bound they would fill the 400 KB of an
item."""

DEFAULT_JOBS: Final = 100
"""The most open jobs of a key without `concurrent_jobs`."""

DEFAULT_WAITS: Final = 20
"""The most polls of a key without `concurrent_requests` that wait at the same time: each occupies a function."""

DEFAULT_PENDING_BYTES: Final = 100 * 10**9
"""The most bytes of uploads of a key without `pending_upload_bytes` that are announced and not yet used: 100 GB."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one key. Windows are clock minutes and UTC months; `expires_at` is in Unix seconds.

    None means that the operator has not set the limit; the `most_` properties return the effective ones.
    """

    requests_per_minute: int | None = None
    concurrent_requests: int | None = None
    characters_per_minute: int | None = None
    audio_ms_per_minute: int | None = None
    monthly_budget_microusd: int | None = None
    models: tuple[str, ...] | None = None
    expires_at: int | None = None
    concurrent_jobs: int | None = None
    pending_upload_bytes: int | None = None

    @property
    def most_at_once(self) -> int:
        """How many requests and jobs may be open at the same time."""
        return MAX_OPEN_HOLDS if self.concurrent_requests is None else min(self.concurrent_requests, MAX_OPEN_HOLDS)

    @property
    def most_jobs(self) -> int:
        """How many jobs may be open at the same time."""
        return DEFAULT_JOBS if self.concurrent_jobs is None else min(self.concurrent_jobs, MAX_OPEN_HOLDS)

    @property
    def most_waits(self) -> int:
        """How many polls may wait for jobs at the same time."""
        return DEFAULT_WAITS if self.concurrent_requests is None else min(self.concurrent_requests, MAX_OPEN_HOLDS)

    @property
    def most_pending_bytes(self) -> int:
        """How many bytes of uploads may be announced and not yet used."""
        return DEFAULT_PENDING_BYTES if self.pending_upload_bytes is None else self.pending_upload_bytes

    def to_api(self) -> dict[str, Any]:
        """The limits that are set, as callers and operators write them."""
        found: dict[str, Any] = {}
        for name in PLAIN:
            if (value := getattr(self, name)) is not None:
                found[name] = value
        if self.audio_ms_per_minute is not None:
            found["audio_seconds_per_minute"] = self.audio_ms_per_minute // 1000
        if self.monthly_budget_microusd is not None:
            found["monthly_budget_usd"] = usd(self.monthly_budget_microusd)
        if self.models is not None:
            found["models"] = list(self.models)
        if self.expires_at is not None:
            found["expires_at"] = self.expires_at
        return found


def usd(microusd: int) -> str:
    """Dollars as a plain decimal string: 5000000 is "5", 6 is "0.000006"."""
    text = f"{Decimal(microusd) / MICROUSD_PER_USD:.6f}"
    return text.rstrip("0").rstrip(".")


def limits_from_api(value: Any) -> Limits:
    """The limits of a request body.

    Raises:
        InvalidRequest: a name is unknown, or a value has a wrong type or range; `param` is `limits` or `limits.<name>`.
    """
    limits = limits_from_stored(value)
    for name in ("concurrent_requests", "concurrent_jobs"):
        wanted = getattr(limits, name)
        if wanted is not None and wanted > MAX_OPEN_HOLDS:
            message = (
                f"'limits.{name}' must be a whole number from 1 to {MAX_OPEN_HOLDS}, the most requests and jobs that a "
                "key may have open at the same time."
            )
            raise InvalidRequest(message, param=f"limits.{name}")
    return limits


def limits_changed_by(named_in: Iterable[str], wanted: Limits) -> Callable[[Limits], Limits]:
    """The change of a key's limits that sets those that are named, as callers write them, to those of `wanted`."""
    named = {_READERS[name][0]: getattr(wanted, _READERS[name][0]) for name in named_in}
    return lambda limits: replace(limits, **named)


def limits_from_stored(value: Any) -> Limits:
    """Limits that were accepted before, perhaps when larger ones were allowed. Raises as `limits_from_api` does."""
    if not isinstance(value, Mapping):
        raise InvalidRequest("'limits' must be an object, such as {\"requests_per_minute\": 60}.", param="limits")
    unknown = [name for name in value if name not in _READERS]
    if unknown:
        known = ", ".join(_READERS)
        name = str(unknown[0])[:100]
        raise InvalidRequest(f"'limits' has no field '{name}'. Use these: {known}.", param=f"limits.{name}")
    found = {_READERS[name][0]: _READERS[name][1](name, given) for name, given in value.items() if given is not None}
    return Limits(**found)


def _whole(name: str, value: Any, *, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MAX:
        raise InvalidRequest(f"'limits.{name}' must be a whole number from {low} to {_MAX}.", param=f"limits.{name}")
    return value


def _seconds(name: str, value: Any) -> int:
    return _whole(name, value) * 1000


def _budget(name: str, value: Any) -> int:
    if not isinstance(value, str) or not _USD.fullmatch(value):
        message = f"'limits.{name}' must be dollars as a decimal string, such as \"25.00\"."
        raise InvalidRequest(message, param=f"limits.{name}")
    return int(Decimal(value) * MICROUSD_PER_USD)


def _models(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        message = f"'limits.{name}' must be a list of at least one model id."
        raise InvalidRequest(message, param=f"limits.{name}")
    return tuple(dict.fromkeys(value))


PLAIN: Final = (
    "requests_per_minute",
    "concurrent_requests",
    "concurrent_jobs",
    "characters_per_minute",
    "pending_upload_bytes",
)
"""The limits that are whole numbers and stored as they are written."""

_READERS: Final[dict[str, tuple[str, Any]]] = {
    **{name: (name, _whole) for name in PLAIN},
    "audio_seconds_per_minute": ("audio_ms_per_minute", _seconds),
    "monthly_budget_usd": ("monthly_budget_microusd", _budget),
    "models": ("models", _models),
    "expires_at": ("expires_at", _whole),
}

if {field for field, _ in _READERS.values()} != {field.name for field in fields(Limits)}:
    raise AssertionError("every limit must be readable")
