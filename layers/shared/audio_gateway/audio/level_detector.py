"""Detects speech by the changes of its level: for functions whose layers do not have the Silero model."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Final

LEVEL_SAMPLE_RATE: Final = 8_000
"""Samples per second for the detection: most of the energy of a voice is below 4 kHz."""

_FRAME: Final = LEVEL_SAMPLE_RATE // 50  # 20 ms, shorter than any syllable
_WINDOW: Final = 50  # frames: a second
_LOUD: Final = 250  # mean of the absolute samples, about -42 dBFS; quiet recordings of speech are louder
_CONTRAST: Final = 4  # 12 dB between syllables and the gaps between them; noise and hum have less
_ENOUGH: Final = 2  # seconds that sound like speech


def sounds_like_speech(pcm: Iterable[bytes]) -> bool:
    """Whether s16le mono at `LEVEL_SAMPLE_RATE` Hz sounds like speech for two seconds, or for half of a shorter piece.

    Speech is loud in its syllables and quiet between them, unlike silence, hum, hiss and held notes. Music with a beat
    is taken for speech, and faint speech or speech in noise is not. Stops reading as soon as the result is certain.
    """
    windows = alike = 0
    for window in _windows(_levels(pcm)):
        windows += 1
        alike += _like_speech(window)
        if alike >= _ENOUGH:
            return True
    return 0 < windows <= _ENOUGH * 2 and alike * 2 >= windows


def _like_speech(levels: list[float]) -> bool:
    ordered = sorted(levels)
    quiet, loud = ordered[len(ordered) // 10], ordered[-1 - len(ordered) // 10]
    return loud >= _LOUD and loud >= _CONTRAST * quiet


def _windows(levels: Iterator[float]) -> Iterator[list[float]]:
    """The levels of each second; a rest of at least half a second counts."""
    window: list[float] = []
    for level in levels:
        window.append(level)
        if len(window) == _WINDOW:
            yield window
            window = []
    if len(window) >= _WINDOW // 2:
        yield window


def _levels(pcm: Iterable[bytes]) -> Iterator[float]:
    """The mean of the absolute samples of each complete frame."""
    rest = b""
    for piece in pcm:
        data = rest + piece
        whole = len(data) // (_FRAME * 2) * _FRAME * 2
        samples = array("h", data[:whole])
        rest = data[whole:]
        for start in range(0, len(samples), _FRAME):
            yield sum(map(abs, samples[start : start + _FRAME])) / _FRAME
