"""All commands of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from audio_gateway.cli.app import app


def commands() -> dict[tuple[str, ...], Any]:
    """Return every command by its words."""

    def below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words, command
        else:
            for name, each in inner.items():
                yield from below((*words, name), each)

    return dict(below((), get_command(app)))


COMMANDS = commands()
