"""Whether somebody speaks in a piece of audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from audio_gateway.audio.bounds import no_deadline
from audio_gateway.audio.level_detector import LEVEL_SAMPLE_RATE, sounds_like_speech
from audio_gateway.audio.silero import SPEECH_SAMPLE_RATE, SpeechDetector, windows
from audio_gateway.errors import ConfigurationError

_SPEECH: Final = 0.3
"""The probability above which a window may be speech: the model is not sure of voices on the telephone."""
_LEAST_WINDOWS: Final = 7
"""One after the other, 224 ms: words are longer, and what music is mistaken for is shorter."""


def has_speech(pcm_at: Callable[[int], Iterable[bytes]], *, out_of_time: Callable[[], bool] = no_deadline) -> bool:
    """Whether somebody speaks, by the Silero model; by the level, if no layer of the function has it.

    `pcm_at` gives the audio as s16le mono at a sample rate (Hz), in short pieces. Reads no more of it when the result
    is certain, or when `out_of_time` says so: then what was read decides.
    """
    try:
        detector = SpeechDetector()
    except ConfigurationError:
        return sounds_like_speech(_until(out_of_time, pcm_at(LEVEL_SAMPLE_RATE)))
    spoken = 0
    for window in windows(_until(out_of_time, pcm_at(SPEECH_SAMPLE_RATE))):
        spoken = spoken + 1 if detector.probability(window) > _SPEECH else 0
        if spoken == _LEAST_WINDOWS:
            return True
    return False


def _until(out_of_time: Callable[[], bool], pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if out_of_time():
            return
        yield piece
