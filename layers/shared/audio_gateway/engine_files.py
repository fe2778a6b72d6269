"""Finds the files of the embedded engines' models in the layers that the function has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from audio_gateway.errors import ConfigurationError

_FOLDER: Final = "engine_models"


def engine_file(engine: str, name: str) -> Path:
    """The file `name` of an engine's model (`layers/engines/*/files.toml`).

    Raises:
        ConfigurationError: no layer of the function has it.
    """
    for folder in sys.path:
        file = Path(folder, _FOLDER, engine, name)
        if file.is_file():
            return file
    raise ConfigurationError(f"The file {name} of the engine {engine} is in no layer of this function")
