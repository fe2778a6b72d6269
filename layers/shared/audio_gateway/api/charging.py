"""Charging an answer: when it is ready to be sent in one piece, or at the end of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audio_gateway.catalog.models import Model
from audio_gateway.idempotency.idempotency import Run
from audio_gateway.telemetry import RequestLog, log_unsettled
from audio_gateway.use_cases.reservation import Reservation


@contextmanager
def charged(reservation: Reservation, model: Model, request_log: RequestLog, run: Run) -> Iterator[None]:
    """Charge the answer that the block makes and sends, as served by `model`; if the block raises, it is free.

    A caller who disconnects in the middle is charged all the same: the provider had begun to answer. No attempt is
    charged whose call another attempt of the caller's SDK has taken over (`Run.pays`).
    """
    request_log.windows = reservation.admission.windows
    request_log.price_microusd = reservation.work(model).price_microusd
    with reservation:
        try:
            yield
        except BaseException as error:
            if reservation.left_by_client:
                _settle(reservation, model, request_log, run)
            else:
                request_log.price_microusd = None
                reservation.served_in_vain(model, error)
            raise
        _settle(reservation, model, request_log, run)


def _settle(reservation: Reservation, model: Model, request_log: RequestLog, run: Run) -> None:
    if not run.pays(reservation.admission.hold):
        request_log.price_microusd = 0
        reservation.unbilled(model)
        reservation.release()
        return
    work = reservation.settle(model)
    request_log.price_microusd = work.price_microusd
    if reservation.state != "settled":
        log_unsettled(request_log, work, reservation.state)
