"""GET /organization/usage/… and /organization/costs through the real handler."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

import pytest

from audio_gateway.api.http.app import lambda_handler
from audio_gateway.api.usage.app import usage_app
from audio_gateway.api.usage.ledger_export import ExportSource
from audio_gateway.api.usage.pages import page_token
from audio_gateway.storage.results import ResultStore
from tests.fakes.gateway import ADMIN_CALLER, Answer, call, event
from tests.fakes.reports import FakeNames, FakeReports, row

MIDNIGHT = 1_795_219_200  # 2026-11-21T00:00:00Z
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOW = MIDNIGHT + 12 * HOUR + 90

SPEECHES = "/organization/usage/audio_speeches"
TRANSCRIPTIONS = "/organization/usage/audio_transcriptions"
COSTS = "/organization/costs"
REPORTS = (SPEECHES, TRANSCRIPTIONS, COSTS)


class UsageFunction:
    """The usage function over these rows, at a moment."""

    def __init__(self, *rows: Any, now: float = NOW) -> None:
        reports = FakeReports(list(rows))
        app = usage_app(
            reports=reports,
            exports=ExportSource(
                ledger=reports,
                names=FakeNames,
                results=cast("ResultStore", None),
                beginning_ms=lambda: None,
            ),
            accounts=cast("Any", None),
            now_ms=lambda: round(now * 1000),
        )
        self._handler = lambda_handler(app, "usage")

    def get(self, path: str, **query: Any) -> Answer:
        """Lists are sent as `name[]`, once for each element."""
        asked = {
            f"{name}[]" if isinstance(value, list) else name: value if isinstance(value, list) else [str(value)]
            for name, value in query.items()
            if value != []
        }
        return call(self._handler, event("GET", path, query=asked, authorizer=ADMIN_CALLER))

    def buckets(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **query)
        assert answer.status == 200, answer.body
        return answer.json["data"]

    def results(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All results of a report of one bucket."""
        (bucket,) = self.buckets(path, **query)
        return bucket["results"]


# ---------------------------------------------------------------- who may ask
@pytest.mark.parametrize("path", REPORTS)
def test_a_key_is_required(path: str) -> None:
    handler = UsageFunction()._handler
    assert call(handler, event("GET", path, authorizer={})).status == 401


@pytest.mark.parametrize("path", REPORTS)
def test_an_api_key_opens_no_report(path: str) -> None:
    answer = call(UsageFunction(row(MIDNIGHT))._handler, event("GET", path, query={"start_time": ["0"]}))
    assert answer.status == 403


@pytest.mark.parametrize("path", REPORTS)
def test_only_get_is_known(path: str) -> None:
    answer = call(UsageFunction()._handler, event("POST", path, authorizer=ADMIN_CALLER))
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


# ---------------------------------------------------------------- what failed
def test_a_failed_request_is_not_usage_but_its_cost_is_reported() -> None:
    failed = {"outcome": "failed", "amount": 0, "price_microusd": 0, "cost_microusd": 70}
    usage = UsageFunction(
        row(MIDNIGHT, amount=7, price_microusd=10, cost_microusd=5), row(NOW, **failed), row(NOW, model="x", **failed)
    )
    (used,) = usage.get(SPEECHES, start_time=MIDNIGHT, group_by="model").json["data"][0]["results"]
    assert (used["model"], used["characters"], used["num_model_requests"]) == ("talker", 7, 1)
    (cost,) = usage.get(COSTS, start_time=MIDNIGHT).json["data"][0]["results"]
    assert (cost["amount"]["value"], cost["provider_cost"]["value"]) == (0.00001, 0.000145)
    items = usage.get(COSTS, start_time=MIDNIGHT, group_by="line_item").json["data"][0]["results"]
    reported = [(each["line_item"], each["quantity"], each["provider_cost"]["value"]) for each in items]
    assert reported == [("talker, speech", 7, 0.000075), ("x, speech", 0, 0.00007)]


# ---------------------------------------------------------------- results
def test_speeches_are_counted_in_characters() -> None:
    usage = UsageFunction(
        row(MIDNIGHT, amount=7),
        row(NOW, amount=5),
        row(NOW, endpoint="transcriptions", amount=1_000),
        row(NOW, outcome="abandoned", amount=0, price_microusd=0, cost_microusd=0),  # no response was sent
    )
    assert usage.get(SPEECHES, start_time=MIDNIGHT).json == {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": MIDNIGHT,
                "end_time": NOW + 1,
                "results": [
                    {
                        "object": "organization.usage.audio_speeches.result",
                        "characters": 12,
                        "num_model_requests": 2,
                        "project_id": None,
                        "user_id": None,
                        "api_key_id": None,
                        "model": None,
                    }
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    }


def test_transcriptions_and_translations_are_whole_seconds_together_rounded_up_once() -> None:
    usage = UsageFunction(
        row(MIDNIGHT),
        row(MIDNIGHT, endpoint="transcriptions", amount=1_001),
        row(MIDNIGHT, endpoint="transcriptions", amount=1_001),
        row(MIDNIGHT, endpoint="translations", amount=1_001),
    )
    (result,) = usage.results(TRANSCRIPTIONS, start_time=MIDNIGHT)
    assert result == {
        "object": "organization.usage.audio_transcriptions.result",
        "seconds": 4,
        "num_model_requests": 3,
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "model": None,
    }


def test_costs_are_the_callers_price_and_the_operators_cost() -> None:
    usage = UsageFunction(
        row(MIDNIGHT, price_microusd=100_000, cost_microusd=70_000),
        row(MIDNIGHT, price_microusd=200_000, cost_microusd=1, endpoint="translations"),
    )
    (result,) = usage.results(COSTS, start_time=MIDNIGHT)
    assert result == {
        "object": "organization.costs.result",
        "amount": {"value": 0.3, "currency": "usd"},
        "provider_cost": {"value": 0.070001, "currency": "usd"},
        "quantity": None,
        "quantity_unit": None,
        "project_id": None,
        "user_id": None,
        "api_key_id": None,
        "line_item": None,
        "api_source": None,
    }


@pytest.mark.parametrize("microusd", [0, 1, 10, 299_999, 1_000_001, 123_456_789_012_345, 999_999_999_999_999])
def test_dollars_are_written_as_the_exact_decimal(microusd: int) -> None:
    answer = UsageFunction(row(MIDNIGHT, price_microusd=microusd)).get(COSTS, start_time=MIDNIGHT)
    (bucket,) = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)["data"]
    assert bucket["results"][0]["amount"]["value"] * 1_000_000 == microusd


def test_line_items_name_model_and_endpoint_and_say_how_much_of_it() -> None:
    usage = UsageFunction(
        row(MIDNIGHT, amount=40),
        row(MIDNIGHT, amount=2),
        row(MIDNIGHT, endpoint="transcriptions", model="hearer", amount=1_500),
        row(MIDNIGHT, endpoint="translations", model="hearer", amount=250),
    )
    found = usage.results(COSTS, start_time=MIDNIGHT, group_by=["line_item"])
    assert [(each["line_item"], each["quantity"], each["quantity_unit"]) for each in found] == [
        ("hearer, transcriptions", 1.5, "duration_seconds"),
        ("hearer, translations", 0.25, "duration_seconds"),
        ("talker, speech", 42, "characters"),
    ]


def test_costs_by_source_are_all_unlabeled() -> None:
    (result,) = UsageFunction(row(MIDNIGHT)).results(COSTS, start_time=MIDNIGHT, group_by=["api_source"])
    assert result["api_source"] == "unlabeled"


# ---------------------------------------------------------------- groups and filters
MIXED = (
    row(MIDNIGHT, key_id="key_1", project_id="p1", model="a", amount=1),
    row(MIDNIGHT, key_id="key_2", project_id="p1", model="b", amount=2),
    row(MIDNIGHT, key_id="key_3", project_id="p2", model="a", amount=4),
)


@pytest.mark.parametrize("spelling", ["group_by", "group_by[]"])
def test_groups_differ_in_the_fields_of_group_by(spelling: str) -> None:
    found = UsageFunction(*MIXED).results(SPEECHES, start_time=MIDNIGHT, **{spelling: "model"})
    assert [(each["model"], each["characters"], each["project_id"], each["api_key_id"]) for each in found] == [
        ("a", 5, None, None), ("b", 2, None, None),
    ]  # fmt: skip


def test_several_fields_group_together() -> None:
    found = UsageFunction(*MIXED).results(SPEECHES, start_time=MIDNIGHT, group_by=["project_id", "model"])
    assert [(each["project_id"], each["model"], each["characters"]) for each in found] == [
        ("p1", "a", 1), ("p2", "a", 4), ("p1", "b", 2),
    ]  # fmt: skip


def test_there_are_no_users_to_group_by() -> None:
    (result,) = UsageFunction(*MIXED).results(SPEECHES, start_time=MIDNIGHT, group_by=["user_id"])
    assert (result["user_id"], result["characters"]) == (None, 7)


@pytest.mark.parametrize(
    ("query", "characters"),
    [
        ({"project_ids": ["p1"]}, 3),
        ({"project_ids": ["p1", "p2"]}, 7),
        ({"project_ids": "p2"}, 4),
        ({"api_key_ids": ["key_2", "key_3"]}, 6),
        ({"models": ["a"]}, 5),
        ({"models": ["a"], "project_ids": ["p2"]}, 4),
    ],
)
def test_filters_leave_out_all_others(query: dict[str, Any], characters: int) -> None:
    (result,) = UsageFunction(*MIXED).results(SPEECHES, start_time=MIDNIGHT, **query)
    assert result["characters"] == characters


@pytest.mark.parametrize("query", [{"models": ["c"]}, {"user_ids": ["user_1"]}, {"api_key_ids": ["key_9"]}])
def test_a_filter_that_nothing_passes_leaves_an_empty_bucket(query: dict[str, Any]) -> None:
    assert UsageFunction(*MIXED).results(SPEECHES, start_time=MIDNIGHT, **query) == []


def test_costs_of_a_line_item_are_those_of_exactly_that_name() -> None:
    (result,) = UsageFunction(*MIXED).results(COSTS, start_time=MIDNIGHT, line_items=["a, speech", "b"])
    assert result["amount"]["value"] == 0.0003


# ---------------------------------------------------------------- buckets
def edges(buckets: list[dict[str, Any]]) -> list[int]:
    return [bucket["start_time"] for bucket in buckets] + [buckets[-1]["end_time"]]


def test_the_first_bucket_begins_at_start_time_the_others_at_utc_midnight_the_last_ends_now() -> None:
    start = MIDNIGHT - 2 * DAY + 5 * HOUR + 7
    assert edges(UsageFunction().buckets(SPEECHES, start_time=start)) == [start, MIDNIGHT - DAY, MIDNIGHT, NOW + 1]


@pytest.mark.parametrize(("width", "seconds"), [("1m", MINUTE), ("1h", HOUR), ("1d", DAY)])
def test_buckets_of_each_width_begin_at_whole_multiples_of_it(width: str, seconds: int) -> None:
    start = MIDNIGHT - 3 * seconds + 11
    found = edges(UsageFunction().buckets(SPEECHES, start_time=start, end_time=MIDNIGHT + 9, bucket_width=width))
    assert found == [start, *(MIDNIGHT + step * seconds for step in (-2, -1, 0)), MIDNIGHT + 9]


def test_cost_buckets_are_whole_utc_days() -> None:
    found = edges(UsageFunction().buckets(COSTS, start_time=MIDNIGHT - 1, end_time=MIDNIGHT + 1))
    assert found == [MIDNIGHT - DAY, MIDNIGHT, MIDNIGHT + DAY]
    assert edges(UsageFunction().buckets(COSTS, start_time=MIDNIGHT, end_time=MIDNIGHT + DAY)) == [
        MIDNIGHT,
        MIDNIGHT + DAY,
    ]


def test_start_is_inside_and_end_is_outside() -> None:
    usage = UsageFunction(row(MIDNIGHT - 0.001), row(MIDNIGHT), row(MIDNIGHT + 9.999), row(MIDNIGHT + 10))
    (result,) = usage.results(SPEECHES, start_time=MIDNIGHT, end_time=MIDNIGHT + 10)
    assert result["num_model_requests"] == 2


def test_usage_of_the_current_second_is_included() -> None:
    (result,) = UsageFunction(row(NOW + 0.25), now=NOW + 0.3).results(SPEECHES, start_time=NOW)
    assert result["num_model_requests"] == 1


def test_empty_buckets_are_listed() -> None:
    found = UsageFunction(row(MIDNIGHT - DAY)).buckets(SPEECHES, start_time=MIDNIGHT - 2 * DAY)
    assert [len(bucket["results"]) for bucket in found] == [0, 1, 0]


# ---------------------------------------------------------------- pages
@pytest.mark.parametrize(
    ("path", "query", "default", "most"),
    [
        (SPEECHES, {}, 7, 31),
        (SPEECHES, {"bucket_width": "1d"}, 7, 31),
        (TRANSCRIPTIONS, {"bucket_width": "1h"}, 24, 168),
        (SPEECHES, {"bucket_width": "1m"}, 60, 1440),
        (COSTS, {}, 7, 180),
        (COSTS, {"bucket_width": "1d"}, 7, 180),
    ],
)
def test_the_sizes_of_pages_are_openais(path: str, query: dict[str, Any], default: int, most: int) -> None:
    usage = UsageFunction()
    assert len(usage.buckets(path, start_time=0, **query)) == default
    assert len(usage.buckets(path, start_time=0, limit=most, **query)) == most
    for limit in (0, most + 1):
        assert usage.get(path, start_time=0, limit=limit, **query).error["param"] == "limit"


def test_pages_go_on_where_the_last_one_ended() -> None:
    usage, asked = UsageFunction(), {"start_time": MIDNIGHT - 4 * DAY + 1, "limit": 2}
    first = usage.get(SPEECHES, **asked).json
    assert first["has_more"] is True
    second = usage.get(SPEECHES, **asked, page=first["next_page"]).json
    third = usage.get(SPEECHES, **asked, page=second["next_page"]).json
    assert edges(first["data"] + second["data"] + third["data"]) == [
        MIDNIGHT - 4 * DAY + 1, *(MIDNIGHT + days * DAY for days in (-3, -2, -1, 0)), NOW + 1,
    ]  # fmt: skip
    assert (third["has_more"], third["next_page"]) == (False, None)


def test_a_page_may_be_of_another_size_than_the_one_before() -> None:
    usage = UsageFunction()
    token = usage.get(SPEECHES, start_time=MIDNIGHT - 9 * DAY, limit=1).json["next_page"]
    assert len(usage.buckets(SPEECHES, start_time=MIDNIGHT - 9 * DAY, limit=5, page=token)) == 5


@pytest.mark.parametrize(
    "page",
    [
        "page", "page_", "page_====", "page_AAAA", "page_AAAAAAAAAAA=", "é", "a" * 5_000,
        page_token(MIDNIGHT - 9 * DAY),  # before start_time
        page_token(MIDNIGHT - 2 * DAY),  # start_time itself: the page that needs no token
        page_token(MIDNIGHT - DAY + HOUR),  # no edge of a bucket
        page_token(MIDNIGHT + 9 * DAY),  # beyond the end
        page_token(MIDNIGHT) + "=",
        page_token(MIDNIGHT).removeprefix("page_"),
    ],
)  # fmt: skip
def test_a_senseless_page_is_refused_by_name(page: str) -> None:
    answer = UsageFunction().get(SPEECHES, start_time=MIDNIGHT - 2 * DAY, page=page)
    assert (answer.status, answer.error["param"]) == (400, "page")


# ---------------------------------------------------------------- wrong questions
@pytest.mark.parametrize("path", REPORTS)
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "start_time"),
        ({"start_time": ""}, "start_time"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "-1"}, "start_time"),
        ({"start_time": "1.5"}, "start_time"),
        ({"start_time": "٣"}, "start_time"),
        ({"start_time": ["0", "1"]}, "start_time"),
        ({"start_time": NOW * 1000}, "start_time"),
        ({"start_time": NOW + 1}, "start_time"),
        ({"start_time": 0, "end_time": 0}, "end_time"),
        ({"start_time": NOW, "end_time": NOW - 1}, "end_time"),
        ({"start_time": 0, "end_time": NOW * 1000}, "end_time"),
        ({"start_time": 0, "bucket_width": "1w"}, "bucket_width"),
        ({"start_time": 0, "limit": "many"}, "limit"),
        ({"start_time": 0, "group_by": ["colour"]}, "group_by"),
        ({"start_time": 0, "group_by": ["project_id", ""]}, "group_by"),
        ({"start_time": 0, "project_ids": [""]}, "project_ids"),
        ({"start_time": 0, "page": ""}, "page"),
        ({"start_time": 0, "modles": ["a"]}, "modles"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(path: str, query: dict[str, Any], param: str) -> None:
    answer = UsageFunction().get(path, **query)
    assert (answer.status, answer.error["param"], answer.error["type"]) == (400, param, "invalid_request_error")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (COSTS, {"bucket_width": "1h"}),
        (COSTS, {"models": ["a"]}),
        (COSTS, {"user_ids": ["a"]}),
        (COSTS, {"group_by": ["model"]}),
        (SPEECHES, {"line_items": ["a"]}),
        (SPEECHES, {"group_by": ["line_item"]}),
    ],
)
def test_parameters_of_the_other_report_are_refused(path: str, query: dict[str, Any]) -> None:
    (name,) = query
    assert UsageFunction().get(path, start_time=0, **query).error["param"] == name
