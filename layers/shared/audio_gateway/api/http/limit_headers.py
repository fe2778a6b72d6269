"""The headers that say what a request cost and how much is left of the key's limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from audio_gateway.metering.account import Window
from audio_gateway.metering.limits import usd
from audio_gateway.telemetry import RequestLog


def limit_headers(request_log: RequestLog) -> list[tuple[bytes, bytes]]:
    """`x-audio-gateway-cost-usd` of a charged response, and `x-ratelimit-*` of the limits that the key has."""
    headers = [header for name, window in request_log.windows.items() for header in _window_headers(name, window)]
    if request_log.price_microusd is not None:
        headers.append((b"x-audio-gateway-cost-usd", usd(request_log.price_microusd).encode()))
    return headers


def _window_headers(name: str, window: Window) -> Iterator[tuple[bytes, bytes]]:
    values: Mapping[str, str] = {
        "limit": str(window.limit),
        "remaining": str(window.remaining),
        "reset": f"{window.reset_s}s",
    }
    for kind, value in values.items():
        yield f"x-ratelimit-{kind}-{name}".encode(), value.encode()
