"""`env`: the variables of the local stack, for a shell."""

from __future__ import annotations

import shlex
from typing import Final

import typer

from audio_gateway.cli.gateway import local_stack, no_stack_file

_VARIABLES: Final = {"OPENAI_BASE_URL": "base_url", "OPENAI_API_KEY": "api_key", "OPENAI_ADMIN_KEY": "admin_key"}


def env() -> None:
    """Print what a shell needs to call the local stack: `eval "$(audio-gateway env)"`.

    OpenAI's SDKs read these variables, and so do the examples of the documentation.
    """
    found = local_stack()
    try:
        values = {name: str(found[field]) for name, field in _VARIABLES.items()}
    except KeyError as error:
        raise no_stack_file() from error
    for name, value in values.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
