"""`catalog check`: validates a catalogue before it is deployed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from audio_gateway.catalog.load import load_catalog
from audio_gateway.catalog.models import Model
from audio_gateway.catalog.prices import caller_prices
from audio_gateway.cli.command import command
from audio_gateway.cli.gateway import CHECKOUT, Gateway
from audio_gateway.cli.output import Column, Output, TableView, note
from audio_gateway.errors import ConfigurationError
from audio_gateway.providers.secrets import Secrets

catalog = typer.Typer(help="The model catalogue.", no_args_is_help=True)

_UNITS: Final = {"usd_per_million_characters": "per 1M characters", "usd_per_minute": "per minute"}

File = Annotated[
    Path | None,
    typer.Argument(metavar="[PATH]", help="Default: AUDIO_GATEWAY_CATALOG, or else the shipped catalogue."),
]


def catalogue_path() -> Path:
    """Return the catalogue that the next deployment, or `make run`, uses."""
    return Path(os.environ.get("AUDIO_GATEWAY_CATALOG") or CHECKOUT / "layers" / "shared" / "catalog.toml")


@dataclass(frozen=True)
class AwsOptions:
    """Options for reading the providers' keys."""

    online: Annotated[
        bool, typer.Option("--online", help="Also read the providers' keys in AWS, with your own credentials.")
    ] = False
    region: Annotated[str | None, typer.Option(help="AWS region. Default: that of your AWS configuration.")] = None
    profile: Annotated[str | None, typer.Option(help="AWS profile. Default: that of your AWS configuration.")] = None


@command(catalog, "check")
def check(aws: AwsOptions, output: Output, *, path: File = None) -> None:
    """Check a catalogue before it is deployed.

    Applies the same rules as the functions at start and lists every mistake. The exit code is 1 if there is one. Also
    warns about provider keys that cannot be read; with --online, such a key counts as a mistake.
    """
    path = path or catalogue_path()
    try:
        models = list(load_catalog(path).models.values())
    except ConfigurationError as error:
        if not output.as_json:
            raise
        output.data(_answer(path, [], [*(error.problems or (error.message,))], []))
        raise typer.Exit(1) from error
    unreadable = list(_unreadable_keys(models, aws))
    sheet = TableView(
        f"{path} is valid: {len(models)} model{'s' if len(models) > 1 else ''}",
        [*map(Column, ("model", "aliases", "provider", "endpoints", "price to callers", "fallbacks"))],
        [_row(model) for model in models],
    )
    output.show(_answer(path, [_data(model) for model in models], [], unreadable), sheet)
    for key in unreadable:
        note(f"warning: {', '.join(key['models'])} cannot be served by '{key['provider']}': {key['problem']}")
    if unreadable and aws.online:
        raise typer.Exit(1)


def _answer(
    path: Path, models: list[dict[str, Any]], problems: list[str], unreadable: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the documented JSON object."""
    return {
        "object": "catalog",
        "path": str(path),
        "valid": not problems,
        "models": models,
        "mistakes": problems,
        "unreadable_keys": unreadable,
    }


def _unreadable_keys(models: Sequence[Model], aws: AwsOptions) -> Iterator[dict[str, Any]]:
    """Yield the keys that cannot be read here: those in the environment and, with --online, those in AWS."""
    secrets = Secrets(client=Gateway(region=aws.region, profile=aws.profile).client)
    for provider in {model.provider.id: model.provider for model in models}.values():
        if provider.api_key is None or not (aws.online or provider.api_key.startswith("env:")):
            continue
        try:
            secrets(provider.api_key)
        except ConfigurationError as error:
            served = [model.id for model in models if model.provider.id == provider.id]
            problem = f"{error.message}. {_remedy(provider.api_key)}"
            yield {"provider": provider.id, "models": served, "problem": problem}


def _remedy(reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == "env":
        return f"For `make run`: export {name}=…. For a deployed gateway, store the key in AWS."
    return (
        "Store the key there (docs/deployment.md), or correct its name. The functions need the right to read it, too."
    )


def _data(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "aliases": list(model.aliases),
        "provider": model.provider.id,
        "endpoints": sorted(model.endpoints),
        "price": caller_prices(model),
        "markup_percent": model.markup_percent,
        "fallbacks": list(model.fallbacks),
    }


def _row(model: Model) -> tuple[str, ...]:
    endpoints, prices = ", ".join(sorted(model.endpoints)), price_text(caller_prices(model))
    return model.id, ", ".join(model.aliases), model.provider.id, endpoints, prices, ", ".join(model.fallbacks)


def price_text(prices: Mapping[str, str]) -> str:
    """Format what callers pay."""
    return ", ".join(f"${usd} {_UNITS[unit]}" for unit, usd in prices.items())
