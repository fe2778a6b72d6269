"""What is left behind of an answer that could not be settled: all that its ledger row needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audio_gateway.catalog.line_items import LineItem
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.pending_settlements import PendingSettlement, PendingSettlementStore
from tests.fakes.s3 import FakeS3

ITEM = LineItem("spare", 672, 10_000, 6000, "12.5")
DONE = MeteredRequest("req_1", "transcriptions", "spare", "audio_ms", 672, 1125, 1000, (ITEM,))
HOLD = Hold(
    Payer("key_1", "default"), MeteredRequest("req_1", "transcriptions", "named", "audio_ms", 672, 2000, 0), 123, 60
)


@pytest.fixture
def pending_settlements() -> PendingSettlementStore:
    store: Any = PendingSettlementStore("bucket")
    store._client = FakeS3()
    return store


def test_a_pending_settlement_has_the_work_and_the_items_of_its_price(
    pending_settlements: PendingSettlementStore,
) -> None:
    pending_settlements.keep(HOLD, DONE, 456)
    assert pending_settlements.find(HOLD) == PendingSettlement(DONE, 456)


@pytest.mark.parametrize(("stamp", "at_ms"), [([], 123), ([456], 456)])
def test_a_pending_settlement_of_an_older_version_is_read(
    pending_settlements: Any, stamp: list[int], at_ms: int
) -> None:
    body = json.dumps(["spare", 672, 1125, 1000, *stamp]).encode()
    pending_settlements._client.put_object(Key="unsettled/key_1/req_1", Body=body)
    found = pending_settlements.find(HOLD)
    assert (found.work.price_microusd, found.work.items, found.at_ms) == (1125, (), at_ms)
