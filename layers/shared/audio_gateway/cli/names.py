"""Validates names of keys and projects by the rules of the admin API."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from audio_gateway.cli.failures import UsageError

Name = Annotated[str, typer.Option("--name", help="Display name.")]

_MAX_NAME: Final = 200


def validated_name(name: str) -> str:
    """Return the name. Raises `UsageError` if it is not one line of printable characters."""
    if not name or len(name) > _MAX_NAME or not name.isprintable() or name.isspace():
        raise UsageError(f"--name must be one line of 1 to {_MAX_NAME} printable characters.")
    return name
