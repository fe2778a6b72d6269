"""Cuts long audio into chunks, in pauses of the speech."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audio_gateway.audio.resample import whole_samples
from audio_gateway.audio.silence import CHUNK_SAMPLE_RATE, FRAME, best_cut

OVERLAP_SECONDS: Final = 3.0
"""Shared by two chunks if there is no pause to cut in: a long word, with enough context on both sides to align it."""

FLAC_BYTES_PER_SECOND: Final = 32_400
"""The most that a second of a chunk takes in the file of `encode.flac_file`: 32,000 bytes of samples, if they do not
compress, and the frame headers. Speech takes about half of it: 300 s are 5 MB, and never more than 9.8 MB."""
_FILE_BYTES: Final = 16_384  # file headers
_BODY_BYTES: Final = 65_536  # the rest of the request: a provider's limit applies to the whole body

LEAST_SECONDS: Final = 1.0
"""The smallest maximum length of a chunk."""
LEAST_BYTES: Final = math.ceil(_FILE_BYTES + _BODY_BYTES + LEAST_SECONDS * FLAC_BYTES_PER_SECOND)
"""The smallest limit of a provider: the size of a request with a chunk of that length."""

_SEARCH_SHARE, _MOST_SEARCH_S = 5, 30  # a fifth of the chunk, at most half a minute, on either side of its end
_TAIL_SHARE, _MOST_TAIL_S = 10, 10  # the least length of the last chunk
_SECOND: Final = CHUNK_SAMPLE_RATE // FRAME  # frames


@dataclass(frozen=True, slots=True)
class CutRule:
    """The length of chunks.

    `chunk_seconds` is the target. `max_seconds` and `max_bytes` (of the request with the chunk as FLAC) are the
    provider's limits, which no chunk exceeds; None if it has none. `overlap_seconds` is shared by neighbours even if
    the cut is in a pause: the words in it show which of their speakers are the same.

    Raises:
        ValueError: the limits leave less than a second, or the overlap is more than a quarter of a chunk.
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
        """The maximum length of a chunk; infinite if the provider has no limit."""
        by_bytes = float("inf")
        if self.max_bytes is not None:
            by_bytes = (self.max_bytes - _FILE_BYTES - _BODY_BYTES) / FLAC_BYTES_PER_SECOND
        return min(by_bytes, float("inf") if self.max_seconds is None else self.max_seconds)

    @property
    def usual_seconds(self) -> float:
        """The target length, reduced if the provider's limits leave no room to search for a pause."""
        return _CutPlan.of(self).chunk / _SECOND


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the recording as s16le mono at 16 kHz.

    `start` and `end` are samples from the beginning of the recording; the first `overlap` samples are also the last of
    the previous chunk. Without an overlap, the cut is in a pause.
    """

    start: int
    end: int
    overlap: int
    pcm: bytes


def cut(pcm: Iterable[bytes], rule: CutRule) -> Iterator[Chunk]:
    """Cut s16le mono at 16 kHz into chunks while it is read; one chunk and a minute are held in memory.

    Except for overlaps, each sample is in exactly one chunk. A cut is in the longest pause (at least 150 ms) around the
    target end of a chunk. Without a pause it is where it is quiet and speech is least likely, in the middle of an
    overlap of three seconds. Errors of reading are passed on unchanged.
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
    """A rule in frames: the target, the search range around it, the overlaps, the least length of the last chunk."""

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
        """Bytes that must be held before a cut: the search window, and the least length of the last chunk after it.

        `overlap` is the number of samples that it shares with the previous chunk.
        """
        return (overlap // 2 + (self.chunk + self.search + self.tail) * FRAME) * 2

    def seam(self, held: bytearray, overlap: int) -> tuple[int, int]:
        """The sample to cut at, and how many samples around it are shared."""
        first = overlap // 2 + (self.chunk - self.search) * FRAME
        window = memoryview(held)[first * 2 : (first + self.search * 2 * FRAME) * 2]
        place = best_cut(window, self.search * FRAME)
        return first + place.sample, (self.shared_in_pause if place.silent else self.overlap) * FRAME
