"""What the laws of money are for: each of these was once so, and is noticed again when it is so once more."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from audio_gateway.aws import update
from audio_gateway.idempotency import idempotency
from audio_gateway.idempotency.answer_store import AnswerStore
from audio_gateway.idempotency.payments import LedgerPayments
from audio_gateway.idempotency.repetition import CallAttempt, RepeatableRun
from audio_gateway.jobs.job import JOB_HOLD_SECONDS, Job
from audio_gateway.jobs.job_store import JobStore
from audio_gateway.metering import account_item, account_updates, job_meter, limits, meter, releases
from audio_gateway.metering.account import Admission, Hold, MeteredRequest, Payer
from audio_gateway.metering.lateness import CLOCKS_DIFFER_S, LATE_WRITE_S
from audio_gateway.use_cases import reservation
from audio_gateway.use_cases.jobs import cancel
from audio_gateway.use_cases.jobs.billing import JobBilling, settle
from tests.unit.money import history as events
from tests.unit.money.history import Admit, Burst, EndRequest, Event, Limit, MakeCall, RepeatCall, Start, Wait, check
from tests.unit.money.network import Fault

Break = Callable[[pytest.MonkeyPatch], None]


def all_stale_names_are_written_into_one_expression(patch: pytest.MonkeyPatch) -> None:
    bounded = account_updates.release_update

    def unbounded(batch: Any, now_ms: int, stale: Sequence[str] = ()) -> SimpleNamespace:
        update = bounded(batch, now_ms).arguments()
        changed = update | {"UpdateExpression": ", ".join((update["UpdateExpression"], *stale))}
        return SimpleNamespace(arguments=lambda: changed)

    patch.setattr(account_item, "MAX_STALE", 10_000)
    patch.setattr(releases, "release_update", unbounded)


def a_hold_ends_before_its_job(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JobStore, "of_hold", lambda _store, _hold: None)


def the_month_pays_in_which_a_job_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Hold, "stamp", lambda _hold, ended_ms: ended_ms)


def a_job_is_deleted_without_being_settled(patch: pytest.MonkeyPatch) -> None:
    def unless_it_has_succeeded(job: Job, *, billing: JobBilling) -> None:
        if job.status != "succeeded":
            settle(job, billing=billing)

    patch.setattr(cancel, "settle", unless_it_has_succeeded)


def a_job_leaves_no_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(job_meter, "Release", lambda hold, spent, **_: account_updates.Release(hold, spent))


def a_request_leaves_no_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(meter, "Release", lambda hold, spent, **_: account_updates.Release(hold, spent))


def a_cancelled_job_costs_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cancel, "work_done", lambda _job, _catalog: None)


def any_number_of_holds_may_be_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(limits, "MAX_OPEN_HOLDS", 10_000)


def any_number_of_jobs_may_be_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(limits.Limits, "most_jobs", 300)


def a_release_gives_back_what_the_job_says(patch: pytest.MonkeyPatch) -> None:
    exact = account_updates.release_update

    def of_any_size(batch: Any, now_ms: int, stale: Sequence[str] = ()) -> SimpleNamespace:
        update = exact(batch, now_ms, stale).arguments()
        condition = re.sub(r"holds\.(#h\d+) = :h\d+", r"attribute_exists(holds.\1)", update["ConditionExpression"])
        changed = update | {"ConditionExpression": condition}
        return SimpleNamespace(arguments=lambda: changed)

    patch.setattr(releases, "release_update", of_any_size)


def a_job_is_done_for_the_least_price(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(job_meter.DynamoJobMeter, "correct", lambda _meter, _present, _wanted: True)


def a_job_is_begun_before_anything_is_held(patch: pytest.MonkeyPatch) -> None:
    def nothing(_meter: Any, caller: Payer, work: MeteredRequest, *, at_ms: int) -> Admission:
        return Admission(Hold(caller, work, at_ms, at_ms // 1000 + JOB_HOLD_SECONDS))

    patch.setattr(job_meter.DynamoJobMeter, "admit", nothing)


def what_is_too_late_is_charged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reservation.Reservation, "keep_time", lambda _reservation, _model: None)


def what_was_free_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(meter, "Release", lambda hold, spent, guarded, **_: account_updates.Release(hold, spent, guarded))


def what_was_free_is_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(update.Update, "require_less", lambda *_: None)


def what_is_under_way_at_a_cancel_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cancel, "cost_under_way", lambda _job, _catalog: 0)


def what_failed_of_a_job_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JobStore, "add_unbilled_cost", lambda *_: None)


def every_attempt_pays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RepeatableRun, "pays", lambda _run, _hold: True)


def an_attempt_that_was_overtaken_pays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CallAttempt, "follows", lambda _later, _earlier: False)


def a_payment_is_believed_to_be_missing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LedgerPayments, "was_paid", lambda _payments, _by: False)
    patch.setattr(LedgerPayments, "cancel", lambda _payments, _hold: True)


def a_payment_is_believed_without_looking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LedgerPayments, "was_paid", lambda _payments, _by: True)


def a_caller_who_leaves_pays_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reservation.Reservation, "left_by_client", False)


def what_is_given_leaves_no_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reservation.Reservation, "give", lambda reserved, _model: reserved.release())


def an_answer_is_charged_before_it_is_stored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AnswerStore, "keep", lambda *_: None)


def a_claim_ends_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(idempotency, "CLAIM_MARGIN_S", -1_000_000)


TALK = Start((), process=0, parts=1, steps=6, later=(), then=None)
LISTEN = Start((), process=0, parts=0, steps=1, later=(), then=None)
DIES_BEFORE_THE_CORRECTION = (Fault("account", 1, "dies before"),)
REQUEST = Admit((), process=0, characters=10)
ANSWER = EndRequest((), which=0, how="talker")
CANCELLED_MEANWHILE = (Fault("job", 1, "a cancellation"),)
IN_VAIN = EndRequest((), which=0, how="in vain")
UNFORESEEN = replace(REQUEST, faults=(Fault("files", 0, "some seconds"),))  # it is not known whether it fits
ARRIVES_TWICE = (Fault("account", None, "once more later"),)
LATER = Wait((), seconds=31, sweep=False)
CALL = MakeCall((), process=0, kind="sdk", characters=10, streamed=True, items=1, then="finishes")
AGAIN = RepeatCall((), which=0, process=1, streamed=True, items=1, then="finishes")
FINISHED = events.EndAttempt((), which=0, then="finishes")
DIES_BEFORE_ITS_ROW = replace(CALL, later=(Fault("ledger", 0, "dies before"),))
WITH_KEY_DIES = replace(CALL, kind="key", later=(Fault("account", 0, "dies before"),))
AFTER_THE_CLAIM = Wait((), seconds=950, sweep=False)
GUARDS_ARE_STALE = Wait((), seconds=LATE_WRITE_S + CLOCKS_DIFFER_S + 1, sweep=False)


@pytest.mark.parametrize(
    ("broken", "noticed", "history"),
    [
        (
            all_stale_names_are_written_into_one_expression,
            "Expression size has exceeded",
            (Burst((), size=100, how="talker"), GUARDS_ARE_STALE, REQUEST, ANSWER),
        ),
        (
            a_hold_ends_before_its_job,
            "reaches a provider, and nothing is held",
            (
                replace(TALK, steps=1),
                Wait((), seconds=JOB_HOLD_SECONDS + 1, sweep=True),
                events.Work((), which=0, steps=6, down=0, unheard=False, then=None),
            ),
        ),
        (
            the_month_pays_in_which_a_job_ends,
            "is not in the month that pays",
            (
                replace(TALK, steps=1),
                Wait((), seconds=1800, sweep=False),
                events.Work((), which=0, steps=6, down=0, unheard=False, then=None),
            ),
        ),
        (
            a_job_is_deleted_without_being_settled,
            "is not charged",
            (replace(TALK, later=(Fault("pending settlements", 0, "refused"),), then="delete"),),
        ),
        (a_job_leaves_no_guard, "the account says", (replace(TALK, faults=ARRIVES_TWICE), LATER)),
        (a_request_leaves_no_guard, "the account says", (replace(REQUEST, faults=ARRIVES_TWICE), ANSWER, LATER)),
        (a_cancelled_job_costs_nothing, "cancelled for 0", (replace(TALK, parts=2, steps=2, then="cancel"),)),
        (any_number_of_holds_may_be_open, "301 holds are open", (Burst((), size=301, how="open"),)),
        (
            any_number_of_jobs_may_be_open,
            "is begun, and the limits do not allow it",
            (Limit((), budget=None, at_once=None, jobs=1), replace(TALK, steps=0), replace(TALK, steps=0)),
        ),
        (
            a_release_gives_back_what_the_job_says,
            "are spent or held",
            (replace(LISTEN, later=DIES_BEFORE_THE_CORRECTION, then="cancel"),),
        ),
        (a_job_is_done_for_the_least_price, "too little is held", (replace(LISTEN, steps=6),)),
        (a_job_is_begun_before_anything_is_held, "nothing was held for it before", (replace(TALK, steps=0),)),
        (what_was_free_is_not_counted, "were taken for nothing", (REQUEST, IN_VAIN)),
        (
            what_was_free_is_not_asked_for,
            "is admitted, and 200 of 200 were taken for nothing",
            (Limit((), budget=200, at_once=None), REQUEST, IN_VAIN, REQUEST, IN_VAIN, UNFORESEEN),
        ),
        (
            what_is_under_way_at_a_cancel_is_not_counted,
            "were taken for nothing, and 0 counted",
            (
                replace(TALK, steps=1),
                events.Work(CANCELLED_MEANWHILE, which=0, steps=1, down=0, unheard=False, then=None),
            ),
        ),
        (
            what_failed_of_a_job_is_not_counted,
            "were taken for nothing, and",
            (replace(TALK, steps=1), events.Work((), which=0, steps=1, down=1, unheard=False, then=None)),
        ),
        (every_attempt_pays, "is paid 2 times", (CALL, AGAIN)),
        (an_attempt_that_was_overtaken_pays, "is paid 2 times", (replace(CALL, then=None), AGAIN, FINISHED)),
        (a_payment_is_believed_to_be_missing, "is paid 2 times", (CALL, AGAIN)),
        (a_payment_is_believed_without_looking, "is paid 0 times", (DIES_BEFORE_ITS_ROW, AGAIN)),
        (a_caller_who_leaves_pays_nothing, "is paid 0 times", (replace(CALL, then="leaves"),)),
        (what_is_given_leaves_no_row, "was answered, and has no row", (CALL, AGAIN)),
        (an_answer_is_charged_before_it_is_stored, "is paid 2 times", (WITH_KEY_DIES, AFTER_THE_CLAIM, AGAIN)),
        (a_claim_ends_at_once, "is paid 2 times", (replace(CALL, kind="key", then=None), AGAIN, FINISHED)),
        (what_is_too_late_is_charged, "costs what is none of", (replace(REQUEST, in_time=False), ANSWER)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_broken_law_is_noticed(
    monkeypatch: pytest.MonkeyPatch, broken: Break, noticed: str, history: tuple[Event, ...]
) -> None:
    check(history)
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=noticed):
        check(history)
