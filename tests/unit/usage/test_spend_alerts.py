"""Most of a budget is spent: that is told once for each key and month, whoever looks and however often."""

from __future__ import annotations

from typing import Any

import pytest

from audio_gateway.identity.directory import Directory
from audio_gateway.metering.account import MeteredRequest, Payer
from audio_gateway.metering.lateness import AllowedLateness
from audio_gateway.metering.limits import limits_from_api
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.usage.rollup import Rollup
from audio_gateway.usage.spend_alerts import SpendAlert, SpendAlerts
from tests.unit.metering.tables import TABLE

NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z
DECEMBER = 1_796_083_200_000
MINUTE = 60_000


class Gateway:
    """Keys that spend, and alerts at a time that is set by hand."""

    def __init__(self, client: Any) -> None:
        self.client, self.now_ms, self._number = client, NOON, 0
        self.directory = Directory(client, TABLE, now_s=lambda: self.now_ms / 1000)
        self.meter = DynamoMeter(client, TABLE, now_ms=lambda: self.now_ms)

    def key(self, budget: str | None) -> str:
        limits = limits_from_api({} if budget is None else {"monthly_budget_usd": budget})
        return self.directory.create_key("api", name="k", limits=limits).record.id

    def spend(self, key_id: str, microusd: int, *, settle: bool = True) -> None:
        self._number += 1
        work = MeteredRequest(f"req_{self._number}", "speech", "talker", "characters", 10, microusd, 1)
        hold = self.meter.admit(Payer(key_id, "default"), work).hold
        if settle:
            self.meter.settle(hold, work)

    def alerts(self) -> SpendAlerts:
        return SpendAlerts(self.client, TABLE, lambda: self.now_ms)


@pytest.fixture
def gateway(dynamodb: Any) -> Gateway:
    return Gateway(dynamodb)


def test_it_is_told_at_the_mark_and_once(gateway: Gateway) -> None:
    key_id, alerts = gateway.key("1"), gateway.alerts()
    gateway.spend(key_id, 799_999)
    assert alerts.new([key_id]) == []
    gateway.spend(key_id, 1)
    assert alerts.new([key_id]) == [SpendAlert(key_id, "202611", 800_000, 1_000_000)]
    gateway.spend(key_id, 100_000)
    assert alerts.new([key_id]) == []
    assert gateway.alerts().new([key_id]) == []  # of another process


def test_two_that_look_at_the_same_time_tell_it_once(gateway: Gateway) -> None:
    key_id = gateway.key("1")
    gateway.spend(key_id, 900_000)
    first, second = gateway.alerts(), gateway.alerts()
    assert len(first.new([key_id]) + second.new([key_id])) == 1


def test_a_new_month_is_told_anew_and_the_end_of_the_last_one_is_not_missed(gateway: Gateway) -> None:
    key_id, alerts = gateway.key("1"), gateway.alerts()
    gateway.now_ms = DECEMBER - MINUTE
    gateway.spend(key_id, 900_000)
    gateway.now_ms = DECEMBER + 5 * MINUTE
    gateway.spend(key_id, 850_000)
    assert [alert.month for alert in alerts.new([key_id])] == ["202611", "202612"]
    gateway.now_ms += 30 * MINUTE
    assert gateway.alerts().new([key_id]) == []


def test_keys_without_a_budget_or_that_are_gone_are_not_told(gateway: Gateway) -> None:
    free, unused = gateway.key(None), gateway.key("1")
    gateway.spend(free, 10_000_000)
    assert gateway.alerts().new([free, unused, "key_gone"]) == []


def test_the_roll_up_names_the_keys_that_were_used(gateway: Gateway) -> None:
    used, _ = gateway.key("1"), gateway.key("1")
    gateway.spend(used, 900_000)
    gateway.now_ms += 10 * MINUTE
    rollup = Rollup(gateway.client, TABLE, AllowedLateness(60, 60), lambda: gateway.now_ms)
    named = set(rollup.run().key_ids)
    assert named == {used}
    assert [alert.key_id for alert in gateway.alerts().new(named)] == [used]
