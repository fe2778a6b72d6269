"""A request's money from admission to its end: held before any provider is asked, then settled or released."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, Self

from audio_gateway.catalog.charges import Charge, charge_for_audio, charge_for_cached_characters, charge_for_characters
from audio_gateway.catalog.line_items import Unit
from audio_gateway.catalog.models import Endpoint, Model
from audio_gateway.deadline import Cancellation, Deadline
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
    """Who asks, the id of the request, and when its answer is due. `failed` collects the models that failed.

    `cancellation` ends the work early. It is no reason to charge less, or not to settle. `is_paid` says that an earlier
    attempt of the same call has paid for it: the request counts against the limits, and holds nothing.
    """

    request_id: str
    caller: Payer
    deadline: Deadline
    failed: list[FailedAttempt] = field(default_factory=list, compare=False)
    cancellation: Cancellation | None = field(default=None, compare=False)
    is_paid: bool = False

    @property
    def work_deadline(self) -> Deadline:
        """The end of a provider's time: the deadline, or the cancellation."""
        return replace(self.deadline, cancellation=self.cancellation)

    def note(self, model: Model, error: ProviderError) -> None:
        """Record that a model failed. A refusal of the caller's input is not a failure."""
        if not isinstance(error, ProviderRejected):
            self.failed.append(failure_of(model, error))


@dataclass(frozen=True, slots=True)
class Billing:
    """Holds and settles money."""

    meter: Meter
    pending_settlements: PendingSettlements

    def reserve(
        self, context: RequestContext, endpoint: Endpoint, model: Model, able: tuple[Model, ...], amount: int
    ) -> Reservation:
        """Hold the price of the most expensive model that may serve the request.

        `model` is the model that the caller named; `amount` is characters or milliseconds of audio.

        Raises:
            LimitReached, PermissionDenied, AlreadyRunning, MeteringUnavailable: see `Meter.admit`; nothing is held.
        """
        dearest = max(
            (work_of(context.request_id, endpoint, each, amount) for each in able), key=lambda work: work.price_microusd
        )
        admission = self.meter.admit(context.caller, _held_for(context, named_by_caller(dearest, model)))
        return Reservation(self, context, endpoint, admission)

    def check(
        self, context: RequestContext, endpoint: Endpoint, model: Model, amount: int, *, as_job: bool = False
    ) -> None:
        """Raise what a request or a job of at least this amount would be refused with now. Holds nothing.

        Only the price of the named model is certain: a more expensive fallback may be unable to do the work.

        Raises:
            LimitReached, PermissionDenied, MeteringUnavailable: see `Meter.check`.
        """
        work = _held_for(context, work_of(context.request_id, endpoint, model, amount))
        self.meter.check(context.caller, replace(work, request_id=JOB_PREFIX) if as_job else work)

    def reserve_cached(self, context: RequestContext, model: Model, characters: int) -> Reservation:
        """Hold the price of cached speech of the model. Raises as `reserve`."""
        work = _work(context.request_id, "speech", model, characters, charge_for_cached_characters(model, characters))
        admission = self.meter.admit(context.caller, _held_for(context, work))
        return Reservation(self, context, "speech", admission, cached=True)


def work_of(request_id: str, endpoint: Endpoint, model: Model, amount: int) -> MeteredRequest:
    """The request as served by a model, with its price."""
    charge = charge_for_characters(model, amount) if endpoint == "speech" else charge_for_audio(model, amount)
    return _work(request_id, endpoint, model, amount, charge)


def named_by_caller(held: MeteredRequest, model: Model) -> MeteredRequest:
    """The work to be held, under the model that the caller named; the price may be that of another."""
    return replace(held, model=model.id, aliases=model.aliases, items=())


def _held_for(context: RequestContext, work: MeteredRequest) -> MeteredRequest:
    return replace(work, price_microusd=0, items=()) if context.is_paid else work


def _work(request_id: str, endpoint: Endpoint, model: Model, amount: int, charge: Charge) -> MeteredRequest:
    return MeteredRequest(
        request_id=request_id,
        endpoint=endpoint,
        model=model.id,
        unit=_UNIT_OF[endpoint],
        amount=amount,
        price_microusd=charge.price_microusd,
        cost_microusd=charge.cost_microusd,
        items=(charge.item,),
        aliases=model.aliases,
    )


class Reservation:
    """An admitted request. As a context manager, it releases the hold at the end unless it was settled.

    `state` says what happened to the money. `kept`: the ledger row could not be written, so a pending settlement was
    left for the sweeper. `lost`: that failed too, and the sweeper will release the hold.
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
        self._context = context
        self._endpoint = endpoint
        self._cached = cached
        self._unbilled: list[Model] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.state == "held":
            self.release()

    def unbilled(self, model: Model) -> None:
        """Record a model whose provider worked for the request but did not serve it: its cost is unbilled."""
        self._unbilled.append(model)

    def failed(self, model: Model, error: ProviderError) -> None:
        """Record a model that did not serve the request."""
        self._context.note(model, error)
        if error.worked:
            self.unbilled(model)

    def served_in_vain(self, model: Model, error: BaseException) -> None:
        """Record that what `model` returned did not become an answer: its cost is unbilled."""
        if isinstance(error, ProviderError):
            self._context.note(model, error)
        if not self._cached:
            self.unbilled(model)

    @property
    def left_by_client(self) -> bool:
        """Whether the work was cancelled because the caller has disconnected."""
        cancellation = self._context.cancellation
        return cancellation is not None and cancellation.by_client

    @property
    def time_is_over(self) -> bool:
        """Whether the answer can no longer be sent."""
        return self._context.deadline.passed

    def keep_time(self, model: Model) -> None:
        """Raises `ProviderTimedOut` if there is not enough time left to charge an answer and send it."""
        if self.time_is_over:
            raise too_late(model.provider.id, self._context.deadline)

    def work(self, model: Model) -> MeteredRequest:
        """The request as served by `model`, with its price, and the cost of models that worked without serving it."""
        hold = self.admission.hold
        work = hold.work if self._cached else work_of(self._context.request_id, self._endpoint, model, hold.work.amount)
        unbilled = self._unbilled_cost()
        return replace(work, cost_microusd=work.cost_microusd + unbilled, unbilled_cost_microusd=unbilled)

    @contextmanager
    def released_on_error(self) -> Iterator[None]:
        """Release the hold if the block raises; otherwise keep it."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def settle(self, model: Model) -> MeteredRequest:
        """Charge the request as served by `model`: an answer that goes out, or of which something has gone out.

        If the ledger cannot be written, a pending settlement is left for the sweeper: `state` says so.
        """
        work = self.work(model)
        late = partial(self._context.deadline.passed_by, _RELEASE_WITHIN_S)
        try:
            self._billing.meter.settle(self.admission.hold, work, late=late)
        except MeteringUnavailable:
            self.state = self._keep(work)
        else:
            self.state = "settled"
        return work

    def give(self, model: Model) -> None:
        """Write that the answer, as served by `model`, is free: another attempt of the same call pays for it.

        If that fails, the sweeper releases the hold once it expires.
        """
        self.state = "released"
        late = partial(self._context.deadline.passed_by, _RELEASE_WITHIN_S)
        cost = self.work(model).cost_microusd
        with suppress(MeteringUnavailable):
            self._billing.meter.fail(self.admission.hold, model.id, cost, outcome="repeated", late=late)

    def release(self) -> None:
        """Release the hold: the caller gets no answer. If that fails, the sweeper does it once the hold expires.

        What providers cost nevertheless is written into the ledger first.
        """
        self.state = "released"
        hold, cost = self.admission.hold, self._unbilled_cost()
        with suppress(MeteringUnavailable):
            if cost:
                late = partial(self._context.deadline.passed_by, _RELEASE_WITHIN_S)
                self._billing.meter.fail(hold, self._unbilled[-1].id, cost, late=late)
            else:
                self._billing.meter.release(hold)

    def _unbilled_cost(self) -> int:
        amount = self.admission.hold.work.amount
        return sum(
            work_of(self._context.request_id, self._endpoint, model, amount).cost_microusd for model in self._unbilled
        )

    def _keep(self, work: MeteredRequest) -> State:
        try:
            self._billing.pending_settlements.keep(self.admission.hold, work)
        except MeteringUnavailable:
            return "lost"
        return "kept"
