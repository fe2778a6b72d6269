"""The neural network: phonemes in, frames out."""

from __future__ import annotations

import json
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from audio_gateway.errors import ConfigurationError
from audio_gateway.inference import inference_session
from audio_gateway.providers.embedded.hibari.frames import Frames

_OUTPUTS: Final = ("lh", "theta", "lr", "phi", "f0")
_EDGE: Final = 0  # the phoneme around each utterance
_LOADING: Final = threading.Lock()


class AcousticModel:
    """The network in the folder `assets` of the package. Thread-safe."""

    def __init__(self, assets: Path) -> None:
        self._session = inference_session(assets / "hibari.onnx")
        self._ids: dict[str, int] = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))

    def frames(self, phonemes: str) -> Frames:
        """Speech in the model's own voice, with silence around it. Unknown phonemes are left out.

        The time and the memory that it takes grow with the number of phonemes; the caller limits it.
        """
        ids = [_EDGE, *(self._ids[phoneme] for phoneme in phonemes if phoneme in self._ids), _EDGE]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.ones(1, np.float32)}
        harmonic, phase, residual, residual_phase, f0 = (output[0] for output in self._session.run(_OUTPUTS, inputs))
        return Frames(harmonic, phase, residual, residual_phase, f0)


def acoustic_model() -> AcousticModel:
    """The model of this process, loaded by the first call. Raises `ConfigurationError` if no layer has it."""
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> AcousticModel:
    return AcousticModel(assets_folder())


def assets_folder() -> Path:
    """The package's files: the network and the dictionaries. Raises `ConfigurationError` if no layer has them."""
    return Path(package("hibari").__file__).parent / "assets"


def package(name: str) -> Any:
    """A module of the package `hibari`. Raises `ConfigurationError` if no layer has it."""
    try:
        return import_module(name)
    except ImportError as missing:
        raise ConfigurationError("The model hibari needs the layers 'hibari' and 'inference'") from missing
