"""What of the caller's bytes is handed to FFmpeg, and what they promise.

A file is cut into parts that decode on their own (links of a chain, files put one behind the other). From each, all is
left out that is no audio: tags, pictures, indexes. They are where a small file makes a parser work without end.
"""

from __future__ import annotations

import bisect
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from audio_gateway.audio import ebml, flac, isobmff, mpeg, ogg, riff
from audio_gateway.audio.sniff import Container

Promise = Literal["track", "file"]


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes that decode on their own, in pieces to be read one after the other.

    `promised_s` is how long the container says that it is; None when it does not say so, or only to FFmpeg:
    `ask` names whose duration counts then. `dense` says that nothing but frames of audio is in it.
    """

    pieces: tuple[bytes | memoryview, ...]
    promised_s: Fraction | None = None
    ask: Promise | None = None
    dense: bool = False

    @property
    def size(self) -> int:
        """Bytes of all pieces."""
        return sum(len(piece) for piece in self.pieces)

    def open(self) -> io.BytesIO | Pieces:
        """A file to read them from, without a copy of the whole."""
        only = self.pieces[0] if len(self.pieces) == 1 else None
        if isinstance(only, memoryview) and isinstance(only.obj, bytes) and len(only) == len(only.obj):
            return io.BytesIO(only.obj)
        return Pieces(self.pieces)


class Pieces:
    """A file made of pieces of other buffers."""

    def __init__(self, pieces: tuple[bytes | memoryview, ...]) -> None:
        self._pieces = [memoryview(piece) for piece in pieces if len(piece)]
        self._starts = [0]
        for piece in self._pieces:
            self._starts.append(self._starts[-1] + len(piece))
        self._at = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; fewer where a piece ends, none at the end of all."""
        index = bisect.bisect_right(self._starts, self._at) - 1
        if index >= len(self._pieces):
            return b""
        start = self._at - self._starts[index]
        data = bytes(self._pieces[index][start : start + size])
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place within the file; answers where that is."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = min(max(0, base + offset), self._starts[-1])
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at


def parts(data: bytes, container: Container) -> list[Part]:
    """The parts of a file whose content is `container`. Raises `InvalidAudio` where its structure is wrong."""
    return _PARTS_OF[container](data)


def _of_wav(data: bytes) -> list[Part]:
    return [of_wave(data, riff.walk(data))]


def of_wave(data: bytes, wave: riff.Wave) -> Part:
    """A walked WAV file as one part, with a header that tells the truth."""
    view = memoryview(data)
    audio = [view[start:end] for start, end in wave.spans]
    return Part((riff.header(wave.fmt, wave.audio_bytes), *audio))


def _of_mpeg(data: bytes) -> list[Part]:
    start = mpeg.id3_end(data)
    found = mpeg.find_frames(data, start, len(data))
    promised = mpeg.promised_by_xing(data, found.start, found.first) if found else None
    end = mpeg.end_of_frames(data)
    return [Part((memoryview(data)[start : max(start, end)],), promised_s=promised, dense=True)]


def _of_flac(data: bytes) -> list[Part]:
    view = memoryview(data)
    return [
        Part(
            (stream.header, view[stream.start : stream.end]),
            promised_s=Fraction(stream.info.total_samples, stream.info.sample_rate) or None,
            dense=True,
        )
        for stream in flac.streams(data, mpeg.id3_end(data))
    ]


def _of_ogg(data: bytes) -> list[Part]:
    return [Part(link.pieces(), ask="track") for link in ogg.links(data)]


def _of_mp4(data: bytes) -> list[Part]:
    return [Part(tuple(isobmff.without_tags(data)), ask="track")]


def _of_webm(data: bytes) -> list[Part]:
    return [Part(tuple(ebml.without_tags(data)), ask="file")]


_PARTS_OF: Final = {
    "wav": _of_wav,
    "mp3": _of_mpeg,
    "aac": _of_mpeg,
    "flac": _of_flac,
    "ogg": _of_ogg,
    "mp4": _of_mp4,
    "webm": _of_webm,
}
