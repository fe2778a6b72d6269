"""Money of work that runs for hours: its row stands at its end, whoever writes it, and its month is that of the row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audio_gateway.metering.account import Caller, Hold, Work
from audio_gateway.metering.account_item import account_key, holds_from, new_account_item
from audio_gateway.metering.lag import Lag
from audio_gateway.metering.ledger import row_from
from audio_gateway.metering.limits import Limits
from audio_gateway.metering.meter import DynamoMeter
from audio_gateway.metering.sweeper import Sweeper
from audio_gateway.metering.unsettled import Evidence
from tests.fakes.meter import FakeUnsettled
from tests.unit.metering.tables import TABLE, dynamodb

__all__ = ["dynamodb"]

NEW_YEAR_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z
DAY_S = 24 * 3600
KEY = "key_1"
HELD = Work("job_1", "transcriptions", "listener", "audio_ms", 9000, 900, 800)
DONE = replace(HELD, amount=5000, price_microusd=500, cost_microusd=400)


class Keys:
    def all_key_ids(self) -> list[str]:
        return [KEY]

    def forget_deleted(self, _key_id: str) -> bool:
        return False


class Books:
    def __init__(self, client: Any) -> None:
        self.client, self.now_ms = client, NEW_YEAR_MS - 3_600_000
        client.put_item(TableName=TABLE, Item=new_account_item(KEY, Limits()))
        self.unsettled = FakeUnsettled()
        self.meter = DynamoMeter(client, TABLE, hold_seconds=DAY_S, now_ms=lambda: self.now_ms)
        self.sweeper = Sweeper(client, TABLE, Keys(), self.unsettled, Lag(960, 60), now_ms=lambda: self.now_ms)

    def admit(self, at_ms: int | None = None) -> Hold:
        return self.meter.admit(Caller(KEY, "default"), HELD, at_ms=at_ms or self.now_ms).hold

    @property
    def item(self) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=TABLE, Key=account_key(KEY), ConsistentRead=True)["Item"])

    @property
    def rows(self) -> list[tuple[int, int, str]]:
        items = self.client.scan(TableName=TABLE)["Items"]
        rows = [row_from(item) for item in items if item["pk"]["S"].startswith("LEDGER#")]
        return [(row.at_ms, row.price_microusd, row.outcome) for row in rows]

    def months(self) -> tuple[int, int]:
        return tuple(int(self.item.get(f"m{month}", {"N": "0"})["N"]) for month in ("202612", "202701"))  # type: ignore[return-value]


@pytest.fixture
def books(dynamodb: Any) -> Books:
    return Books(dynamodb)


def test_a_hold_of_the_same_moment_is_no_second_one(books: Books) -> None:
    first = books.admit()
    again = books.admit(first.admitted_ms)
    assert again == first
    assert holds_from(books.item) == [first]
    assert books.months() == (900, 0)


def test_the_row_stands_at_the_end_and_its_month_pays(books: Books) -> None:
    hold = books.admit()
    end_ms = NEW_YEAR_MS + 7_200_000
    for _ in range(2):
        books.meter.settle_at(hold, DONE, end_ms)
    assert books.rows == [(end_ms, 500, "answered")]
    assert books.months() == (0, 500)
    assert holds_from(books.item) == []


def test_the_sweeper_writes_the_row_where_the_evidence_says(books: Books) -> None:
    hold = books.admit()
    end_ms = books.now_ms + 7_200_000
    books.unsettled.keep(hold, DONE, end_ms)
    books.now_ms += (DAY_S + 60) * 1000
    books.sweeper.sweep()
    books.sweeper.sweep()
    assert books.rows == [(end_ms, 500, "swept")]
    assert books.months() == (0, 500)
    assert books.unsettled.kept == {}


def test_the_sweeper_finds_a_row_that_was_not_released(books: Books) -> None:
    hold = books.admit()
    end_ms = books.now_ms + 1000
    books.unsettled.keep(hold, DONE, end_ms)
    books.meter.settle_at(hold, DONE, end_ms)
    books.client.update_item(  # as if the release had never come
        TableName=TABLE,
        Key=account_key(KEY),
        UpdateExpression="SET holds.#id = :text",
        ExpressionAttributeNames={"#id": "job_1"},
        ExpressionAttributeValues={":text": _text(hold)},
    )
    books.now_ms += (DAY_S + 60) * 1000
    (swept,) = books.sweeper.sweep().settled
    assert swept.finding == "released"
    assert books.rows == [(end_ms, 500, "answered")]


def test_a_sweeper_that_comes_between_release_and_evidence_writes_nothing(books: Books) -> None:
    hold = books.admit()
    books.now_ms += (DAY_S + 60) * 1000

    class SettledMeanwhile(FakeUnsettled):
        def find(self, hold: Hold) -> Evidence | None:
            books.meter.settle_at(hold, DONE, books.now_ms)
            return None

    books.sweeper = Sweeper(books.client, TABLE, Keys(), SettledMeanwhile(), Lag(960, 60), now_ms=lambda: books.now_ms)
    assert books.sweeper.sweep().settled == []
    assert [price for _, price, _ in books.rows] == [500]
    assert hold not in holds_from(books.item)


def test_a_job_without_evidence_is_abandoned(books: Books) -> None:
    hold = books.admit()
    books.now_ms += (DAY_S + 60) * 1000
    books.sweeper.sweep()
    assert books.rows == [(hold.admitted_ms, 0, "abandoned")]
    assert books.months() == (0, 0)


def _text(hold: Hold) -> dict[str, str]:
    from audio_gateway.metering.account_item import hold_text

    return {"S": hold_text(hold)}
