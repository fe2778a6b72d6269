"""What a key may use (ADR 0012). Absent means without limit; senseless values are refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from audio_gateway.errors import InvalidRequest

_MICROUSD: Final = 1_000_000
_MAX: Final = 10**12  # far beyond any use, and far below what DynamoDB's numbers hold
_USD: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one key. Windows are clock minutes and UTC months; `expires_at` is in unix seconds."""

    requests_per_minute: int | None = None
    concurrent_requests: int | None = None
    characters_per_minute: int | None = None
    audio_ms_per_minute: int | None = None
    monthly_budget_microusd: int | None = None
    models: tuple[str, ...] | None = None
    expires_at: int | None = None

    def to_api(self) -> dict[str, Any]:
        """As callers and operators write them: only those that are set."""
        found: dict[str, Any] = {}
        for name in ("requests_per_minute", "concurrent_requests", "characters_per_minute"):
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
    text = f"{Decimal(microusd) / _MICROUSD:.6f}"
    return text.rstrip("0").rstrip(".")


def limits_from_api(value: Any) -> Limits:
    """The limits of a request body.

    Raises:
        InvalidRequest: `param` is `limits` or `limits.<name>`: an unknown name, a wrong type, a value without sense.
    """
    if not isinstance(value, Mapping):
        raise InvalidRequest("'limits' must be an object, such as {\"requests_per_minute\": 60}.", param="limits")
    unknown = [name for name in value if name not in _READERS]
    if unknown:
        known = ", ".join(_READERS)
        name = str(unknown[0])[:100]
        raise InvalidRequest(f"'limits' has no '{name}'. Known: {known}.", param=f"limits.{name}")
    found = {_READERS[name][0]: _READERS[name][1](name, given) for name, given in value.items() if given is not None}
    return Limits(**found)


def _whole(name: str, value: Any, *, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MAX:
        raise InvalidRequest(f"'limits.{name}' must be a whole number of at least {low}.", param=f"limits.{name}")
    return value


def _seconds(name: str, value: Any) -> int:
    return _whole(name, value) * 1000


def _budget(name: str, value: Any) -> int:
    if not isinstance(value, str) or not _USD.fullmatch(value):
        message = f"'limits.{name}' must be dollars as a decimal string, such as \"25.00\"."
        raise InvalidRequest(message, param=f"limits.{name}")
    return int(Decimal(value) * _MICROUSD)


def _models(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
        message = f"'limits.{name}' must be a list of at least one model id."
        raise InvalidRequest(message, param=f"limits.{name}")
    return tuple(dict.fromkeys(value))


_READERS: Final[dict[str, tuple[str, Any]]] = {
    "requests_per_minute": ("requests_per_minute", _whole),
    "concurrent_requests": ("concurrent_requests", _whole),
    "characters_per_minute": ("characters_per_minute", _whole),
    "audio_seconds_per_minute": ("audio_ms_per_minute", _seconds),
    "monthly_budget_usd": ("monthly_budget_microusd", _budget),
    "models": ("models", _models),
    "expires_at": ("expires_at", _whole),
}

if {field for field, _ in _READERS.values()} != {field.name for field in fields(Limits)}:
    raise AssertionError("every limit must be readable")
