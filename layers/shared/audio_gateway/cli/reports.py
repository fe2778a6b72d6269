"""`usage` and `costs`: reports over a period."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.output import Column, Output, TableView, audio_text, dollars, time_text
from audio_gateway.cli.times import Period
from audio_gateway.cli.usage_report import GroupBy, ReportOptions, UsageReport, UsageSum, build_report

_MILLISECONDS: Final = 1_000
_COSTS_HEADINGS: Final = ("requests", "price", "provider cost", "margin")
_DATA_NAMES: Final = {GroupBy.KEY: "key_id", GroupBy.PROJECT: "project_id"}


@dataclass(frozen=True, slots=True)
class _ReportLayout:
    """The rows that a report includes, and how it formats each one: as table cells by heading, and as JSON."""

    name: str
    includes: Callable[[UsageSum], bool]
    cells: Callable[[UsageSum], dict[str, str]]
    data: Callable[[UsageSum], dict[str, Any]]


def usage(gateway: Gateway, period: Period, options: ReportOptions, output: Output) -> None:
    """Report usage: requests, characters spoken and audio transcribed (h:mm:ss.mmm).

    The figures are exact and up to date.
    """
    layout = _ReportLayout(
        "usage",
        lambda found: found.requests > 0,  # a provider cost without a request is not usage
        lambda found: {
            "requests": f"{found.requests:,}",
            "characters": f"{found.characters:,}",
            "audio": audio_text(found.audio_ms),
        },
        lambda found: {"requests": found.requests, "characters": found.characters, "audio_ms": found.audio_ms},
    )
    _show(layout, gateway, period, options, output)


def costs(gateway: Gateway, period: Period, options: ReportOptions, output: Output) -> None:
    """Report price, provider cost and margin, in US dollars.

    Callers pay the price, you pay the provider cost, and the margin is the difference. The provider cost includes
    failed requests, which are free to the caller and not counted as requests.
    """

    def money(found: UsageSum) -> dict[str, str]:
        return {
            "price_usd": dollars(found.price_microusd),
            "provider_cost_usd": dollars(found.cost_microusd),
            "margin_usd": dollars(found.price_microusd - found.cost_microusd),
        }

    layout = _ReportLayout(
        "costs",
        lambda _found: True,
        lambda found: dict(zip(_COSTS_HEADINGS, (f"{found.requests:,}", *money(found).values()), strict=True)),
        lambda found: {"requests": found.requests, **money(found)},
    )
    _show(layout, gateway, period, options, output)


def _show(layout: _ReportLayout, gateway: Gateway, period: Period, options: ReportOptions, output: Output) -> None:
    between_ms = period.between(gateway.now_ms)
    found = build_report(gateway.usage_reports, between_ms, options)
    names = gateway.key_names() if GroupBy.KEY in found.fields else {}
    output.show(_data(layout, found, names), _sheet(layout, found, names, gateway.target.label))


def _data(layout: _ReportLayout, found: UsageReport, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the documented JSON object."""

    def place(values: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
        for field, value in zip(found.fields, values, strict=True):
            yield _DATA_NAMES.get(field, field.value), value
            if field is GroupBy.KEY:
                yield "key_name", names.get(value)

    return {
        "object": layout.name,
        "from": found.start_ms // _MILLISECONDS,
        "to": found.end_ms // _MILLISECONDS,
        "data": [
            {**dict(place(values)), **layout.data(each)} for values, each in found.sums.items() if layout.includes(each)
        ],
        "total": layout.data(found.total),
    }


def _sheet(layout: _ReportLayout, found: UsageReport, names: Mapping[str, str], called: str) -> TableView:
    def place(values: tuple[str, ...]) -> Iterator[str]:
        for field, value in zip(found.fields, values, strict=True):
            yield value
            if field is GroupBy.KEY:
                yield names.get(value, "(deleted)")

    headings = [
        name for field in found.fields for name in ((field.value, "name") if field is GroupBy.KEY else (field.value,))
    ]
    totals = layout.cells(found.total)
    columns = [Column(heading, no_wrap=heading != "name") for heading in headings]
    columns += [Column(heading, "right", no_wrap=True) for heading in totals]
    period = " to ".join(time_text(ms // _MILLISECONDS) for ms in (found.start_ms, found.end_ms))
    return TableView(
        f"{layout.name.capitalize()} of {called}, {period} UTC",
        columns,
        [
            (*place(values), *layout.cells(each).values())
            for values, each in found.sums.items()
            if layout.includes(each)
        ],
        total=("total", *[""] * (len(headings) - 1), *totals.values()),
        empty=f"There is no usage: {period} UTC.",
    )
