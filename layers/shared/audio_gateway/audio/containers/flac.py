"""Native FLAC (RFC 9639): its stream information and the positions of its frames."""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from audio_gateway.audio.content import AudioContent
from audio_gateway.errors import InvalidAudio

# The magic, and the header of the STREAMINFO block that must follow it: 34 bytes, perhaps marked as the last block.
_MAGIC: Final = b"fLaC"
_STARTS: Final = (_MAGIC + b"\x00\x00\x00\x22", _MAGIC + b"\x80\x00\x00\x22")
_START_BYTES: Final = 8
_STREAMINFO_BYTES: Final = 34
HEAD_BYTES: Final = _START_BYTES + _STREAMINFO_BYTES
"""What `read_info` needs."""
_MAX_BLOCKS: Final = 1_000
_MAX_STREAMS: Final = 1_000
MAX_FRAME_BYTES: Final = 65_536
"""More than a frame of speech can have."""


class StreamInfo(NamedTuple):
    """The declarations of the header; 0 samples means unknown."""

    sample_rate: int
    channels: int
    bits: int
    total_samples: int


@dataclass(frozen=True, slots=True)
class Flac:
    """One FLAC stream: `header` is everything that a decoder needs before the frames between `start` and `end`."""

    header: bytes
    start: int
    end: int
    info: StreamInfo


def streams(data: AudioContent, at: int, end: int) -> list[Flac]:
    """The FLAC streams between `at` and `end`: one, or several concatenated files.

    Pictures and tags are left out. Raises `InvalidAudio`.
    """
    found = []
    while at < end:
        following = _next_start(data, at + _START_BYTES, end)
        found.append(_read_stream(data, at, following))
        at = following
        if len(found) > _MAX_STREAMS:
            raise InvalidAudio(f"The FLAC file is more than {_MAX_STREAMS} concatenated files. Join them first.")
    return found


def _next_start(data: AudioContent, at: int, end: int) -> int:
    """The position of the next stream; `end` if there is none."""
    found = data.find(_MAGIC, at, end)
    while found >= 0 and data[found : found + _START_BYTES] not in _STARTS:
        found = data.find(_MAGIC, found + 1, end)
    return end if found < 0 else found


def read_info(data: AudioContent, at: int = 0) -> StreamInfo | None:
    """The stream information of the FLAC stream at `at`; None if there is none, or if it is cut off."""
    head = data[at : at + HEAD_BYTES]
    if not head.startswith(_STARTS) or len(head) < HEAD_BYTES:
        return None
    packed = int.from_bytes(head[_START_BYTES + 10 : _START_BYTES + 18], "big")
    return StreamInfo(packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & (1 << 36) - 1)


def with_total(header: bytes, samples: int) -> bytes:
    """The beginning of a FLAC stream with the number of its samples."""
    at = _START_BYTES + 13  # the last 36 bits of the packed eight bytes
    packed = int.from_bytes(header[at : at + 5], "big") >> 36 << 36 | samples
    return header[:at] + packed.to_bytes(5, "big") + header[at + 5 :]


def with_counted_total(data: bytes) -> bytes:
    """A complete stream with its length in the header, if it has none yet.

    The length follows from the number of the last frame and its samples. Anything else is returned unchanged.
    """
    info, at = read_info(data), _last_frame(data[-MAX_FRAME_BYTES:])
    if info is None or info.total_samples or at is None:
        return data
    frame = data[max(0, len(data) - MAX_FRAME_BYTES) + at :]
    smallest = int.from_bytes(data[_START_BYTES : _START_BYTES + 2], "big")
    largest = int.from_bytes(data[_START_BYTES + 2 : _START_BYTES + 4], "big")
    if frame[1] & 1 or smallest != largest:  # frames of different sizes are numbered differently
        return data
    number, size_at = _frame_number(frame)
    return with_total(data, number * largest + _frame_samples(frame, size_at))


def _frame_number(frame: bytes) -> tuple[int, int]:
    """The number in a frame's header, encoded like a UTF-8 character, and the position of its end."""
    leading = 8 - (frame[4] ^ 0xFF).bit_length()
    number = frame[4] & (0x7F >> leading)
    end = 4 + max(1, leading)
    for byte in frame[5:end]:
        number = number << 6 | byte & 0x3F
    return number, end


def _frame_samples(frame: bytes, at: int) -> int:
    """The number of samples of a frame; `at` is the position of an explicit number in its header."""
    code = frame[2] >> 4
    if code in (6, 7):
        return int.from_bytes(frame[at : at + code - 5], "big") + 1
    if code == 1:
        return 192
    return 576 << code - 2 if code < 6 else 256 << code - 8


def _read_stream(data: AudioContent, at: int, end: int) -> Flac:
    info = read_info(data, at)
    if info is None or not info.sample_rate or end < at + HEAD_BYTES:
        raise damaged()
    header = b"fLaC\x80\x00\x00\x22" + data[at + _START_BYTES : at + HEAD_BYTES]  # marked as the last block
    return Flac(header, _first_frame(data, at, end), end, info)


def _first_frame(data: AudioContent, at: int, end: int) -> int:
    last, block = data[at + 4] & 0x80, at + HEAD_BYTES
    for _ in range(_MAX_BLOCKS):
        if last:
            return block
        if block + 4 > end or data[block] == 0xFF:
            break
        last = data[block] & 0x80
        block += 4 + int.from_bytes(data[block + 1 : block + 4], "big")
    raise damaged()


def is_frame(data: bytes) -> bool:
    """Whether the bytes are exactly one frame of usual size: its last checksum is right."""
    return len(data) <= MAX_FRAME_BYTES and not _crc16(data)


def ends_with_frame(tail: bytes) -> bool:
    """Whether the last `MAX_FRAME_BYTES` of a file end with a complete frame."""
    return _last_frame(tail) is not None


def _last_frame(tail: bytes) -> int | None:
    """The position of the last frame, if these bytes end with it and both its checksums are right; else None."""
    at = tail.rfind(b"\xff")
    while at >= 0:
        if is_header(tail, at) and not _crc16(tail[at:]):
            return at
        at = tail.rfind(b"\xff", 0, at)
    return None


def is_header(data: bytes, at: int) -> bool:
    """Whether a complete frame header is at `at`, followed by more: its checksum is right."""
    if len(data) < at + 6 or data[at + 1] & 0xFE != 0xF8:
        return False
    leading = 8 - (data[at + 4] ^ 0xFF).bit_length()  # of the frame's number, encoded like a UTF-8 character
    extra_size = {6: 1, 7: 2}.get(data[at + 2] >> 4, 0)
    extra_rate = {12: 1, 13: 2, 14: 2}.get(data[at + 2] & 15, 0)
    length = 4 + max(1, leading) + extra_size + extra_rate
    return length < len(data) - at and not _crc8(data[at : at + length + 1])


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    def entry(byte: int) -> int:
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> bits - 1 else 0)
            value &= (1 << bits) - 1
        return value

    return tuple(entry(byte) for byte in range(256))


_CRC8: Final = _table(0x07, 8)
_CRC16: Final = _table(0x8005, 16)


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
    return crc


def damaged() -> InvalidAudio:
    """The error for a stream that cannot be read."""
    return InvalidAudio("The FLAC file is damaged: its header cannot be read. Export it again.")
