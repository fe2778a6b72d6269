"""The frames of a file's track, decoded a few packets at a time and within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.bounds import MOST_BYTES, Bounds
from audio_gateway.audio.content import ByteFile, SeekableFile
from audio_gateway.audio.ffmpeg import PROBE_BYTES, open_decoder, opened, packets
from audio_gateway.audio.packets import (
    PacketCounts,
    check_damage,
    check_declared_length,
    check_format,
    decoded_packet,
    is_regular,
)
from audio_gateway.audio.sniff import Container
from audio_gateway.audio.timeline import STRAY_S, TimelineRecorder
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from audio_gateway.audio.ffmpeg import Packet
    from audio_gateway.audio.parts import MediaPart

_PROBE_STREAM_BYTES: Final = 4_096  # streamed speech must not wait for more bytes than needed
_MOST_FRAMES: Final = 64
_MOST_SAMPLES: Final = 200_000  # of all channels


def decoded(file: ByteFile, container: Container) -> Iterator[AudioFrame]:
    """All frames of a file that is still arriving; raises `InvalidAudio` if there are none, or most are damaged."""
    bounds = Bounds(container)
    with opened(file, container, _PROBE_STREAM_BYTES, bounds) as (opened_file, stream):
        counts = PacketCounts()
        yield from _frames(opened_file, stream, counts, TimelineRecorder(None), bounds, most_frames=1)
        check_damage(counts, container, 0)


def decoded_part(part: MediaPart, container: Container, counts: PacketCounts, bounds: Bounds) -> Iterator[AudioFrame]:
    """All frames of a part. `counts` is complete at the end.

    Errors of reading the file are passed on unchanged.

    Raises:
        InvalidAudio: the part cannot be decoded, or, at the end, is shorter than it declares.
        AudioTooLong: the time is up, even if nothing has been decoded yet.
    """
    source = part.source
    file = _GuardedFile(source.open(), bounds)
    timeline = TimelineRecorder(None if part.zero_s is None else float(part.zero_s))
    try:
        with opened(file, container, PROBE_BYTES, bounds, part.demuxer) as (opened_file, stream):
            yield from _frames(opened_file, stream, counts, timeline, bounds, _MOST_FRAMES)
            file.check()
            check_damage(counts, container, source.size if part.dense else 0)
            declared = check_declared_length(part, opened_file, stream, counts)
            counts.regular = is_regular(part, counts, declared)
            counts.jumps = tuple(timeline.jumps) if part.length_source or part.zero_s is not None else ()
    except InvalidAudio:
        file.check()
        raise
    finally:
        counts.last = None  # it keeps everything alive that was opened to read it


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """What FFmpeg knows of the only track of a file before it decodes it."""

    sounds: bool
    default: bool
    channels: int


def probe(part: MediaPart, container: Container, bounds: Bounds) -> TrackInfo:
    """Open a part: whether it has a packet and is marked as the default, and its number of channels.

    Raises `InvalidAudio` if it cannot be decoded. Errors of reading the file are passed on unchanged.
    """
    from av.stream import Disposition

    file = _GuardedFile(part.source.open(), bounds)
    try:
        with opened(file, container, PROBE_BYTES, bounds, part.demuxer) as (opened_file, stream):
            with bounds.limited_memory(MOST_BYTES):  # the tables have been read: each track would need this memory
                open_decoder(stream, container)
                sounds = next(packets(opened_file, stream)) is not None
            default = bool(stream.disposition & Disposition.default)
            file.check()
            return TrackInfo(sounds, default, stream.codec_context.channels)
    except InvalidAudio:
        file.check()
        raise


class _GuardedFile:
    """A file that hides its errors from FFmpeg, which would take them for damage of the audio.

    It also checks the time, because FFmpeg can read on and on in search of a packet.
    """

    def __init__(self, file: SeekableFile, bounds: Bounds) -> None:
        self._file = file
        self._bounds = bounds
        self._error: Exception | None = None
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """The bytes of the file; none, as at its end, if reading fails."""
        try:
            self._bounds.check_time()
            return self._file.read(size)
        except Exception as error:  # noqa: BLE001 - kept and raised again, past FFmpeg's C code
            self._error = error
            return b""

    def check(self) -> None:
        """Raise the error of reading the file, if there was one."""
        if self._error is not None:
            raise self._error


def _frames(
    opened_file: InputContainer,
    stream: AudioStream,
    counts: PacketCounts,
    timeline: TimelineRecorder,
    bounds: Bounds,
    most_frames: int,
) -> Iterator[AudioFrame]:
    """All frames of a track; at most `most_frames` are decoded under one memory limit, fewer if they are large."""
    codec = stream.codec_context
    frames = _decoded(packets(opened_file, stream), stream, counts, timeline, bounds)
    count = 1
    while True:
        with bounds.limited_memory():
            ready = list(islice(frames, count))
        if not ready:
            return
        yield from ready
        count = min(most_frames, max(1, _MOST_SAMPLES // max(1, ready[-1].samples * codec.channels)))


def _decoded(
    found_packets: Iterator[Packet | None],
    stream: AudioStream,
    counts: PacketCounts,
    timeline: TimelineRecorder,
    bounds: Bounds,
) -> Iterator[AudioFrame]:
    codec, samples, out_of_time = stream.codec_context, counts.samples, bounds.out_of_time
    decode, tick_s = codec.decode, float(stream.time_base or 0)
    rate, channels, decoded_s = 0, 0, 0.0
    for packet in found_packets:
        if packet is not None and (pts := packet.pts) is not None and not -STRAY_S < pts * tick_s - decoded_s < STRAY_S:
            timeline.stray(counts.good + counts.bad, pts * tick_s, decoded_s)
            counts.has_jumps = True
        if out_of_time():
            bounds.check_time(decoded_s)
        for frame in decoded_packet(decode, packet, counts):
            if frame.sample_rate != rate or codec.channels != channels:
                check_format(frame)
                rate, channels = frame.sample_rate, codec.channels
                counts.format_changes += 1
                samples.setdefault(rate, 0)
                timeline.begin(frame)
            count = frame.samples
            samples[rate] += count
            decoded_s += count / rate
            yield frame
