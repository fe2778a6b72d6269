"""What a caller reads about money and limits, and the moment at which an answer is paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from audio_gateway.catalog.models import Model
from audio_gateway.metering.account import Window
from audio_gateway.metering.limits import usd
from audio_gateway.telemetry import RequestLog, log_unsettled
from audio_gateway.use_cases.reservation import Reservation


@contextmanager
def charged(reservation: Reservation, model: Model, request_log: RequestLog) -> Iterator[None]:
    """Charge the answer that the block makes, as served by `model`; if the block raises, the money is given back.

    The block ends with the answer whole and ready to go, so that what cannot be delivered is not paid. Nor is what is
    ready too late: that raises `ProviderTimedOut`.
    """
    request_log.windows = reservation.admission.windows
    with reservation, reservation.served_by(model):
        yield
        work = reservation.settle(model)
    request_log.price_microusd = work.price_microusd
    if reservation.state != "settled":
        log_unsettled(request_log, work, reservation.state)


def money_headers(request_log: RequestLog) -> list[tuple[bytes, bytes]]:
    """`x-audio-gateway-cost-usd` of an answer that was paid, and `x-ratelimit-*` of the limits that the key has."""
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
    for what, value in values.items():
        yield f"x-ratelimit-{what}-{name}".encode(), value.encode()
