"""Times as people write them on a command line. All are in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from audio_gateway.cli.failures import WrongUse

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"([0-9]{1,6})([mhd])", re.ASCII)
_UNIX: Final = re.compile(r"[0-9]{9,11}", re.ASCII)
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_FORMATS: Final = ("%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_LAST_YEAR: Final = 9998  # the month after it is still one that calendars know
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True)
class Period:
    """The options that say from when to when. The default is the running month up to now."""

    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="2026-11, 2026-11-21, 2026-11-21T10:30, unix seconds, or 7d, 12h, 30m ago. Default: this month.",
        ),
    ] = None
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="The first moment that does not count; as --from. Default: now."),
    ] = None

    def between(self, now_ms: int) -> tuple[int, int]:
        """Start and end in unix milliseconds, the end not in the future; raises `WrongUse`."""
        now_s = now_ms // _MILLISECONDS
        upto_s = now_s + 1  # what was used just now is in it
        start_s = month_start(now_s) if self.start is None else moment("--from", self.start, now_s, ahead=False)
        end_s = upto_s if self.end is None else moment("--to", self.end, now_s, ahead=False)
        end_s = min(end_s, upto_s)
        if start_s >= end_s:
            raise WrongUse("--from must be before --to, and not in the future. Times are in UTC.")
        return start_s * _MILLISECONDS, end_s * _MILLISECONDS


def moment(option: str, text: str, now_s: int, *, ahead: bool) -> int:
    """The unix second that a text stands for; a span such as 7d is counted from now, `ahead` or back.

    Raises:
        WrongUse: it is no time.
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
    raise WrongUse(
        f"{option} {text[:60]!r} is no time: write 2026-11, 2026-11-21, 2026-11-21T10:30 (UTC), unix seconds, or a "
        "span such as 7d, 12h or 30m."
    )


def month_start(at_s: int) -> int:
    """The first second of the UTC month that a moment lies in."""
    start = datetime.fromtimestamp(at_s, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp())


def month_between(text: str, now_s: int) -> tuple[int, int]:
    """Start and end of a UTC month as 2026-11, in unix seconds.

    Raises:
        WrongUse: it is no month, or has not begun.
    """
    try:
        start = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC) if _MONTH.fullmatch(text) else None
    except ValueError:
        start = None
    if start is None or start.year > _LAST_YEAR:
        raise WrongUse(f"{text[:60]!r} is no month: write one as 2026-11.")
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    if start.timestamp() > now_s:
        raise WrongUse(f"The month {text} has not begun: it is {datetime.fromtimestamp(now_s, UTC):%Y-%m} (UTC).")
    return int(start.timestamp()), int(end.timestamp())
