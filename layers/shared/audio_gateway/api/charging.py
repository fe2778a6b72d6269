"""Charging an answer: when it is ready to be sent in one piece, or at the end of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audio_gateway.catalog.models import Model
from audio_gateway.idempotency.idempotency import Run
from audio_gateway.telemetry import RequestLog, log_unsettled
from audio_gateway.use_cases.reservation import Reservation


@contextmanager
def charged(
    reservation: Reservation, model: Model, request_log: RequestLog, run: Run, *, before_it_is_sent: bool = False
) -> Iterator[None]:
    """Charge the answer that the block makes and sends, as served by `model`; if the block raises, it is free.

    A caller who disconnects in the middle is charged all the same, because the provider had begun to answer; but not if
    the answer was to be stored for the next request with its key, which then does the work again, unless it was the
    caller who took all of the time. No attempt is charged whose call another attempt of the caller's SDK pays for
    (`Run.pays`).

    Raises:
        ProviderTimedOut: the answer was to be charged `before_it_is_sent`, and no time is left for that.
    """
    request_log.windows = reservation.admission.windows
    request_log.price_microusd = 0 if run.is_paid else reservation.work(model).price_microusd
    hold = reservation.admission.hold
    with reservation:
        try:
            yield
            pays = run.pays(hold)
            if before_it_is_sent:
                reservation.keep_time(model)
        except BaseException as error:
            if reservation.left_by_client and (reservation.time_is_over or not run.keeps):
                _settle(reservation, model, request_log, pays=run.pays(hold))
            else:
                request_log.price_microusd = None
                reservation.served_in_vain(model, error)
            raise
        _settle(reservation, model, request_log, pays=pays)


def _settle(reservation: Reservation, model: Model, request_log: RequestLog, *, pays: bool) -> None:
    if not pays:
        request_log.price_microusd = 0
        reservation.give(model)
        return
    work = reservation.settle(model)
    request_log.price_microusd = work.price_microusd
    if reservation.state != "settled":
        log_unsettled(request_log, work, reservation.state)
