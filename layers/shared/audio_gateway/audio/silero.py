"""Tells how likely it is that somebody speaks, at each moment of audio, by the Silero model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from audio_gateway.engine_files import engine_file
from audio_gateway.inference import inference_session

SPEECH_SAMPLE_RATE: Final = 16_000
"""Samples per second that the model expects."""
WINDOW: Final = 512
"""Samples for which it gives one probability."""
WINDOW_MS: Final = WINDOW * 1000 // SPEECH_SAMPLE_RATE
"""The same in milliseconds: 32."""

_WINDOW_BYTES: Final = WINDOW * 2
_CONTEXT: Final = 64  # samples of the previous window that the model sees again
_STATE: Final = (2, 1, 128)  # the shape of its recurrent state
_FULL_SCALE: Final = 32_768

# The model misses faint speech: a recording is amplified if its loudest sample of the last ten seconds or so is below a
# tenth of full scale. Noise is no more like speech when it is louder.
_LOUD: Final = _FULL_SCALE / 10
_MOST_GAIN: Final = 30.0
_FADE: Final = 0.998  # of the loudest sample, in each window


def speech_probabilities(pcm: Iterable[bytes]) -> Iterator[float]:
    """For each 32 ms of s16le mono at 16 kHz, the probability (0 to 1) that somebody speaks.

    The pieces may have any length; the last window is filled up with silence. Memory does not grow with the audio, and
    the result does not depend on other audio.

    Raises:
        ConfigurationError: immediately, if no layer of the function has the model.
    """
    detector = SpeechDetector()
    return (detector.probability(window) for window in windows(pcm))


def windows(pcm: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `WINDOW` samples; the last one may be shorter, but has whole samples."""
    held = bytearray()
    for piece in pcm:
        held += piece
        whole = len(held) - len(held) % _WINDOW_BYTES
        for at in range(0, whole, _WINDOW_BYTES):
            yield bytes(held[at : at + _WINDOW_BYTES])
        del held[:whole]
    if len(held) > 1:
        yield bytes(held[: len(held) & ~1])


class SpeechDetector:
    """The model for one piece of audio: each window is judged by those before it, too.

    Raises:
        ConfigurationError: no layer of the function has the model.
    """

    def __init__(self) -> None:
        self._session = _session()

        import numpy as np

        self._numpy = np
        self._rate = np.array(SPEECH_SAMPLE_RATE, np.int64)
        self._state = np.zeros(_STATE, np.float32)
        self._samples = np.zeros((1, _CONTEXT + WINDOW), np.float32)
        self._loudest = 1.0

    def probability(self, window: bytes) -> float:
        """The probability of speech in the next `WINDOW` samples; silence follows a window that is shorter."""
        count = len(window) // 2
        samples = self._samples
        samples[0, :_CONTEXT] = samples[0, WINDOW:]
        heard = self._numpy.frombuffer(window, "<i2", count)
        self._loudest = max(self._loudest * _FADE, 1.0, -int(heard.min()), int(heard.max()))
        gain = min(_MOST_GAIN, max(1.0, _LOUD / self._loudest)) / _FULL_SCALE
        samples[0, _CONTEXT : _CONTEXT + count] = heard * self._numpy.float32(gain)
        samples[0, _CONTEXT + count :] = 0
        inputs = {"input": samples, "state": self._state, "sr": self._rate}
        output, self._state = self._session.run(None, inputs)
        return float(output[0, 0])


@cache
def _session() -> Any:
    return inference_session(engine_file("silero", "vad.onnx"))
