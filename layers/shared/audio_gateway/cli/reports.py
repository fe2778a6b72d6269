"""`usage` and `costs`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audio_gateway.cli.gateway import Gateway
from audio_gateway.cli.moments import Period
from audio_gateway.cli.output import Column, Output, Sheet, audio_text, dollars, moment_text
from audio_gateway.cli.sums import Field, Question, Report, Sum, report

_MILLISECONDS: Final = 1_000
_COSTS_HEADINGS: Final = ("requests", "price", "provider cost", "margin")
_DATA_NAMES: Final = {Field.KEY: "key_id", Field.PROJECT: "project_id"}


@dataclass(frozen=True, slots=True)
class _Form:
    """Which sums a report tells, and what it says of one: for people by heading, and for scripts."""

    name: str
    tells: Callable[[Sum], bool]
    cells: Callable[[Sum], dict[str, str]]
    data: Callable[[Sum], dict[str, Any]]


def usage(gateway: Gateway, period: Period, question: Question, output: Output) -> None:
    """Sum up what was used.

    Requests, characters that were spoken, and audio that was transcribed (h:mm:ss.mmm), exact at this moment.
    """
    form = _Form(
        "usage",
        lambda found: found.requests > 0,  # a cost alone is no use
        lambda found: {
            "requests": f"{found.requests:,}",
            "characters": f"{found.characters:,}",
            "audio": audio_text(found.audio_ms),
        },
        lambda found: {"requests": found.requests, "characters": found.characters, "audio_ms": found.audio_ms},
    )
    _show(form, gateway, period, question, output)


def costs(gateway: Gateway, period: Period, question: Question, output: Output) -> None:
    """Sum up what it costs, in dollars.

    The price is what callers pay, the provider cost what you pay, and the margin what is left. Providers also take
    something for requests that failed, which are free to their callers and are not counted as requests.
    """

    def money(found: Sum) -> dict[str, str]:
        return {
            "price_usd": dollars(found.price_microusd),
            "provider_cost_usd": dollars(found.cost_microusd),
            "margin_usd": dollars(found.price_microusd - found.cost_microusd),
        }

    form = _Form(
        "costs",
        lambda _found: True,
        lambda found: dict(zip(_COSTS_HEADINGS, (f"{found.requests:,}", *money(found).values()), strict=True)),
        lambda found: {"requests": found.requests, **money(found)},
    )
    _show(form, gateway, period, question, output)


def _show(form: _Form, gateway: Gateway, period: Period, question: Question, output: Output) -> None:
    between_ms = period.between(gateway.now_ms)
    found = report(gateway.books, between_ms, question)
    names = gateway.key_names() if Field.KEY in found.fields else {}
    output.show(_data(form, found, names), _sheet(form, found, names, gateway.deployment.called))


def _data(form: _Form, found: Report, names: Mapping[str, str]) -> dict[str, Any]:
    """The documented object."""

    def place(values: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
        for field, value in zip(found.fields, values, strict=True):
            yield _DATA_NAMES.get(field, field.value), value
            if field is Field.KEY:
                yield "key_name", names.get(value)

    return {
        "object": form.name,
        "from": found.start_ms // _MILLISECONDS,
        "to": found.end_ms // _MILLISECONDS,
        "data": [{**dict(place(values)), **form.data(each)} for values, each in found.sums.items() if form.tells(each)],
        "total": form.data(found.total),
    }


def _sheet(form: _Form, found: Report, names: Mapping[str, str], called: str) -> Sheet:
    def place(values: tuple[str, ...]) -> Iterator[str]:
        for field, value in zip(found.fields, values, strict=True):
            yield value
            if field is Field.KEY:
                yield names.get(value, "(deleted)")

    headings = [
        name for field in found.fields for name in ((field.value, "name") if field is Field.KEY else (field.value,))
    ]
    totals = form.cells(found.total)
    columns = [Column(heading, whole=heading != "name") for heading in headings]
    columns += [Column(heading, "right", whole=True) for heading in totals]
    period = " to ".join(moment_text(ms // _MILLISECONDS) for ms in (found.start_ms, found.end_ms))
    return Sheet(
        f"{form.name.capitalize()} of {called}, {period} UTC",
        columns,
        [(*place(values), *form.cells(each).values()) for values, each in found.sums.items() if form.tells(each)],
        total=("total", *[""] * (len(headings) - 1), *totals.values()),
        empty=f"Nothing was used: {period} UTC.",
    )
