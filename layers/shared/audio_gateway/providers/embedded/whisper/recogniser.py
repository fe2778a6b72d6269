"""Recognises the speech in pieces of audio, one after the other, for all requests of the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from audio_gateway.audio.silero import WINDOW_MS
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.deadline import Deadline
from audio_gateway.errors import ProviderTimedOut
from audio_gateway.providers.embedded.speed_estimate import SpeedEstimate
from audio_gateway.providers.embedded.whisper.attempt import Attempt, without_loop
from audio_gateway.providers.embedded.whisper.model import (
    LONGEST_S,
    PROMPT_TOKENS,
    Listening,
    WhisperModel,
    whisper_model,
)
from audio_gateway.providers.embedded.whisper.words import TimedWord, fitting, within_speech, without_invented
from audio_gateway.providers.port import Task

PROVIDER: Final = "embedded"
PADDING_S: Final = 8
"""Seconds of silence that the model hears after a piece. With less it goes on after the end, more only takes time."""

_BEAMS: Final = 5
_CERTAIN: Final = 0.7  # probability of a language


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to understand speech.

    `languages` are the codes of those that it may be in; the most probable one is chosen. `prompt` are tokens. With a
    temperature above 0, the text is drawn at random.
    """

    task: Task
    languages: tuple[str, ...]
    prompt: tuple[int, ...]
    temperature: float


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said in a piece. The times of words count from the start of the piece.

    `certain` says that the language was given, or that the model was sure of it.
    """

    language: str
    certain: bool
    attempt: Attempt
    words: tuple[TimedWord, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens of all words."""
        return tuple(token for word in self.words for token in word.tokens)

    @property
    def text(self) -> str:
        """All words."""
        return "".join(word.text for word in self.words).strip()


class Recogniser:
    """Uses the model for one piece of audio at a time."""

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._speed = SpeedEstimate()

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages."""
        return tuple(self._model.vocabulary.languages)

    def encode(self, text: str) -> tuple[int, ...]:
        """The tokens of a prompt; of a long one the last."""
        return tuple(self._model.vocabulary.encode(" " + text.strip(), PROMPT_TOKENS)) if text.strip() else ()

    def hear(self, piece: SpeechPiece, wanted: Wanted, deadline: Deadline) -> Speech | None:
        """The speech in a piece of at most `LONGEST_S` without `PADDING_S`; None if there is none.

        Raises:
            ProviderTimedOut: the estimate is past the deadline, and the model cannot be interrupted.
        """
        if not self._lock.acquire(timeout=deadline.remaining_s()):
            raise out_of_time()
        try:
            seconds = (piece.end_ms - piece.start_ms) / 1000
            if deadline.remaining_s() <= self._speed.seconds_for(seconds):
                self._speed.halve()
                raise out_of_time()
            started = time.monotonic()
            speech = self._hear(piece, wanted)
            self._speed.record(seconds, time.monotonic() - started)
            return speech
        finally:
            self._lock.release()

    def _hear(self, piece: SpeechPiece, wanted: Wanted) -> Speech | None:
        heard = self._model.listen(piece.pcm, PADDING_S)
        language, probability = _most_probable(heard, wanted.languages)
        if probability <= _CERTAIN:  # the model is surer of what is as long as what it learnt from
            heard = self._model.listen(piece.pcm, LONGEST_S)
            language, probability = _most_probable(heard, wanted.languages)
        start = self._model.vocabulary.start(language, wanted.task)
        attempt = heard.decode(start, wanted.prompt, temperature=wanted.temperature, beams=_BEAMS)
        if attempt.crowded or not (attempt.plausible or attempt.silent):
            heard = self._model.listen(piece.pcm, LONGEST_S)
            again = heard.decode(start, (), temperature=wanted.temperature, beams=_BEAMS)
            attempt = max(attempt, again, key=lambda one: one.rank)
        if attempt.silent:
            return None
        if attempt.loops or attempt.crowded:
            kept = without_loop(attempt.tokens)
            attempt = replace(attempt, tokens=kept, text=self._model.vocabulary.text(kept).strip())
        said = without_invented(fitting(heard.words(start, attempt.tokens), attempt.room))
        timed = tuple(within_speech(word, piece.probabilities, WINDOW_MS) for word in said)
        return Speech(language, probability > _CERTAIN, attempt, timed)


def _most_probable(heard: Listening, languages: Sequence[str]) -> tuple[str, float]:
    """The most probable of these languages, and how probable it is that it is that one of them."""
    if len(languages) == 1:
        return languages[0], 1.0
    probable = heard.languages()
    language = max(languages, key=lambda code: probable[code])
    return language, probable[language] / sum(probable[code] for code in languages)


@cache
def recogniser() -> Recogniser:
    """The process's recogniser; see `whisper_model`."""
    return Recogniser(whisper_model())


def out_of_time() -> ProviderTimedOut:
    """The error for a deadline that passed, or would."""
    return ProviderTimedOut(
        "The audio could not be transcribed in time. Send less audio in one request.", provider=PROVIDER
    )
