"""For any usage and any query, a report is the sum of the ledger, cut at its edges and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_gateway.metering.ledger import LedgerRow
from tests.examples import examples
from tests.fakes.reports import row
from tests.unit.api.usage.test_reports import COSTS, DAY, MIDNIGHT, SPEECHES, TRANSCRIPTIONS, UsageFunction

SECONDS = {"1m": 60, "1h": 3_600, "1d": DAY}
ENDPOINTS = {
    SPEECHES: {"speech"},
    TRANSCRIPTIONS: {"transcriptions", "translations"},
    COSTS: {"speech", "transcriptions", "translations"},
}

rows = st.lists(
    st.builds(
        row,
        st.integers(-400_000, 400_000).map(lambda ms: MIDNIGHT + ms / 1000),
        endpoint=st.sampled_from(["speech", "transcriptions", "translations"]),
        key_id=st.sampled_from(["key_1", "key_2", "key_3"]),
        project_id=st.sampled_from(["p1", "p2"]),
        model=st.sampled_from(["a", "b"]),
        amount=st.integers(0, 100_000),
        price_microusd=st.integers(0, 10**9),
        cost_microusd=st.integers(0, 10**9),
    ),
    max_size=30,
)
some = {
    "project_ids": st.lists(st.sampled_from(["p1", "p2", "p3"]), max_size=2),
    "api_key_ids": st.lists(st.sampled_from(["key_1", "key_2", "key_9"]), max_size=2),
    "models": st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
}
SINGLE = {"project_ids": "project_id", "api_key_ids": "key_id", "models": "model"}
FIELD = {"project_id": "project_id", "api_key_id": "key_id", "model": "model"}


@st.composite
def questions(draw: st.DrawFn, path: str) -> dict[str, Any]:
    width = "1d" if path == COSTS else draw(st.sampled_from(sorted(SECONDS)))
    start = MIDNIGHT + draw(st.integers(-400, 400))
    query: dict[str, Any] = {
        "start_time": start,
        "end_time": start + draw(st.integers(1, min(20 * SECONDS[width], 5 * DAY))),
        "bucket_width": width,
        "limit": draw(st.integers(1, 5)),
        "group_by": draw(st.lists(st.sampled_from(sorted(set(FIELD) - ({"model"} if path == COSTS else set()))))),
    }
    names = sorted(set(some) - ({"models"} if path == COSTS else set()))
    return query | {name: draw(some[name]) for name in names}


def pages(usage: UsageFunction, path: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All buckets of all pages."""
    page = usage.get(path, **query).json
    yield from page["data"]
    while page["has_more"]:
        assert 1 <= len(page["data"]) <= query["limit"]
        page = usage.get(path, **query, page=page["next_page"]).json
        yield from page["data"]


def matching(ledger: list[LedgerRow], path: str, query: dict[str, Any]) -> list[LedgerRow]:
    return [
        each
        for each in ledger
        if each.endpoint in ENDPOINTS[path]
        and all(not query.get(name) or getattr(each, field) in query[name] for name, field in SINGLE.items())
    ]


def between(ledger: list[LedgerRow], start_s: int, end_s: int) -> list[LedgerRow]:
    return [each for each in ledger if start_s * 1000 <= each.at_ms < end_s * 1000]


def figures(path: str, found: list[LedgerRow]) -> tuple[Any, ...]:
    """The figures of these rows, calculated independently."""
    if path == SPEECHES:
        return len(found), sum(each.amount for each in found)
    if path == TRANSCRIPTIONS:
        return len(found), -(-sum(each.amount for each in found) // 1000)
    return tuple(sum(getattr(each, name) for each in found) for name in ("price_microusd", "cost_microusd"))


def figures_told(path: str, result: dict[str, Any]) -> tuple[Any, ...]:
    if path == COSTS:
        return tuple(round(result[name]["value"] * 1_000_000) for name in ("amount", "provider_cost"))
    return result["num_model_requests"], result["characters" if path == SPEECHES else "seconds"]


@pytest.mark.parametrize("path", [SPEECHES, TRANSCRIPTIONS, COSTS])
@examples(60)
@given(data=st.data())
def test_a_report_is_the_sum_of_the_ledger(path: str, data: st.DataObject) -> None:
    ledger, query = data.draw(rows), data.draw(questions(path))
    buckets = list(pages(UsageFunction(*ledger), path, query))
    counted = matching(ledger, path, query)

    # The buckets are contiguous and cover the whole range.
    edges = [bucket["start_time"] for bucket in buckets] + [buckets[-1]["end_time"]]
    assert edges[1:-1] == [bucket["end_time"] for bucket in buckets[:-1]]
    assert all(edge % SECONDS[query["bucket_width"]] == 0 for edge in edges[1:-1])
    if path == COSTS:
        assert (edges[0], edges[-1]) == (
            query["start_time"] // DAY * DAY, -(-query["end_time"] // DAY) * DAY,
        )  # fmt: skip
    else:
        assert (edges[0], edges[-1]) == (query["start_time"], query["end_time"])

    # Each bucket holds its rows, each in exactly one group.
    for bucket in buckets:
        groups = defaultdict(list)
        for each in between(counted, bucket["start_time"], bucket["end_time"]):
            groups[tuple(getattr(each, FIELD[name]) for name in sorted(set(query["group_by"])))].append(each)
        reported = {
            tuple(result[name] for name in sorted(set(query["group_by"]))): figures_told(path, result)
            for result in bucket["results"]
        }
        assert len(reported) == len(bucket["results"])
        assert reported == {group: figures(path, found) for group, found in groups.items()}

    # All of it is the plain sum (seconds excepted, which are rounded in each result).
    if path != TRANSCRIPTIONS:
        whole = [figures_told(path, result) for bucket in buckets for result in bucket["results"]]
        expected = figures(path, between(counted, edges[0], edges[-1]))
        assert tuple(map(sum, zip(*whole, strict=True))) == expected if whole else expected == (0, 0)
