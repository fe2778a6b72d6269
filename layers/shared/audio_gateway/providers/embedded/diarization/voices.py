"""Says who speaks when in a recording, from the pieces of speech in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

import numpy as np

from audio_gateway.audio.silero import WINDOW, WINDOW_MS
from audio_gateway.audio.speech_pieces import SpeechPiece
from audio_gateway.providers.embedded.diarization.clustering import speaker_centroids
from audio_gateway.providers.embedded.diarization.encoder import SPAN, energies_of
from audio_gateway.providers.embedded.diarization.mel import FRAMES_PER_SECOND
from audio_gateway.transcripts.transcript import Word

_STEP: Final = 80  # frames from span to span: half of one
_MS_PER_FRAME: Final = 1000 // FRAMES_PER_SECOND
_SPOKEN: Final = 0.5  # probability of speech
_PAUSE: Final = 200 // WINDOW_MS  # windows; a speaker may change in longer ones, and no span goes across them
_LEAST: Final = 100 // WINDOW_MS  # windows of speech that may say something about the voice
_WINDOW_BYTES: Final = WINDOW * 2


class Encoder(Protocol):
    """See `VoiceEncoder`."""

    def embeddings(self, spans: Any) -> Any:
        """See `VoiceEncoder.embeddings`."""
        ...


class Voices:
    """The embeddings of a recording, or of a reference: some for each piece of speech.

    Memory grows by 1.3 kB a second of speech.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._starts_ms: list[int] = []
        self._ends_ms: list[int] = []
        self._seconds: list[float] = []
        self._embeddings: list[Any] = []

    def add(self, piece: SpeechPiece) -> None:
        """Add a piece; pieces come in the order of their times. It takes about 15 ms a second of speech."""
        spans = []
        for first, last in _spoken(piece.probabilities):
            energies = energies_of(piece.pcm[first * _WINDOW_BYTES : last * _WINDOW_BYTES])
            places = list(_places(len(energies)))
            for start, end in places:
                spans.append(np.resize(energies[start:end], (SPAN, energies.shape[1])))
                self._starts_ms.append(piece.start_ms + first * WINDOW_MS + start * _MS_PER_FRAME)
                self._ends_ms.append(piece.start_ms + first * WINDOW_MS + end * _MS_PER_FRAME)
                self._seconds.append(len(energies) / FRAMES_PER_SECOND / len(places))
        if spans:
            self._embeddings.append(self._encoder.embeddings(np.stack(spans)))

    @property
    def seconds(self) -> float:
        """How much speech there is."""
        return sum(self._seconds)

    def mean(self) -> Any:
        """The direction of all the speech, float `[dimensions]`, length 1. There is speech."""
        total = np.array(self._seconds) @ np.concatenate(self._embeddings)
        return total / np.linalg.norm(total)

    def speakers(self) -> Any:
        """See `speaker_centroids`. There is speech."""
        return speaker_centroids(np.concatenate(self._embeddings), np.array(self._seconds))

    def most_alike(self, words: Sequence[Word], centroids: Any) -> list[int]:
        """For each word, the number of the centroid that the speech around it is most like. There is speech."""
        likeness = np.concatenate(self._embeddings) @ centroids.T
        return [int((self._shares(word) @ likeness[self._around(word)]).argmax()) for word in words]

    def _around(self, word: Word) -> slice:
        """The spans that a word is in, or the one next to it. They overlap those next to them only."""
        first = bisect_right(self._ends_ms, word.start_ms)
        last = bisect_left(self._starts_ms, max(word.end_ms, word.start_ms + 1))
        if first < last:
            return slice(first, last)
        nearest = min(first, len(self._starts_ms) - 1)
        return slice(nearest, nearest + 1)

    def _shares(self, word: Word) -> Any:
        """How much each of those spans counts: the most if the word is in its middle."""
        around = self._around(word)
        starts, ends = np.array(self._starts_ms[around]), np.array(self._ends_ms[around])
        distance = np.abs((word.start_ms + word.end_ms) / 2 - (starts + ends) / 2)
        return np.maximum(1 - 2 * distance / (ends - starts), 0.01)


def _spoken(probabilities: Sequence[float]) -> list[tuple[int, int]]:
    """The first window of each stretch of speech without a pause, and the first one after it."""
    stretches: list[tuple[int, int]] = []
    at = 0
    for spoken, run in groupby(probability > _SPOKEN for probability in probabilities):
        end = at + sum(1 for _ in run)
        if spoken and stretches and at - stretches[-1][1] <= _PAUSE:
            stretches[-1] = stretches[-1][0], end
        elif spoken:
            stretches.append((at, end))
        at = end
    return [(begin, end) for begin, end in stretches if end - begin >= _LEAST]


def _places(frames: int) -> Iterator[tuple[int, int]]:
    """The first frame of each span in a stretch of speech, and the first one after it."""
    last = max(0, frames - SPAN)
    for start in range(0, last, _STEP):
        yield start, start + SPAN
    yield last, frames
