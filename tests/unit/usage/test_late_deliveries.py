"""A write that the client library sent twice may arrive twice, and the first of the two long after the second."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS, DynamoMeter
from tests.unit.metering.harness import MeterHarness
from tests.unit.metering.tables import TABLE

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
CALLER = Payer("key_1", "default")
PRICE = 100


class Network:
    """A DynamoDB client whose first delivery of every update is under way for a while, so that it sends another."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._under_way: list[dict[str, Any]] = []
        self.slow = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **arguments: Any) -> Any:
        if self.slow:
            self._under_way.append(arguments)
        try:
            answer = self._client.update_item(**arguments)
        except ClientError as error:
            response: dict[str, Any] = {**error.response}
            response["ResponseMetadata"]["MayArriveAgain"] = self.slow
            raise
        answer["ResponseMetadata"]["MayArriveAgain"] = self.slow
        return answer

    def arrive(self) -> int:
        """Deliver what was under way; how many of them took effect."""
        arrived = 0
        for arguments in self._under_way:
            try:
                self._client.update_item(**arguments)
                arrived += 1
            except ClientError:
                pass
        self._under_way.clear()
        return arrived


class Harness(MeterHarness):
    def __init__(self, client: Any) -> None:
        super().__init__(client, NOW_MS)
        self.network = Network(client)
        self.limit()
        self.meter = DynamoMeter(self.network, TABLE, now_ms=self.clock)  # type: ignore[arg-type] # stands in
        self.settle(self.admit("warm"))  # it knows the limits from now on

    def admit(self, request_id: str) -> Hold:
        return self.meter.admit(CALLER, work(request_id)).hold

    def settle(self, hold: Hold) -> None:
        self.meter.settle(hold, hold.work)


def work(request_id: str) -> MeteredRequest:
    return MeteredRequest(request_id, "speech", "talker", "characters", 10, PRICE, PRICE)


@pytest.fixture
def harness(dynamodb: Any) -> Harness:
    return Harness(dynamodb)


def test_an_admission_that_arrives_again_after_its_settlement_holds_nothing(harness: Harness) -> None:
    harness.network.slow = True
    hold = harness.admit("r1")
    harness.network.slow = False
    harness.settle(hold)
    assert harness.network.arrive() == 0
    assert (harness.committed, harness.holds) == (2 * PRICE, [])


def test_an_admission_that_arrives_again_while_its_request_runs_holds_nothing_more(harness: Harness) -> None:
    harness.network.slow = True
    hold = harness.admit("r1")
    assert harness.network.arrive() == 0
    harness.settle(hold)
    assert harness.network.arrive() == 0
    assert (harness.committed, harness.holds) == (2 * PRICE, [])


def test_an_admission_that_arrives_again_after_a_failure_is_free_once_it_is_released(harness: Harness) -> None:
    harness.network.slow = True
    hold = harness.admit("r1")
    harness.network.slow = False
    harness.meter.release(hold)
    harness.network.arrive()
    harness.meter.release(hold)
    assert (harness.committed, harness.holds) == (PRICE, [])


def test_what_guards_against_late_arrivals_does_not_stay(harness: Harness) -> None:
    before = set(harness.item)
    for number in range(3):
        harness.network.slow = True
        hold = harness.admit(f"r{number}")
        harness.network.slow = False
        harness.settle(hold)
    assert set(harness.item) > before
    harness.now_ms += (REQUEST_HOLD_SECONDS + 60) * 1000
    harness.settle(harness.admit("later"))
    assert {name for name in harness.item if not name[1:].isdecimal()} == {n for n in before if not n[1:].isdecimal()}


def test_a_request_that_was_delivered_once_leaves_no_guard(harness: Harness) -> None:
    before = set(harness.item)
    harness.settle(harness.admit("r1"))
    assert set(harness.item) == before


def test_a_process_whose_clock_is_ahead_leaves_guards_alone(harness: Harness) -> None:
    ahead = DynamoMeter(harness.client, TABLE, now_ms=lambda: harness.now_ms + 59_000)
    harness.network.slow = True
    hold = harness.admit("r1")
    harness.network.slow = False
    harness.settle(hold)
    harness.now_ms += 29_000
    other = ahead.admit(CALLER, work("r2")).hold
    ahead.settle(other, other.work)
    assert harness.network.arrive() == 0
    assert (harness.committed, harness.holds) == (3 * PRICE, [])
