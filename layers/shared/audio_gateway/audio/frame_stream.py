"""Decodes mp3, aac and flac that are still arriving, frame by frame.

FFmpeg's demuxers hold a third of a second of mp3 and aac, and more than a second of flac, before they return the first
packet; their frames can be decoded as they are. A frame of mp3 needs nothing that follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, cast

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.containers import mpeg
from audio_gateway.audio.packets import PacketCounts, check_damage, check_damage_so_far, check_format
from audio_gateway.audio.truncation import complete_file, complete_frames

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame

    from audio_gateway.audio.ffmpeg import Packet

FramedContainer = Literal["mp3", "aac", "flac"]


def decoded_frames(chunks: Iterable[bytes], container: FramedContainer) -> Iterator[AudioFrame]:
    """All frames, decoded as soon as each is complete.

    The silence that an mp3 encoder declares at the beginning and the end is cut off. Errors of the chunks are passed on
    unchanged. Raises `InvalidAudio` if the audio is damaged or cut off.
    """
    if container == "mp3":
        return _mp3(chunks)
    return _flac(chunks) if container == "flac" else _decoded(complete_frames(chunks, "aac"), "aac", "aac")


def _flac(chunks: Iterable[bytes]) -> Iterator[AudioFrame]:
    from audio_gateway.audio.flac_stream import frames, stream_info

    stream = ByteStream(complete_file(chunks, "flac", single=False))
    info = stream_info(stream)
    yield from _decoded(frames(stream), "flac", "flac", info)


def _mp3(chunks: Iterable[bytes]) -> Iterator[AudioFrame]:
    packets = complete_frames(chunks, "mp3")
    first = next(packets)  # raises `InvalidAudio` if there is none
    frame = mpeg.read_frame(first, 0)
    silence = None
    if frame is None or mpeg.declared_by_xing(first, 0, frame) is None:
        packets = _begun(first, packets)
    else:
        silence = mpeg.silence_declared(first, frame)
    sound = _decoded(packets, "mp3float" if mpeg.is_layer_3(first) else "mp2float", "mp3")
    yield from sound if silence is None else _without(sound, silence)


def _begun(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _decoded(
    packets: Iterable[bytes], decoder: str, container: FramedContainer, extradata: bytes | None = None
) -> Iterator[AudioFrame]:
    import av

    codec = cast("AudioCodecContext", av.CodecContext.create(decoder, "r"))
    codec.thread_count = 1
    codec.extradata = extradata
    counts, bounds = PacketCounts(), Bounds(container)
    for packet in _as_packets(packets):
        try:
            with bounds.limited_memory():
                frames = codec.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            counts.add(packet, good=False)
            check_damage_so_far(counts)
            continue
        counts.add(packet, good=True)
        for frame in frames:
            check_format(frame)
            counts.samples[frame.sample_rate] = counts.samples.get(frame.sample_rate, 0) + frame.samples
            yield frame
    check_damage(counts, container, 0)


def _as_packets(frames: Iterable[bytes]) -> Iterator[Packet | None]:
    """The frames as FFmpeg takes them, and None at the end."""
    import av

    for frame in frames:
        yield cast("Packet", av.Packet(frame))
    yield None


def _without(frames: Iterable[AudioFrame], silence: tuple[range, range]) -> Iterator[AudioFrame]:
    """The frames without the samples at these positions."""
    at = 0
    for frame in frames:
        here = range(at, at + frame.samples)
        for sound in (range(silence[0].stop, silence[1].start), range(silence[1].stop, here.stop)):
            kept = range(max(here.start, sound.start), min(here.stop, sound.stop))
            if kept:
                yield frame if kept == here else _cut(frame, kept.start - at, kept.stop - at)
        at = here.stop


def _cut(frame: AudioFrame, start: int, stop: int) -> AudioFrame:
    import av

    cut = av.AudioFrame(format=frame.format.name, layout=frame.layout.name, samples=stop - start)
    cut.sample_rate = frame.sample_rate
    for plane, whole in zip(cut.planes, frame.planes, strict=True):
        width = frame.format.bytes
        plane.update(bytes(memoryview(whole)[start * width : stop * width]))  # the decoders of mp3 return planes
    return cut
