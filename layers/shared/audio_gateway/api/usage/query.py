"""The query of a report: its buckets, filters and groups (contract section 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from audio_gateway.api.http.parameters import Parameters
from audio_gateway.api.usage.pages import COSTS_WIDTH, USAGE_WIDTHS, ReportWidth, edge_of, page_of_edges, page_token
from audio_gateway.errors import InvalidRequest
from audio_gateway.usage.totals import Dimensions

Field = Literal["project_id", "user_id", "api_key_id", "model", "line_item", "api_source"]

USAGE_FIELDS: Final[tuple[Field, ...]] = ("project_id", "user_id", "api_key_id", "model")
COSTS_FIELDS: Final[tuple[Field, ...]] = ("project_id", "user_id", "api_key_id", "line_item", "api_source")

MAX_TIME_S: Final = 253_402_214_400
"""31 December 9999, the last day that `datetime` supports; a time in milliseconds is beyond it."""

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Query:
    """A page of a report.

    `edges_s` (Unix seconds) are the edges of its buckets, one more than there are buckets; `next_page` is None on the
    last page. `wanted` has the accepted values of each field that has a filter.
    """

    edges_s: tuple[int, ...]
    next_page: str | None
    group_by: frozenset[Field]
    wanted: Mapping[Field, frozenset[str]]

    @property
    def key_ids(self) -> tuple[str, ...] | None:
        """The keys whose usage counts; None for all."""
        wanted = self.wanted.get("api_key_id")
        return None if wanted is None else tuple(sorted(wanted))

    def counts(self, dimensions: Dimensions) -> bool:
        """Whether usage with these dimensions passes the filters."""
        return all(value_of(dimensions, field) in values for field, values in self.wanted.items())


def value_of(dimensions: Dimensions, field: Field) -> str | None:
    """The value of a field. The gateway has no users, and none of its usage comes from OpenAI's Agents API."""
    match field:
        case "project_id":
            return dimensions.project_id
        case "api_key_id":
            return dimensions.key_id
        case "model":
            return dimensions.model
        case "line_item":
            return f"{dimensions.model}, {dimensions.endpoint}"
        case "api_source":
            return "unlabeled"
        case "user_id":
            return None


def usage_query(items: Iterable[tuple[str, str]], now_s: int) -> Query:
    """A query for usage. `items` are the parameters of the request.

    Raises:
        InvalidRequest: `param` is the first parameter that is missing, unknown or wrong.
    """
    parameters = Parameters(items)
    start_s, end_s = _range(parameters, now_s)
    width = USAGE_WIDTHS[parameters.choice("bucket_width", tuple(USAGE_WIDTHS), default="1d")]
    filters: dict[Field, str] = {
        "project_id": "project_ids", "user_id": "user_ids", "api_key_id": "api_key_ids", "model": "models",
    }  # fmt: skip
    return _query(parameters, (start_s, end_s), width, USAGE_FIELDS, filters)


def costs_query(items: Iterable[tuple[str, str]], now_s: int) -> Query:
    """A query for costs, in whole UTC days. Raises as `usage_query`."""
    parameters = Parameters(items)
    start_s, end_s = _range(parameters, now_s)
    parameters.choice("bucket_width", ("1d",), default="1d")
    whole_days = (start_s // _DAY_S * _DAY_S, -(-end_s // _DAY_S) * _DAY_S)
    filters: dict[Field, str] = {
        "project_id": "project_ids", "api_key_id": "api_key_ids", "line_item": "line_items",
    }  # fmt: skip
    return _query(parameters, whole_days, COSTS_WIDTH, COSTS_FIELDS, filters)


def _range(parameters: Parameters, now_s: int) -> tuple[int, int]:
    start_s = parameters.whole("start_time", low=0, high=MAX_TIME_S)
    if start_s is None:
        raise InvalidRequest(
            "'start_time' is required: a time in Unix seconds, such as 1793491200.", param="start_time"
        )
    end_s = parameters.whole("end_time", low=0, high=MAX_TIME_S)
    if end_s is None:
        # Includes the current second, and so the most recent usage.
        if start_s > now_s:
            raise InvalidRequest("'start_time' is in the future; send an 'end_time' as well.", param="start_time")
        return start_s, now_s + 1
    if end_s <= start_s:
        raise InvalidRequest("'end_time' must be after 'start_time'; both are in Unix seconds.", param="end_time")
    return start_s, end_s


def _query(
    parameters: Parameters,
    range_s: tuple[int, int],
    width: ReportWidth,
    fields: tuple[Field, ...],
    filters: Mapping[Field, str],
) -> Query:
    start_s, end_s = range_s
    limit = parameters.whole("limit", low=1, high=width.max_limit) or width.default_limit
    group_by = parameters.choices("group_by", fields)
    wanted = {field: frozenset(values) for field, name in filters.items() if (values := parameters.texts(name))}
    page = parameters.text("page")
    parameters.refuse_the_rest()
    edges_s = page_of_edges(start_s if page is None else edge_of(page, start_s, end_s, width), end_s, width, limit)
    next_page = page_token(edges_s[-1]) if edges_s[-1] < end_s else None
    return Query(edges_s, next_page, group_by, wanted)
