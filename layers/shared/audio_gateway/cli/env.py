"""`env`: prints the variables of the local stack for a shell."""

from __future__ import annotations

import shlex
from typing import Final

import typer

from audio_gateway.cli.gateway import local_stack, no_stack_file

_VARIABLES: Final = {"OPENAI_BASE_URL": "base_url", "OPENAI_API_KEY": "api_key", "OPENAI_ADMIN_KEY": "admin_key"}


def env() -> None:
    """Print shell variables for the local stack: `eval "$(audio-gateway env)"`.

    OpenAI's SDKs and the examples in the documentation read these variables.
    """
    found = local_stack()
    try:
        values = {name: str(found[field]) for name, field in _VARIABLES.items()}
    except KeyError as error:
        raise no_stack_file() from error
    for name, value in values.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
