"""Usage and costs as OpenAI's objects: buckets of results, summed by group.

A report is the sum of the ledger. Money is summed in micro-dollars and converted to dollars at the very end, because
OpenAI's objects have dollars; audio is summed in milliseconds and rounded up to whole seconds once per result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from audio_gateway.api.usage.query import COSTS_FIELDS, USAGE_FIELDS, Field, Query, value_of
from audio_gateway.catalog.prices import MICROUSD_PER_USD
from audio_gateway.usage.reports import UsageReports
from audio_gateway.usage.totals import Dimensions, Totals, TotalsByDimensions

SPEECH: Final = frozenset({"speech"})
LISTENING: Final = frozenset({"transcriptions", "translations"})

_MILLISECONDS: Final = 1000


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """Usage that agrees in all fields by which a report is grouped: these fields, the endpoints, and the totals."""

    by: Mapping[Field, str | None]
    endpoints: frozenset[str]
    totals: Totals


def usage_report(reports: UsageReports, query: Query, endpoints: frozenset[str], name: str) -> dict[str, Any]:
    """A page of the usage of these endpoints; `name` is the name of OpenAI's result, such as audio_speeches."""

    def result(group: ReportGroup) -> dict[str, Any]:
        return {
            "object": f"organization.usage.{name}.result",
            **_amount(group.totals, endpoints),
            "num_model_requests": group.totals.requests,
            **_by(group, USAGE_FIELDS),
        }

    def is_use(dimensions: Dimensions, totals: Totals) -> bool:
        # Totals without requests have a cost only, and are not usage.
        return dimensions.endpoint in endpoints and totals.requests > 0 and query.counts(dimensions)

    return _page(reports, query, result, is_use)


def costs_report(reports: UsageReports, query: Query) -> dict[str, Any]:
    """A page of prices and providers' costs, including the costs of requests that were free to the caller."""

    def result(group: ReportGroup) -> dict[str, Any]:
        quantity, unit = _quantity(group) if "line_item" in query.group_by else (None, None)
        return {
            "object": "organization.costs.result",
            "amount": _dollars(group.totals.price_microusd),
            "provider_cost": _dollars(group.totals.cost_microusd),
            "quantity": quantity,
            "quantity_unit": unit,
            **_by(group, COSTS_FIELDS),
        }

    return _page(reports, query, result, lambda dimensions, _totals: query.counts(dimensions))


def _page(
    reports: UsageReports,
    query: Query,
    result: Callable[[ReportGroup], dict[str, Any]],
    counts: Callable[[Dimensions, Totals], bool],
) -> dict[str, Any]:
    series = reports.series([edge * _MILLISECONDS for edge in query.edges_s], query.key_ids)
    buckets = zip(pairwise(query.edges_s), series, strict=True)
    return {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": start_s,
                "end_time": end_s,
                "results": [result(group) for group in _groups(totals_by_dimensions, counts, query.group_by)],
            }
            for (start_s, end_s), totals_by_dimensions in buckets
        ],
        "has_more": query.next_page is not None,
        "next_page": query.next_page,
    }


def _groups(
    totals_by_dimensions: TotalsByDimensions, counts: Callable[[Dimensions, Totals], bool], group_by: Iterable[Field]
) -> Sequence[ReportGroup]:
    """The groups in the order of their fields; none if there was no usage."""
    fields = sorted(group_by)
    found: dict[tuple[str | None, ...], ReportGroup] = {}
    for dimensions, totals in totals_by_dimensions.items():
        if counts(dimensions, totals):
            values = tuple(value_of(dimensions, field) for field in fields)
            before = found.get(values)
            found[values] = ReportGroup(
                dict(zip(fields, values, strict=True)),
                frozenset({dimensions.endpoint}) if before is None else before.endpoints | {dimensions.endpoint},
                totals if before is None else before.totals + totals,
            )
    return [found[values] for values in sorted(found, key=lambda values: [value or "" for value in values])]


def _by(group: ReportGroup, fields: tuple[Field, ...]) -> dict[str, str | None]:
    return {field: group.by.get(field) for field in fields}


def _amount(totals: Totals, endpoints: frozenset[str]) -> dict[str, int]:
    return {"characters": totals.amount} if endpoints == SPEECH else {"seconds": -(-totals.amount // _MILLISECONDS)}


def _quantity(group: ReportGroup) -> tuple[float, str]:
    """The quantity of a line item, which has one endpoint. Seconds have three decimals, printed exactly."""
    if group.endpoints == SPEECH:
        return group.totals.amount, "characters"
    return group.totals.amount / _MILLISECONDS, "duration_seconds"


def _dollars(microusd: int) -> dict[str, Any]:
    """An amount as a JSON number: the nearest double, which prints as the exact decimal below a billion dollars."""
    return {"value": microusd / MICROUSD_PER_USD, "currency": "usd"}
