"""MPEG program streams (ISO/IEC 13818-1, and 11172-1 before it): the bytes of each audio stream, and its start time.

FFmpeg gets only the measured stream, as a file of its own, and never the pictures.
"""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from audio_gateway.audio.containers import mpeg
from audio_gateway.audio.content import AudioContent, ContentSpans
from audio_gateway.errors import InvalidAudio

MAGIC: Final = b"\x00\x00\x01\xba"

_PREFIX: Final = MAGIC[:3]
_CLOCK_HZ: Final = 90_000
_END, _PACK, _PRIVATE = 0xB9, 0xBA, 0xBD
_AUDIO, _VIDEO = range(0xC0, 0xE0), range(0xE0, 0xF0)
_AC3: Final = range(0x80, 0x88)  # of private streams
_OTHER_SOUND: Final = range(0x88, 0xC0)  # of private streams: DTS, PCM and others
_AC3_HEAD_BYTES: Final = 4
_HEAD_BYTES: Final = 48  # of a packet, at most, without stuffing
_SNIFF_BYTES: Final = 16_384
_MAX_PACKETS: Final = 1_000_000
_BYTES_PER_PACKET: Final = 200  # in large files, which may have more


@dataclass(slots=True)
class Stream:
    """An audio stream: the positions of its bytes in the file, and its first timestamp, in ticks of 1/90,000 s."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    begin: int | None = None
    is_ac3: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """The supported audio streams of a file, whether it has others (`unread`), and its first timestamp."""

    streams: tuple[Stream, ...]
    unread: bool
    begin: int | None

    def delay_s(self, stream: Stream) -> Fraction:
        """Seconds between the first picture or sound and the start of a stream."""
        out_of_time = 0 if self.begin is None or stream.begin is None else stream.begin - self.begin
        return Fraction(max(0, out_of_time), _CLOCK_HZ)


def program(data: AudioContent) -> Program:
    """Read the structure; raises `InvalidAudio` if it has too many packets."""
    streams, begin, unread = dict[int, Stream](), None, False
    for kind, body, end in _packets(data):
        head = data[body : min(end, body + _HEAD_BYTES)]
        at, time = _payload(head)
        if time is not None and (kind in _VIDEO or kind in _AUDIO or kind == _PRIVATE):
            begin = time if begin is None else min(begin, time)
        number = kind
        if kind == _PRIVATE:
            number = head[at] if at < len(head) else 0
            at += _AC3_HEAD_BYTES
            unread = unread or number in _OTHER_SOUND
        if body + at < end and (number in _AUDIO if kind != _PRIVATE else number in _AC3):
            stream = streams.setdefault(number, Stream(begin=time, is_ac3=kind == _PRIVATE))
            stream.spans.append((body + at, end))
    in_order = sorted(streams.values(), key=lambda stream: stream.is_ac3)
    return Program(tuple(in_order), unread, begin)


def demuxer(data: AudioContent, stream: Stream) -> str | None:
    """FFmpeg's name for the format of the stream; None if it is not supported."""
    if stream.is_ac3:
        return "ac3"
    file, head = ContentSpans(data, stream.spans).open(), b""
    while len(head) < _SNIFF_BYTES and (piece := file.read(_SNIFF_BYTES)):
        head += piece
    found = mpeg.find_frames(head, 0, len(head))
    return None if found is None else found.container


def _packets(data: AudioContent) -> Iterator[tuple[int, int, int]]:
    """The kind of each packet, and the positions of its content and its end."""
    at = 0
    for _ in range(max(_MAX_PACKETS, len(data) // _BYTES_PER_PACKET)):
        head = data[at : at + 14]
        if head[:3] != _PREFIX or len(head) < 6:
            at = data.find(_PREFIX, at + 1)
            if at < 0:
                return
            continue
        kind = head[3]
        if kind == _PACK:
            at += 14 + (head[-1] & 7) if head[4] >> 6 == 1 else 12
        elif kind == _END:
            at += 4
        elif kind > _END:
            end = at + 6 + int.from_bytes(head[4:6], "big")
            yield kind, at + 6, min(end, len(data))
            at = end
        else:
            at += 4
    raise InvalidAudio("The MPEG file has too many packets. Export it again.")


def _payload(head: bytes) -> tuple[int, int | None]:
    """The position of a packet's payload, and its timestamp if it has one."""
    if len(head) > 3 and head[0] & 0xC0 == 0x80:
        return 3 + head[2], _time(head[3:8]) if head[1] & 0x80 else None
    at = len(head) - len(head.lstrip(b"\xff"))
    if head[at : at + 1] and head[at] & 0xC0 == 0x40:
        at += 2
    marker = head[at] >> 4 if at < len(head) else 0
    if marker in (2, 3):
        return at + 5 * (marker - 1), _time(head[at : at + 5])
    return at + 1, None


def _time(field_: bytes) -> int | None:
    """Read 33 bits that are split by marker bits."""
    if len(field_) < 5:
        return None
    first, middle, last = field_[0], int.from_bytes(field_[1:3], "big"), int.from_bytes(field_[3:5], "big")
    return (first >> 1 & 7) << 30 | (middle >> 1) << 15 | last >> 1
