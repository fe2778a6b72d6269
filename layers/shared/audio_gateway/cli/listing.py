"""`models` and `voices`: what a gateway has, as its callers see it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from audio_gateway.cli.caller import Caller
from audio_gateway.cli.catalog import price_text
from audio_gateway.cli.output import Column, Output, Sheet

_ANY: Final = "any"


def models(caller: Caller, output: Output) -> None:
    """List the models of a gateway, what each of them does, and what it costs."""
    found = caller.get("/models", {"type": "audio"})
    sheet = Sheet(
        f"Models of {caller.address()[0]}",
        [Column("model", whole=True), *map(Column, ("endpoints", "price", "languages", "provider"))],
        [_model_cells(model) for model in found["data"]],
        empty="It has none.",
    )
    output.show(found, sheet)


def voices(
    caller: Caller,
    output: Output,
    *,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Only of this model.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only of this one, such as en.")] = None,
) -> None:
    """List the voices that `speak --voice` and the API take."""
    found = caller.get("/audio/voices", {} if model is None else {"model": model})
    data = [voice for voice in found["data"] if language is None or _speaks(voice, language)]
    sheet = Sheet(
        f"Voices of {model or caller.address()[0]}",
        [Column("voice", whole=True), *map(Column, ("language", "gender", "name"))],
        [[voice["id"], voice["language"] or _ANY, voice["gender"] or "", voice["name"]] for voice in data],
        empty="There is none.",
    )
    output.show(found | {"data": data}, sheet)


def _model_cells(model: dict[str, Any]) -> list[str]:
    languages = ", ".join(model["languages"]) if model["languages"] else _ANY
    return [model["id"], ", ".join(model["endpoints"]), price_text(model["price"]), languages, model["owned_by"]]


def _speaks(voice: dict[str, Any], language: str) -> bool:
    """Whether a voice is of a language; en also takes en-us."""
    known = (voice["language"] or "").lower()
    return known == language.lower() or known.startswith(f"{language.lower()}-")
