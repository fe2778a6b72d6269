"""Splits text into the byte pairs of GPT-2, of which Whisper's tokens are made.

The order of the vocabulary is that in which the pairs were learnt, so it is the order in which they are merged, too.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_CONTRACTIONS: Final = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
_NO_SPACE: Final = "\x1c\x1d\x1e\x1f"  # `str.isspace` has them, Unicode's White_Space does not


class BytePairs:
    """Encodes text in tokens; `ids` has the id of each by its bytes, of all single bytes too.

    Control tokens are not in `ids`: their names are text like any other.
    """

    def __init__(self, ids: Mapping[bytes, int]) -> None:
        self._ids = ids
        self._longest = max(map(len, ids))

    def encode(self, text: str, most: int) -> list[int]:
        """The tokens of a text, of a long one the last `most`: what comes before them is not encoded."""
        furthest = most * self._longest  # bytes, and at most as many characters
        found: list[int] = []
        for word in reversed(list(words(text[-furthest:]))):
            if len(found) >= most:
                break
            found[:0] = _merged(word.encode("utf-8", "replace")[-furthest:], self._ids)
        return found[max(0, len(found) - most) :]


def words(text: str) -> Iterator[str]:
    """The parts of a text that are encoded one by one: words, numbers and punctuation, with the space before each."""
    at = 0
    while at < len(text):
        end = _end(text, at)
        yield text[at:end]
        at = end


def _end(text: str, at: int) -> int:
    """Where the part that begins at `at` ends."""
    for contraction in _CONTRACTIONS:
        if text.startswith(contraction, at):
            return at + len(contraction)
    first = at + 1 if text[at] == " " and at + 1 < len(text) else at
    kind = _kind(text[first])
    if kind:
        return _run(text, first, kind)
    end = _run(text, at, "")
    # The last space before a word belongs to the word, if it is an ordinary one.
    return end - 1 if end < len(text) and end - at > 1 else end


def _run(text: str, at: int, kind: str) -> int:
    while at < len(text) and _kind(text[at]) == kind:
        at += 1
    return at


def _kind(character: str) -> str:
    """`L` for letters, `N` for numbers, `P` for everything else but space, which is an empty string."""
    if character.isspace() and character not in _NO_SPACE:
        return ""
    major = unicodedata.category(character)[0]
    return major if major in "LN" else "P"


def _merged(data: bytes, ids: Mapping[bytes, int]) -> list[int]:
    """The tokens of a word: the pair that was learnt first is merged first, from left to right."""
    parts: list[bytes] = [bytes([byte]) for byte in data]
    following = list(range(1, len(parts) + 1))
    previous = list(range(-1, len(parts) - 1))
    pairs: list[tuple[int, int, bytes]] = []

    def offer(left: int) -> None:
        if left >= 0 and following[left] < len(parts):
            pair = parts[left] + parts[following[left]]
            if pair in ids:
                heapq.heappush(pairs, (ids[pair], left, pair))

    for left in range(len(parts)):
        offer(left)
    while pairs:
        _, left, pair = heapq.heappop(pairs)
        right = following[left] if parts[left] else len(parts)
        if right == len(parts) or parts[left] + parts[right] != pair:
            continue  # one of the two has become part of another pair
        parts[left], parts[right] = pair, b""
        following[left] = following[right]
        if following[left] < len(parts):
            previous[following[left]] = left
        offer(previous[left])
        offer(left)
    return _ids(parts, ids)


def _ids(parts: Sequence[bytes], ids: Mapping[bytes, int]) -> list[int]:
    return [ids[part] for part in parts if part]
