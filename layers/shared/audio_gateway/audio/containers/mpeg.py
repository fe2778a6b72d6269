"""Frame headers of MPEG audio (layers II and III, ISO/IEC 11172-3 and 13818-3) and of ADTS (ISO/IEC 13818-7)."""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from audio_gateway.audio.content import AudioContent

FRAME_HEADER_BYTES: Final = 7
"""Bytes needed to read a header: four of MPEG audio, seven of ADTS."""

ID3_HEADER_BYTES: Final = 10
ID3V1_BYTES: Final = 128
"""Size of a tag at the end of a file."""

_V1_LAYER3: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_V1_LAYER2: Final = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0)
_V2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MPEG_RATES: Final = (44_100, 48_000, 32_000)
_ADTS_RATES: Final = (
    96_000,
    88_200,
    64_000,
    48_000,
    44_100,
    32_000,
    24_000,
    22_050,
    16_000,
    12_000,
    11_025,
    8_000,
    7_350,
)

_DECODER_DELAY: Final = 529  # samples, of every decoder of layer III
_SURPLUS_S: Final = Fraction(1, 2)  # more than an encoder's padding
_MAX_ID3_TAGS: Final = 16
_HEADERS_AT_START: Final = 2
_HEADERS_AFTER_JUNK: Final = 4  # with each attempt, random bytes are more likely to look right


class Frame(NamedTuple):
    """A frame header: bytes and samples of the frame, hertz, and the bits that all frames of a file share."""

    container: Literal["mp3", "aac"]
    length: int
    samples: int
    sample_rate: int
    channels: int
    family: int


@dataclass(frozen=True, slots=True)
class Found:
    """The position and the format of the first frame of a file."""

    container: Literal["mp3", "aac"]
    start: int
    first: Frame


def id3_end(data: AudioContent, start: int = 0) -> int:
    """The end of the ID3v2 tags at `start`; `start` itself if there are none."""
    for _ in range(_MAX_ID3_TAGS):
        if data[start : start + 3] != b"ID3" or len(data) < start + ID3_HEADER_BYTES:
            break
        a, b, c, d = data[start + 6 : start + 10]
        if (a | b | c | d) & 0x80:
            break
        footer = 10 if data[start + 5] & 0x10 else 0
        start += 10 + footer + (a << 21 | b << 14 | c << 7 | d)
    return start


def read_frame(data: AudioContent, at: int) -> Frame | None:
    """The frame header at `at`, or None if there is none."""
    if len(data) < at + 4 or data[at] != 0xFF:
        return None
    second = data[at + 1]
    if second & 0xF6 == 0xF0:  # layer 00 is ADTS
        return _adts(data, at) if len(data) >= at + FRAME_HEADER_BYTES else None
    return _mpeg(second, data[at + 2], data[at + 3]) if second & 0xE0 == 0xE0 else None


@lru_cache(maxsize=64)  # a file has few different headers, and many frames
def _mpeg(second: int, third: int, fourth: int) -> Frame | None:
    version, layer = second >> 3 & 3, second >> 1 & 3  # version 3 is MPEG-1, 2 is MPEG-2, 0 is 2.5; layer 1 is III
    rate_index = third >> 2 & 3
    if version == 1 or layer not in (1, 2) or rate_index == 3:
        return None
    table = _V2 if version != 3 else (_V1_LAYER3 if layer == 1 else _V1_LAYER2)
    bitrate = table[third >> 4] * 1000
    if not bitrate:
        return None
    sample_rate = _MPEG_RATES[rate_index] >> (0 if version == 3 else 1 if version == 2 else 2)
    samples = 576 if layer == 1 and version != 3 else 1152
    length = samples // 8 * bitrate // sample_rate + (third >> 1 & 1)
    channels = 1 if fourth >> 6 == 3 else 2
    return Frame("mp3", length, samples, sample_rate, channels, (second & 0xFE) << 8 | third & 0x0C)


def _adts(data: AudioContent, at: int) -> Frame | None:
    second, third, fourth = data[at + 1], data[at + 2], data[at + 3]
    rate_index = third >> 2 & 15
    length = (fourth & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate_index >= len(_ADTS_RATES) or length < FRAME_HEADER_BYTES:
        return None
    channels = (third & 1) << 2 | fourth >> 6
    samples = 1024 * ((data[at + 6] & 3) + 1)
    family = second << 16 | (third & 0xFD) << 8 | fourth & 0xC0
    return Frame("aac", length, samples, _ADTS_RATES[rate_index], channels, family)


def is_layer_3(frame: bytes) -> bool:
    """Whether a frame of MPEG audio is of layer III, and not II."""
    return frame[1] >> 1 & 3 == 1


def find_frames(data: AudioContent, start: int, limit: int) -> Found | None:
    """The first position between `start` and `limit` of consecutive frames."""
    at = start
    while at < limit:
        first = read_frame(data, at)
        if first is not None and _is_followed(
            data, at, first, _HEADERS_AT_START if at == start else _HEADERS_AFTER_JUNK
        ):
            return Found(first.container, at, first)
        at = data.find(b"\xff", at + 1, limit)
        if at < 0:
            break
    return None


def _is_followed(data: AudioContent, at: int, frame: Frame, wanted: int) -> bool:
    family, seen = frame.family, 1
    while seen < wanted:
        at += frame.length
        if at == len(data):
            return True  # complete frames up to the last byte count like another header
        following = read_frame(data, at)
        if following is None or following.family != family:
            return False
        frame = following
        seen += 1
    return True


class Gap(NamedTuple):
    """Silence that an encoder added, according to its LAME tag: samples before the sound, and after it."""

    delay: int
    padding: int


class _Xing(NamedTuple):
    samples: int
    gap: Gap | None


def declared_by_xing(data: AudioContent, at: int, first: Frame) -> Fraction | None:
    """The length in seconds in a Xing, Info or VBRI header of the first frame; None if it has no such header."""
    if (xing := _xing(data, at, first)) is not None:
        return Fraction(max(0, xing.samples - sum(xing.gap or (0,))), first.sample_rate)
    if data[at + 36 : at + 40] == b"VBRI" and len(data) >= at + 54:
        frames = int.from_bytes(data[at + 50 : at + 54], "big")
        return Fraction(frames * first.samples, first.sample_rate)
    return None


def silence_declared(data: bytes, first: Frame) -> tuple[range, range] | None:
    """The samples after a frame with a LAME tag that are not sound: those before it and after it; None without a tag.

    The decoder's own delay is included.
    """
    xing = _xing(data, 0, first)
    if xing is None or xing.gap is None:
        return None
    end = min(xing.samples, xing.samples - xing.gap.padding + _DECODER_DELAY)
    return range(xing.gap.delay + _DECODER_DELAY), range(end, xing.samples)


def _xing(data: AudioContent, at: int, first: Frame) -> _Xing | None:
    """What a Xing or Info header declares, if it declares the number of frames."""
    mpeg1 = first.samples == 1152
    xing = at + 4 + ((17 if first.channels == 1 else 32) if mpeg1 else (9 if first.channels == 1 else 17))
    if data[xing : xing + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(data[xing + 4 : xing + 8], "big")
    if not flags & 1:
        return None
    samples = int.from_bytes(data[xing + 8 : xing + 12], "big") * first.samples
    # After the fields in the flags: nine bytes of encoder name, twelve more, then delay and padding.
    lame = xing + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
    if data[lame : lame + 4] not in (b"LAME", b"Lavf", b"Lavc"):
        return _Xing(samples, None)
    gap = int.from_bytes(data[lame + 21 : lame + 24], "big")
    return _Xing(samples, Gap(gap >> 12, gap & 0xFFF))


def without_wrong_length(data: bytes) -> bytes:
    """A complete file of frames, without the first one if that declares less than the file contains.

    Players trust it, and would stop in the middle of several concatenated files.
    """
    first = read_frame(data, 0)
    declared_s = None if first is None else declared_by_xing(data, 0, first)
    if first is None or declared_s is None:
        return data
    at, samples = first.length, 0
    while (frame := read_frame(data, at)) is not None:
        at += frame.length
        samples += frame.samples
    surplus_s = Fraction(samples, first.sample_rate) - declared_s
    return data[first.length :] if surplus_s > _SURPLUS_S else data


def end_of_frames(data: AudioContent) -> int:
    """The end of the audio, before the tags at the end (ID3v1, APE)."""
    end = len(data)
    if data[max(0, end - ID3V1_BYTES) : end - 125] == b"TAG":
        end -= ID3V1_BYTES
    if end >= 32 and data[end - 32 : end - 24] == b"APETAGEX":
        size = int.from_bytes(data[end - 20 : end - 16], "little")  # of items and footer
        header = 32 if data[end - 9] & 0x80 else 0
        end = max(0, end - size - header)
    return end
