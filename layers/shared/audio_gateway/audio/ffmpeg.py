"""The one place where FFmpeg opens and decodes bytes of others.

It is told the format that the content has, may use audio decoders only, and may open nothing but the bytes given to it.
PyAV keeps FFmpeg's log silent, so that nothing of the audio's tags gets out there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from audio_gateway.audio.sniff import Container, no_audio, undecodable
from audio_gateway.audio.tally import STRAY_S, Tally, check_damage, check_promise, check_shape, is_regular
from audio_gateway.errors import AudioTooLong, InvalidAudio

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as AnyPacket

    Packet = AnyPacket[AudioStream]

    from audio_gateway.audio.parts import Part

_DEMUXERS: Final[dict[Container, str]] = {
    "wav": "wav",
    "mp3": "mp3",
    "mp4": "mov",
    "ogg": "ogg",
    "flac": "flac",
    "webm": "matroska",
    "aac": "aac",
}
_DECODERS: Final = (
    "aac,ac3,adpcm_g722,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_yamaha,alac,amrnb,amrwb,eac3,flac,gsm,gsm_ms,"
    "libopencore_amrnb,libopencore_amrwb,mp2,mp2float,mp3,mp3float,opus,pcm_alaw,pcm_f16le,pcm_f32be,pcm_f32le,"
    "pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64be,pcm_s64le,"
    "pcm_s8,pcm_u8,speex,vorbis"
)
_OPTIONS: Final = {
    "codec_whitelist": _DECODERS,  # so that video is not decoded, not even to look at it
    "protocol_whitelist": "",
    "max_streams": "64",
}
PROBE_BYTES: Final = 1_000_000
_PROBE_STREAM_BYTES: Final = 4_096  # who listens while audio arrives must not wait for more than is needed
_READ_BYTES: Final = 65_536
_BAD_PACKETS: Final = 64  # after which the clock is looked at


class ByteFile(Protocol):
    """What FFmpeg reads from; with `seek` and `tell` it can go back, without them it streams."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""
        ...


class SeekableFile(ByteFile, Protocol):
    """A file that can go back."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Move; answers where the next byte is read."""
        ...

    def tell(self) -> int:
        """Where the next byte is read."""
        ...


@contextmanager
def opened(file: ByteFile, container: Container, probe_bytes: int) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The file and its first audio stream of a codec; raises `InvalidAudio` when it has none that can be decoded."""
    import av

    options = _OPTIONS | {"probesize": str(probe_bytes)}
    if container == "mp4":
        options["ignore_chapters"] = "1"
    try:
        opened_file = av.open(
            file,
            "r",
            format=_DEMUXERS[container],
            container_options=options,
            buffer_size=_READ_BYTES,
            metadata_errors="replace",
            io_open=_refuse_to_open,
        )
    except (av.FFmpegError, ValueError, ArithmeticError) as error:
        raise undecodable(container) from error
    with opened_file:
        stream = _first_audio(opened_file, container)
        stream.codec_context.thread_count = 1
        yield opened_file, stream


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:  # noqa: ARG001 - PyAV's signature
    raise ValueError("audio must not name other files")


def _first_audio(opened_file: InputContainer, container: Container) -> AudioStream:
    from av.stream import Discard

    audio = opened_file.streams.audio
    if not audio:
        raise no_audio()
    stream = next((each for each in audio if each.codec_context is not None), None)
    if stream is None or stream.codec_context.name not in _DECODERS.split(","):
        raise undecodable(container)
    for other in opened_file.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream


def decoded(file: ByteFile, container: Container) -> Iterator[AudioFrame]:
    """All frames of the first audio stream in `file`; raises `InvalidAudio` when there are none, or mostly damage."""
    with opened(file, container, _PROBE_STREAM_BYTES) as (opened_file, stream):
        tally = Tally()
        yield from _frames(opened_file, stream, tally, lambda: False)
        check_damage(tally, container, 0)


def decoded_part(
    part: Part, container: Container, tally: Tally, late: Callable[[], bool] = lambda: False
) -> Iterator[AudioFrame]:
    """All frames of a part; raises `InvalidAudio`, at the end also when it holds less than it promises.

    What became of it is in the `tally` then. Packets that cannot be decoded make no frames, by which a caller could see
    that the time is up: `late` is asked instead, and `AudioTooLong` raised. What reading the file raises comes out as
    it is.
    """
    source = part.source
    file = _Sought(source.open())
    try:
        with opened(file, container, PROBE_BYTES) as (opened_file, stream):
            yield from _frames(opened_file, stream, tally, late)
            file.check()
            check_damage(tally, container, source.size if part.dense else 0)
            promised = check_promise(part, opened_file, stream, tally)
            tally.regular = is_regular(part, tally, promised)
    except InvalidAudio:
        file.check()
        raise


@dataclass(frozen=True, slots=True)
class Look:
    """What FFmpeg says of the only track of a file before it decodes it."""

    sounds: bool
    default: bool
    channels: int


def look(part: Part, container: Container) -> Look:
    """Look at a part: whether it has a packet, is marked as the default one, and how many channels it has.

    Raises `InvalidAudio` when it cannot be decoded. What reading the file raises comes out as it is.
    """
    from av.stream import Disposition

    file = _Sought(part.source.open())
    try:
        with opened(file, container, PROBE_BYTES) as (opened_file, stream):
            sounds = next(packets(opened_file, stream)) is not None
            default = bool(stream.disposition & Disposition.default)
            file.check()
            return Look(sounds, default, stream.codec_context.channels)
    except InvalidAudio:
        file.check()
        raise


class _Sought:
    """A file whose errors FFmpeg does not see: it would take them for damage of the audio."""

    def __init__(self, file: SeekableFile) -> None:
        self._file = file
        self._error: Exception | None = None
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """What the file gives; nothing, as at its end, when it fails."""
        try:
            return self._file.read(size)
        except Exception as error:  # noqa: BLE001 - kept and raised again, past FFmpeg's C code
            self._error = error
            return b""

    def check(self) -> None:
        """Raise what reading the file raised."""
        if self._error is not None:
            raise self._error


def packets(opened_file: InputContainer, stream: AudioStream) -> Iterator[Packet | None]:
    """The packets of a stream that hold something, and None behind the last."""
    import av

    demuxed = opened_file.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except (av.FFmpegError, ValueError):
            packet = None  # damage that the demuxer cannot get over: the file ends here
        if packet is None:
            yield None
            return
        if packet.size:  # else PyAV's own sign of the end, or silence that was not sent
            yield packet


def _frames(
    opened_file: InputContainer, stream: AudioStream, tally: Tally, late: Callable[[], bool]
) -> Iterator[AudioFrame]:
    import av

    codec, samples = stream.codec_context, tally.samples
    decode = codec.decode
    rate, channels, heard, tick = 0, 0, 0.0, float(stream.time_base or 0)
    for packet in packets(opened_file, stream):
        if packet is not None and (pts := packet.pts) is not None and not -STRAY_S < pts * tick - heard < STRAY_S:
            tally.strayed = True
        try:
            frames = decode(packet)
        except (av.FFmpegError, ValueError):
            tally.add(packet, good=False)
            if tally.bad % _BAD_PACKETS == 0 and late():
                raise AudioTooLong("The audio could not be read in time.", limit_ms=int(heard * 1000)) from None
            continue
        tally.add(packet, good=True)
        for frame in frames:
            if frame.sample_rate != rate or codec.channels != channels:
                check_shape(frame)
                rate, channels = frame.sample_rate, codec.channels
                tally.shapes += 1
                samples.setdefault(rate, 0)
            count = frame.samples
            samples[rate] += count
            heard += count / rate
            yield frame
