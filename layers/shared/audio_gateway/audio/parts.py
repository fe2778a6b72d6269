"""What of the caller's bytes is handed to FFmpeg, and what they promise.

A file is cut into parts that decode on their own (links of a chain, files put one behind the other). From each, all is
left out that is no audio: tags, pictures, indexes. They are where a small file makes a parser work without end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, Protocol

from audio_gateway.audio import ebml, flac, isobmff, mpeg, ogg, riff
from audio_gateway.audio.content import Content, Pieces
from audio_gateway.audio.ffmpeg import SeekableFile
from audio_gateway.audio.sniff import ENOUGH, Container

Promise = Literal["track", "pages", "file"]


class Source(Protocol):
    """Bytes of a file that decode on their own."""

    @property
    def size(self) -> int:
        """How many they are."""
        ...

    def open(self) -> SeekableFile:
        """A new file to read them from."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes that decode on their own.

    `promised_s` is how long the container says that it is; None when it does not say so, or only to FFmpeg:
    `ask` names whose duration counts then. `dense` says that nothing but frames of audio is in it.
    """

    source: Source
    promised_s: Fraction | None = None
    ask: Promise | None = None
    dense: bool = False


def parts(data: Content, container: Container) -> list[Part]:
    """The parts of a file whose content is `container`. Raises `InvalidAudio` where its structure is wrong."""
    return _PARTS_OF[container](data)


def _of_wav(data: Content) -> list[Part]:
    """The whole file as one part, with a header that tells the truth."""
    wave = riff.walk(data)
    return [Part(Pieces(data, (riff.header(wave.fmt, wave.audio_bytes), *wave.spans)))]


def _of_mpeg(data: Content) -> list[Part]:
    start = mpeg.id3_end(data)
    found = mpeg.find_frames(data, start, min(len(data), start + ENOUGH))  # recognised there: no need to look further
    promised = mpeg.promised_by_xing(data, found.start, found.first) if found else None
    end = mpeg.end_of_frames(data)
    return [Part(Pieces(data, ((start, max(start, end)),)), promised_s=promised, dense=True)]


def _of_flac(data: Content) -> list[Part]:
    return [
        Part(
            Pieces(data, (stream.header, (stream.start, stream.end))),
            promised_s=Fraction(stream.info.total_samples, stream.info.sample_rate) or None,
            dense=True,
        )
        for stream in flac.streams(data, mpeg.id3_end(data))
    ]


def _of_ogg(data: Content) -> list[Part]:
    return [Part(link, ask="pages") for link in ogg.links(data)]


def _of_mp4(data: Content) -> list[Part]:
    return [Part(Pieces(data, isobmff.without_tags(data)), ask="track")]


def _of_webm(data: Content) -> list[Part]:
    return [Part(Pieces(data, ebml.without_tags(data)), ask="file")]


_PARTS_OF: Final = {
    "wav": _of_wav,
    "mp3": _of_mpeg,
    "aac": _of_mpeg,
    "flac": _of_flac,
    "ogg": _of_ogg,
    "mp4": _of_mp4,
    "webm": _of_webm,
}
