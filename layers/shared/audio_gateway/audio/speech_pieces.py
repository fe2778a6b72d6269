"""Cuts audio into pieces of speech, each short enough to be recognised in one go, and leaves out the rest."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from audio_gateway.audio.silero import WINDOW, WINDOW_MS, SpeechDetector, windows

_WINDOW_BYTES: Final = WINDOW * 2
_BEGINS: Final = 0.5  # probability: speech begins above it …
_LASTS: Final = 0.35  # … and lasts while it is above this
_LEAST_SPEECH: Final = 3  # windows: clicks are shorter, words longer
_PADDING: Final = 200 // WINDOW_MS  # windows kept before and after speech, because sounds fade in and out
_PAUSE: Final = 4  # windows that are no speech: a pause between phrases, rather than a consonant
_NEAR: Final = 2  # windows on either side that count for how likely speech is at a place


@dataclass(frozen=True, slots=True)
class SpeechPiece:
    """A piece of the audio in which somebody speaks.

    `pcm` is s16le mono at 16 kHz, from `start_ms` of the whole audio on. `probabilities` are those of speech in each
    32 ms. `goes_on` says that there was no pause to cut in: the next piece begins in mid-phrase, where this one ends.
    """

    start_ms: int
    pcm: bytes
    probabilities: tuple[float, ...]
    goes_on: bool

    @property
    def end_ms(self) -> int:
        """Where it ends in the whole audio."""
        return self.start_ms + self.duration_ms

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return len(self.pcm) * WINDOW_MS // _WINDOW_BYTES


def halves(piece: SpeechPiece) -> tuple[SpeechPiece, SpeechPiece]:
    """The piece in two, cut in its middle third where speech is least likely, and quiet; at least 6 windows long."""
    count = len(piece.probabilities)
    at = _least_spoken(range(count // 3, count - count // 3), piece.pcm, piece.probabilities)
    paused = max(piece.probabilities[at - _NEAR : at + _NEAR]) <= _LASTS
    first = replace(
        piece, pcm=piece.pcm[: at * _WINDOW_BYTES], probabilities=piece.probabilities[:at], goes_on=not paused
    )
    second = replace(
        piece,
        start_ms=piece.start_ms + at * WINDOW_MS,
        pcm=piece.pcm[at * _WINDOW_BYTES :],
        probabilities=piece.probabilities[at:],
    )
    return first, second


def speech_pieces(pcm: Iterable[bytes], *, longest_ms: int, gap_ms: int) -> Iterator[SpeechPiece]:
    """The speech in s16le mono at 16 kHz, in pieces of at most `longest_ms` that do not overlap.

    A piece ends in silence of more than `gap_ms` (at least 400). If it gets too long before, it is cut in its longest
    pause after a quarter of `longest_ms`; without one, where speech is least likely, and quiet. Each has 200 ms around
    its speech, where there is room. Not more than `longest_ms` of the audio are held in memory.

    Raises:
        ConfigurationError: immediately, if no layer of the function has the model that tells speech.
    """
    return _pieces(pcm, SpeechDetector(), longest_ms // WINDOW_MS, max(gap_ms // WINDOW_MS, 2 * _PADDING))


def _pieces(pcm: Iterable[bytes], detector: SpeechDetector, longest: int, gap: int) -> Iterator[SpeechPiece]:
    held = _Held()
    for window in windows(pcm):
        held.add(window, detector.probability(window))
        if not held.speech_end:
            held.forget_silence()
        elif len(held.speech) - held.speech_end > gap:
            yield from held.take(held.speech_end + _PADDING)
        elif len(held.speech) == longest:
            yield from held.take(*held.best_cut(longest // 4))
    yield from held.take(len(held.speech))


class _Held:
    """The audio that is not in a piece yet, with a probability and whether it counts as speech for each window."""

    def __init__(self) -> None:
        self._first = 0  # number of the first window
        self._pcm = bytearray()
        self._probabilities: list[float] = []
        self.speech: list[bool] = []
        self.speech_end = 0  # the window after the last one with speech; 0 without speech

    def add(self, window: bytes, probability: float) -> None:
        lasts = bool(self.speech) and self.speech[-1]
        self._pcm += window
        self._probabilities.append(probability)
        self.speech.append(probability > (_LASTS if lasts else _BEGINS))
        if self.speech[-1]:
            self.speech_end = len(self.speech)

    def forget_silence(self) -> None:
        """Drop what is too long before the first speech to be part of a piece."""
        begin = self.speech.index(True) if self.speech_end else len(self.speech)
        if begin > _PADDING:
            self._drop(begin - _PADDING)

    def take(self, end: int, goes_on: bool = False) -> Iterator[SpeechPiece]:
        """The piece up to a window, without the silence at its end, if there is speech in it."""
        spoken = sum(self.speech[:end])
        if spoken >= _LEAST_SPEECH:
            last = end - self.speech[:end][::-1].index(True)
            kept = min(end, last + _PADDING)
            yield SpeechPiece(
                start_ms=self._first * WINDOW_MS,
                pcm=bytes(self._pcm[: kept * _WINDOW_BYTES]),
                probabilities=tuple(self._probabilities[:kept]),
                goes_on=goes_on,
            )
        self._drop(end)
        self.forget_silence()

    def best_cut(self, earliest: int) -> tuple[int, bool]:
        """The window to cut at, not before `earliest`, and whether there is no pause at it."""
        pauses = [(begin, end) for begin, end in self._pauses() if begin + end >= 2 * earliest]
        if pauses:
            begin, end = max(pauses, key=lambda pause: (pause[1] - pause[0], pause))
            # The model takes some quiet words for a pause, so the quietest place of it is better than its middle.
            places = range(max(begin, earliest) + 1, end)
            return min(places, key=lambda at: (_level(self._pcm, at).bit_length(), abs(2 * at - begin - end))), False
        return _least_spoken(range(earliest, len(self.speech) - _NEAR), self._pcm, self._probabilities), True

    def _pauses(self) -> Iterator[tuple[int, int]]:
        """The first window of each pause, and the first one after it."""
        at = 0
        for spoken, run in groupby(self.speech):
            length = sum(1 for _ in run)
            if not spoken and length >= _PAUSE:
                yield at, at + length
            at += length

    def _drop(self, count: int) -> None:
        self._first += count
        del self._pcm[: count * _WINDOW_BYTES], self._probabilities[:count], self.speech[:count]
        self.speech_end = max(0, self.speech_end - count)


def _least_spoken(places: Iterable[int], pcm: bytes | bytearray, probabilities: Sequence[float]) -> int:
    """The window of these that begins least within speech: the model is as sure of a gap between words as of words."""
    return min(places, key=lambda at: (round(2 * sum(probabilities[at - _NEAR : at + _NEAR])), _level(pcm, at)))


def _level(pcm: bytes | bytearray, at: int) -> int:
    """The range of the samples in the two windows around the beginning of a window."""
    samples = array("h", pcm[(at - 1) * _WINDOW_BYTES : (at + 1) * _WINDOW_BYTES])
    return max(samples) - min(samples)
