"""What of the caller's bytes is handed to FFmpeg, and what they promise.

A file is cut into parts that decode on their own (links of a chain, files put one behind the other), and of each one
track is taken. All is left out that is no audio: tags, pictures, indexes. They are where a small file makes a parser
work without end.

Here is said, for each container, which file is plain: one recording of one track, from its first byte to its last, so
that whoever reads it hears what we decode. Tags, pictures, indexes and padding are allowed, as nobody takes them for
sound; another track, recording or stretch of bytes is not. In doubt a file is not plain.
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
"""Each is opened to be compared with the others, and a header can make that take a second."""

Promise = Literal["track", "pages", "file", "times"]


class MediaSource(Protocol):
    """Bytes of a file that decode on their own."""

    @property
    def size(self) -> int:
        """How many they are."""
        ...

    @property
    def mended(self) -> bool:
        """Whether what was read from them was not what stands in the file."""
        ...

    def open(self) -> SeekableFile:
        """A new file to read them from."""
        ...


@dataclass(frozen=True, slots=True)
class MediaPart:
    """Bytes that decode on their own.

    `promised_s` is how long the container says that it is; None when it does not say so, or only to FFmpeg: `ask` names
    whose duration counts then, beside its timestamps; `times` those alone. `media_s` is how long all that a decoder may
    find is, before edits, where that is known, `packets` how many they are, and `payload` the bytes that they and their
    heads take. `dense` says that nothing but frames of audio is in it, behind the `head`; `is_last` then says whether a
    packet is a frame to its last byte, where FFmpeg takes what follows along with it.

    `demuxer` is FFmpeg's name for these bytes where they are no file of their own. `zero_s` is when the recording
    begins on the clock of the timestamps; None where it begins with the track.

    `plain` says that the file has no other part and nothing else that can be heard.
    """

    source: MediaSource
    promised_s: Fraction | None = None
    ask: Promise | None = None
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
    """The parts of a file whose content is `container`, one track of each.

    Raises `InvalidAudio` where its structure is wrong, or where it has no audio, and `AudioTooLong` when the time is
    up.
    """
    with bounds.native():  # our own lists of what is in a file can be long, too
        found = _PARTS_OF[container](data)
    compared = sum(len(tracks) for tracks in found if len(tracks) > 1)
    if compared > MOST_TRACKS:
        raise InvalidAudio(
            f"The file has {compared} audio tracks; one of at most {MOST_TRACKS} can be chosen. Send that track alone."
        )
    return [chosen(tracks, container, bounds) for tracks in found]


def _of_wav(data: AudioContent) -> list[list[MediaPart]]:
    """The whole file as one part, with a header that tells the truth."""
    wave = riff.walk(data)
    return [[MediaPart(ContentSpans(data, (riff.header(wave.fmt, wave.audio_bytes), *wave.spans)), plain=wave.true)]]


def _of_mpeg(data: AudioContent) -> list[list[MediaPart]]:
    start = mpeg.id3_end(data)
    found = mpeg.find_frames(data, start, min(len(data), start + ENOUGH))  # recognised there: no need to look further
    promised = mpeg.promised_by_xing(data, found.start, found.first) if found else None
    end = mpeg.end_of_frames(data)
    return [
        [
            MediaPart(
                ContentSpans(data, ((start, max(start, end)),)),
                promised_s=promised,
                dense=True,
                head=data[found.start : found.start + found.first.length] if found and promised is not None else b"",
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
                promised_s=Fraction(stream.info.total_samples, stream.info.sample_rate) or None,
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
        [MediaPart(stream, ask="pages", zero_s=zero_s, plain=chain.single) for stream in link] for link in chain.links
    ]


def _of_mp4(data: AudioContent) -> list[list[MediaPart]]:
    outline = isobmff.outline(data)
    alone = outline.single and len(outline.tracks) == 1
    shown = len([track for track in outline.tracks if track.handler in {b"soun", b"vide"}])
    return [
        [
            MediaPart(
                ContentSpans(data, outline.only(track)),
                ask="track",
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
    alone = len(outline.tracks) == 1  # else the file says how long the longest of them is
    begin_s = clusters.begin_of(data, outline)
    return [
        [
            MediaPart(
                ContentSpans(data, outline.only(data, track)),
                ask="file" if alone else "times",
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
        MediaPart(ContentSpans(data, stream.spans), demuxer=demuxer, zero_s=-found.late_s(stream))
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
