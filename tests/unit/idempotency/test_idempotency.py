"""One run for a key, whatever breaks off: the rules without HTTP, table or bucket."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audio_gateway.deadline import Deadline
from audio_gateway.errors import AlreadyRunning, IdempotencyKeyReused, IdempotencyUnavailable, InvalidRequest
from audio_gateway.idempotency.idempotency import CLAIM_MARGIN_S, ApiResponse, Idempotency, Run, key_hash
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from tests.examples import examples
from tests.fakes.idempotency import FakeAnswers, FakeClaims, FakePayments

START = 1_795_255_200
LOCKED_S = 27 + CLAIM_MARGIN_S


def hold_of(request_id: str) -> Hold:
    return Hold(
        Payer("key_1", "default"),
        MeteredRequest(request_id, "speech", "m", "characters", 1, 1, 1),
        START * 1000,
        START + 960,
    )


class Harness:
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
            project_id=project_id,
            key_sha256="ab12",
            fingerprint=fingerprint,
            request_id=self.request_id,
            deadline=Deadline.after(26.5),
        )

    def keep(self, run: Run, body: bytes = b"answer") -> ApiResponse:
        answer = ApiResponse({"content-type": "audio/wav"}, body)
        run.keep(answer, hold_of(self.request_id))
        return answer

    def pay(self) -> None:
        self.payments.paid.add(self.request_id)

    def answer(self, **options: Any) -> ApiResponse:
        with self.begin(**options) as run:
            answer = self.keep(run)
            self.pay()
        return answer


@pytest.fixture
def job_service() -> Harness:
    return Harness()


def test_the_second_gets_the_answer_of_the_first(job_service: Harness) -> None:
    first = job_service.answer()
    with job_service.begin() as again:
        assert again.earlier == first
    with job_service.begin() as once_more:
        assert once_more.earlier == first


def test_while_it_runs_other_requests_are_refused_until_later(job_service: Harness) -> None:
    with job_service.begin(), pytest.raises(AlreadyRunning):
        job_service.begin()


@pytest.mark.parametrize(("seconds", "wait"), [(0, 1), (1, 1), (4, 4), (32, 32), (40, 25), (64.9, 1)])
def test_the_wait_is_as_long_as_it_has_run_and_never_longer_than_its_claim(
    job_service: Harness, seconds: float, wait: int
) -> None:
    job_service.begin()
    job_service.now_s += seconds
    with pytest.raises(AlreadyRunning) as refused:
        job_service.begin()
    assert refused.value.retry_after_s == wait


def test_another_request_under_the_same_key_is_refused_at_each_stage(job_service: Harness) -> None:
    with job_service.begin() as run:
        with pytest.raises(IdempotencyKeyReused):
            job_service.begin("print-2")
        job_service.keep(run)
    with pytest.raises(IdempotencyKeyReused):
        job_service.begin("print-2")


def test_another_project_may_use_the_same_key(job_service: Harness) -> None:
    job_service.answer()
    assert job_service.begin(project_id="other").earlier is None


def test_a_failure_frees_the_key_for_the_same_request_and_for_another(job_service: Harness) -> None:
    for fingerprint in ("print-1", "print-1", "print-2"):
        with pytest.raises(ZeroDivisionError), job_service.begin(fingerprint):
            raise ZeroDivisionError
    assert job_service.begin().earlier is None


def test_after_a_day_the_key_is_free_again(job_service: Harness) -> None:
    job_service.answer()
    job_service.now_s += 24 * 60 * 60 - 1
    assert job_service.begin().earlier is not None
    job_service.now_s += 1
    assert job_service.begin("print-2").earlier is None


def test_a_run_that_died_before_its_answer_is_taken_over_when_it_can_live_no_longer(job_service: Harness) -> None:
    job_service.begin()
    job_service.now_s += LOCKED_S - 1
    with pytest.raises(AlreadyRunning):
        job_service.begin()
    job_service.now_s += 1
    assert job_service.begin().earlier is None


def test_a_run_that_died_between_its_answer_and_its_payment_is_done_again(job_service: Harness) -> None:
    job_service.keep(job_service.begin(), b"never paid")
    job_service.now_s += LOCKED_S
    assert job_service.begin().earlier is None


def test_a_run_that_died_just_after_its_payment_is_replayed(job_service: Harness) -> None:
    first = job_service.keep(job_service.begin())
    job_service.pay()
    job_service.now_s += LOCKED_S
    assert job_service.begin().earlier == first
    assert all(claim.done for claim in job_service.claims.existing.values())


def test_a_payment_whose_end_could_not_be_written_is_replayed(job_service: Harness) -> None:
    job_service.claims.failing = {"complete", "release"}
    first = job_service.answer()
    job_service.now_s += LOCKED_S
    assert job_service.begin().earlier == first
    assert job_service.begin().earlier == first


def test_an_error_after_the_payment_does_not_free_the_key(job_service: Harness) -> None:
    kept: list[ApiResponse] = []

    def paid_and_failed() -> None:
        with job_service.begin() as run:
            kept.append(job_service.keep(run))
            job_service.pay()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        paid_and_failed()
    with pytest.raises(AlreadyRunning):
        job_service.begin()
    job_service.now_s += LOCKED_S
    assert job_service.begin().earlier == kept[0]


def test_one_of_two_simultaneous_takeovers_gets_the_key(job_service: Harness) -> None:
    job_service.begin()
    job_service.now_s += LOCKED_S
    acquire = job_service.claims.acquire

    def beaten(claim: Any, *, instead_of: Any, now_s: int) -> Any:
        if instead_of is not None:
            job_service.claims.acquire = acquire  # only this once
            job_service.begin()
        return acquire(claim, instead_of=instead_of, now_s=now_s)

    job_service.claims.acquire = beaten  # another request comes in between
    with pytest.raises(AlreadyRunning):
        job_service.begin()


def test_without_its_table_nothing_is_begun(job_service: Harness) -> None:
    job_service.claims.failing = {"acquire"}
    with pytest.raises(IdempotencyUnavailable):
        job_service.begin()


def test_an_answer_that_cannot_be_stored_is_a_failure(job_service: Harness) -> None:
    job_service.answers.failing = {"keep"}
    with pytest.raises(IdempotencyUnavailable), job_service.begin() as run:
        job_service.keep(run)
    job_service.answers.failing = set()
    assert job_service.begin().earlier is None


@pytest.mark.parametrize("lost", [True, False])
def test_a_paid_answer_that_cannot_be_read_is_not_made_and_paid_again(job_service: Harness, lost: bool) -> None:
    job_service.answer()
    if lost:
        job_service.answers.stored.clear()
    else:
        job_service.answers.failing = {"find"}
    with pytest.raises(IdempotencyUnavailable):
        job_service.begin()


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
        self.job_service = Harness()
        self.given: list[bytes] = []
        self.open: Run | None = None

    @rule(seconds=st.sampled_from([1, 10, LOCKED_S]))
    def wait(self, seconds: int) -> None:
        self.job_service.now_s += seconds

    @rule(away=st.frozensets(st.sampled_from(["acquire", "complete", "release", "keep", "find"])))
    def break_or_mend(self, away: frozenset[str]) -> None:
        self.job_service.claims.failing = set(away)
        self.job_service.answers.failing = set(away)

    @rule(end=st.sampled_from(["answer", "fail", "die immediately", "die when stored", "die when paid"]))
    def ask(self, end: str) -> None:
        try:
            run = self.job_service.begin()
        except (AlreadyRunning, IdempotencyUnavailable):
            return
        if run.earlier is not None:
            assert isinstance(run.earlier.body, bytes)
            self.given.append(run.earlier.body)
            return
        if end == "die immediately":
            return
        try:
            with run:
                self._end_if(end, "fail")
                self.job_service.keep(run, self.job_service.request_id.encode())
                self._end_if(end, "die when stored")
                self.job_service.pay()
                self._end_if(end, "die when paid")
                self.given.append(self.job_service.request_id.encode())
        except (IdempotencyUnavailable, _Ended):
            return

    @staticmethod
    def _end_if(end: str, here: str) -> None:
        if end == here:
            raise _Ended

    @invariant()
    def at_most_one_is_paid_and_all_get_its_answer(self) -> None:
        assert len(self.job_service.payments.paid) <= 1
        assert {body.decode() for body in self.given} <= self.job_service.payments.paid

    @precondition(lambda self: self.job_service.payments.paid)
    @rule()
    def whoever_asks_when_all_is_well_gets_the_paid_answer(self) -> None:
        self.break_or_mend(frozenset())
        self.job_service.now_s += LOCKED_S
        run = self.job_service.begin()
        assert run.earlier is not None
        assert isinstance(run.earlier.body, bytes)
        assert {run.earlier.body.decode()} == self.job_service.payments.paid


class _Ended(BaseException):
    """A failure before the answer is stored; after that as good as a death, as nothing more is written."""


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(examples(60), stateful_step_count=20)
