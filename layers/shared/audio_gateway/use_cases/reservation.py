"""A request's money from admission to its end: held before any provider is asked, then settled or given back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, Self

from audio_gateway.catalog.charges import Charge, charge_for_audio, charge_for_cached_characters, charge_for_characters
from audio_gateway.catalog.line_items import Unit
from audio_gateway.catalog.models import Endpoint, Model
from audio_gateway.deadline import Deadline
from audio_gateway.errors import MeteringUnavailable, ProviderError, ProviderRejected
from audio_gateway.metering.account import JOB_PREFIX, Admission, Meter, MeteredRequest, Payer
from audio_gateway.metering.pending_settlements import PendingSettlements
from audio_gateway.use_cases.fallback import FailedAttempt, failure_of, too_late

State = Literal["held", "settled", "kept", "lost", "released"]

# A release that begins later, of a request that failed, may not be over when the platform ends the function.
_RELEASE_WITHIN_S: Final = 1.0

_UNIT_OF: dict[Endpoint, Unit] = {"speech": "characters", "transcriptions": "audio_ms", "translations": "audio_ms"}


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Who asks, under which id, and until when an answer is of use. Who failed it on the way is in `failed`."""

    request_id: str
    caller: Payer
    deadline: Deadline
    failed: list[FailedAttempt] = field(default_factory=list, compare=False)

    def note(self, model: Model, error: ProviderError) -> None:
        """Keep that a model failed. What was refused for the caller's input is no failure."""
        if not isinstance(error, ProviderRejected):
            self.failed.append(failure_of(model, error))


@dataclass(frozen=True, slots=True)
class Billing:
    """Where money is held and settled."""

    meter: Meter
    pending_settlements: PendingSettlements

    def reserve(
        self, context: RequestContext, endpoint: Endpoint, model: Model, able: tuple[Model, ...], amount: int
    ) -> Reservation:
        """Hold what the dearest of the models that may come to serve the request would cost.

        `model` is the one that the caller named; `amount` is characters or milliseconds of audio.

        Raises:
            LimitReached, PermissionDenied, AlreadyRunning, MeteringUnavailable: see `Meter.admit`; nothing is held.
        """
        dearest = max((work_of(context, endpoint, each, amount) for each in able), key=lambda work: work.price_microusd)
        admission = self.meter.admit(context.caller, replace(dearest, model=model.id, items=()))
        return Reservation(self, context, endpoint, admission)

    def look(
        self, context: RequestContext, endpoint: Endpoint, model: Model, amount: int, *, as_job: bool = False
    ) -> None:
        """Raise what would be refused now of a request of at least so much, or of a job. It holds nothing.

        Only the price of the named model is certain: a fallback that costs more may not be able to do it.

        Raises:
            LimitReached, PermissionDenied, MeteringUnavailable: see `Meter.look`.
        """
        work = work_of(context, endpoint, model, amount)
        self.meter.look(context.caller, replace(work, request_id=JOB_PREFIX) if as_job else work)

    def reserve_cached(self, context: RequestContext, model: Model, characters: int) -> Reservation:
        """Hold what it costs to give speech of the model again. Raises as `reserve` does."""
        work = _work(context, "speech", model, characters, charge_for_cached_characters(model, characters))
        return Reservation(self, context, "speech", self.meter.admit(context.caller, work), cached=True)


def work_of(context: RequestContext, endpoint: Endpoint, model: Model, amount: int) -> MeteredRequest:
    """The request as served by a model, with its price."""
    charge = charge_for_characters(model, amount) if endpoint == "speech" else charge_for_audio(model, amount)
    return _work(context, endpoint, model, amount, charge)


def _work(context: RequestContext, endpoint: Endpoint, model: Model, amount: int, charge: Charge) -> MeteredRequest:
    return MeteredRequest(
        request_id=context.request_id,
        endpoint=endpoint,
        model=model.id,
        unit=_UNIT_OF[endpoint],
        amount=amount,
        price_microusd=charge.price_microusd,
        cost_microusd=charge.cost_microusd,
        items=(charge.item,),
    )


class Reservation:
    """An admitted request. As a context manager it is released at the end unless it was settled.

    `state` says what became of the money: `kept` is an answer that could not be written into the ledger and left its
    evidence for the sweeper, `lost` one that could not even do that, and which the sweeper will give back.
    """

    def __init__(
        self,
        billing: Billing,
        context: RequestContext,
        endpoint: Endpoint,
        admission: Admission,
        *,
        cached: bool = False,
    ) -> None:
        self.admission = admission
        self.state: State = "held"
        self._billing = billing
        self._call = context
        self._endpoint = endpoint
        self._cached = cached
        self._unbilled: list[Model] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.state == "held":
            self.release()

    def unbilled(self, model: Model) -> None:
        """Told of a model whose provider has worked for the request and not served it: that is to be written down."""
        self._unbilled.append(model)

    def failed(self, model: Model, error: ProviderError) -> None:
        """Told of a model that did not serve the request."""
        self._call.note(model, error)
        if error.worked:
            self.unbilled(model)

    @contextmanager
    def served_by(self, model: Model) -> Iterator[None]:
        """The block makes an answer of what `model` has begun to give: if it raises, that was in vain."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, ProviderError):
                self._call.note(model, error)
            if not self._cached:
                self.unbilled(model)
            raise

    def keep_time(self, model: Model) -> None:
        """Raises `ProviderTimedOut` when there is not enough time left to charge an answer and get it out."""
        if self._call.deadline.passed:
            raise too_late(model.provider.id)

    @contextmanager
    def released_on_error(self) -> Iterator[None]:
        """Release it if the block raises; otherwise it stays open for whoever comes next."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def settle(self, model: Model) -> MeteredRequest:
        """Charge the request as served by `model`, just before its answer goes out.

        Its cost is also that of the models which have worked for it in vain. An answer is not withheld because it
        cannot be written down. Raises `ProviderTimedOut`, before anything is written, when it is too late for it.
        """
        self.keep_time(model)
        hold = self.admission.hold
        work = hold.work if self._cached else work_of(self._call, self._endpoint, model, hold.work.amount)
        unbilled = self._unbilled_cost()
        work = replace(work, cost_microusd=work.cost_microusd + unbilled, unbilled_cost_microusd=unbilled)
        try:
            self._billing.meter.settle(hold, work, late=lambda: self._call.deadline.passed)
        except MeteringUnavailable:
            self.state = self._keep(work)
        else:
            self.state = "settled"
        return work

    def release(self) -> None:
        """Give the money back: the caller gets no answer. If that fails, the sweeper does it once the hold expires.

        What providers take for it all the same is written into the ledger before.
        """
        self.state = "released"
        hold, cost = self.admission.hold, self._unbilled_cost()
        with suppress(MeteringUnavailable):
            if cost:
                late = partial(self._call.deadline.passed_by, _RELEASE_WITHIN_S)
                self._billing.meter.fail(hold, self._unbilled[-1].id, cost, late=late)
            else:
                self._billing.meter.release(hold)

    def _unbilled_cost(self) -> int:
        amount = self.admission.hold.work.amount
        return sum(work_of(self._call, self._endpoint, model, amount).cost_microusd for model in self._unbilled)

    def _keep(self, work: MeteredRequest) -> State:
        try:
            self._billing.pending_settlements.keep(self.admission.hold, work)
        except MeteringUnavailable:
            return "lost"
        return "kept"
