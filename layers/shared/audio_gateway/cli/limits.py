"""A key's limits as options, and as a person reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.failures import WrongUse
from audio_gateway.cli.moments import moment
from audio_gateway.cli.output import moment_text
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
"""Takes a limit away."""

_PANEL: Final = "Limits ('none' takes one away)"
_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True)
class LimitOptions:
    """Those limits that are given. All are texts, because each of them may be `none`."""

    requests_per_minute: Annotated[
        str | None, typer.Option(metavar="N", help="Requests in a clock minute.", rich_help_panel=_PANEL)
    ] = None
    concurrent_requests: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help=f"Requests and jobs open at once, and polls that wait; {MAX_OPEN_HOLDS} at most.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    concurrent_jobs: Annotated[
        str | None,
        typer.Option(
            metavar="N", help=f"Jobs open at once; {DEFAULT_JOBS} without this limit.", rich_help_panel=_PANEL
        ),
    ] = None
    characters_per_minute: Annotated[
        str | None, typer.Option(metavar="N", help="Of text to be spoken.", rich_help_panel=_PANEL)
    ] = None
    audio_seconds_per_minute: Annotated[
        str | None, typer.Option(metavar="N", help="Of audio to be transcribed.", rich_help_panel=_PANEL)
    ] = None
    monthly_budget: Annotated[
        str | None,
        typer.Option(
            "--monthly-budget-usd", metavar="USD", help="Dollars in a UTC month, such as 25.00.", rich_help_panel=_PANEL
        ),
    ] = None
    pending_upload_bytes: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help=f"Of uploads announced and not used; {DEFAULT_PENDING_BYTES // 10**9} GB without this limit.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A model that it may use; again for each.", rich_help_panel=_PANEL),
    ] = None
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="90d, 12h, 2027-01-31, or unix seconds.", rich_help_panel=_PANEL),
    ] = None

    @property
    def given(self) -> bool:
        """Whether any is."""
        return any(getattr(self, each.name) for each in fields(self))

    def on_top_of(self, limits: Limits, now_s: int) -> Limits:
        """These limits with those that are given changed.

        Raises:
            WrongUse: a value makes no sense; the message names its option.
        """
        wanted = limits.to_api()
        for option, name, value in self._values(now_s):
            wanted[name] = value
            try:
                limits_from_api({name: value})
            except InvalidRequest as error:
                raise WrongUse(f"{option} {value!r} makes no sense: {error.message}") from error
        return limits_from_stored(wanted)

    def _values(self, now_s: int) -> list[tuple[str, str, Any]]:
        """Option, name in the API, and value (None takes the limit away) of those that are given."""
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
    """Limits in a few words."""
    audio_s = None if limits.audio_ms_per_minute is None else limits.audio_ms_per_minute // 1000
    numbers = (
        (limits.requests_per_minute, "requests/min"),
        (limits.concurrent_requests, "at once"),
        (limits.concurrent_jobs, "jobs at once"),
        (limits.characters_per_minute, "characters/min"),
        (audio_s, "s of audio/min"),
        (limits.pending_upload_bytes, "bytes of uploads pending"),
    )
    words = [f"{value:,} {unit}" for value, unit in numbers if value is not None]
    if limits.monthly_budget_microusd is not None:
        words.append(f"${usd(limits.monthly_budget_microusd)}/month")
    if limits.models is not None:
        words.append("only " + ", ".join(limits.models))
    if limits.expires_at is not None:
        words.append(f"until {moment_text(limits.expires_at)}")
    return "; ".join(words) or "none"


def _whole(option: str, text: str) -> int | None:
    if text == NONE:
        return None
    if not _WHOLE.fullmatch(text):
        raise WrongUse(f"{option} {text[:60]!r} is no whole number; 'none' takes the limit away.")
    return int(text)


def _expiry(text: str, now_s: int) -> int | None:
    if text == NONE:
        return None
    expires_at = moment("--expires", text, now_s, ahead=True)
    if expires_at <= now_s:
        raise WrongUse(
            f"--expires {text!r} is in the past ({moment_text(expires_at)} UTC). `keys disable` stops a key."
        )
    return expires_at
