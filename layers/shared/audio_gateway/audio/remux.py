"""Copies one track out of its file without re-encoding it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.ffmpeg import PROBE_BYTES, opened, packets
from audio_gateway.audio.parts import MediaPart
from audio_gateway.audio.sniff import Container
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from audio_gateway.audio.ffmpeg import Packet

_WEBM_CODECS: Final = ("opus", "vorbis")
_READ_BYTES: Final = 1 << 20


def copied(part: MediaPart, container: Container, bounds: Bounds) -> bytes | None:
    """The part's track alone, in the same container; None if it cannot be copied, or not in time.

    Codecs that Matroska allows and WebM does not go into MP4. The copy must be measured: it may decode differently.
    """
    if container in ("wav", "flac", "ogg"):
        file = part.source.open()
        return b"".join(iter(lambda: file.read(_READ_BYTES), b""))
    try:
        if container in ("mp4", "webm"):
            return _muxed(part, container, bounds)
        return part.head + b"".join(bytes(packet) for packet in _packets(part, container, bounds))
    except InvalidAudio:
        return None


def _packets(part: MediaPart, container: Container, bounds: Bounds) -> Iterator[Packet]:
    with opened(part.source.open(), container, PROBE_BYTES, bounds, part.demuxer) as (opened_file, stream):
        for packet in packets(opened_file, stream):
            bounds.check_time()
            if packet is not None and not packet.is_discard:
                yield packet


def _muxed(part: MediaPart, container: Container, bounds: Bounds) -> bytes | None:
    import av

    file, shift = io.BytesIO(), 0
    taken = _packets(part, container, bounds)
    first = next(taken, None)
    if first is None:
        return None
    format_ = "webm" if container == "webm" and first.stream.codec_context.name in _WEBM_CODECS else "mp4"
    shift = max(0, first.pts or 0)  # a track that began late begins at zero when it is alone
    try:
        with av.open(file, "w", format=format_, container_options={"fflags": "+bitexact"}) as muxer:
            copy = muxer.add_stream_from_template(first.stream)
            for packet in chain((first,), taken):
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.dts = None if packet.dts is None else packet.dts - shift
                packet.stream = copy
                muxer.mux(packet)
    except (av.FFmpegError, ValueError):  # the container has no place for this codec
        return None
    return file.getvalue()
