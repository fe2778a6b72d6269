"""WAV: RIFF, RF64 and BW64 files, read chunk by chunk, and measured by the bytes that they really contain."""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from audio_gateway.audio.content import AudioContent
from audio_gateway.errors import InvalidAudio

UNKNOWN_SIZE: Final = 0xFFFFFFFF
"""The size in a streamed file, whose length is not known yet; readers take everything that follows."""

_GREATEST: Final = (*(1 << bits for bits in range(28, 34)), 1 << 63, 1 << 64)
_NEAR: Final = 65_536
_ROUND, _ROUND_FROM = 1_000_000, 100_000_000
_MAX_CHUNKS: Final = 1_000
_TAG_PCM, _TAG_FLOAT, _TAG_A_LAW, _TAG_MU_LAW, _TAG_EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_SUBFORMAT_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")
_PCM_BITS: Final = {_TAG_PCM: (8, 16, 24, 32), _TAG_FLOAT: (32, 64)}
_DECODERS: Final = {
    (_TAG_PCM, 8): "pcm_u8",
    (_TAG_PCM, 16): "pcm_s16le",
    (_TAG_PCM, 24): "pcm_s24le",
    (_TAG_PCM, 32): "pcm_s32le",
    (_TAG_FLOAT, 32): "pcm_f32le",
    (_TAG_FLOAT, 64): "pcm_f64le",
    (_TAG_A_LAW, 8): "pcm_alaw",
    (_TAG_MU_LAW, 8): "pcm_mulaw",
}
_STEREO: Final = 2
MAX_CHANNELS: Final = 64
RATES: Final = range(1_000, 768_001)
"""Plausible sample rates in hertz; with any other the header is damaged or wrong."""
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


@dataclass(frozen=True, slots=True)
class Wave:
    """A walked WAV file.

    `fmt` is the body of its format chunk, and `spans` are the byte ranges of its audio. `uncompressed` says that they
    contain uncompressed samples of `block_align` bytes for all channels; `plain` says that the file is one recording
    from its first byte to its last, of the length in its header.
    """

    fmt: bytes
    spans: tuple[tuple[int, int], ...]
    uncompressed: bool
    channels: int
    sample_rate: int
    block_align: int
    bits: int
    plain: bool

    @property
    def audio_bytes(self) -> int:
        """Bytes of audio in the file."""
        return sum(end - start for start, end in self.spans)


def header(fmt: bytes, audio_bytes: int | None) -> bytes:
    """A RIFF header up to the first byte of audio; `audio_bytes` is None if the length is not known yet."""
    known = audio_bytes is not None and audio_bytes + 20 + len(fmt) < UNKNOWN_SIZE
    data_size = audio_bytes if known and audio_bytes is not None else UNKNOWN_SIZE
    riff_size = data_size + 20 + len(fmt) + data_size % 2 if known else UNKNOWN_SIZE
    return b"".join(
        (
            _CHUNK.pack(b"RIFF", riff_size),
            b"WAVE",
            _CHUNK.pack(b"fmt ", len(fmt)),
            fmt,
            _CHUNK.pack(b"data", data_size),
        )
    )


def pcm_format(sample_rate: int) -> bytes:
    """The format chunk of s16le mono."""
    return _FORMAT.pack(_TAG_PCM, 1, sample_rate, sample_rate * 2, 2, 16)


class Samples(NamedTuple):
    """FFmpeg's decoder for uncompressed samples, hertz, channels, and the bytes of one sample of all channels."""

    decoder: str
    sample_rate: int
    channels: int
    block_align: int


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a WAV file that is still arriving.

    `fmt` is the body of its format chunk, `start` the position of the audio, and `size` its declared bytes; None if
    unknown.
    """

    fmt: bytes
    start: int
    size: int | None

    @property
    def speech_rate(self) -> int | None:
        """The sample rate in hertz if the audio is s16le mono, else None."""
        tag, channels, sample_rate, _, block_align, bits = _fields(self.fmt)
        if tag == _TAG_EXTENSIBLE and self.fmt[24:40] == _TAG_PCM.to_bytes(2, "little") + _SUBFORMAT_TAIL:
            tag = _TAG_PCM
        uncompressed = (tag, channels, block_align, bits) == (_TAG_PCM, 1, 2, 16)
        return sample_rate if uncompressed and sample_rate in RATES else None

    @property
    def samples(self) -> Samples | None:
        """The uncompressed samples of one or two channels; None for any other audio."""
        tag, channels, sample_rate, _, block_align, bits = _fields(self.fmt)
        if tag == _TAG_EXTENSIBLE and self.fmt[26:40] == _SUBFORMAT_TAIL:
            tag = int.from_bytes(self.fmt[24:26], "little")
        decoder = _DECODERS.get((tag, bits))
        fits = 1 <= channels <= _STEREO and block_align == channels * bits // 8 and sample_rate in RATES
        return Samples(decoder, sample_rate, channels, block_align) if decoder is not None and fits else None

    @property
    def kind(self) -> bytes:
        """The fields that files of one recording must share: codec, channels, rate, bits."""
        return self.fmt[: _FORMAT.size]

    @property
    def bytes_per_second(self) -> int:
        """Bytes per second of audio, according to the header."""
        return _bytes_per_second(self.fmt)


def is_unknown_size(size: int) -> bool:
    """Whether a size is a placeholder of a writer that streams: readers then take everything that follows.

    Placeholders are 0; a power of two from 256 MiB on, or a number close to it (FFmpeg, sox, arecord); and whole
    millions from 100 MB on (a large number of frames given to Python's `wave`). One recording in hundreds of thousands
    has such a size by chance.
    """
    near = any(abs(size - greatest) <= _NEAR for greatest in _GREATEST)
    return not size or near or (size >= _ROUND_FROM and size % _ROUND == 0)


def read_head(data: bytes) -> Head | None:
    """The head of a RIFF file of which only the beginning has arrived; None if its audio has not begun."""
    at, fmt = 12, b""
    while data[:4] == b"RIFF" and at + 8 <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        at += 8
        if name == b"data":
            return Head(fmt, at, None if is_unknown_size(size) else size) if fmt else None
        if name == b"fmt " and size >= _FORMAT.size:
            fmt = data[at : at + size]
        at += size + size % 2
    return None


def walk(data: AudioContent) -> Wave:
    """Find the format and the audio; raises `InvalidAudio` if the headers contradict each other or the file's size."""
    at, fmt, long_size, spans = 12, b"", None, []
    plain = data[:4] != b"RIFF" or int.from_bytes(data[4:8], "little") in {len(data) - 8, len(data) - 9}
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        name, size = _CHUNK.unpack(data[at : at + 8])
        at += 8
        if name == b"data" and not fmt:
            raise _invalid("its format is not described before the audio")
        if name == b"data":
            declared = size if size != UNKNOWN_SIZE else long_size
            end = _end_of_data(data, at, declared, _bytes_per_second(fmt))
            plain = plain and end - at == declared
            spans.append((at, end))
            at = _next_chunk(data, end, end - at, _bytes_per_second(fmt))
            continue
        plain = plain and not (name == b"fmt " and fmt)
        if name == b"fmt " and not fmt:
            fmt = data[at : at + min(size, 1024)]
            _check_format(fmt)
        elif name == b"ds64":
            long_size = int.from_bytes(data[at + 8 : at + 16], "little")
        at += size + size % 2
    else:
        raise _invalid(f"it has more than {_MAX_CHUNKS} chunks")
    if not spans:
        raise _invalid("it has no audio in it (no data chunk)")
    return _wave(fmt, tuple(spans), plain=plain and len(spans) == 1 and _ends_even(at, spans[-1][1], len(data)))


def _ends_even(at: int, audio_ends: int, size: int) -> bool:
    """Whether a walk that ended at `at` reached the end of the file, apart from the padding byte of an odd size."""
    return at in {size, size + 1} or size - audio_ends in {0, 1}


def _wave(fmt: bytes, spans: tuple[tuple[int, int], ...], *, plain: bool) -> Wave:
    tag, channels, sample_rate, _, block_align, bits = _fields(fmt)
    if tag == _TAG_EXTENSIBLE and fmt[26:40] == _SUBFORMAT_TAIL:
        tag = int.from_bytes(fmt[24:26], "little")
    uncompressed = bits in _PCM_BITS.get(tag, ())
    if uncompressed and block_align != channels * bits // 8:
        raise _invalid(f"{channels} channels of {bits} bits do not fit blocks of {block_align} bytes")
    return Wave(fmt, spans, uncompressed, channels, sample_rate, block_align, bits, plain)


def _check_format(fmt: bytes) -> None:
    if len(fmt) < _FORMAT.size:
        raise _invalid("its format chunk is cut off")
    _, channels, sample_rate, _, block_align, _ = _fields(fmt)
    if not 1 <= channels <= MAX_CHANNELS:
        raise _invalid(f"it declares {channels} channels")
    if sample_rate not in RATES:
        raise _invalid(f"it declares a sample rate of {sample_rate} Hz")
    if not block_align:
        raise _invalid("it declares blocks of 0 bytes")


def _fields(fmt: bytes) -> tuple[int, int, int, int, int, int]:
    """Tag, channels, Hz, bytes per second as declared, bytes per block, bits per sample."""
    return _FORMAT.unpack_from(fmt)


def _bytes_per_second(fmt: bytes) -> int:
    """Bytes per second of audio: from its blocks if it is uncompressed, else as declared, up to a plausible limit."""
    tag, channels, sample_rate, declared, block_align, _ = _fields(fmt)
    claimed = sample_rate * block_align if tag in (_TAG_PCM, _TAG_FLOAT, _TAG_EXTENSIBLE) else declared
    return max(1, min(claimed, sample_rate * channels * 8))


def _end_of_data(data: AudioContent, start: int, size: int | None, bytes_per_second: int) -> int:
    """The end of the audio that begins at `start`."""
    there = len(data) - start
    if not size or size <= there:
        return start + size if size else len(data)
    missing = size - there
    whole = int.from_bytes(data[4:8], "little") if data[:4] == b"RIFF" else size
    open_ended = is_unknown_size(size) or is_unknown_size(whole)
    if not open_ended and missing > bytes_per_second // 10:
        raise InvalidAudio(
            f"The WAV file is cut off: its header declares {size:,} bytes of audio, but {missing:,} of them "
            f"({missing / bytes_per_second:.2f} s) are missing. Upload the complete file."
        )
    return len(data)


def _next_chunk(data: AudioContent, end: int, size: int, bytes_per_second: int) -> int:
    """The position of the chunk after the audio. Other bytes could be audio that the header does not declare."""
    for at in (end + size % 2, end):  # some writers omit the padding byte of an odd size
        if at + 8 > len(data) or _is_chunk(data, at):
            return at
    if len(data) - end > bytes_per_second // 10:
        raise _invalid(
            f"its header declares {size:,} bytes of audio, but {len(data) - end:,} more bytes follow that are not a "
            "RIFF chunk"
        )
    return len(data)


def _is_chunk(data: AudioContent, at: int) -> bool:
    name, size = _CHUNK.unpack(data[at : at + 8])
    named = all(0x20 <= c < 0x7F for c in name) and name not in (b"RIFF", b"RF64", b"BW64")
    return named and (at + 8 + size <= len(data) or name == b"data")


def _invalid(reason: str) -> InvalidAudio:
    return InvalidAudio(f"The WAV file is not valid: {reason}. Export it again, for example as 16-bit PCM.")
