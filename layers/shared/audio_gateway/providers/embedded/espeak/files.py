"""The files of eSpeak NG in its layer. Reading them does not load the library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from audio_gateway.errors import ConfigurationError

_GENDER: Final = re.compile(r"^gender +(female|male)", re.MULTILINE)  # in the file of a voice variant


@dataclass(frozen=True, slots=True)
class EspeakFiles:
    """The library and the folder with its data."""

    library: Path
    data: Path

    def variants(self) -> tuple[str, ...]:
        """The names of the voice variants (`f2`, `croak`). The library ignores an unknown variant."""
        return tuple(file.name for file in self._variants.iterdir())

    def gender_of(self, variant: str) -> str:
        """The gender that a voice variant declares, `female` or `male`."""
        declared = _GENDER.search((self._variants / variant).read_text(encoding="utf-8", errors="replace"))
        return declared[1] if declared else "male"  # the library's default

    @property
    def _variants(self) -> Path:
        return self.data / "voices" / "!v"


@cache
def espeak_files() -> EspeakFiles:
    """The installed files. Raises `ConfigurationError` if the function has no layer with eSpeak NG."""
    try:
        import espeakng_loader
    except ImportError as missing:
        raise ConfigurationError("The model espeak-ng needs the layer 'espeak_ng', which is not installed") from missing
    return EspeakFiles(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path()))
