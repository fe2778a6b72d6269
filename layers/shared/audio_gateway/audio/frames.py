"""The frames of a file's track, decoded a few packets at a time and within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from audio_gateway.audio.bounds import MOST_BYTES, Bounds
from audio_gateway.audio.content import ByteFile, SeekableFile
from audio_gateway.audio.ffmpeg import PROBE_BYTES, open_decoder, opened, packets
from audio_gateway.audio.packets import PacketCounts, check_damage, check_hope, check_promise, check_shape, is_regular
from audio_gateway.audio.sniff import Container
from audio_gateway.audio.timeline import STRAY_S, TimelineRecorder
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from audio_gateway.audio.ffmpeg import Packet
    from audio_gateway.audio.parts import MediaPart

_PROBE_STREAM_BYTES: Final = 4_096  # who listens while audio arrives must not wait for more than is needed
_MOST_FRAMES: Final = 64
_MOST_SAMPLES: Final = 200_000  # of all channels


def decoded(file: ByteFile, container: Container) -> Iterator[AudioFrame]:
    """All frames of a file that is still arriving; raises `InvalidAudio` when there are none, or mostly damage."""
    bounds = Bounds(container)
    with opened(file, container, _PROBE_STREAM_BYTES, bounds) as (opened_file, stream):
        counts = PacketCounts()
        yield from _frames(opened_file, stream, counts, TimelineRecorder(None), bounds, most_frames=1)
        check_damage(counts, container, 0)


def decoded_part(part: MediaPart, container: Container, counts: PacketCounts, bounds: Bounds) -> Iterator[AudioFrame]:
    """All frames of a part; raises `InvalidAudio`, at the end also when it holds less than it promises.

    What became of it is in the `counts` then. Raises `AudioTooLong` when the time is up, be it that nothing can be
    decoded. What reading the file raises comes out as it is.
    """
    source = part.source
    file = _Sought(source.open(), bounds)
    watch = TimelineRecorder(None if part.zero_s is None else float(part.zero_s))
    try:
        with opened(file, container, PROBE_BYTES, bounds, part.demuxer) as (opened_file, stream):
            yield from _frames(opened_file, stream, counts, watch, bounds, _MOST_FRAMES)
            file.check()
            check_damage(counts, container, source.size if part.dense else 0)
            promised = check_promise(part, opened_file, stream, counts)
            counts.regular = is_regular(part, counts, promised)
            counts.jumps = tuple(watch.jumps) if part.ask or part.zero_s is not None else ()
    except InvalidAudio:
        file.check()
        raise
    finally:
        counts.last = None  # it holds all that was opened to read it


@dataclass(frozen=True, slots=True)
class Look:
    """What FFmpeg says of the only track of a file before it decodes it."""

    sounds: bool
    default: bool
    channels: int


def look(part: MediaPart, container: Container, bounds: Bounds) -> Look:
    """Look at a part: whether it has a packet, is marked as the default one, and how many channels it has.

    Raises `InvalidAudio` when it cannot be decoded. What reading the file raises comes out as it is.
    """
    from av.stream import Disposition

    file = _Sought(part.source.open(), bounds)
    try:
        with opened(file, container, PROBE_BYTES, bounds, part.demuxer) as (opened_file, stream):
            with bounds.native(MOST_BYTES):  # the tables have been read: what is dear now would be for each track
                open_decoder(stream, container)
                sounds = next(packets(opened_file, stream)) is not None
            default = bool(stream.disposition & Disposition.default)
            file.check()
            return Look(sounds, default, stream.codec_context.channels)
    except InvalidAudio:
        file.check()
        raise


class _Sought:
    """A file whose errors FFmpeg does not see: it would take them for damage of the audio.

    FFmpeg can read on and on in search of a packet, so that the clock is looked at here, too.
    """

    def __init__(self, file: SeekableFile, bounds: Bounds) -> None:
        self._file = file
        self._bounds = bounds
        self._error: Exception | None = None
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """What the file gives; nothing, as at its end, when it fails."""
        try:
            self._bounds.check_time()
            return self._file.read(size)
        except Exception as error:  # noqa: BLE001 - kept and raised again, past FFmpeg's C code
            self._error = error
            return b""

    def check(self) -> None:
        """Raise what reading the file raised."""
        if self._error is not None:
            raise self._error


def _frames(
    opened_file: InputContainer,
    stream: AudioStream,
    counts: PacketCounts,
    watch: TimelineRecorder,
    bounds: Bounds,
    most_frames: int,
) -> Iterator[AudioFrame]:
    """All frames of a track; so many at once are decoded under one limit of memory, fewer where they are large."""
    codec = stream.codec_context
    frames = _decoded(packets(opened_file, stream), stream, counts, watch, bounds)
    count = 1
    while True:
        with bounds.native():
            ready = list(islice(frames, count))
        if not ready:
            return
        yield from ready
        count = min(most_frames, max(1, _MOST_SAMPLES // max(1, ready[-1].samples * codec.channels)))


def _decoded(
    taken: Iterator[Packet | None], stream: AudioStream, counts: PacketCounts, watch: TimelineRecorder, bounds: Bounds
) -> Iterator[AudioFrame]:
    import av

    codec, samples, late = stream.codec_context, counts.samples, bounds.late
    decode, tick_s = codec.decode, float(stream.time_base or 0)
    rate, channels, heard_s = 0, 0, 0.0
    for packet in taken:
        if packet is not None and (pts := packet.pts) is not None and not -STRAY_S < pts * tick_s - heard_s < STRAY_S:
            watch.stray(counts.good + counts.bad, pts * tick_s, heard_s)
            counts.strayed = True
        if late():
            bounds.check_time(heard_s)
        try:
            frames = decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            counts.add(packet, good=False)
            check_hope(counts)
            continue
        counts.add(packet, good=True)
        for frame in frames:
            if frame.sample_rate != rate or codec.channels != channels:
                check_shape(frame)
                rate, channels = frame.sample_rate, codec.channels
                counts.shapes += 1
                samples.setdefault(rate, 0)
                watch.begin(frame)
            count = frame.samples
            samples[rate] += count
            heard_s += count / rate
            yield frame
