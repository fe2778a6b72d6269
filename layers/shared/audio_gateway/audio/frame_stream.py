"""Decodes mp3, aac, flac and the samples of WAV that are still arriving, frame by frame.

FFmpeg's demuxers hold a third of a second of mp3 and aac, more than a second of flac, and 64 KiB of WAV before they
return the first packet. Frames and samples need no demuxer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, cast

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.containers import mpeg
from audio_gateway.audio.containers.riff import Samples
from audio_gateway.audio.packets import PacketCounts, check_damage, check_format, decoded_packet
from audio_gateway.audio.sniff import Container
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
    return _flac(chunks) if container == "flac" else _decoded(complete_frames(chunks, "aac"), _decoder("aac"), "aac")


def _flac(chunks: Iterable[bytes]) -> Iterator[AudioFrame]:
    from audio_gateway.audio.flac_stream import frames, stream_info

    stream = ByteStream(complete_file(chunks, "flac", single=False))
    codec = _decoder("flac")
    codec.extradata = stream_info(stream)
    yield from _decoded(frames(stream), codec, "flac")


def _mp3(chunks: Iterable[bytes]) -> Iterator[AudioFrame]:
    packets = complete_frames(chunks, "mp3")
    first = next(packets)  # raises `InvalidAudio` if there is none
    frame = mpeg.read_frame(first, 0)
    silence = None
    if frame is None or mpeg.declared_by_xing(first, 0, frame) is None:
        packets = _begun(first, packets)
    else:
        silence = mpeg.silence_declared(first, frame)
    sound = _decoded(packets, _decoder("mp3float" if mpeg.is_layer_3(first) else "mp2float"), "mp3")
    yield from sound if silence is None else _without(sound, silence)


def decoded_samples(chunks: Iterable[bytes], kind: Samples) -> Iterator[AudioFrame]:
    """Uncompressed samples, in frames of at least 10 ms but for the last.

    Errors of the chunks are passed on unchanged. Raises `InvalidAudio` if there are no samples.
    """
    codec = _decoder(kind.decoder)
    codec.sample_rate, codec.layout = kind.sample_rate, "mono" if kind.channels == 1 else "stereo"
    return _decoded(_whole_blocks(chunks, kind), codec, "wav")


def _whole_blocks(chunks: Iterable[bytes], kind: Samples) -> Iterator[bytes]:
    least, held = kind.sample_rate // 100 * kind.block_align, b""
    for chunk in chunks:
        held += chunk
        if len(held) >= least:
            end = len(held) // kind.block_align * kind.block_align
            yield held[:end]
            held = held[end:]
    if len(held) >= kind.block_align:
        yield held[: len(held) // kind.block_align * kind.block_align]


def _begun(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _decoder(name: str) -> AudioCodecContext:
    import av

    return cast("AudioCodecContext", av.CodecContext.create(name, "r"))


def _decoded(packets: Iterable[bytes], codec: AudioCodecContext, container: Container) -> Iterator[AudioFrame]:
    codec.thread_count = 1
    counts, bounds = PacketCounts(), Bounds(container)
    for packet in _as_packets(packets):
        with bounds.limited_memory():
            frames = decoded_packet(codec.decode, packet, counts)
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
