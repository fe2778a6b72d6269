"""Words with times, from tokens and the frames of the audio that belong to each."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from audio_gateway.providers.embedded.whisper.attempt import letters
from audio_gateway.text.spacing import is_unspaced

TOKEN_MS: Final = 20
"""Milliseconds from one frame of an alignment to the next."""

_SPEECH: Final = 0.35  # probability
_MISSED: Final = 2  # words in a row that an alignment may leave without time
_CUT_OFF: Final = "unexpected end of data"  # more bytes may follow
_OPENING: Final = frozenset({"Ps", "Pi"})


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its tokens. `text` has the space and the punctuation around it: joined, words are the text."""

    text: str
    tokens: tuple[int, ...]
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """The fewest tokens that make whole characters, and the number of the first."""

    text: str
    first: int


def words(tokens: Sequence[int], data: Sequence[bytes], starts: Sequence[int]) -> list[TimedWord]:
    """The words of a text.

    `data` has the bytes of each token; `starts` the frame at which each begins, and that at which the last one ends.
    A word ends before a space. In a script without spaces, each token is a word, or the few that make one character.
    """
    found: list[TimedWord] = []
    borders = [*_borders(list(_units(data))), len(tokens)]
    for first, end in pairwise(borders):
        text = b"".join(data[first:end]).decode("utf-8", "replace")
        start_ms = max(starts[first] * TOKEN_MS, found[-1].end_ms if found else 0)
        found.append(TimedWord(text, tuple(tokens[first:end]), start_ms, max(start_ms, starts[end] * TOKEN_MS)))
    return found


def starts_of(alignment: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The frame at which each of `count` tokens begins, and that at which the last one ends.

    `alignment` has pairs of a token's number and a frame, both never falling; that after the last token marks the end.
    """
    starts: list[int] = []
    for token, frame in alignment:
        while len(starts) <= min(token, count):
            starts.append(frame)
    last = alignment[-1][1] + 1 if alignment else 0
    return starts + [last] * (count + 1 - len(starts))


def within_speech(word: TimedWord, probabilities: Sequence[float], step_ms: int) -> TimedWord:
    """The word without the pauses at its ends.

    The alignment gives a pause to one of the words beside it. `probabilities` are those of speech, for `step_ms` each.
    """
    first, end = word.start_ms // step_ms, -(-word.end_ms // step_ms)
    spoken = [at for at in range(first, min(end, len(probabilities))) if probabilities[at] > _SPEECH]
    if not spoken:
        return word
    start_ms = max(word.start_ms, spoken[0] * step_ms)
    return TimedWord(word.text, word.tokens, start_ms, max(start_ms, min(word.end_ms, (spoken[-1] + 1) * step_ms)))


def fitting(found: Sequence[TimedWord], room: int) -> list[TimedWord]:
    """The first words, which have at most `room` letters and digits together."""
    used = list(accumulate(letters(word.text) for word in found))
    return list(found[: bisect_right(used, room)])


def without_invented(found: Sequence[TimedWord]) -> list[TimedWord]:
    """The words without those at the end for which there is no time: the model went on after the speech had ended.

    One or two may be short words that the alignment missed, and only go if they repeat the words before them.
    """
    end = len(found)
    while end and found[end - 1].start_ms == found[end - 1].end_ms:
        end -= 1
    timeless = len(found) - end
    repeated = [_letters(word) for word in found[end:]] == [_letters(word) for word in found[end - timeless : end]]
    return list(found[:end]) if end and (timeless > _MISSED or repeated) else list(found)


def _letters(word: TimedWord) -> str:
    return "".join(filter(str.isalnum, word.text)).lower()


def _units(data: Sequence[bytes]) -> Iterator[_Unit]:
    first, held = 0, b""
    for number, piece in enumerate(data):
        held += piece
        if not held:
            continue  # a token of the vocabulary has no text
        try:
            yield _Unit(held.decode(), first)
        except UnicodeDecodeError as error:
            if error.reason == _CUT_OFF:
                continue
            yield _Unit(held.decode("utf-8", "replace"), first)
        first, held = number + 1, b""
    if held:
        yield _Unit(held.decode("utf-8", "replace"), first)


def _borders(units: Sequence[_Unit]) -> Iterator[int]:
    """The number of the first token of each word. Marks between words belong to the one before, opening ones do not."""
    parts = list(_parts(units))
    free = True  # what came before the part is no word yet
    for number, part in enumerate(parts):
        mark = _is_mark(part.text)
        stays = mark and not _is_opening(part.text)
        if number == 0 or not (free or stays):
            yield part.first
        free = mark and (free or not stays)


def _parts(units: Sequence[_Unit]) -> Iterator[_Unit]:
    """The text, cut at spaces and, in scripts that have none, everywhere."""
    part: _Unit | None = None
    for unit in units:
        if part is None:
            part = unit
        elif unit.text[0].isspace() or is_unspaced(unit.text[0]) or is_unspaced(part.text[-1]):
            yield part
            part = unit
        else:
            part = _Unit(part.text + unit.text, part.first)
    if part is not None:
        yield part


def _is_mark(text: str) -> bool:
    """Whether there are only space, punctuation, combining characters and the like: no word of its own."""
    return all(c.isspace() or unicodedata.category(c)[0] in "PMS" for c in text)


def _is_opening(text: str) -> bool:
    bare = text.strip()
    return bool(bare) and all(unicodedata.category(c) in _OPENING or c in "¿¡" for c in bare)
