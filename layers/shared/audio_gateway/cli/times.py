"""Parses times on the command line. All are in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from audio_gateway.cli.failures import UsageError

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"([0-9]{1,6})([mhd])", re.ASCII)
_UNIX: Final = re.compile(r"[0-9]{9,11}", re.ASCII)
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_FORMATS: Final = ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_LAST_YEAR: Final = 9998  # `datetime` must be able to hold the month after it
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True)
class Period:
    """The options for a period. The default is the current month up to now."""

    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="2026-11, 2026-11-21, 2026-11-21T10:30, Unix seconds, or 7d, 12h, 30m ago. Default: this month.",
        ),
    ] = None
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="End of the period, exclusive; format as --from. Default: now."),
    ] = None

    def between(self, now_ms: int) -> tuple[int, int]:
        """Return start and end in Unix milliseconds. The end is not in the future. Raises `UsageError`."""
        now_s = now_ms // _MILLISECONDS
        upto_s = now_s + 1  # includes the current second
        start_s = month_start(now_s) if self.start is None else parse_time("--from", self.start, now_s, ahead=False)
        end_s = upto_s if self.end is None else parse_time("--to", self.end, now_s, ahead=False)
        end_s = min(end_s, upto_s)
        if start_s >= end_s:
            raise UsageError("--from must be before --to, and not in the future. Times are in UTC.")
        return start_s * _MILLISECONDS, end_s * _MILLISECONDS


def parse_time(option: str, text: str, now_s: int, *, ahead: bool) -> int:
    """Parse a time into Unix seconds. A span such as 7d counts from now, forwards if `ahead`, else backwards.

    Raises `UsageError` if the text is not a time.
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        seconds = int(span[1]) * _UNITS[span[2]]
        return now_s + seconds if ahead else max(0, now_s - seconds)
    if _UNIX.fullmatch(text):
        return int(text)
    for pattern in _FORMATS:
        try:
            found = datetime.strptime(text.removesuffix("Z"), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
        if found.year <= _LAST_YEAR:
            return int(found.timestamp())
    raise UsageError(
        f"{option} {text[:60]!r} is not a time. Use 2026-11, 2026-11-21, 2026-11-21T10:30 (UTC), Unix seconds, or a "
        "span such as 7d, 12h or 30m."
    )


def month_start(at_s: int) -> int:
    """Return the first second of the UTC month that contains `at_s`."""
    start = datetime.fromtimestamp(at_s, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp())


def parse_month(text: str, now_s: int) -> tuple[int, int]:
    """Parse a UTC month such as 2026-11 into its start and end, in Unix seconds.

    Raises `UsageError` if the text is not a month, or the month has not begun.
    """
    try:
        start = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC) if _MONTH.fullmatch(text) else None
    except ValueError:
        start = None
    if start is None or start.year > _LAST_YEAR:
        raise UsageError(f"{text[:60]!r} is not a month. Use a form such as 2026-11.")
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    if start.timestamp() > now_s:
        raise UsageError(f"The month {text} has not begun: it is {datetime.fromtimestamp(now_s, UTC):%Y-%m} (UTC).")
    return int(start.timestamp()), int(end.timestamp())
