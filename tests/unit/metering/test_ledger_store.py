"""The ledger's rows: in order of time over all shards, read lazily, written once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.line_items import LineItem
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.ledger import SHARDS, abandoned_row, free_row, partition, row_from, row_item
from audio_gateway.metering.ledger_store import LedgerStore
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.reports import row
from tests.unit.metering.interleaving import Counting
from tests.unit.metering.tables import TABLE

HOUR_MS = 3_600_000
START_MS = 1_795_255_200_000  # 2026-11-21T10:00:00Z


def store(client: Any) -> LedgerStore:
    return LedgerStore(client, TABLE)


def test_an_adjustment_is_the_difference_of_the_price_and_its_items() -> None:
    plain = replace(row(START_MS // 1000), unit="characters", price_microusd=100)
    item = LineItem("talker", 10, 10, 12_000_000, "0")  # 120 micro-dollars
    assert (plain.items, plain.adjustment_microusd) == ((), 0)
    assert replace(plain, items=(item,)).adjustment_microusd == -20
    assert replace(plain, items=(item, item), price_microusd=250).adjustment_microusd == 10


times = st.integers(-HOUR_MS, 3 * HOUR_MS)


@given(times_ms=st.lists(times, max_size=30), start=times, length=st.integers(0, 2 * HOUR_MS))
def test_rows_come_in_order_of_time_from_the_start_on_and_before_the_end(
    times_ms: list[int], start: int, length: int
) -> None:
    ledger = store(FakeDynamoDB())
    rows = [row((START_MS + at) / 1000) for at in times_ms]
    for each in rows:
        ledger.put(each)
    start_ms, end_ms = START_MS + start, START_MS + start + length
    found = list(ledger.rows(start_ms, end_ms))
    assert found == sorted(
        (each for each in rows if start_ms <= each.at_ms < end_ms), key=lambda each: (each.at_ms, each.request_id)
    )


def test_the_edges_of_a_stretch_are_exact_to_the_millisecond(moto_dynamodb: Any) -> None:
    ledger = store(moto_dynamodb)
    for at_ms in range(START_MS - 2, START_MS + 3):
        ledger.put(row(at_ms / 1000))
    assert [each.at_ms - START_MS for each in ledger.rows(START_MS, START_MS + 2)] == [0, 1]


def test_an_hour_is_read_only_when_its_rows_are_asked_for() -> None:
    client = Counting(FakeDynamoDB(page=2))
    ledger = store(client)
    for number in range(40):
        ledger.put(row((START_MS + number) / 1000))
    client.calls.clear()
    rows = ledger.rows(START_MS, START_MS + 100 * HOUR_MS)
    assert client.calls["query"] == 0
    next(rows)
    assert client.calls["query"] == SHARDS
    assert len(list(rows)) == 39
    assert client.calls["query"] < 40 + 100 * SHARDS


def test_a_request_has_one_row_and_the_first_stays() -> None:
    ledger = store(FakeDynamoDB())
    first = row(START_MS / 1000, request_id="req_1", price_microusd=1)
    assert ledger.put(first) == first
    assert ledger.put(row(START_MS / 1000, request_id="req_1", price_microusd=2)) == first
    assert list(ledger.rows(START_MS, START_MS + 1)) == [first]


def test_the_row_of_a_hold_is_found() -> None:
    ledger = store(FakeDynamoDB())
    hold = Hold(Payer("key_1", "default"), MeteredRequest("req_1", "speech", "m", "characters", 7, 70, 30), START_MS, 0)
    assert ledger.find(hold) is None
    ledger.put(abandoned_row(hold))
    assert ledger.find(hold) == abandoned_row(hold)


def test_a_failed_request_is_free_and_has_the_cost_of_the_provider() -> None:
    work = MeteredRequest("r1", "speech", "talker", "characters", 10, 100, 50)
    hold = Hold(Payer("key_1", "default"), work, 1_796_083_140_123, 1_796_083_140 + 960)
    found = row_from(row_item(free_row(hold, "spare", 7)))
    assert (found.outcome, found.model, found.amount, found.price_microusd, found.cost_microusd) == (
        "failed", "spare", 0, 0, 7,
    )  # fmt: skip
    assert (found.held_amount, found.held_microusd, found.at_ms, found.request_id) == (10, 100, hold.admitted_ms, "r1")


def test_an_abandoned_request_is_free_and_has_the_amount_that_was_held() -> None:
    hold = Hold(Payer("key_1", "default"), MeteredRequest("req_1", "speech", "m", "characters", 7, 70, 30), START_MS, 0)
    found = row_from(row_item(abandoned_row(hold)))
    assert (found.outcome, found.amount, found.price_microusd, found.cost_microusd) == ("abandoned", 0, 0, 0)
    assert (found.held_amount, found.held_microusd, found.unbilled_cost_microusd) == (7, 70, 0)
    assert not {"held_amount", "in_vain_microusd"} & set(row_item(row(START_MS / 1000)))


def test_the_rows_of_an_hour_lie_in_four_partitions() -> None:
    partitions = {row_item(row(START_MS / 1000))["pk"]["S"] for _ in range(200)}
    assert partitions == {partition(START_MS, shard) for shard in range(4)}
