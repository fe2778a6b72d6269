"""Native FLAC (RFC 9639): its stream information, and where its frames are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audio_gateway.errors import InvalidAudio

_START: Final = b"fLaC\x00\x00\x00\x22"  # the magic, and the header of STREAMINFO that must follow it
_STREAMINFO_BYTES: Final = 34
_FIRST_BLOCK: Final = len(_START) + _STREAMINFO_BYTES
_MAX_BLOCKS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Flac:
    """One FLAC stream: `header` is all that a decoder needs before the frames between `start` and `end`."""

    header: bytes
    start: int
    end: int
    sample_rate: int
    channels: int
    bits: int
    total_samples: int
    """As the header promises; 0 is unknown."""


def streams(data: bytes, at: int) -> list[Flac]:
    """The FLAC streams from `at` on: one, or several files put one behind the other. Raises `InvalidAudio`."""
    found = []
    while at < len(data):
        following = data.find(_START, at + len(_START))
        end = following if following >= 0 else len(data)
        found.append(read_stream(data, at, end))
        at = end
    return found


def read_stream(data: bytes, at: int, end: int) -> Flac:
    """The stream between `at` and `end`; pictures and tags are skipped. Raises `InvalidAudio`."""
    if data[at : at + len(_START)] != _START or end < at + _FIRST_BLOCK:
        raise _damaged()
    info = data[at + len(_START) : at + _FIRST_BLOCK]
    packed = int.from_bytes(info[10:18], "big")  # 20 bits rate, 3 channels - 1, 5 bits - 1, 36 samples
    sample_rate = packed >> 44
    if not sample_rate:
        raise _damaged()
    return Flac(
        header=b"fLaC\x80\x00\x00\x22" + info,  # the same, marked as the last block
        start=_first_frame(data, at, end),
        end=end,
        sample_rate=sample_rate,
        channels=(packed >> 41 & 7) + 1,
        bits=(packed >> 36 & 31) + 1,
        total_samples=packed & (1 << 36) - 1,
    )


def _first_frame(data: bytes, at: int, end: int) -> int:
    last, block = data[at + 4] & 0x80, at + _FIRST_BLOCK
    for _ in range(_MAX_BLOCKS):
        if last:
            return block
        if block + 4 > end or data[block] == 0xFF:
            break
        last = data[block] & 0x80
        block += 4 + int.from_bytes(data[block + 1 : block + 4], "big")
    raise _damaged()


def _damaged() -> InvalidAudio:
    return InvalidAudio("The FLAC file is damaged: its header cannot be read. Export it again.", param="file")
