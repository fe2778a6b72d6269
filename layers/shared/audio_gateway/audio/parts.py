"""The bytes of a file that FFmpeg reads, and the length that they declare.

A file is divided into parts that decode on their own (links of a chain, concatenated files), and one track of each is
decoded. Tags, pictures and indexes are left out: in them a small file can keep a parser busy for very long.

The functions for each container also decide whether a file is plain: one recording of one track from the first byte to
the last, so any decoder produces the same sound. Tags, pictures, indexes and padding are allowed, because no decoder
takes them for sound; other tracks, recordings or unknown bytes are not. In doubt a file is not plain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, Protocol

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.containers import clusters, ebml, flac, isobmff, mpeg, ogg, program_stream, riff
from audio_gateway.audio.content import AudioContent, ContentSpans, SeekableFile
from audio_gateway.audio.sniff import ENOUGH, Container, undecodable
from audio_gateway.audio.tracks import chosen
from audio_gateway.errors import InvalidAudio

MOST_TRACKS: Final = 16
"""Each is opened to compare it with the others, and a header can make that take a second."""

LengthSource = Literal["track", "pages", "file", "times"]


class MediaSource(Protocol):
    """Bytes of a file that decode on their own."""

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    @property
    def repaired(self) -> bool:
        """Whether bytes were read that differ from those in the file."""
        ...

    def open(self) -> SeekableFile:
        """A new file to read them from."""
        ...


@dataclass(frozen=True, slots=True)
class MediaPart:
    """Bytes that decode on their own.

    `declared_s` is the length that the container declares; None if it declares none, or if only FFmpeg can read it:
    `length_source` then names where FFmpeg takes the length from, beside the timestamps; with `times` only those count.
    `media_s` is the length of everything that a decoder may find, before edits, if it is known; `packets` is the number
    of packets, and `payload` their bytes with their headers. `dense` says that only audio frames follow the `head`;
    `is_last` then says whether a packet is exactly one frame, because FFmpeg adds trailing bytes to the last packet.

    `demuxer` is FFmpeg's name for the format of these bytes if they are not a whole file. `zero_s` is the beginning of
    the recording on the clock of the timestamps; None if it begins with the track.

    `plain` says that the file has no other part and contains no other sound.
    """

    source: MediaSource
    declared_s: Fraction | None = None
    length_source: LengthSource | None = None
    media_s: Fraction | None = None
    packets: int | None = None
    payload: int | None = None
    dense: bool = False
    head: bytes = b""
    is_last: Callable[[bytes], bool] | None = None
    demuxer: str | None = None
    zero_s: Fraction | None = None
    plain: bool = False


def parts(data: AudioContent, container: Container, bounds: Bounds) -> list[MediaPart]:
    """The parts of a file in this container, one track of each.

    Raises:
        InvalidAudio: its structure is wrong, or it has no audio.
        AudioTooLong: the time is up.
    """
    with bounds.limited_memory():  # our own lists of the elements of a file can be long, too
        found = _PARTS_OF[container](data)
    compared = sum(len(tracks) for tracks in found if len(tracks) > 1)
    if compared > MOST_TRACKS:
        raise InvalidAudio(
            f"The file has {compared} audio tracks, more than {MOST_TRACKS}. Send only the track to be transcribed."
        )
    return [chosen(tracks, container, bounds) for tracks in found]


def _of_wav(data: AudioContent) -> list[list[MediaPart]]:
    """The whole file as one part, with a correct header."""
    wave = riff.walk(data)
    return [[MediaPart(ContentSpans(data, (riff.header(wave.fmt, wave.audio_bytes), *wave.spans)), plain=wave.plain)]]


def _of_mpeg(data: AudioContent) -> list[list[MediaPart]]:
    start = mpeg.id3_end(data)
    found = mpeg.find_frames(data, start, min(len(data), start + ENOUGH))  # where `sniff` recognised them
    declared = mpeg.declared_by_xing(data, found.start, found.first) if found else None
    end = mpeg.end_of_frames(data)
    return [
        [
            MediaPart(
                ContentSpans(data, ((start, max(start, end)),)),
                declared_s=declared,
                dense=True,
                head=data[found.start : found.start + found.first.length] if found and declared is not None else b"",
                plain=len(data) - end in {0, mpeg.ID3V1_BYTES},
            )
        ]
    ]


def _of_flac(data: AudioContent) -> list[list[MediaPart]]:
    end = mpeg.end_of_frames(data)
    streams = flac.streams(data, mpeg.id3_end(data), end)
    return [
        [
            MediaPart(
                ContentSpans(data, (stream.header, (stream.start, stream.end))),
                declared_s=Fraction(stream.info.total_samples, stream.info.sample_rate) or None,
                dense=True,
                head=stream.header,
                is_last=flac.is_frame,
                plain=len(streams) == 1 and len(data) - end in {0, mpeg.ID3V1_BYTES},
            )
        ]
        for stream in streams
    ]


def _of_ogg(data: AudioContent) -> list[list[MediaPart]]:
    chain = ogg.chain(data)
    zero_s = Fraction(0) if chain.pictures else None
    return [
        [MediaPart(stream, length_source="pages", zero_s=zero_s, plain=chain.single) for stream in link]
        for link in chain.links
    ]


def _of_mp4(data: AudioContent) -> list[list[MediaPart]]:
    outline = isobmff.outline(data)
    alone = outline.single and len(outline.tracks) == 1
    shown = len([track for track in outline.tracks if track.handler in {b"soun", b"vide"}])
    return [
        [
            MediaPart(
                ContentSpans(data, outline.only(track)),
                length_source="track",
                media_s=track.media_s,
                packets=outline.samples,
                zero_s=outline.begin_s if shown > 1 else None,
                plain=alone and track.ordinary,
            )
            for track in outline.audio
        ]
    ]


def _of_webm(data: AudioContent) -> list[list[MediaPart]]:
    outline = ebml.outline(data)
    alone = len(outline.tracks) == 1  # otherwise the declared length is that of the longest track
    begin_s = clusters.begin_of(data, outline)
    return [
        [
            MediaPart(
                ContentSpans(data, outline.only(data, track)),
                length_source="file" if alone else "times",
                payload=outline.payload,
                zero_s=begin_s,
                plain=alone and outline.single,
            )
            for track in outline.audio
        ]
    ]


def _of_mpeg_program(data: AudioContent) -> list[list[MediaPart]]:
    found = program_stream.program(data)
    tracks = [(stream, program_stream.demuxer(data, stream)) for stream in found.streams]
    read = [
        MediaPart(ContentSpans(data, stream.spans), demuxer=demuxer, zero_s=-found.delay_s(stream))
        for stream, demuxer in tracks
        if demuxer is not None
    ]
    if not read and (tracks or found.unread):
        raise undecodable("mpeg")
    return [read]


_PARTS_OF: Final = {
    "wav": _of_wav,
    "mp3": _of_mpeg,
    "aac": _of_mpeg,
    "flac": _of_flac,
    "ogg": _of_ogg,
    "mp4": _of_mp4,
    "webm": _of_webm,
    "mpeg": _of_mpeg_program,
}
