"""Names of keys and projects, by the rules of the admin API."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from audio_gateway.cli.failures import WrongUse

Name = Annotated[str, typer.Option("--name", help="What people will know it by.")]

_MAX_NAME: Final = 200


def checked(name: str) -> str:
    """The name; raises `WrongUse` if it is not one line of characters that can be seen."""
    if not name or len(name) > _MAX_NAME or not name.isprintable() or name.isspace():
        raise WrongUse(f"--name must be one line of 1 to {_MAX_NAME} characters that can be seen.")
    return name
