"""What is held for a job that was admitted before its length was known, against DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.errors import BudgetReached, RateLimitReached, TooMuchAtOnce
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.job_meter import DynamoJobMeter
from audio_gateway.metering.lateness import AllowedLateness
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE, late_rows

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z, the start of a minute
CALLER = Payer("key_1", "default")
LEAST = MeteredRequest("job_1", "transcriptions", "listener", "audio_ms", 100, 10, 5)
WHOLE = replace(LEAST, amount=30_000, price_microusd=3_000, cost_microusd=1_500)


class Harness(MeterHarness):
    """A key with a job of unknown length."""

    def __init__(self, client: Any, **limits: Any) -> None:
        super().__init__(client, NOW_MS)
        self.meter = self.new_meter()
        self.limit(**limits)
        self.hold = self.meter.admit(CALLER, LEAST, at_ms=NOW_MS).hold
        self.whole = replace(self.hold, work=WHOLE)

    def new_meter(self) -> DynamoJobMeter:
        rows = late_rows(self.client, AllowedLateness(60, 60), self.clock)
        return DynamoJobMeter(self.client, TABLE, rows, hold_seconds=3600, now_ms=self.clock)

    @property
    def committed(self) -> int:
        return self.number("m202611")


def minute(at_ms: int) -> str:
    return f"a{at_ms // 60_000}"


def test_the_rest_of_the_price_is_held_in_place_of_the_least(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, monthly_budget_microusd=3_000, audio_ms_per_minute=30_000)
    assert harness.meter.correct(harness.hold, harness.whole)
    assert (harness.holds, harness.committed, harness.number(minute(NOW_MS))) == ([harness.whole], 3_000, 30_000)
    harness.meter.release(harness.whole)
    assert (harness.holds, harness.committed) == ([], 0)


@pytest.mark.parametrize("known", ["least", "whole"])
def test_it_is_held_once_however_often_and_by_whomever_that_is_asked_for(moto_dynamodb: Any, known: str) -> None:
    harness = Harness(moto_dynamodb, monthly_budget_microusd=3_000)
    for _ in range(3):
        present = harness.hold if known == "least" else harness.whole
        assert harness.new_meter().correct(present, harness.whole)
    assert (harness.holds, harness.committed) == ([harness.whole], 3_000)


def test_audio_counts_in_the_minute_in_which_it_was_measured(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, audio_ms_per_minute=40_000)
    harness.now_ms += 60_000
    assert harness.meter.correct(harness.hold, harness.whole)
    assert (harness.number(minute(NOW_MS)), harness.number(minute(harness.now_ms))) == (100, 29_900)


def test_the_month_of_the_admission_pays_for_the_rest(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    harness.now_ms += 20 * 24 * 3_600_000
    assert harness.meter.correct(harness.hold, harness.whole)
    assert (harness.committed, harness.number("m202612")) == (3_000, 0)


REFUSED = [
    ({"monthly_budget_microusd": 2_999}, BudgetReached, r"costs \$0.003, and \$0 of the key's \$0.002999 for 2026-11"),
    ({"audio_ms_per_minute": 29_000}, TooMuchAtOnce, "29 audio seconds per minute; this request alone needs 30"),
]


@pytest.mark.parametrize(("limits", "error", "message"), REFUSED)
def test_a_difference_that_does_not_fit_is_refused_and_the_hold_stays(
    moto_dynamodb: Any, limits: dict[str, int], error: type[Exception], message: str
) -> None:
    harness = Harness(moto_dynamodb, **limits)
    for _ in range(2):  # the second by a process that knows the limits
        with pytest.raises(error, match=message):
            harness.meter.correct(harness.hold, harness.whole)
    assert (harness.holds, harness.committed) == ([harness.hold], 10)


def test_an_amount_counted_in_an_earlier_minute_does_not_allow_more_than_a_whole_one(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, audio_ms_per_minute=29_950)
    harness.now_ms += 60_000
    with pytest.raises(TooMuchAtOnce):
        harness.meter.correct(harness.hold, harness.whole)
    assert harness.holds == [harness.hold]


def test_a_full_minute_refuses_and_the_next_one_does_not(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, audio_ms_per_minute=30_000)
    harness.meter.admit(CALLER, replace(LEAST, request_id="job_2", amount=20_000), at_ms=NOW_MS)
    with pytest.raises(RateLimitReached, match=r"20\.1 of 30 used, 29\.9 requested") as caught:
        harness.meter.correct(harness.hold, harness.whole)
    assert caught.value.limit == "audio_seconds_per_minute"
    harness.now_ms += 60_000
    assert harness.meter.correct(harness.hold, harness.whole)


def test_limits_that_were_changed_meanwhile_are_the_ones_that_are_asked(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    other = harness.meter.admit(CALLER, replace(LEAST, request_id="job_2"), at_ms=NOW_MS).hold
    harness.meter.correct(harness.hold, harness.whole)
    harness.limit(monthly_budget_microusd=3_100)
    with pytest.raises(BudgetReached):
        harness.meter.correct(other, replace(other, work=replace(WHOLE, request_id="job_2")))
    harness.limit()
    assert harness.meter.correct(other, replace(other, work=replace(WHOLE, request_id="job_2")))


def test_a_job_without_a_hold_is_recognised(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    harness.meter.release(harness.hold)
    assert not harness.meter.correct(harness.hold, harness.whole)
    assert (harness.holds, harness.committed) == ([], 0)


@pytest.mark.parametrize("corrected", [True, False])
def test_a_release_gives_back_what_the_account_holds_whatever_the_job_says(moto_dynamodb: Any, corrected: bool) -> None:
    harness = Harness(moto_dynamodb)
    if corrected:
        harness.meter.correct(harness.hold, harness.whole)
    harness.new_meter().release(harness.hold if corrected else harness.whole)
    assert (harness.holds, harness.committed) == ([], 0)
    assert "open_jobs" not in harness.item


JOBS = [({"concurrent_jobs": 2}, 2), ({}, 100), ({"concurrent_requests": 300}, 100)]


@pytest.mark.parametrize(("limits", "most"), JOBS)
def test_no_more_jobs_are_open_than_the_limit_allows(moto_dynamodb: Any, limits: dict[str, int], most: int) -> None:
    harness = Harness(moto_dynamodb, **limits)
    harness.meter.admit(CALLER, replace(LEAST, request_id="job_2"), at_ms=NOW_MS)
    item = harness.item
    others = [f"job_{number}" for number in range(3, most)]  # each as the first, in one write
    item["holds"]["M"] |= dict.fromkeys(others, item["holds"]["M"]["job_1"])
    item["open_jobs"]["SS"] += others
    moto_dynamodb.put_item(TableName=TABLE, Item=item)
    if most > 2:
        harness.meter.admit(CALLER, replace(LEAST, request_id=f"job_{most}"), at_ms=NOW_MS)
    one_more = replace(LEAST, request_id="job_0")
    with pytest.raises(RateLimitReached, match=f"has {most} open jobs.*cancel one") as caught:
        harness.meter.admit(CALLER, one_more, at_ms=NOW_MS)
    assert caught.value.limit == "concurrent_jobs"
    harness.meter.admit(CALLER, replace(LEAST, request_id="req_1"), at_ms=NOW_MS)  # no job
    harness.meter.release(harness.hold)
    harness.meter.admit(CALLER, one_more, at_ms=NOW_MS)


def test_jobs_released_by_a_version_without_the_limit_are_not_counted(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, concurrent_jobs=1)
    item = harness.item
    del item["holds"]["M"]["job_1"]
    moto_dynamodb.put_item(TableName=TABLE, Item=item)
    harness.meter.admit(CALLER, replace(LEAST, request_id="job_2"), at_ms=NOW_MS)
    assert harness.item["open_jobs"] == {"SS": ["job_2"]}
