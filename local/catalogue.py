"""Which environment variables a model catalogue reads. What a catalogue means is the functions' business."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from local.settings import StackError

_PREFIX: Final = "env:"


def variables_named(path: Path) -> tuple[str, ...]:
    """The NAMEs of every `env:NAME` in the catalogue, sorted.

    Raises:
        StackError: the file cannot be read or is not TOML.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StackError(f"the catalogue {path} cannot be read: {error}; correct it and start again") from error
    names = (text.removeprefix(_PREFIX).strip() for text in _strings(document) if text.startswith(_PREFIX))
    return tuple(sorted({name for name in names if name}))


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
