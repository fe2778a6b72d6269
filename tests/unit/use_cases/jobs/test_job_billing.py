"""What a job's money is: the dearest price is held, what was done is charged, and never more than was held."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.catalog.line_items import LineItem
from audio_gateway.catalog.models import Catalog, Model, Price
from audio_gateway.errors import MeteringUnavailable
from audio_gateway.jobs.job import Answered, Job
from audio_gateway.jobs.plan import MOST_LANES
from audio_gateway.metering.account import Hold, MeteredRequest, Payer
from audio_gateway.metering.ledger import LedgerRow
from audio_gateway.use_cases.jobs.billing import JobBilling, cost_under_way, new_hold, settle, work_done, write_off
from tests.fakes.providers import catalog, model

NOW_MS = 1_796_083_140_000
HOUR_S = 3600
CALLER = Payer("key_1", "proj_1")
CHEAP = model("cheap", price=Price(1_000_000, 600))
DEAR = model("dear", price=Price(30_000_000, 60_000), markup_percent="50")
PLAIN = model("plain")


def held(*able: Model, amount: int = 1000, endpoint: Any = "speech") -> Hold:
    return new_hold("job_1", CALLER, endpoint, able, amount, NOW_MS)


def job(hold: Hold | None, served: dict[str, int], *, whole: int, amount: int) -> Job:
    return Job(
        "job_1", "proj_1", "key_1", "speech", "plain", "succeeded", 0, 2**40,
        hold=hold, answered=Answered(served=served), whole_units=whole, whole_amount=amount,
    )  # fmt: skip


# ---------------------------------------------------------------- what is held
@pytest.mark.parametrize("able", [(CHEAP, DEAR, PLAIN), (DEAR, CHEAP), (PLAIN, CHEAP, DEAR)])
def test_the_dearest_of_the_models_that_may_serve_is_held_in_the_name_of_the_first(able: tuple[Model, ...]) -> None:
    work = held(*able).work
    assert (work.model, work.price_microusd, work.cost_microusd, work.items) == (able[0].id, 45_000, 30_000, ())


def test_a_hold_lasts_an_hour_from_the_moment_of_its_admission() -> None:
    hold = held(PLAIN)
    assert (hold.admitted_ms, hold.expires_s) == (NOW_MS, NOW_MS // 1000 + HOUR_S)
    assert hold.work.request_id == "job_1"
    assert hold.caller == CALLER


# ---------------------------------------------------------------- what is charged
@pytest.mark.parametrize(
    ("hold", "served", "whole"),
    [(None, {"plain": 3}, 3), (held(PLAIN), {}, 3), (held(PLAIN), {"plain": 0}, 3), (held(PLAIN), {"plain": 3}, 0)],
)
def test_a_job_for_which_nothing_was_held_or_done_costs_nothing(
    hold: Hold | None, served: dict[str, int], whole: int
) -> None:
    assert work_done(job(hold, served, whole=whole, amount=1000), catalog(PLAIN)) is None


def test_the_whole_job_is_charged_as_it_was_held() -> None:
    hold = held(PLAIN, amount=1001)
    work = work_done(job(hold, {"plain": 7}, whole=7, amount=1001), catalog(PLAIN))
    assert work == replace(hold.work, items=(LineItem("plain", 1001, 1001, 15_000_000, "0"),))


@pytest.mark.parametrize(("done", "amount"), [(1, 143), (3, 429), (6, 858)])
def test_a_part_is_charged_as_its_share_downwards(done: int, amount: int) -> None:
    work = work_done(job(held(PLAIN, amount=1001), {"plain": done}, whole=7, amount=1001), catalog(PLAIN))
    assert work is not None
    assert (work.amount, work.price_microusd, work.cost_microusd) == (amount, amount * 15, amount * 15)


def test_of_a_whole_job_that_several_models_served_nothing_is_left_over() -> None:
    hold = held(PLAIN, CHEAP, amount=1000)
    served = {"plain": 1, "cheap": 1, "other": 1}
    work = work_done(job(hold, served, whole=3, amount=1000), catalog(PLAIN, CHEAP, model("other")))
    assert work is not None
    assert (work.amount, work.price_microusd) == (1000, 334 * 15 + 333 * 1 + 333 * 15)
    assert [(item.model, item.amount) for item in work.items] == [("plain", 334), ("cheap", 333), ("other", 333)]


def test_of_a_part_that_several_models_served_there_is_no_rest() -> None:
    work = work_done(
        job(held(PLAIN, CHEAP, amount=1000), {"plain": 1, "cheap": 1}, whole=3, amount=1000), catalog(PLAIN, CHEAP)
    )
    assert work is not None
    assert (work.amount, work.price_microusd) == (666, 333 * 15 + 333 * 1)


@pytest.mark.parametrize("served", [{"plain": 2, "cheap": 5}, {"cheap": 5, "plain": 2}])
def test_a_row_names_the_model_that_did_the_most(served: dict[str, int]) -> None:
    work = work_done(job(held(PLAIN, CHEAP), served, whole=7, amount=1000), catalog(PLAIN, CHEAP))
    assert work is not None
    assert work.model == "cheap"


def test_a_job_never_costs_more_than_was_held_and_the_operator_sees_what_it_cost_him() -> None:
    """The catalogue was deployed anew while the job ran, and its model has become dearer."""
    hold = held(PLAIN)
    dearer = catalog(model("plain", price=Price(150_000_000, 60_000)))
    work = work_done(job(hold, {"plain": 3}, whole=3, amount=1000), dearer)
    assert work is not None
    assert (work.price_microusd, work.cost_microusd) == (hold.work.price_microusd, 150_000)


def test_what_a_model_did_that_has_left_the_catalogue_costs_its_share_of_what_was_held() -> None:
    hold = held(DEAR, amount=1000)
    work = work_done(job(hold, {"dear": 1}, whole=3, amount=1000), catalog(PLAIN))
    assert work is not None
    assert (work.amount, work.price_microusd, work.cost_microusd, work.items) == (333, 14_985, 9990, ())


@given(
    served=st.dictionaries(st.sampled_from(["plain", "cheap", "dear", "gone"]), st.integers(1, 50), min_size=1),
    missing=st.integers(0, 50),
    amount=st.integers(1, 10_000),
)
def test_what_is_charged_is_never_more_than_was_held_or_done(served: dict[str, int], missing: int, amount: int) -> None:
    known: Catalog = catalog(PLAIN, CHEAP, DEAR)
    hold, whole = held(PLAIN, CHEAP, DEAR, amount=amount), sum(served.values()) + missing
    work = work_done(job(hold, served, whole=whole, amount=amount), known)
    assert work is not None
    assert 0 <= work.price_microusd <= hold.work.price_microusd
    assert work.amount == amount if not missing else work.amount <= amount
    assert (work.request_id, work.endpoint, work.unit) == ("job_1", "speech", "characters")
    assert sum(item.amount for item in work.items) == (0 if "gone" in served else work.amount)


# ---------------------------------------------------------------- the end
class Recorder:
    """Till and evidence in one: remembers what was asked of them, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: self.calls.append((name, (*arguments, *named.values())))


def settled(job: Job) -> list[tuple[str, Any]]:
    recorder: Any = Recorder()
    settle(job, billing=JobBilling(recorder, recorder))
    return recorder.calls


def test_what_is_charged_leaves_evidence_until_its_row_is_written() -> None:
    hold = held(PLAIN)
    done = replace(job(hold, {"plain": 3}, whole=3, amount=1000), work=hold.work, completed_ms=NOW_MS + 5)
    done, paid = replace(done, unbilled_cost_microusd=7), (hold, hold.work, NOW_MS + 5)
    assert settled(done) == [("keep", paid), ("settle_at", (*paid, 7)), ("forget", (hold,))]


def test_what_costs_nothing_is_given_back() -> None:
    hold = held(PLAIN)
    ended = replace(job(hold, {}, whole=3, amount=1000), completed_ms=NOW_MS, unbilled_cost_microusd=7)
    assert settled(ended) == [("release", (hold, 7))]


def test_a_job_that_runs_or_has_nothing_held_is_left_alone() -> None:
    hold = held(PLAIN)
    assert settled(replace(job(hold, {}, whole=3, amount=1000), work=hold.work)) == []
    assert settled(replace(job(hold, {}, whole=3, amount=1000))) == []
    assert settled(replace(job(None, {}, whole=3, amount=1000), completed_ms=NOW_MS)) == []


# ---------------------------------------------------------------- what nobody pays
class Ledger:
    def __init__(self, *, works: bool = True) -> None:
        self.rows: list[LedgerRow] = []
        self._works = works

    def put(self, row: LedgerRow) -> LedgerRow:
        if not self._works:
            raise MeteringUnavailable("The table does not answer.")
        self.rows.append(row)
        return row


def test_work_in_vain_is_a_row_without_a_price() -> None:
    ledger = Ledger()
    for _ in range(2):
        write_off(job(None, {}, whole=0, amount=0), DEAR, 10, NOW_MS, ledger)
    first, second = ledger.rows
    assert (first.model, first.held_amount, first.price_microusd, first.cost_microusd) == ("dear", 10, 0, 300)
    assert (first.at_ms, first.key_id, first.project_id, first.outcome) == (NOW_MS, "key_1", "proj_1", "failed")
    assert first.request_id.startswith("job_1_")
    assert first.request_id != second.request_id


def test_work_that_cost_nobody_anything_is_no_row() -> None:
    ledger = Ledger()
    write_off(job(None, {}, whole=0, amount=0), model("free", price=Price(0, 0), markup_percent="50"), 10, 0, ledger)
    assert ledger.rows == []


def test_a_ledger_that_does_not_answer_stops_nothing() -> None:
    write_off(job(None, {}, whole=0, amount=0), DEAR, 10, NOW_MS, Ledger(works=False))


def test_the_work_of_listening_is_counted_in_milliseconds() -> None:
    work: MeteredRequest = held(PLAIN, endpoint="transcriptions", amount=90_000).work
    assert (work.endpoint, work.unit, work.amount, work.price_microusd) == ("transcriptions", "audio_ms", 90_000, 9000)


# ---------------------------------------------------------------- what is under way
def running(hold: Hold | None, completed: int, total: int, status: Any = "running") -> Job:
    return Job(
        "job_1", "proj_1", "key_1", "speech", "plain", status, 0, 2**40,
        hold=hold, answered=Answered(frozenset(range(completed))), total=total,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("completed", "total", "at_once", "chunks"),
    [(4, 5, 10, 1), (3, 5, 10, 2), (0, 5, 2, 2), (0, 100, MOST_LANES + 5, MOST_LANES), (90, 100, 4, 4)],
)
def test_what_is_under_way_is_counted_by_the_average_chunk_upwards(
    completed: int, total: int, at_once: int, chunks: int
) -> None:
    hold = held(PLAIN, amount=1001)
    cost = cost_under_way(running(hold, completed, total), lambda: catalog(model("plain", chunk_concurrency=at_once)))
    assert cost == chunks * ceil(hold.work.cost_microusd / total)


def test_of_a_model_that_is_gone_as_many_are_under_way_as_of_any() -> None:
    hold = held(PLAIN, amount=1000)
    assert cost_under_way(running(hold, 0, 1000), lambda: catalog(CHEAP)) == MOST_LANES * 15


@pytest.mark.parametrize(
    "job",
    [
        running(held(PLAIN), 1, 5, "queued"),
        running(held(PLAIN), 1, 5, "cancelled"),
        running(None, 1, 5),
        running(held(PLAIN), 0, 0),
        running(held(PLAIN), 5, 5),
        running(held(model("free", price=Price(0, 0))), 1, 5),
    ],
)
def test_nothing_is_under_way_of_a_job_that_does_not_run_or_costs_nothing(job: Job) -> None:
    def nobody_looks() -> Catalog:
        raise AssertionError("the catalogue is read for nothing")

    assert cost_under_way(job, nobody_looks) == 0
