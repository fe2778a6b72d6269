"""Charging a response at the moment it is ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audio_gateway.catalog.models import Model
from audio_gateway.telemetry import RequestLog, log_unsettled
from audio_gateway.use_cases.reservation import Reservation


@contextmanager
def charged(reservation: Reservation, model: Model, request_log: RequestLog) -> Iterator[None]:
    """Charge the response that the block makes, as served by `model`; if the block raises, nothing is charged.

    The block ends with the whole response ready to be sent, so a response that cannot be delivered is not charged.
    Raises `ProviderTimedOut` for a response that is ready too late, and does not charge it.
    """
    request_log.windows = reservation.admission.windows
    with reservation, reservation.served_by(model):
        yield
        work = reservation.settle(model)
    request_log.price_microusd = work.price_microusd
    if reservation.state != "settled":
        log_unsettled(request_log, work, reservation.state)
