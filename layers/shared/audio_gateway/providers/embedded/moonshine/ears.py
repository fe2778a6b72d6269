"""Hears pieces of speech, one after the other, in the time that there is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Protocol

from audio_gateway.audio.silero import SPEECH_SAMPLE_RATE
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.providers.embedded.moonshine.model import Moonshine, Recognised, Token
from audio_gateway.providers.embedded.moonshine.wording import compression_ratio, text_of
from audio_gateway.providers.embedded.speed_estimate import SpeedEstimate
from audio_gateway.providers.embedded.word_times.aligner import Aligner

PROVIDER: Final = "embedded"

# Mean log probabilities: clear speech is above -0.3, speech in noise above -0.8, inventions in noise are below -1. Some
# inventions are more likely, but then they go round and round until the time is filled with tokens.
_UNLIKELY: Final = -1.0
_DOUBTFUL: Final = -0.3
_REPEATED: Final = 1.6  # characters for one after compression; the most repetitive of real speech has 1.3


class Recogniser(Protocol):
    """The model of speech, or a fake of it."""

    def recognise(self, pcm: bytes) -> Recognised:
        """See `Moonshine.recognise`."""
        ...


class WordFinder(Protocol):
    """The aligner, or a fake of it."""

    def times(self, pcm: bytes, words: Sequence[str]) -> list[tuple[int, int]] | None:
        """See `Aligner.times`."""
        ...


class Ears:
    """The models of a process, used by one thread at a time. What they hear depends on nothing that they heard before.

    The aligner is made when times are first asked for.
    """

    def __init__(self, recogniser: Recogniser, new_word_finder: Callable[[], WordFinder]) -> None:
        self._recogniser = recogniser
        self._new_word_finder = new_word_finder
        self._word_finder: WordFinder | None = None
        self._lock = threading.Lock()
        self._speed = SpeedEstimate()

    def tokens(self, piece: SpeechPiece, deadline: Deadline) -> tuple[Token, ...]:
        """What is said in a piece; nothing if the model only guesses, repeats itself or finds a tune.

        Raises:
            ProviderTimedOut: by the estimate it would not be done by the deadline, and it cannot be interrupted.
        """
        seconds = len(piece.pcm) / 2 / SPEECH_SAMPLE_RATE
        if not self._lock.acquire(timeout=deadline.remaining_s()):
            raise out_of_time()
        try:
            if deadline.remaining_s() <= self._speed.seconds_for(seconds):
                self._speed.halve()
                raise out_of_time()
            started = time.monotonic()
            recognised = self._recogniser.recognise(piece.pcm)
            self._speed.record(seconds, time.monotonic() - started)
        finally:
            self._lock.release()
        return recognised.tokens if _is_speech(recognised) else ()

    def times(self, piece: SpeechPiece, words: Sequence[str]) -> list[tuple[int, int]] | None:
        """See `Aligner.times`; from the start of the piece."""
        with self._lock:
            if self._word_finder is None:
                self._word_finder = self._new_word_finder()
            return self._word_finder.times(piece.pcm, words)


def _is_speech(recognised: Recognised) -> bool:
    text = text_of(recognised.tokens)
    if recognised.avg_logprob < _UNLIKELY or not any(map(str.isalnum, text)):
        return False
    goes_round = not recognised.complete or compression_ratio(text.encode()) > _REPEATED
    return not (goes_round and recognised.avg_logprob < _DOUBTFUL)


@cache
def ears() -> Ears:
    """The process's models, loaded on first use (half a second).

    Raises:
        ConfigurationError: no layer of the function has them.
    """
    return Ears(Moonshine(), Aligner)


def out_of_time() -> ProviderTimedOut:
    """The error for audio that takes too long."""
    return ProviderTimedOut(
        "The audio could not be transcribed in time. Send less audio in one request.", provider=PROVIDER
    )
