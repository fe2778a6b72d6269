"""`models` and `voices`: list what a gateway offers to its callers."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.api_options import ApiOptions
from audio_gateway.cli.catalog import price_text
from audio_gateway.cli.output import Column, Output, TableView

_ANY: Final = "any"
_MOST_NAMED: Final = 8


def models(api: ApiOptions, output: Output) -> None:
    """List the gateway's models with endpoints and prices."""
    found = api.get("/models", {"type": "audio"})
    sheet = TableView(
        f"Models of {api.address()[0]}",
        [Column("model", no_wrap=True), *map(Column, ("endpoints", "price", "languages", "provider"))],
        [_model_cells(model) for model in found["data"]],
        empty="There are no models.",
    )
    output.show(found, sheet)


def voices(
    api: ApiOptions,
    output: Output,
    *,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Only this model.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only this language, such as en.")] = None,
) -> None:
    """List the voices that `speak --voice` and the API accept."""
    found = api.get("/audio/voices", {} if model is None else {"model": model})
    data = [voice for voice in found["data"] if language is None or _speaks(voice, language)]
    sheet = TableView(
        f"Voices of {model or api.address()[0]}",
        [Column("voice", no_wrap=True), *map(Column, ("language", "gender", "name"))],
        [[voice["id"], voice["language"] or _ANY, voice["gender"] or "", voice["name"]] for voice in data],
        empty="There are no voices.",
    )
    output.show(found | {"data": data}, sheet)


def _model_cells(model: dict[str, Any]) -> list[str]:
    name = model["id"] if model.get("alias_of") is None else f"{model['id']} (alias of {model['alias_of']})"
    return [name, ", ".join(model["endpoints"]), price_text(model["price"]), _languages(model), model["owned_by"]]


def _languages(model: dict[str, Any]) -> str:
    """Name the languages of a model, or count them if they would fill the screen."""
    known: list[str] = model["languages"] or [_ANY]
    return f"{len(known)} languages" if len(known) > _MOST_NAMED else ", ".join(known)


def _speaks(voice: dict[str, Any], language: str) -> bool:
    """Whether a voice speaks a language. en also matches en-us."""
    known = (voice["language"] or "").lower()
    return known == language.lower() or known.startswith(f"{language.lower()}-")
