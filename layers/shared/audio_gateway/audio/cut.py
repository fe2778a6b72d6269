"""Long audio in chunks that are cut where nobody speaks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audio_gateway.audio.resample import whole_samples
from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE, FRAME, quietest

OVERLAP_SECONDS: Final = 3.0
"""Shared by two chunks where there is no pause to cut in: a long word, and enough before and behind it to find it."""

FLAC_BYTES_PER_SECOND: Final = 32_400
"""Most that a second of a chunk takes in the file of `encode.flac_file`: 32,000 bytes of samples that cannot be made
smaller, and the headers of its frames. Speech takes about half of it: 300 s are 5 MB, and never more than 9.8 MB."""
_FILE_BYTES: Final = 16_384  # headers of the file
_BODY_BYTES: Final = 65_536  # of the request around it: a provider's limit is on the whole body

LEAST_SECONDS: Final = 1.0
"""Of a chunk's greatest length."""
LEAST_BYTES: Final = math.ceil(_FILE_BYTES + _BODY_BYTES + LEAST_SECONDS * FLAC_BYTES_PER_SECOND)
"""Of a provider's limit: what a request with a chunk of that length may have."""

_SEARCH_SHARE, _MOST_SEARCH_S = 5, 30  # a fifth of the chunk, at most half a minute, to either side of its end
_TAIL_SHARE, _MOST_TAIL_S = 10, 10  # what the last chunk has at least
_SECOND: Final = CHUNK_SAMPLE_RATE // FRAME  # frames


@dataclass(frozen=True, slots=True)
class CutRule:
    """How long chunks are to be.

    `chunk_seconds` is what is aimed at, `max_seconds` and `max_bytes` (of the request with the chunk as FLAC) are the
    provider's limits, which no chunk is above; None where it has none. `overlap_seconds` is shared by neighbours even
    if the cut is in a pause, so that what is said there tells which of their speakers are the same.

    Raises:
        ValueError: the limits leave less than a second, or the overlap more than a quarter of a chunk.
    """

    chunk_seconds: float
    max_seconds: float | None = None
    max_bytes: int | None = None
    overlap_seconds: float = 0.0

    def __post_init__(self) -> None:
        shortest = min(self.longest_seconds, self.chunk_seconds)
        if shortest < LEAST_SECONDS:
            raise ValueError(f"chunks of {shortest:g} s are shorter than {LEAST_SECONDS:g} s")
        if not 0 <= self.overlap_seconds <= min(self.chunk_seconds, self.longest_seconds) / 4:
            raise ValueError(f"an overlap of {self.overlap_seconds:g} s is more than a quarter of a chunk")

    @property
    def longest_seconds(self) -> float:
        """What no chunk is above; infinite where the provider has no limit."""
        by_bytes = float("inf")
        if self.max_bytes is not None:
            by_bytes = (self.max_bytes - _FILE_BYTES - _BODY_BYTES) / FLAC_BYTES_PER_SECOND
        return min(by_bytes, float("inf") if self.max_seconds is None else self.max_seconds)

    @property
    def usual_seconds(self) -> float:
        """What is aimed at, where the provider's limits leave room for it and for the search of a pause."""
        return _CutPlan.of(self).chunk / _SECOND


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the recording as s16le mono at 16 kHz.

    `start` and `end` are samples from the beginning of the recording; the first `overlap` of them are also the last of
    the chunk before. Where there is no overlap, both sides of the cut lie in a pause.
    """

    start: int
    end: int
    overlap: int
    pcm: bytes


def cut(pcm: Iterable[bytes], rule: CutRule) -> Iterator[Chunk]:
    """Cut s16le mono at 16 kHz into chunks, while it is read; one chunk and a minute are held in memory.

    Each sample is in one chunk, but for overlaps. A cut is in the longest pause (150 ms at least) around the wanted
    end of a chunk. Without a pause it is at the quietest place there, in the middle of an overlap of three seconds.
    What reading raises comes out as it is.
    """
    plan = _CutPlan.of(rule)
    held, start, overlap = bytearray(), 0, 0  # `start` is the sample that `held` begins with
    for piece in whole_samples(pcm):
        held += piece
        while len(held) > plan.enough_bytes(overlap):
            seam, shared = plan.seam(held, overlap)
            end = seam + shared // 2
            yield Chunk(start, start + end, overlap, bytes(memoryview(held)[: end * 2]))
            del held[: (end - shared) * 2]
            start, overlap = start + end - shared, shared
    if len(held) > overlap * 2:
        yield Chunk(start, start + len(held) // 2, overlap, bytes(held))


@dataclass(frozen=True, slots=True)
class _CutPlan:
    """A rule in frames: what is aimed at, how far from there a cut may be, what is shared, what is left at least."""

    chunk: int
    search: int
    overlap: int
    shared_in_pause: int
    tail: int

    @classmethod
    def of(cls, rule: CutRule) -> _CutPlan:
        """The rule's plan: the longest chunk it makes is `chunk + search + tail + overlap`."""
        longest = int(rule.longest_seconds * _SECOND) if rule.longest_seconds < float("inf") else None
        shared_in_pause = int(rule.overlap_seconds * _SECOND) // 2 * 2
        chunk = int(rule.chunk_seconds * _SECOND)
        while True:
            overlap = max(shared_in_pause, min(int(OVERLAP_SECONDS * _SECOND), chunk // _SEARCH_SHARE)) // 2 * 2
            search = min(_MOST_SEARCH_S * _SECOND, chunk // _SEARCH_SHARE)
            tail = max(overlap // 2, min(_MOST_TAIL_S * _SECOND, chunk // _TAIL_SHARE))
            above = 0 if longest is None else chunk + search + tail + overlap - longest
            if above <= 0:
                return cls(chunk, search, overlap, shared_in_pause, tail)
            chunk -= max(1, above // 2)

    def enough_bytes(self, overlap: int) -> int:
        """How much must be held before a cut, and so be left for the last chunk: a window, and a tail behind it.

        `overlap` are the samples that it shares with the chunk before.
        """
        return (overlap // 2 + (self.chunk + self.search + self.tail) * FRAME) * 2

    def seam(self, held: bytearray, overlap: int) -> tuple[int, int]:
        """The sample to cut at, and how many are to be shared around it."""
        first = overlap // 2 + (self.chunk - self.search) * FRAME
        window = memoryview(held)[first * 2 : (first + self.search * 2 * FRAME) * 2]
        place = quietest(window, self.search * FRAME)
        return first + place.sample, (self.shared_in_pause if place.silent else self.overlap) * FRAME
