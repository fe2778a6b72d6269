"""A write that the client library sent twice may arrive twice, and the first of the two long after the second."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item, usage_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import REQUEST_HOLD_SECONDS, DynamoMeter
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb"]

NOW_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z
CALLER = Payer("key_1", "default")
PRICE = 100


class Network:
    """A DynamoDB client whose first delivery of every update is in flight for a while, so the client sends another."""

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
        """Deliver the updates in flight; returns how many of them took effect."""
        arrived = 0
        for arguments in self._under_way:
            try:
                self._client.update_item(**arguments)
                arrived += 1
            except ClientError:
                pass
        self._under_way.clear()
        return arrived


class Bench:
    def __init__(self, client: Any) -> None:
        self.now_ms = NOW_MS
        self.client = client
        self.network = Network(client)
        client.put_item(TableName=TABLE, Item=new_account_item("key_1", Limits()))
        self.meter = DynamoMeter(self.network, TABLE, now_ms=lambda: self.now_ms)  # type: ignore[arg-type] # stands in
        self.settle(self.admit("warm"))  # it knows the limits from now on

    def admit(self, request_id: str) -> Hold:
        return self.meter.admit(CALLER, work(request_id)).hold

    def settle(self, hold: Hold) -> None:
        self.meter.settle(hold, hold.work)

    @property
    def item(self) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=TABLE, Key=account_key("key_1"), ConsistentRead=True)["Item"])

    @property
    def committed(self) -> int:
        return usage_from(self.item, self.now_ms).committed_microusd


def work(request_id: str) -> MeteredRequest:
    return MeteredRequest(request_id, "speech", "talker", "characters", 10, PRICE, PRICE)


@pytest.fixture
def bench(dynamodb: Any) -> Bench:
    return Bench(dynamodb)


def test_an_admission_that_arrives_again_after_its_settlement_holds_nothing(bench: Bench) -> None:
    bench.network.slow = True
    hold = bench.admit("r1")
    bench.network.slow = False
    bench.settle(hold)
    assert bench.network.arrive() == 0
    assert (bench.committed, holds_from(bench.item)) == (2 * PRICE, [])


def test_an_admission_that_arrives_again_while_its_request_runs_holds_nothing_more(bench: Bench) -> None:
    bench.network.slow = True
    hold = bench.admit("r1")
    assert bench.network.arrive() == 0
    bench.settle(hold)
    assert bench.network.arrive() == 0
    assert (bench.committed, holds_from(bench.item)) == (2 * PRICE, [])


def test_an_admission_that_arrives_again_after_a_failure_is_free_once_it_is_released(bench: Bench) -> None:
    bench.network.slow = True
    hold = bench.admit("r1")
    bench.network.slow = False
    bench.meter.release(hold)
    bench.network.arrive()
    bench.meter.release(hold)
    assert (bench.committed, holds_from(bench.item)) == (PRICE, [])


def test_guards_against_late_arrivals_are_removed(bench: Bench) -> None:
    before = set(bench.item)
    for number in range(3):
        bench.network.slow = True
        hold = bench.admit(f"r{number}")
        bench.network.slow = False
        bench.settle(hold)
    assert set(bench.item) > before
    bench.now_ms += (REQUEST_HOLD_SECONDS + 60) * 1000
    bench.settle(bench.admit("later"))
    assert {name for name in bench.item if not name[1:].isdecimal()} == {n for n in before if not n[1:].isdecimal()}


def test_a_request_that_was_delivered_once_leaves_no_guard(bench: Bench) -> None:
    before = set(bench.item)
    bench.settle(bench.admit("r1"))
    assert set(bench.item) == before


def test_a_process_whose_clock_is_ahead_leaves_guards_alone(bench: Bench) -> None:
    ahead = DynamoMeter(bench.client, TABLE, now_ms=lambda: bench.now_ms + 59_000)
    bench.network.slow = True
    hold = bench.admit("r1")
    bench.network.slow = False
    bench.settle(hold)
    bench.now_ms += 29_000
    other = ahead.admit(CALLER, work("r2")).hold
    ahead.settle(other, other.work)
    assert bench.network.arrive() == 0
    assert (bench.committed, holds_from(bench.item)) == (3 * PRICE, [])
