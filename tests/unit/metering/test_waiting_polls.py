"""Places of polls that wait for jobs, against DynamoDB (moto)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.errors import PermissionDenied, RateLimitReached
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.account_item import account_from, new_account_item, usage_from
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.waiting_polls import LIFE_S, RETRY_AFTER_S, WaitingPolls
from tests.fakes.dynamodb import FakeDynamoDB
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

NOW_MS = 1_795_255_200_000
KEY = "key_1"


class Harness(MeterHarness):
    def __init__(self, client: Any, **limits: Any) -> None:
        super().__init__(client, NOW_MS, KEY)
        self.calls = self.repeats = 0
        self.limit(**limits)
        self.waits = self.new_waits()

    def new_waits(self) -> WaitingPolls:
        return WaitingPolls(self, TABLE, self.clock)  # type: ignore[arg-type] # counts and passes on

    def update_item(self, **arguments: Any) -> Any:
        self.calls += 1
        for _ in range(self.repeats):
            self.client.update_item(**arguments)
        self.repeats = 0
        return self.client.update_item(**arguments)


@pytest.mark.parametrize(
    ("limits", "most"), [({"concurrent_requests": 1}, 1), ({"concurrent_requests": 3}, 3), ({}, 20)]
)
def test_no_more_polls_wait_than_the_limit_allows(moto_dynamodb: Any, limits: dict[str, int], most: int) -> None:
    harness = Harness(moto_dynamodb, **limits)
    first, *_ = [harness.waits.begin(KEY) for _ in range(most)]
    with pytest.raises(RateLimitReached, match=f"^{most} polls.*wait=0") as caught:
        harness.new_waits().begin(KEY)
    assert (caught.value.limit, caught.value.retry_after_s) == ("concurrent_requests", RETRY_AFTER_S)
    harness.waits.end(KEY, first)
    harness.waits.begin(KEY)


def test_a_wait_is_a_write_at_its_beginning_and_one_at_its_end(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    harness.waits.end(KEY, harness.waits.begin(KEY))  # and one more, the first time, to learn the limits
    harness.calls = 0
    harness.waits.end(KEY, harness.waits.begin(KEY))
    assert (harness.calls, "waits" in harness.item) == (2, False)


def test_the_place_of_a_process_that_died_is_free_some_seconds_later(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, concurrent_requests=2)
    harness.waits.begin(KEY)
    harness.waits.begin(KEY)
    harness.now_ms += (LIFE_S + 1) * 1000
    living = harness.new_waits().begin(KEY)
    assert harness.item["waits"] == {"SS": [living]}


def test_waits_take_no_place_of_requests_and_cost_nothing(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, concurrent_requests=1)
    harness.waits.begin(KEY)
    job = MeteredRequest("job_1", "transcriptions", "listener", "audio_ms", 100, 10, 5)
    meter = DynamoMeter(moto_dynamodb, TABLE, now_ms=lambda: NOW_MS)
    hold = meter.admit(Payer(KEY, "default"), job).hold
    meter.release(hold)
    used = usage_from(harness.item, NOW_MS)
    assert (used.open_holds, used.committed_microusd, used.requests) == (0, 0, 1)


def test_limits_that_were_changed_meanwhile_are_the_ones_that_count(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb, concurrent_requests=1)
    harness.waits.begin(KEY)
    item = harness.item
    changed = new_account_item(KEY, replace(account_from(item).limits, concurrent_requests=2))["limits"]
    moto_dynamodb.put_item(TableName=TABLE, Item=item | {"limits": changed, "version": {"N": "2"}})
    harness.waits.begin(KEY)
    with pytest.raises(RateLimitReached):
        harness.waits.begin(KEY)


def test_a_key_that_is_gone_waits_for_nothing(moto_dynamodb: Any) -> None:
    harness = Harness(moto_dynamodb)
    with pytest.raises(PermissionDenied):
        harness.waits.begin("key_2")
    harness.waits.end("key_2", "1_x")


@pytest.mark.parametrize("limits", [{"concurrent_requests": 1}, {"concurrent_requests": 2}])
def test_a_place_is_taken_once_where_the_write_arrives_twice(moto_dynamodb: Any, limits: dict[str, int]) -> None:
    harness = Harness(moto_dynamodb, **limits)
    harness.waits.end(KEY, harness.waits.begin(KEY))
    harness.repeats = 1  # as the client does whose first answer was lost
    wait = harness.waits.begin(KEY)
    assert harness.item["waits"] == {"SS": [wait]}
    harness.repeats = 1
    harness.waits.end(KEY, wait)
    assert "waits" not in harness.item


def test_no_list_of_names_or_values_is_sent_empty() -> None:
    harness = Harness(FakeDynamoDB())  # which refuses that, as DynamoDB does and moto does not
    harness.waits.end(KEY, harness.waits.begin(KEY))
