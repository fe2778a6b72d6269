"""Turns speech into embeddings of the voice: directions that are close for the same speaker, and far for others."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from audio_gateway.engine_files import engine_file
from audio_gateway.providers.embedded.diarization.mel import BANDS, mel_energies

SPAN: Final = 160
"""Frames of 10 ms that the model was trained on, and is given."""
DIMENSIONS: Final = 256

_LAYERS: Final = 3
_GATES: Final = 4 * DIMENSIONS  # input, forget, cell, output
_LOUDNESS: Final = 10 ** (-30 / 20)  # root mean square of the speech that the model was trained on
_AT_ONCE: Final = 128  # spans: 25 MB


class VoiceEncoder:
    """Resemblyzer's encoder: three layers of LSTM on mel energies, then one linear layer.

    Raises:
        ConfigurationError: no layer of the function has the weights.
    """

    def __init__(self) -> None:
        weights = np.fromfile(engine_file("speakers", "encoder.f32"), "<f4")
        shapes = [(_GATES, BANDS if layer == 0 else DIMENSIONS) for layer in range(_LAYERS)]
        sizes = [size for shape in shapes for size in (shape[0] * shape[1], _GATES * DIMENSIONS)]
        sizes += [_GATES] * 2 * _LAYERS + [DIMENSIONS * DIMENSIONS, DIMENSIONS]
        parts = np.split(weights, np.cumsum(sizes)[:-1])
        self._input = [_transposed(parts[2 * layer], shapes[layer][1]) for layer in range(_LAYERS)]
        self._hidden = [_transposed(parts[2 * layer + 1], DIMENSIONS) for layer in range(_LAYERS)]
        biases = parts[2 * _LAYERS : 4 * _LAYERS]
        self._bias = [biases[2 * layer] + biases[2 * layer + 1] for layer in range(_LAYERS)]
        self._linear, self._linear_bias = _transposed(parts[-2], DIMENSIONS), parts[-1]

    def embeddings(self, spans: Any) -> Any:
        """The embeddings, float32 `[spans, DIMENSIONS]` of length 1, of energies `[spans, SPAN, BANDS]`."""
        return np.concatenate([self._embeddings(spans[at : at + _AT_ONCE]) for at in range(0, len(spans), _AT_ONCE)])

    def _embeddings(self, spans: Any) -> Any:
        inputs = spans.transpose(1, 0, 2)
        for layer in range(_LAYERS):
            inputs = self._run(layer, inputs)
        found = np.maximum(inputs[-1] @ self._linear + self._linear_bias, 0)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    def _run(self, layer: int, inputs: Any) -> Any:
        """The outputs of one layer of LSTM, `[frames, spans, DIMENSIONS]`."""
        frames, spans, bands = inputs.shape
        driven = (inputs.reshape(-1, bands) @ self._input[layer] + self._bias[layer]).reshape(frames, spans, _GATES)
        hidden = np.zeros((spans, DIMENSIONS), np.float32)
        cell = np.zeros_like(hidden)
        outputs = np.empty((frames, spans, DIMENSIONS), np.float32)
        for frame in range(frames):
            enter, forget, new, leave = np.split(driven[frame] + hidden @ self._hidden[layer], 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
            hidden = _sigmoid(leave) * np.tanh(cell)
            outputs[frame] = hidden
        return outputs


def energies_of(pcm: bytes) -> Any:
    """The mel energies, `[frames, BANDS]`, of s16le mono speech at 16 kHz, all of it as loud as the model expects."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    loudness = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return mel_energies(samples * (_LOUDNESS / max(loudness, 1.0)))


@cache
def voice_encoder() -> VoiceEncoder:
    """The process's encoder, loaded on first use (20 ms)."""
    return VoiceEncoder()


def _transposed(weights: Any, inputs: int) -> Any:
    return np.ascontiguousarray(weights.reshape(-1, inputs).T)


def _sigmoid(values: Any) -> Any:
    return 0.5 + 0.5 * np.tanh(0.5 * values)  # no overflow, unlike 1 / (1 + exp(-x))
