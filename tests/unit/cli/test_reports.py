"""`usage` and `costs`: sums, periods, groups and filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audio_gateway.identity.directory import Directory
from tests.fakes.reports import row
from tests.unit.cli.operator import Operator
from tests.unit.cli.shapes import DOCUMENTED, assert_documented
from tests.unit.metering.tables import TABLE

PERIOD = ("--from", "2024-03-05T22", "--to", "2024-03-06T02")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def reports(operator: Operator) -> Operator:
    """Two days, two keys, two projects, two models."""
    operator.charge(
        row(at("2024-03-05T21:59:59.999"), amount=1_000_000),  # before the period
        row(at("2024-03-05T22:00:00"), amount=10, price_microusd=150, cost_microusd=100),
        row(at("2024-03-05T22:30:00"), amount=5, price_microusd=75, cost_microusd=50, key_id="key_2", project_id="p2"),
        row(at("2024-03-05T23:00:00"), amount=7, price_microusd=0, cost_microusd=0, outcome="abandoned"),
        row(at("2024-03-05T23:00:01"), amount=0, price_microusd=0, cost_microusd=4, outcome="failed", model="spare"),
        row(
            at("2024-03-06T00:10:00"), endpoint="transcriptions", model="listener", amount=61_500,
            price_microusd=6_150, cost_microusd=6_151,
        ),
        row(at("2024-03-06T02:00:00"), amount=1_000_000),  # after it
    )  # fmt: skip
    return operator


def test_usage_is_summed_by_day(reports: Operator) -> None:
    data = reports.json("usage", *PERIOD)
    assert_documented(data)
    assert (data["from"], data["to"]) == (at("2024-03-05T22:00"), at("2024-03-06T02:00"))
    assert data["data"] == [
        {"day": "2024-03-05", "requests": 2, "characters": 15, "audio_ms": 0},
        {"day": "2024-03-06", "requests": 1, "characters": 0, "audio_ms": 61_500},
    ]
    assert data["total"] == {"requests": 3, "characters": 15, "audio_ms": 61_500}


def test_costs_are_summed_exactly_and_a_margin_may_be_negative(reports: Operator) -> None:
    data = reports.json("costs", *PERIOD)
    assert_documented(data)
    assert data["data"] == [
        {
            "day": "2024-03-05", "requests": 2,
            "price_usd": "0.000225", "provider_cost_usd": "0.000154", "margin_usd": "0.000071",
        },
        {
            "day": "2024-03-06", "requests": 1,
            "price_usd": "0.006150", "provider_cost_usd": "0.006151", "margin_usd": "-0.000001",
        },
    ]  # fmt: skip
    assert data["total"] == {
        "requests": 3, "price_usd": "0.006375", "provider_cost_usd": "0.006305", "margin_usd": "0.000070",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        (("hour",), [{"hour": "2024-03-05T22:00"}, {"hour": "2024-03-06T00:00"}]),
        (("model",), [{"model": "listener"}, {"model": "talker"}]),
        (("endpoint",), [{"endpoint": "speech"}, {"endpoint": "transcriptions"}]),
        (("project",), [{"project_id": "default"}, {"project_id": "p2"}]),
        (
            ("project", "day"),
            [
                {"project_id": "default", "day": "2024-03-05"},
                {"project_id": "default", "day": "2024-03-06"},
                {"project_id": "p2", "day": "2024-03-05"},
            ],
        ),
        (("key",), [{"key_id": "key_1", "key_name": None}, {"key_id": "key_2", "key_name": None}]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_report_can_be_grouped(reports: Operator, fields: tuple[str, ...], places: list[Any]) -> None:
    by = [part for field in fields for part in ("--by", field)]
    data = reports.json("usage", *PERIOD, *by)
    numbers = {"requests", "characters", "audio_ms"}
    assert [{name: value for name, value in each.items() if name not in numbers} for each in data["data"]] == places
    assert sum(each["requests"] for each in data["data"]) == 3
    table = reports("costs", *PERIOD, *by).stdout
    assert all(str(value) in table for place in places for value in place.values() if value is not None)
    assert "0.006375" in table


def test_the_documented_example_is_grouped_by_day_and_key(reports: Operator) -> None:
    data = reports.json("usage", *PERIOD, "--by", "day", "--by", "key")
    assert data["data"][0].keys() == DOCUMENTED["usage"]["data"][0].keys()


@pytest.mark.parametrize(
    ("filters", "requests"),
    [
        (("--key", "key_1"), 2),
        (("--project", "p2"), 1),
        (("--model", "talker"), 2),
        (("--model", "talker", "--project", "default"), 1),
        (("--key", "key_none"), 0),
    ],
    ids=str,
)
def test_a_report_can_be_filtered(reports: Operator, filters: tuple[str, ...], requests: int) -> None:
    assert reports.json("usage", *PERIOD, *filters)["total"]["requests"] == requests


def test_a_table_names_period_keys_and_total(reports: Operator) -> None:
    # Reports start with the first project: there can be no earlier usage.
    key = Directory(reports.client, TABLE, lambda: at("2024-03-05")).api_keys.create(name="ACME production")
    reports.charge(row(at("2024-03-05T22:00:01"), key_id=key.record.id, amount=12_345))
    lines = reports("usage", *PERIOD, "--by", "key").stdout.splitlines()
    assert lines[0].endswith("2024-03-05 22:00:00 to 2024-03-06 02:00:00 UTC")
    (mine,) = (line for line in lines if key.record.id in line)
    assert mine.split(key.record.id)[1].split() == ["ACME", "production", "1", "12,345", "0:00:00.000"]
    (gone,) = (line for line in lines if "key_1" in line)
    assert "(deleted)" in gone
    (total,) = (line for line in lines if "total" in line)
    assert total.split() == ["total", "4", "12,360", "0:01:01.500"]


def test_without_usage_nothing_is_written_to_stdout(operator: Operator) -> None:
    result = operator("usage", *PERIOD)
    assert result.stdout == ""
    assert "There is no usage: 2024-03-05 22:00:00 to 2024-03-06 02:00:00 UTC" in result.stderr
    assert operator.json("usage", *PERIOD)["data"] == []


def test_the_default_period_includes_the_current_second(operator: Operator) -> None:
    key = operator.key()
    now = datetime.now(UTC).timestamp()
    operator.charge(row(now, key_id=key.record.id))
    assert operator.json("usage", "--from", "1h")["total"]["requests"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("--from", "yesterday"),
        ("--to", "2024-13"),
        ("--from", "2024-03", "--to", "2024-03"),
        ("--from", "2024-03-02", "--to", "2024-03-01"),
        ("--from", "9000-01"),
    ],
    ids=str,
)
def test_an_invalid_period_is_refused(mistaken: Callable[..., str], wrong: tuple[str, ...]) -> None:
    assert wrong[0] in mistaken("usage", *wrong)


def test_an_unknown_field_is_a_usage_error(mistaken: Callable[..., str]) -> None:
    assert "month" in mistaken("usage", "--by", "month")
