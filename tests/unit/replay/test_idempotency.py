"""One run for a key, whatever breaks off: the rules without HTTP, table or bucket."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audio_gateway.errors import AlreadyRunning, IdempotencyKeyReused, InvalidRequest, ReplayUnavailable
from audio_gateway.metering.account import Caller, Hold, Work
from audio_gateway.replay.idempotency import CLAIM_SECONDS, Answer, Idempotency, Run, key_hash
from tests.examples import examples
from tests.fakes.replay import FakeAnswers, FakeClaims, FakePayments

START = 1_795_255_200


def hold_of(request_id: str) -> Hold:
    return Hold(
        Caller("key_1", "default"), Work(request_id, "speech", "m", "characters", 1, 1, 1), START * 1000, START + 960
    )


class Desk:
    """Idempotency over fakes, and the steps of a handler."""

    def __init__(self) -> None:
        self.now_s = float(START)
        self.claims, self.answers, self.payments = FakeClaims(), FakeAnswers(), FakePayments()
        self.idempotency = Idempotency(self.claims, self.answers, self.payments, lambda: self.now_s)
        self.calls = 0

    def begin(self, fingerprint: str = "print-1", project_id: str = "default") -> Run:
        self.calls += 1
        self.request_id = f"req_{self.calls}"
        return self.idempotency.begin(
            project_id=project_id, key_sha256="ab12", fingerprint=fingerprint, request_id=self.request_id
        )

    def keep(self, run: Run, body: bytes = b"answer") -> Answer:
        answer = Answer({"content-type": "audio/wav"}, body)
        run.keep(answer, hold_of(self.request_id))
        return answer

    def pay(self) -> None:
        self.payments.paid.add(self.request_id)

    def answer(self, **options: Any) -> Answer:
        with self.begin(**options) as run:
            answer = self.keep(run)
            self.pay()
        return answer


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_second_gets_the_answer_of_the_first(desk: Desk) -> None:
    first = desk.answer()
    with desk.begin() as again:
        assert again.earlier == first
    with desk.begin() as once_more:
        assert once_more.earlier == first


def test_while_it_runs_others_are_told_to_come_back(desk: Desk) -> None:
    with desk.begin(), pytest.raises(AlreadyRunning):
        desk.begin()


@pytest.mark.parametrize(("seconds", "wait"), [(0, 1), (1, 1), (4, 4), (32, 32), (40, 25), (64.9, 1)])
def test_the_wait_is_as_long_as_it_has_run_and_never_longer_than_its_claim(
    desk: Desk, seconds: float, wait: int
) -> None:
    desk.begin()
    desk.now_s += seconds
    with pytest.raises(AlreadyRunning) as refused:
        desk.begin()
    assert refused.value.retry_after_s == wait


def test_another_request_under_the_same_key_is_refused_at_each_stage(desk: Desk) -> None:
    with desk.begin() as run:
        with pytest.raises(IdempotencyKeyReused):
            desk.begin("print-2")
        desk.keep(run)
    with pytest.raises(IdempotencyKeyReused):
        desk.begin("print-2")


def test_another_project_may_use_the_same_key(desk: Desk) -> None:
    desk.answer()
    assert desk.begin(project_id="other").earlier is None


def test_a_failure_frees_the_key_for_the_same_request_and_for_another(desk: Desk) -> None:
    for fingerprint in ("print-1", "print-1", "print-2"):
        with pytest.raises(ZeroDivisionError), desk.begin(fingerprint):
            raise ZeroDivisionError
    assert desk.begin().earlier is None


def test_after_a_day_the_key_is_free_again(desk: Desk) -> None:
    desk.answer()
    desk.now_s += 24 * 60 * 60 - 1
    assert desk.begin().earlier is not None
    desk.now_s += 1
    assert desk.begin("print-2").earlier is None


def test_a_run_that_died_before_its_answer_is_taken_over_when_it_can_live_no_longer(desk: Desk) -> None:
    desk.begin()
    desk.now_s += CLAIM_SECONDS - 1
    with pytest.raises(AlreadyRunning):
        desk.begin()
    desk.now_s += 1
    assert desk.begin().earlier is None


def test_a_run_that_died_between_its_answer_and_its_payment_is_done_anew(desk: Desk) -> None:
    desk.keep(desk.begin(), b"never paid")
    desk.now_s += CLAIM_SECONDS
    assert desk.begin().earlier is None


def test_a_run_that_died_just_after_its_payment_is_replayed(desk: Desk) -> None:
    first = desk.keep(desk.begin())
    desk.pay()
    desk.now_s += CLAIM_SECONDS
    assert desk.begin().earlier == first
    assert all(claim.done for claim in desk.claims.standing.values())


def test_a_payment_whose_end_could_not_be_written_is_replayed(desk: Desk) -> None:
    desk.claims.failing = {"finish", "drop"}
    first = desk.answer()
    desk.now_s += CLAIM_SECONDS
    assert desk.begin().earlier == first
    assert desk.begin().earlier == first


def test_an_error_after_the_payment_does_not_free_the_key(desk: Desk) -> None:
    kept: list[Answer] = []

    def paid_and_failed() -> None:
        with desk.begin() as run:
            kept.append(desk.keep(run))
            desk.pay()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        paid_and_failed()
    with pytest.raises(AlreadyRunning):
        desk.begin()
    desk.now_s += CLAIM_SECONDS
    assert desk.begin().earlier == kept[0]


def test_one_of_two_who_take_over_at_once_gets_it(desk: Desk) -> None:
    desk.begin()
    desk.now_s += CLAIM_SECONDS
    take = desk.claims.take

    def beaten(claim: Any, *, instead_of: Any, now_s: int) -> Any:
        if instead_of is not None:
            desk.claims.take = take  # only this once
            desk.begin()
        return take(claim, instead_of=instead_of, now_s=now_s)

    desk.claims.take = beaten  # somebody else comes in between
    with pytest.raises(AlreadyRunning):
        desk.begin()


def test_without_its_table_nothing_is_begun(desk: Desk) -> None:
    desk.claims.failing = {"take"}
    with pytest.raises(ReplayUnavailable):
        desk.begin()


def test_an_answer_that_cannot_be_stored_is_a_failure(desk: Desk) -> None:
    desk.answers.failing = {"keep"}
    with pytest.raises(ReplayUnavailable), desk.begin() as run:
        desk.keep(run)
    desk.answers.failing = set()
    assert desk.begin().earlier is None


@pytest.mark.parametrize("lost", [True, False])
def test_a_paid_answer_that_cannot_be_read_is_not_made_and_paid_again(desk: Desk, lost: bool) -> None:
    desk.answer()
    if lost:
        desk.answers.stored.clear()
    else:
        desk.answers.failing = {"find"}
    with pytest.raises(ReplayUnavailable):
        desk.begin()


@pytest.mark.parametrize("value", ["", " ", "a b", "a\tb", "x" * 256, "caf\u00e9", "a\n", "\x7f", "\u00a0"])
def test_odd_keys_are_refused_and_the_header_is_named(value: str) -> None:
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        key_hash([value])


def test_a_header_that_was_sent_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        key_hash(["a", "a"])


@pytest.mark.parametrize("value", ["a", "!~", "x" * 255, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"])
def test_any_visible_ascii_is_a_key(value: str) -> None:
    assert key_hash([value]) == hashlib.sha256(value.encode()).hexdigest()


def test_no_header_is_no_key() -> None:
    assert key_hash([]) is None


class Crashes(RuleBasedStateMachine):
    """Requests under one key that fail, die at any step, meet a table or bucket that is away, and are tried again."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.given: list[bytes] = []
        self.open: Run | None = None

    @rule(seconds=st.sampled_from([1, 10, CLAIM_SECONDS]))
    def wait(self, seconds: int) -> None:
        self.desk.now_s += seconds

    @rule(away=st.frozensets(st.sampled_from(["take", "finish", "drop", "keep", "find"])))
    def break_or_mend(self, away: frozenset[str]) -> None:
        self.desk.claims.failing = set(away)
        self.desk.answers.failing = set(away)

    @rule(end=st.sampled_from(["answer", "fail", "die at once", "die when stored", "die when paid"]))
    def ask(self, end: str) -> None:
        try:
            run = self.desk.begin()
        except (AlreadyRunning, ReplayUnavailable):
            return
        if run.earlier is not None:
            self.given.append(run.earlier.body)
            return
        if end == "die at once":
            return
        try:
            with run:
                self._end_if(end, "fail")
                self.desk.keep(run, self.desk.request_id.encode())
                self._end_if(end, "die when stored")
                self.desk.pay()
                self._end_if(end, "die when paid")
                self.given.append(self.desk.request_id.encode())
        except (ReplayUnavailable, _Ended):
            return

    @staticmethod
    def _end_if(end: str, here: str) -> None:
        if end == here:
            raise _Ended

    @invariant()
    def at_most_one_is_paid_and_all_get_its_answer(self) -> None:
        assert len(self.desk.payments.paid) <= 1
        assert {body.decode() for body in self.given} <= self.desk.payments.paid

    @precondition(lambda self: self.desk.payments.paid)
    @rule()
    def whoever_asks_when_all_is_well_gets_the_paid_answer(self) -> None:
        self.break_or_mend(frozenset())
        self.desk.now_s += CLAIM_SECONDS
        run = self.desk.begin()
        assert run.earlier is not None
        assert {run.earlier.body.decode()} == self.desk.payments.paid


class _Ended(BaseException):
    """A failure before the answer is stored; after that as good as a death, as nothing more is written."""


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(examples(60), stateful_step_count=20)
