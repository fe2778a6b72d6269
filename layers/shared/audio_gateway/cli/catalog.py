"""`catalog check`: whether a catalogue would be accepted, before it is deployed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Model
from audio_gateway.catalog.prices import caller_prices
from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import CHECKOUT
from audio_gateway.cli.output import Column, Output, Sheet
from audio_gateway.errors import ConfigurationError

catalog = typer.Typer(help="The catalogue of models.", no_args_is_help=True)

_UNITS: Final = {"usd_per_million_characters": "per 1M characters", "usd_per_minute": "per minute"}

File = Annotated[
    Path | None,
    typer.Argument(metavar="[PATH]", help="Default: AUDIO_GATEWAY_CATALOG, or else the catalogue that is deployed."),
]


def catalogue_path() -> Path:
    """The catalogue that the next deployment, or `make run`, would have."""
    return Path(os.environ.get("AUDIO_GATEWAY_CATALOG") or CHECKOUT / "layers" / "shared" / "catalog.toml")


@command(catalog, "check")
def check(output: Output, *, path: File = None) -> None:
    """Check a catalogue before it is deployed.

    As the functions do when they start: all mistakes are named at once, and the exit code is 1 if there are any.
    """
    path = path or catalogue_path()
    try:
        models = list(load_catalog(path).models.values())
    except ConfigurationError as error:
        if not output.as_json:
            raise
        output.data(_answer(path, [], [*(error.mistakes or (error.message,))]))
        raise typer.Exit(1) from error
    sheet = Sheet(
        f"{path} is right: {len(models)} model{'s' if len(models) > 1 else ''}",
        [*map(Column, ("model", "provider", "endpoints", "price to callers", "fallbacks"))],
        [_cells(model) for model in models],
    )
    output.show(_answer(path, [_data(model) for model in models], []), sheet)


def _answer(path: Path, models: list[dict[str, Any]], mistakes: list[str]) -> dict[str, Any]:
    """The documented object."""
    return {"object": "catalog", "path": str(path), "valid": not mistakes, "models": models, "mistakes": mistakes}


def _data(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "provider": model.provider.id,
        "endpoints": sorted(model.endpoints),
        "price": caller_prices(model),
        "markup_percent": model.markup_percent,
        "fallbacks": list(model.fallbacks),
    }


def _cells(model: Model) -> tuple[str, ...]:
    endpoints, prices = ", ".join(sorted(model.endpoints)), price_text(caller_prices(model))
    return model.id, model.provider.id, endpoints, prices, ", ".join(model.fallbacks)


def price_text(prices: Mapping[str, str]) -> str:
    """What callers pay, in a few words."""
    return ", ".join(f"${usd} {_UNITS[unit]}" for unit, usd in prices.items())
