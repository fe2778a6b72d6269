"""Speech for machines: every word is a number, played as tones at a known time, and can be heard again exactly.

A word lasts 240 ms: a marker of 500 Hz, four hexadecimal digits and a check digit of 40 ms each, one frequency per
digit. Each tone has whole periods, so that words stand one behind the other without a click, with silence between them
or without. What is left of a word that was cut in two is not heard as a word. Hearing counts zero crossings with
`bytes.count`, some thousand times as fast as real time.
"""

from __future__ import annotations

import array
import functools
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audio_gateway.transcripts.transcript import Segment, Transcript, Word

RATE = 16_000
WORD_MS = 240
_SYMBOL = 640  # samples, 40 ms
_MARKER = 500  # hertz
_AMPLITUDE = 12_000
_FRAME = 160
_INNER = slice(80, 560)  # of a symbol: 30 ms, away from its neighbours
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ve")
# The sign of a sample by its high byte; those near zero are left out, so that noise and codecs make no crossings.
_SIGN = bytes(byte < 128 for byte in range(256))
_NEAR_ZERO = bytes([*range(8), *range(248, 256)])
_UP = b"\x00\x01"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word and when it begins."""

    number: int
    start_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + WORD_MS

    @property
    def text(self) -> str:
        return "".join(_SYLLABLES[digit] for digit in _digits(self.number)[:4])


def talk(count: int, *, gaps_ms: Sequence[int] = (60,), start_ms: int = 0, first: int = 0) -> list[Spoken]:
    """So many different words from `first` on, with silences between them that take turns."""
    words, at = [], start_ms
    for index in range(count):
        words.append(Spoken((first + index) % 0x10000, at))
        at += WORD_MS + gaps_ms[index % len(gaps_ms)]
    return words


def natural_gaps(seed: int = 1, words: int = 97) -> tuple[int, ...]:
    """Silences as in speech: most too short to cut in, a pause every ten words or so."""
    chance = random.Random(seed)
    return tuple(chance.choice([0, 10, 30, 60, 90] * 4 + [300, 450]) for _ in range(words))


def sound(words: Iterable[Spoken], *, end_ms: int | None = None, hiss: int = 0) -> Iterator[bytes]:
    """The words as s16le mono at 16 kHz, one piece per word and silence; `hiss` is the peak of noise in silences."""
    at_ms = 0
    for word in words:
        if word.start_ms > at_ms:
            yield _silence(word.start_ms - at_ms, hiss)
        yield _word(word.number)
        at_ms = word.end_ms
    if end_ms is not None and end_ms > at_ms:
        yield _silence(end_ms - at_ms, hiss)


def heard(pcm: bytes) -> list[Spoken]:
    """The whole words in s16le mono at 16 kHz."""
    signs = pcm[1::2]
    found: list[Spoken] = []
    at, end = 0, len(signs) - 6 * _SYMBOL + _FRAME
    while at < end:
        if not _sounds_like_marker(signs, at):
            at += _FRAME
            continue
        word = _word_near(signs, at)
        if word is None:
            at += _FRAME
            continue
        found.append(word)
        at = word.start_ms * RATE // 1000 + 6 * _SYMBOL - _FRAME
    return found


def transcript(
    pcm: bytes, *, words: bool = True, segments: bool = False, sentence: int = 10, partial: bool = False
) -> Transcript:
    """What a provider would answer: sentences of ten words, with the times that are asked for.

    With `partial`, a word that is cut off by the end or the beginning is heard as a wrong one, as recognisers do.
    """
    spoken = heard(pcm)
    duration_ms = len(pcm) // 2 * 1000 // RATE
    said = [Word(each.text, each.start_ms, each.end_ms) for each in spoken]
    if partial:
        said = [*_rest_before(pcm, spoken), *said, *_rest_behind(pcm, spoken, duration_ms)]
    sentences = [said[at : at + sentence] for at in range(0, len(said), sentence)]
    lines = [" ".join(word.text for word in line).capitalize() + "." for line in sentences]
    return Transcript(
        text=" ".join(lines),
        duration_ms=duration_ms,
        language="en",
        words=tuple(said) if words else None,
        segments=tuple(
            Segment(text, line[0].start_ms, line[-1].end_ms) for text, line in zip(lines, sentences, strict=True)
        )
        if segments
        else None,
    )


def _rest_before(pcm: bytes, spoken: Sequence[Spoken]) -> list[Word]:
    first = spoken[0].start_ms if spoken else 0
    return [Word("umba", 0, first)] if _sounds(pcm, 0, min(first, WORD_MS)) else []


def _rest_behind(pcm: bytes, spoken: Sequence[Spoken], duration_ms: int) -> list[Word]:
    last = spoken[-1].end_ms if spoken else duration_ms
    return [Word("ahem", last, duration_ms)] if _sounds(pcm, max(last, duration_ms - WORD_MS), duration_ms) else []


def _sounds(pcm: bytes, start_ms: int, end_ms: int) -> bool:
    """Whether there are 40 ms of tones."""
    signs = pcm[1::2]
    return _crossings(signs, start_ms * RATE // 1000, end_ms * RATE // 1000) >= 20


def _digits(number: int) -> tuple[int, ...]:
    digits = tuple(number >> shift & 15 for shift in (12, 8, 4, 0))
    return (*digits, sum(digit * weight for digit, weight in zip(digits, (1, 3, 5, 7), strict=True)) & 15)


def _hertz(digit: int) -> int:
    return 800 + 150 * digit


@functools.cache
def _tone(hertz: int) -> bytes:
    step = 2 * math.pi * hertz / RATE
    return array.array("h", (round(_AMPLITUDE * math.sin(step * i)) for i in range(_SYMBOL))).tobytes()


def _word(number: int) -> bytes:
    return _tone(_MARKER) + b"".join(_tone(_hertz(digit)) for digit in _digits(number))


@functools.cache
def _noise(peak: int) -> bytes:
    chance = random.Random(peak)
    return array.array("h", (chance.randint(-peak, peak) for _ in range(RATE))).tobytes()


def _silence(milliseconds: int, hiss: int) -> bytes:
    size = 2 * milliseconds * RATE // 1000
    return (_noise(hiss) * (size // len(_noise(hiss)) + 1))[:size] if hiss else bytes(size)


def _crossings(signs: bytes, start: int, end: int) -> int:
    return signs[start:end].translate(_SIGN, _NEAR_ZERO).count(_UP)


def _sounds_like_marker(signs: bytes, at: int) -> bool:
    return 4 <= _crossings(signs, at, at + _FRAME) <= 6 and 4 <= _crossings(signs, at + _FRAME, at + 2 * _FRAME) <= 6


def _word_near(signs: bytes, at: int) -> Spoken | None:
    """The word whose marker is heard at `at`: the best of the beginnings around it, if its check digit is right."""
    starts = range(max(0, at - _FRAME), at + _FRAME, 40)
    fits = sorted((fit for start in starts if (fit := _fit(signs, start)) is not None), key=lambda fit: fit[0])
    for _, start, digits in fits:
        number = int("".join(f"{digit:x}" for digit in digits[:4]), 16)
        if _digits(number) == digits:
            return Spoken(number, start * 1000 // RATE)
    return None


def _fit(signs: bytes, start: int) -> tuple[float, int, tuple[int, ...]] | None:
    """How far the tones at `start` are from those of a word, and its digits; None when they are none."""
    if start + 6 * _SYMBOL > len(signs):
        return None
    counts = [
        _crossings(signs, start + index * _SYMBOL + _INNER.start, start + index * _SYMBOL + _INNER.stop)
        for index in range(6)
    ]
    # The outer edges of the word count as well: they say where exactly it begins and ends.
    edges = abs(_crossings(signs, start, start + _FRAME) - 5)
    off: float = abs(counts[0] - 15) + edges
    digits = []
    for count in counts[1:]:
        digit = min(15, max(0, round((count - 24) / 4.5)))
        miss = abs(count - 24 - 4.5 * digit)
        if miss > 2:
            return None
        off += miss
        digits.append(digit)
    return (off, start, tuple(digits)) if abs(counts[0] - 15) <= 2 else None
