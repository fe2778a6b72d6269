"""Anyone who has the CSV can compute each price again, from the columns of its line and nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.charges import charge_for_cached_characters
from audio_gateway.catalog.models import CacheTerms, Endpoint, Model, Price
from audio_gateway.jobs.job import Answered, Job
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.ledger import LedgerRow, row_for, row_from, row_item
from audio_gateway.usage.ledger_csv import csv_parts
from audio_gateway.use_cases.jobs.billing import new_hold, work_done
from audio_gateway.use_cases.reservation import work_of
from tests.fakes.providers import catalog, model
from tests.fakes.reports import FakeNames

AT_MS = 1_796_083_140_123
CALLER = Payer("key_1", "default")
MOST_BYTES_OF_ITEM = 100

microusd = st.integers(0, 10**9)
percents = st.decimals(0, 900, places=3, allow_nan=False).map(str)
shares = st.decimals(0, 100, places=3, allow_nan=False).map(str)
seconds = st.integers(0, 60_000).map(lambda ms: ms / 1000)
amounts = st.integers(1, 10**8)


@st.composite
def models(draw: st.DrawFn, *names: str) -> Model:
    """Speech or transcriptions at any price and by any rule of the catalogue."""
    return model(
        draw(st.sampled_from(names)),
        price=Price(draw(microusd), draw(microusd)),
        markup_percent=draw(percents),
        minimum_seconds=draw(seconds),
        rounding_seconds=draw(seconds),
        cache=CacheTerms(60, draw(shares)),
    )


def row_of(work: MeteredRequest) -> LedgerRow:
    """The row as it is read from the table."""
    return row_from(row_item(row_for(Hold(CALLER, work, AT_MS, 0), work, "answered")))


def lines_of(rows: Iterable[LedgerRow]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(csv_parts(rows, FakeNames(), 1)).decode(), newline="")))


def computed(line: dict[str, str]) -> Fraction:
    """The formula of docs/metering.md."""
    factor = (1 + Fraction(line["markup_percent"]) / 100) * Fraction(line["price_percent"]) / 100
    exact = int(line["billed_amount"]) * Fraction(line["unit_price_usd"]) / int(line["units_per_price"]) * factor
    return Fraction(ceil(exact * 1_000_000), 1_000_000) + Fraction(line["adjustment_usd"])


def total(lines: list[dict[str, str]], column: str) -> Fraction:
    return sum((Fraction(line[column]) for line in lines), Fraction(0))


@given(served=models("talker"), endpoint=st.sampled_from(["speech", "transcriptions", "translations"]), amount=amounts)
def test_the_price_of_a_request_is_that_of_its_columns(served: Model, endpoint: Endpoint, amount: int) -> None:
    work = work_of("req_1", endpoint, served, amount)
    (line,) = lines_of([row_of(work)])
    assert computed(line) == Fraction(line["price_usd"]) == Fraction(work.price_microusd, 1_000_000)
    assert int(line["amount"]) == amount
    assert int(line["billed_amount"]) >= amount


@given(served=models("talker"), characters=amounts)
def test_so_is_that_of_speech_from_the_cache(served: Model, characters: int) -> None:
    charge = charge_for_cached_characters(served, characters)
    work = MeteredRequest(
        "req_1", "speech", "talker", "characters", characters, charge.price_microusd, 0, (charge.item,)
    )
    (line,) = lines_of([row_of(work)])
    assert computed(line) == Fraction(line["price_usd"]) == Fraction(charge.price_microusd, 1_000_000)


@given(first=models("first"), spare=models("spare"), parts=st.tuples(amounts, amounts), whole_ms=amounts)
def test_a_job_that_several_models_served_has_a_line_for_each_and_they_add_up(
    first: Model, spare: Model, parts: tuple[int, int], whole_ms: int
) -> None:
    hold = new_hold("job_1", CALLER, "transcriptions", (first, spare), whole_ms, AT_MS)
    served = dict(zip(("first", "spare"), parts, strict=True))
    job = Job(
        "job_1", "default", "key_1", "transcriptions", "first", "running", 0, 0,
        whole_units=sum(parts), whole_amount=whole_ms, answered=Answered(served=served, count=2), hold=hold,
    )  # fmt: skip
    work = work_done(job, catalog(first, spare))
    assert work is not None
    row = row_of(work)
    lines = lines_of([row])
    assert [line["model"] for line in lines] == ["first", "spare"]
    assert all(computed(line) == Fraction(line["price_usd"]) for line in lines)
    assert total(lines, "price_usd") * 1_000_000 == row.price_microusd == work.price_microusd
    assert total(lines, "provider_cost_usd") * 1_000_000 == row.cost_microusd
    assert total(lines, "amount") == row.amount == whole_ms
    assert all(Fraction(line["adjustment_usd"]) <= 0 for line in lines)


def test_a_job_of_a_model_that_left_the_catalogue_says_only_what_it_cost() -> None:
    listener = model("listener", price=Price(None, 6000))
    hold = new_hold("job_1", CALLER, "transcriptions", (listener,), 60_000, AT_MS)
    job = Job(
        "job_1", "default", "key_1", "transcriptions", "listener", "running", 0, 0,
        whole_units=1, whole_amount=60_000, answered=Answered(served={"listener": 1}, count=1), hold=hold,
    )  # fmt: skip
    work = work_done(job, catalog(model("other")))
    assert work is not None
    (line,) = lines_of([row_of(work)])
    assert (line["price_usd"], line["amount"], line["unit_price_usd"]) == ("0.006000", "60000", "")


def test_the_minimum_and_the_rounding_of_a_bill_can_be_seen() -> None:
    whisper = model(
        "acme-whisper", price=Price(None, 6000), minimum_seconds=10.0, rounding_seconds=1.0, markup_percent="12.5"
    )
    short, long = lines_of(row_of(work_of("req_1", "transcriptions", whisper, ms)) for ms in (672, 10_001))
    assert (short["amount"], short["billed_amount"], short["price_usd"]) == ("672", "10000", "0.001125")
    assert (long["amount"], long["billed_amount"], long["price_usd"]) == ("10001", "11000", "0.001238")
    assert (short["unit_price_usd"], short["units_per_price"], short["markup_percent"]) == ("0.006", "60000", "12.5")


def test_a_row_stays_small() -> None:
    dear = model("gpt-4o-mini-transcribe", price=Price(None, 999_999_999), markup_percent="12.345")
    work = work_of("req_1", "transcriptions", dear, 24 * 3_600_000)
    (text,) = row_item(row_of(work))["line_items"].values()
    assert len("line_items" + text) < MOST_BYTES_OF_ITEM


@pytest.mark.parametrize("name", ["line_items", "held_amount"])
def test_a_row_of_an_older_version_is_read(name: str) -> None:
    item = row_item(row_of(work_of("req_1", "speech", model("talker"), 7)))
    item.pop(name, None)
    assert row_from(item).amount == 7
