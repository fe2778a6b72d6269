"""Releases that failed are repeated with the next one of their key, and whatever happens meanwhile count once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from audio_gateway.errors import MeteringUnavailable
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import stale_names
from audio_gateway.metering.account_updates import MAX_RELEASES, Release, release_update
from audio_gateway.metering.account_writer import AccountWriter
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS, DynamoMeter
from audio_gateway.metering.releases import Releases, release_all
from tests.fakes.dynamodb import FakeDynamoDB
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

pytestmark = pytest.mark.slow

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
PRICE = 100


class Failing:
    """A client whose updates fail while `fails` is set: "before" they take effect, or "after"."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.fails: str | None = None
        self.updates: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **arguments: Any) -> Any:
        self.updates.append(arguments["UpdateExpression"])
        if self.fails == "before":
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        answer = self._client.update_item(**arguments)
        if self.fails == "after":
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem")
        return answer


class Harness(MeterHarness):
    def __init__(self, client: Any) -> None:
        super().__init__(Failing(client), NOW_MS)
        self.limit()
        self.meter = DynamoMeter(self.client, TABLE, now_ms=self.clock)

    def admit(self, *ids: int) -> list[Hold]:
        return [self.meter.admit(Payer("key_1", "default"), work(number)).hold for number in ids]

    def settle(self, holds: list[Hold], *, fails: str | None = None) -> None:
        self.client.fails = fails
        for hold in holds:
            self.meter.settle(hold, hold.work)
        self.client.fails = None

    @property
    def open(self) -> list[str]:
        return sorted(hold.work.request_id for hold in self.holds)


def work(number: int) -> MeteredRequest:
    return MeteredRequest(f"req_{number:032x}", "speech", "talker", "characters", 10, PRICE, PRICE)


@pytest.fixture
def harness(either: Any) -> Harness:
    return Harness(either)


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_failed_release_is_sent_with_the_next_release_of_its_key(harness: Harness, fails: str) -> None:
    holds = harness.admit(*range(5))
    harness.settle(holds, fails=fails)
    (last,) = harness.admit(9)
    before = len(harness.client.updates)
    harness.settle([last])
    assert (harness.open, harness.committed) == ([], 6 * PRICE)
    assert len(harness.client.updates) - before <= 2


def test_one_update_takes_a_portion_and_the_next_one_the_rest(harness: Harness) -> None:
    harness.settle(harness.admit(*range(45)), fails="before")
    left = []
    for number in (100, 101, 102):
        harness.settle(harness.admit(number))
        left.append(len(harness.open))
    assert left == [26, 7, 0]
    assert harness.committed == 48 * PRICE


def test_holds_that_the_sweeper_has_released_meanwhile_are_not_released_again(harness: Harness) -> None:
    holds = harness.admit(*range(5))
    harness.settle(holds, fails="before")
    accounts = AccountWriter(harness.client, TABLE)
    release_all(accounts, [Release(hold, PRICE) for hold in holds[1:3]], NOW_MS)
    harness.settle(harness.admit(9))
    assert (harness.open, harness.committed) == ([], 6 * PRICE)


def test_a_failed_release_is_repeated_with_its_own_price(harness: Harness) -> None:
    free, paid, last = harness.admit(1, 2, 3)
    harness.client.fails = "before"
    with pytest.raises(MeteringUnavailable):
        harness.meter.release(free)
    harness.settle([paid], fails="before")
    harness.settle([last])
    assert (harness.open, harness.committed) == ([], 2 * PRICE)


def test_an_answer_without_time_for_its_release_leaves_it_to_the_next(harness: Harness) -> None:
    first, second = harness.admit(1, 2)
    harness.meter.settle(first, first.work, late=lambda: True)
    assert len(harness.open) == 2
    harness.settle([second])
    assert (harness.open, harness.committed) == ([], 2 * PRICE)


def test_a_combined_release_that_arrives_again_changes_nothing(harness: Harness) -> None:
    class Twice:
        def __getattr__(self, name: str) -> Any:
            return getattr(harness.client, name)

        def update_item(self, **arguments: Any) -> Any:
            harness.client.update_item(**arguments)
            return harness.client.update_item(**arguments)

    holds = harness.admit(*range(5))
    released = release_all(AccountWriter(Twice(), TABLE), [Release(hold, PRICE) for hold in holds], NOW_MS)  # type: ignore[arg-type] # stands in
    assert (released.releases, harness.open, harness.committed) == ((), [], 5 * PRICE)


def test_expired_holds_are_left_to_the_sweeper_and_memory_is_bounded() -> None:
    harness = Harness(FakeDynamoDB())
    releases = Releases(AccountWriter(harness.client, TABLE), lambda: harness.now_ms)
    for key in range(30):
        for number in range(150):
            hold = Hold(Payer(f"key_{key}", "default"), work(number), NOW_MS, NOW_MS // 1000 + REQUEST_HOLD_SECONDS)
            releases.remember(Release(hold, PRICE))
    assert sum(map(len, releases._waiting.values())) == 20 * 100
    harness.settle(harness.admit(*range(5)), fails="before")
    harness.now_ms += REQUEST_HOLD_SECONDS * 1000
    harness.settle(harness.admit(9))
    assert len(harness.open) == 5


def test_a_hundred_guards_and_more_go_in_portions_the_oldest_first(harness: Harness) -> None:
    """As after a minute in which DynamoDB answered with errors: each release left a guard."""
    guards = {f"late_{work(number).request_id}": {"N": str(NOW_MS // 1000 + number)} for number in range(130)}
    harness.client.put_item(TableName=TABLE, Item=harness.item | guards)
    harness.now_ms += 600_000
    left = []
    for number in range(4):
        harness.settle(harness.admit(1000 + number))
        left.append(sum(name.startswith("late_") for name in harness.item))
    assert left == [90, 50, 10, 0]
    assert harness.open == []


def test_the_stale_are_named_the_oldest_first_and_no_more_than_an_update_takes() -> None:
    minute = NOW_MS // 60_000
    item = {f"late_{number}": {"N": str(NOW_MS // 1000 - 1 - number)} for number in range(50)}
    item |= {f"c{minute - 100}": {"N": "1"}, f"r{minute - 3}": {"N": "1"}, f"r{minute}": {"N": "1"}}
    names = stale_names(item, NOW_MS)
    assert (len(names), names[0], names[1]) == (40, f"c{minute - 100}", f"r{minute - 3}")
    assert names[2:4] == ("late_49", "late_48")


def test_the_largest_updates_are_far_from_dynamodb_s_limit() -> None:
    for prefix in ("req", "job"):
        works = [replace(work(number), request_id=f"{prefix}_{number:032x}") for number in range(MAX_RELEASES)]
        holds = [Hold(Payer("key_1", "default"), each, NOW_MS, 0) for each in works]
        stale = [f"late_req_{number:032x}" for number in range(40)]
        update = release_update([Release(hold, 0, guarded=True) for hold in holds], NOW_MS, stale).arguments()
        assert max(len(update["UpdateExpression"]), len(update["ConditionExpression"])) < 1_500
