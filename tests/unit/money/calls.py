"""Calls whose answers are sent while they are made, attempt by attempt, as the API does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from audio_gateway.api.delivery import AnswerStream, Sale, delivered
from audio_gateway.api.http.streamed import Items, Sending
from audio_gateway.deadline import Deadline
from audio_gateway.errors import BudgetReached, ProviderUnavailable, RateLimitReached
from audio_gateway.idempotency.idempotency import KEY_KEPT_SECONDS, Run, key_hash
from audio_gateway.idempotency.repetition import CallAttempt
from audio_gateway.telemetry import RequestLog
from audio_gateway.use_cases.reservation import RequestContext, Reservation
from tests.unit.money.network import Died
from tests.unit.money.processes import TALKER, Process
from tests.unit.money.requests import FUNCTION_MS
from tests.unit.money.stage import CALLER, Stage
from tests.unit.money.truth import COST, PRICES

Kind = Literal["plain", "sdk", "key"]
"""Whether a call is made without anything, by an SDK that counts its attempts, or with an Idempotency-Key."""

PIECES: Final = 2
_DEADLINE_S: Final = 890.0
_SDK_GIVES_UP_S: Final = 600


@dataclass
class Call:
    """What a caller wants once. `attempts` are the ids of its requests."""

    number: int
    kind: Kind
    characters: int
    attempts: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """The attempts that were answered, or that were left when their provider had begun."""
    calm: set[str] = field(default_factory=set)
    """Those among them to which nothing happened."""
    replayed: int = 0
    latest_ms: int = 0
    """When an attempt began or ended."""
    disturbed: bool = False
    """Whether something has happened to a call of AWS of one of its attempts."""
    unprotected: bool = False
    """The same, to a call about what is known of the attempts."""

    @property
    def price(self) -> int:
        """Micro-dollars."""
        return self.characters * PRICES["talker"]


@dataclass
class Attempt:
    """An attempt that runs. Its provider `fails` before the next piece if it is told so."""

    call: Call
    id: str
    process: int
    since_ms: int
    sending: Sending
    items: Items | None = None
    reservation: Reservation | None = None
    run: Run | None = None
    fails: bool = False
    disturbed: bool = False


class Calls(Stage):
    """What callers do with answers that are sent as they are made. A function is killed when its time is over."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.attempts: list[Attempt] = []
        self.called: Call | None = None

    def pass_time(self, ms: int) -> None:
        super().pass_time(ms)
        for attempt in list(self.attempts):
            if self.now_ms - attempt.since_ms > FUNCTION_MS:
                self.kill(attempt)

    # ------------------------------------------------------------ what callers do
    def call(self, number: int, kind: Kind, characters: int, *, streamed: bool) -> Call:
        """A call is made: its first attempt begins, and goes on until the head of its answer."""
        call = Call(self.next_number(), kind, characters)
        self.calls.append(call)
        self.attempt(number, call, streamed=streamed)
        return call

    def attempt(self, number: int, call: Call, *, streamed: bool) -> Attempt | None:
        """One more attempt of a call begins; None if it is over already."""
        request_id = f"req_{self.next_number():032x}"
        log = RequestLog(request_id, "speech", "POST")
        deadline = Deadline.after(_DEADLINE_S, limit_s=900)
        stream: Any = object() if streamed else None
        attempt = Attempt(call, request_id, number, self.now_ms, Sending(stream, deadline, deadline, log))
        retries, began_ms = len(call.attempts), self.now_ms + len(call.attempts)
        call.attempts.append(request_id)
        call.latest_ms = self.now_ms
        self.attempts.append(attempt)
        attempt.items = self._items(self.processes[number], attempt, retries, began_ms)
        self.go_on(attempt, 1)
        return attempt if attempt in self.attempts else None

    def go_on(self, attempt: Attempt, steps: int) -> None:
        """So many items of the answer are made and sent, if it has so many."""
        is_over = False

        def action(_process: Process) -> None:
            nonlocal is_over
            for _ in range(steps):
                if next(self._items_of(attempt), None) is None:
                    is_over = True
                    return

        if not self._act(attempt, action):
            self._drop(attempt)
        elif is_over:
            self._over(attempt)

    def finish(self, attempt: Attempt) -> None:
        """The answer is sent to its end."""
        self.go_on(attempt, PIECES + 5)

    def fail(self, attempt: Attempt) -> None:
        """The provider fails before its next piece."""
        attempt.fails = True
        is_open = attempt.reservation is not None and attempt.reservation.state == "held"
        calm = not self.network.planned
        self.finish(attempt)
        if is_open and calm:
            self.truth.unbilled[attempt.id] = attempt.call.characters * COST

    def hang_up(self, attempt: Attempt) -> None:
        """The caller disconnects, and the function is told so."""
        if attempt.run is not None and attempt.run.keeps:
            self.finish(attempt)
            return
        attempt.sending.cancellation.cancel(by_client=True)
        if self._act(attempt, lambda _: self._items_of(attempt).close()):
            self._over(attempt)
        else:
            self._drop(attempt)

    def kill(self, attempt: Attempt) -> None:
        """The process of an attempt is killed: no call of it goes out any more."""
        attempt.call.disturbed = True
        self.network.dead = True
        with suppress(Died):
            self._items_of(attempt).close()
        self.network.dead = False
        self._drop(attempt)

    def running(self, call: Call) -> Attempt | None:
        """The latest attempt of a call that runs."""
        return next((each for each in reversed(self.attempts) if each.call is call), None)

    def end_attempt(self, attempt: Attempt | None, how: str | None) -> None:
        """An attempt ends as `EndAttempt` says."""
        ways = {"finishes": self.finish, "fails": self.fail, "leaves": self.hang_up, "dies": self.kill}
        if attempt is not None and attempt in self.attempts and how is not None:
            ways[how](attempt)

    def may_be_repeated(self, call: Call) -> bool:
        """Whether an SDK would still repeat a call, or its key is remembered."""
        forgotten_s = KEY_KEPT_SECONDS if call.kind == "key" else _SDK_GIVES_UP_S
        return call.kind != "plain" and self.now_ms - call.latest_ms < forgotten_s * 1000

    def another_attempt(self, call: Call) -> None:
        """Another attempt of a call runs from its beginning to its end."""
        if self.may_be_repeated(call):
            attempt = self.attempt(1, call, streamed=True)
            if attempt is not None:
                self.finish(attempt)

    # ------------------------------------------------------------ how the API does it
    def _items(self, process: Process, attempt: Attempt, retries: int, began_ms: int) -> Items:
        call = attempt.call
        with self._begun(process, attempt, retries, began_ms) as run:
            attempt.run = run
            if run.earlier is not None:
                call.replayed += 1
                return
            context = RequestContext(
                attempt.id,
                CALLER,
                attempt.sending.deadline,
                cancellation=attempt.sending.cancellation,
                is_paid=run.is_paid,
            )
            fits = self.fits(0 if run.is_paid else call.price)
            try:
                reservation = process.billing.reserve(context, "speech", TALKER, (TALKER,), call.characters)
            except (BudgetReached, RateLimitReached):
                assert self.network.planned or not fits
                raise
            assert self.network.planned or fits
            attempt.reservation = reservation
            if not run.is_paid:
                self.truth.doubtful[attempt.id] = call.price
            results: Any = None  # nothing is so large
            sale = Sale(run, reservation, TALKER, results, CALLER.project_id)
            yield from delivered(lambda: AnswerStream({}, _pieces(attempt)), sale, attempt.sending)

    def _begun(self, process: Process, attempt: Attempt, retries: int, began_ms: int) -> Run:
        call = attempt.call
        if call.kind == "key":
            return process.idempotency.begin(
                project_id=CALLER.project_id,
                key_sha256=key_hash([str(call.number)]) or "",
                fingerprint=str(call.number),
                request_id=attempt.id,
                deadline=attempt.sending.deadline,
            )
        made = CallAttempt(CALLER.key_id, str(call.number), attempt.id, began_ms, retries, expires_s=0)
        counted = retries if call.kind == "sdk" else None
        return process.repetitions.begin(lambda: made, retries=counted, project_id=CALLER.project_id)

    # ------------------------------------------------------------ what comes of it
    def _items_of(self, attempt: Attempt) -> Items:
        assert attempt.items is not None
        return attempt.items

    def _act(self, attempt: Attempt, action: Any) -> bool:
        self.called = attempt.call
        done = self.act(attempt.process, action)
        call = attempt.call
        attempt.disturbed |= self.network.disturbed
        call.disturbed |= attempt.disturbed
        call.unprotected |= not self.network.hit.isdisjoint({"attempts", "claims"})
        return done

    def _drop(self, attempt: Attempt) -> None:
        if attempt in self.attempts:
            self.attempts.remove(attempt)

    def _over(self, attempt: Attempt) -> None:
        """An attempt is over: it was answered, or left when its provider had begun."""
        self._drop(attempt)
        reservation, call = attempt.reservation, attempt.call
        call.latest_ms = self.now_ms
        if reservation is None:
            return
        call.ended.append(attempt.id)
        if not attempt.disturbed:
            call.calm.add(attempt.id)
        if call.kind == "plain" and reservation.state in ("settled", "kept"):
            self.truth.answered[attempt.id] = call.price

    def check_calls(self) -> None:
        """The laws of calls that hold once everything was tried again and swept."""
        rows = {row.request_id: row for row in self.truth.rows.values()}
        for call in self.calls:
            paid = [each for each in call.attempts if each in rows and rows[each].price_microusd > 0]
            if call.kind != "plain" and not call.unprotected:
                assert len(paid) <= 1, f"{call} is paid {len(paid)} times"
            if call.price and call.attempts[-1] in call.calm:
                assert paid, f"{call} is paid 0 times"
            if call.disturbed:
                continue
            if call.price and call.ended:
                expected = len(call.ended) if call.kind == "plain" else 1
                assert len(paid) == expected, f"{call} is paid {len(paid)} times, and not {expected}"
            for attempt_id in call.ended:
                assert attempt_id in rows, f"{attempt_id} of {call} was answered, and has no row"
                outcome = rows[attempt_id].outcome
                if attempt_id in paid:
                    allowed = {"answered", "swept"}
                elif call.kind == "sdk":
                    # A row says `abandoned` if another attempt was faster than the one that was about to write it.
                    allowed = {"repeated", "abandoned"} if call.price else {"repeated", "abandoned", "answered"}
                else:
                    allowed = set() if call.price else {"answered"}
                assert outcome in allowed, f"{rows[attempt_id]} of {call}"


def _pieces(attempt: Attempt) -> Iterator[bytes]:
    for number in range(PIECES):
        if attempt.fails:
            raise ProviderUnavailable("The provider broke off.", provider="fake", worked=True)
        yield bytes([number])
    if attempt.fails:
        raise ProviderUnavailable("The provider broke off.", provider="fake", worked=True)
