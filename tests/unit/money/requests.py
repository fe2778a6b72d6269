"""Requests of a key: admitted, and answered or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from audio_gateway.api.charging import charged
from audio_gateway.deadline import Deadline
from audio_gateway.errors import BudgetReached, RateLimitReached, TooMuchAtOnce
from audio_gateway.idempotency.idempotency import Run
from audio_gateway.metering.pending_uploads import AnnouncedUploads
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.reservation import RequestContext, Reservation
from tests.unit.money.network import Fault
from tests.unit.money.processes import CATALOG, SPARE, TALKER, Process
from tests.unit.money.stage import CALLER, Stage
from tests.unit.money.truth import COST, MOST_PENDING, MOST_WAITS, PRICES

FUNCTION_MS: Final = 900_000  # that a function of the API may run (template.yaml)


@dataclass
class OpenRequest:
    """A request that was admitted by a process and waits for its provider, who may be in time."""

    reservation: Reservation
    process: int
    since_ms: int
    in_time: bool

    @property
    def id(self) -> str:
        """Of the request."""
        return self.reservation.admission.hold.work.request_id

    @property
    def characters(self) -> int:
        """Of the text."""
        return self.reservation.admission.hold.work.amount


class Requests(Stage):
    """What callers do with requests. A request whose function has come to its end is open no more."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[OpenRequest] = []

    def pass_time(self, ms: int) -> None:
        super().pass_time(ms)
        self.requests = [each for each in self.requests if self.now_ms - each.since_ms <= FUNCTION_MS]

    def admit(self, number: int, characters: int, *, in_time: bool = True) -> None:
        """A request asks to be admitted. One that is not `in_time` will be too late for an answer."""
        call = RequestContext(f"req_{self.next_number():032x}", CALLER, Deadline.after(3600 if in_time else 0))
        fits = self.fits(characters * PRICES["talker"])

        def action(process: Process) -> None:
            try:
                reservation = process.billing.reserve(call, "speech", TALKER, (TALKER, SPARE), characters)
            except (BudgetReached, RateLimitReached):
                assert self.network.planned or not fits
                raise
            assert self.network.planned or fits
            self.requests.append(OpenRequest(reservation, number, self.now_ms, in_time))

        self.act(number, action)

    def end_request(self, request: OpenRequest, how: str) -> None:
        """A request ends: it is answered by the model `how`, has `failed`, or did so when a provider had worked.

        It is `rescued` if the call of one provider was unbilled and another one answers.
        """
        self.requests.remove(request)
        reservation = request.reservation
        if how in ("in vain", "rescued"):
            reservation.unbilled(TALKER)
            if not self.network.planned:
                self.truth.unbilled[request.id] = request.characters * COST
        if how in PRICES or how == "rescued":
            self._answer(request, SPARE.id if how == "rescued" else how)
            return
        self.act(request.process, lambda _: reservation.release())

    def _answer(self, request: OpenRequest, model_id: str) -> None:
        reservation, price = request.reservation, request.characters * PRICES[model_id]
        if request.in_time:
            self.truth.doubtful[request.id] = price
        elif not self.network.planned:
            lost = self.truth.unbilled.get(request.id, 0)
            self.truth.unbilled[request.id] = lost + request.characters * COST

        def action(_: Process) -> None:
            log = RequestLog(request.id, "speech", "POST")
            with charged(reservation, CATALOG.models[model_id], log, Run(), before_it_is_sent=True):
                """The answer is ready."""

        if self.act(request.process, action) and request.in_time and reservation.state in ("settled", "kept"):
            self.truth.answered[request.id] = price

    def settle_again(self, number: int, request_id: str) -> None:
        """Another process settles what was answered before."""
        row, hold = self.truth.paid.get(request_id), self.truth.held[request_id]
        if row is not None and not hold.is_job:
            done = replace(hold.work, model=row.model, price_microusd=row.price_microusd)
            self.act(number, lambda process: process.billing.meter.settle(hold, done))

    def poll(self, number: int, *, ends: bool) -> None:
        """A poll begins to wait for a job; it `ends`, or its function dies before it gives its place back."""
        fits = self.truth.living_waits(self.now_ms) < (self.truth.limits.concurrent_requests or MOST_WAITS)

        def action(process: Process) -> None:
            try:
                wait = process.waits.begin(CALLER.key_id)
            except RateLimitReached:
                assert self.network.planned or not fits, "a place is free, and a poll is refused"
                raise
            assert self.network.planned or fits, "a poll waits, and all places were taken"
            if ends:
                process.waits.end(CALLER.key_id, wait)

        self.act(number, action)

    def announce_upload(self, number: int, size: int, *, used: bool) -> None:
        """An upload is announced, counts for an hour, and is `used`, or forgotten by everybody."""
        upload = AnnouncedUploads(CALLER.key_id, f"upload_{self.next_number()}", size, self.now_ms // 1000 + 3600)
        fits = self.truth.pending_bytes(self.now_ms) + size <= MOST_PENDING

        def action(process: Process) -> None:
            try:
                process.pending.add(upload, MOST_PENDING, self.now_ms // 1000)
            except TooMuchAtOnce:
                assert self.network.planned or not fits, "there is room for an upload, and it is refused"
                raise
            assert self.network.planned or fits, "there is no room for an upload, and it is announced"
            if used:
                process.pending.forget(upload)

        self.act(number, action)

    def burst(self, number: int, size: int, how: str) -> None:
        """So many requests at once, each of whose admissions is in doubt; all end in the same way, or stay `open`."""
        before = len(self.requests)
        with self.under([Fault("account", None, "twice")]):
            for _ in range(size):
                self.admit(number, 1)
        if how == "open":
            return
        for request in self.requests[before:]:
            self.end_request(request, how)
