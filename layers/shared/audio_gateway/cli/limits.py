"""A key's limits, as options and as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.failures import UsageError
from audio_gateway.cli.output import time_text
from audio_gateway.cli.times import parse_time
from audio_gateway.errors import InvalidRequest
from audio_gateway.metering.limits import (
    DEFAULT_JOBS,
    DEFAULT_PENDING_BYTES,
    MAX_OPEN_HOLDS,
    PLAIN,
    Limits,
    limits_from_api,
    limits_from_stored,
    usd,
)

NONE: Final = "none"
"""Removes a limit."""

_PANEL: Final = "Limits ('none' removes a limit)"
_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True)
class LimitOptions:
    """The limits that are given. Each is a string, because it may be `none`."""

    requests_per_minute: Annotated[
        str | None, typer.Option(metavar="N", help="Requests per clock minute.", rich_help_panel=_PANEL)
    ] = None
    concurrent_requests: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help=f"Requests, jobs and waiting polls open at the same time; at most {MAX_OPEN_HOLDS}.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    concurrent_jobs: Annotated[
        str | None,
        typer.Option(metavar="N", help=f"Jobs open at the same time. Default: {DEFAULT_JOBS}.", rich_help_panel=_PANEL),
    ] = None
    characters_per_minute: Annotated[
        str | None,
        typer.Option(metavar="N", help="Characters of text to speak, per clock minute.", rich_help_panel=_PANEL),
    ] = None
    audio_seconds_per_minute: Annotated[
        str | None,
        typer.Option(metavar="N", help="Seconds of audio to transcribe, per clock minute.", rich_help_panel=_PANEL),
    ] = None
    monthly_budget: Annotated[
        str | None,
        typer.Option(
            "--monthly-budget-usd",
            metavar="USD",
            help="US dollars per UTC month, such as 25.00.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    pending_upload_bytes: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help=f"Bytes of uploads announced and not yet used. Default: {DEFAULT_PENDING_BYTES // 10**9} GB.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A model that the key may use. Repeat for more.", rich_help_panel=_PANEL),
    ] = None
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="90d, 12h, 2027-01-31 or Unix seconds.", rich_help_panel=_PANEL),
    ] = None

    @property
    def given(self) -> bool:
        """Whether any limit is given."""
        return any(getattr(self, each.name) for each in fields(self))

    def on_top_of(self, limits: Limits, now_s: int) -> Limits:
        """Return `limits` with the given ones changed.

        Raises `UsageError` for an invalid value. The message names its option.
        """
        wanted = limits.to_api()
        for option, name, value in self._values(now_s):
            wanted[name] = value
            try:
                limits_from_api({name: value})
            except InvalidRequest as error:
                raise UsageError(f"{option} {value!r} is invalid: {error.message}") from error
        return limits_from_stored(wanted)

    def _values(self, now_s: int) -> list[tuple[str, str, Any]]:
        """Return the option, the API's name and the value (None removes the limit) of each given limit."""
        found: list[tuple[str, str, Any]] = []
        for name in (*PLAIN, "audio_seconds_per_minute"):
            text = getattr(self, name)
            if text is not None:
                option = f"--{name.replace('_', '-')}"
                found.append((option, name, _whole(option, text)))
        if self.monthly_budget is not None:
            budget = None if self.monthly_budget == NONE else self.monthly_budget.removeprefix("$")
            found.append(("--monthly-budget-usd", "monthly_budget_usd", budget))
        if self.model:
            found.append(("--model", "models", None if list(self.model) == [NONE] else list(self.model)))
        if self.expires is not None:
            found.append(("--expires", "expires_at", _expiry(self.expires, now_s)))
        return found


def limits_text(limits: Limits) -> str:
    """Format limits in one line."""
    audio_s = None if limits.audio_ms_per_minute is None else limits.audio_ms_per_minute // 1000
    numbers = (
        (limits.requests_per_minute, "requests/min"),
        (limits.concurrent_requests, "concurrent"),
        (limits.concurrent_jobs, "concurrent jobs"),
        (limits.characters_per_minute, "characters/min"),
        (audio_s, "s of audio/min"),
        (limits.pending_upload_bytes, "bytes of pending uploads"),
    )
    words = [f"{value:,} {unit}" for value, unit in numbers if value is not None]
    if limits.monthly_budget_microusd is not None:
        words.append(f"${usd(limits.monthly_budget_microusd)}/month")
    if limits.models is not None:
        words.append("only " + ", ".join(limits.models))
    if limits.expires_at is not None:
        words.append(f"until {time_text(limits.expires_at)}")
    return "; ".join(words) or "none"


def _whole(option: str, text: str) -> int | None:
    if text == NONE:
        return None
    if not _WHOLE.fullmatch(text):
        raise UsageError(f"{option} {text[:60]!r} is not a whole number. 'none' removes the limit.")
    return int(text)


def _expiry(text: str, now_s: int) -> int | None:
    if text == NONE:
        return None
    expires_at = parse_time("--expires", text, now_s, ahead=True)
    if expires_at <= now_s:
        raise UsageError(
            f"--expires {text!r} is in the past ({time_text(expires_at)} UTC). `keys disable` stops a key."
        )
    return expires_at
