"""A request's money from admission to its end: held before any provider is asked, then settled or given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, Self

from audio_gateway.catalog.models import Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Admission, Caller, Meter, Unit, Work
from audio_gateway.metering.price import Charge, charge_for_audio, charge_for_cached_characters, charge_for_characters
from audio_gateway.metering.unsettled import Unsettled

State = Literal["held", "settled", "kept", "lost", "released"]

_UNIT_OF: dict[Endpoint, Unit] = {"speech": "characters", "transcriptions": "audio_ms", "translations": "audio_ms"}


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, under which id, and until when an answer is of use."""

    request_id: str
    caller: Caller
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Till:
    """Where money is held and settled."""

    meter: Meter
    unsettled: Unsettled

    def reserve(
        self, call: Call, endpoint: Endpoint, model: Model, able: tuple[Model, ...], amount: int
    ) -> Reservation:
        """Hold what the dearest of the models that may come to serve the request would cost.

        `model` is the one that the caller named; `amount` is characters or milliseconds of audio.

        Raises:
            LimitReached, PermissionDenied, AlreadyRunning, MeteringUnavailable: see `Meter.admit`; nothing is held.
        """
        dearest = max((work_of(call, endpoint, each, amount) for each in able), key=lambda work: work.price_microusd)
        admission = self.meter.admit(call.caller, replace(dearest, model=model.id))
        return Reservation(self, call, endpoint, admission)

    def reserve_cached(self, call: Call, model: Model, characters: int) -> Reservation:
        """Hold what it costs to give speech of the model again. Raises as `reserve` does."""
        work = _work(call, "speech", model, characters, charge_for_cached_characters(model, characters))
        return Reservation(self, call, "speech", self.meter.admit(call.caller, work), cached=True)


def work_of(call: Call, endpoint: Endpoint, model: Model, amount: int) -> Work:
    """The request as served by a model, with its price."""
    charge = charge_for_characters(model, amount) if endpoint == "speech" else charge_for_audio(model, amount)
    return _work(call, endpoint, model, amount, charge)


def _work(call: Call, endpoint: Endpoint, model: Model, amount: int, charge: Charge) -> Work:
    return Work(
        request_id=call.request_id,
        endpoint=endpoint,
        model=model.id,
        unit=_UNIT_OF[endpoint],
        amount=amount,
        price_microusd=charge.price_microusd,
        cost_microusd=charge.cost_microusd,
    )


class Reservation:
    """An admitted request. As a context manager it is released at the end unless it was settled.

    `state` says what became of the money: `kept` is an answer that could not be written into the ledger and left its
    evidence for the sweeper, `lost` one that could not even do that, and which the sweeper will give back.
    """

    def __init__(
        self, till: Till, call: Call, endpoint: Endpoint, admission: Admission, *, cached: bool = False
    ) -> None:
        self.admission = admission
        self.state: State = "held"
        self._till = till
        self._call = call
        self._endpoint = endpoint
        self._cached = cached

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.state == "held":
            self.release()

    @contextmanager
    def released_on_error(self) -> Iterator[None]:
        """Release it if the block raises; otherwise it stays open for whoever comes next."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def settle(self, model: Model) -> Work:
        """Charge the request as served by `model`, just before its answer goes out.

        Nothing is raised: an answer is not withheld because it cannot be written down.
        """
        hold = self.admission.hold
        work = hold.work if self._cached else work_of(self._call, self._endpoint, model, hold.work.amount)
        try:
            self._till.meter.settle(hold, work, late=lambda: self._call.deadline.passed)
        except MeteringUnavailable:
            self.state = self._keep(work)
        else:
            self.state = "settled"
        return work

    def release(self) -> None:
        """Give the money back: the caller gets no answer. If that fails, the sweeper does it once the hold expires."""
        self.state = "released"
        try:
            self._till.meter.release(self.admission.hold)
        except MeteringUnavailable:
            return

    def _keep(self, work: Work) -> State:
        try:
            self._till.unsettled.keep(self.admission.hold, work)
        except MeteringUnavailable:
            return "lost"
        return "kept"
