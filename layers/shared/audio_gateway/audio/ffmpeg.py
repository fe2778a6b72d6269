"""The one place where FFmpeg opens and decodes bytes of others.

It is told the format that the content has, may use audio decoders only, and may open nothing but the bytes given to it.
PyAV keeps FFmpeg's log silent, so that nothing of the audio's tags gets out there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from audio_gateway.audio.riff import MAX_CHANNELS, RATES
from audio_gateway.audio.sniff import Container
from audio_gateway.errors import InvalidAudio

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
_PROBE_BYTES: Final = 1_000_000
_PROBE_STREAM_BYTES: Final = 4_096  # who listens while audio arrives must not wait for more than is needed
_READ_BYTES: Final = 65_536
_CUT_OFF_S: Final = Fraction(1, 2)
_CUT_OFF_SHARE: Final = Fraction(1, 100)


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
    """The file and its first audio stream; raises `InvalidAudio` when it has none that can be decoded."""
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
    stream = audio[0]
    if stream.codec_context is None or stream.codec_context.name not in _DECODERS.split(","):
        raise undecodable(container)
    for other in opened_file.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream


@dataclass(slots=True)
class Tally:
    """What became of the packets of a stream."""

    good: int = 0
    bad: int = 0
    good_bytes: int = 0
    bad_ticks: int = 0
    last: Packet | None = None
    samples: dict[int, int] = field(default_factory=dict)
    """Decoded samples per sample rate: it may change within a stream."""

    def add(self, packet: Packet | None, *, good: bool) -> None:
        """Count a packet; None is the end of the file and counts nothing."""
        if packet is None:
            return
        self.last = packet
        if good:
            self.good += 1
            self.good_bytes += packet.size
        else:
            self.bad += 1
            self.bad_ticks += packet.duration or 0

    @property
    def seconds(self) -> Fraction:
        """Length of all that was decoded."""
        return sum((Fraction(count, rate) for rate, count in self.samples.items()), Fraction(0))


def decoded(file: ByteFile, container: Container) -> Iterator[AudioFrame]:
    """All frames of the first audio stream in `file`; raises `InvalidAudio` when there are none, or mostly damage."""
    with opened(file, container, _PROBE_STREAM_BYTES) as (opened_file, stream):
        tally = Tally()
        yield from _frames(opened_file, stream, tally)
        _check_damage(tally, container, 0)


def decoded_part(part: Part, container: Container) -> Iterator[AudioFrame]:
    """All frames of a part; raises `InvalidAudio`, at the end also when it holds less than it promises.

    What reading the file raises comes out as it is.
    """
    source = part.source
    file = _Sought(source.open())
    try:
        with opened(file, container, _PROBE_BYTES) as (opened_file, stream):
            tally = Tally()
            yield from _frames(opened_file, stream, tally)
            file.check()
            _check_damage(tally, container, source.size if part.dense else 0)
            _check_promise(part, opened_file, stream, tally)
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


def _packets(opened_file: InputContainer, stream: AudioStream) -> Iterator[Packet | None]:
    """The packets of a stream that hold something, and None behind the last."""
    import av

    packets = opened_file.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, ValueError):
            packet = None  # damage that the demuxer cannot get over: the file ends here
        if packet is None:
            yield None
            return
        if packet.size:  # else PyAV's own sign of the end, or silence that was not sent
            yield packet


def _frames(opened_file: InputContainer, stream: AudioStream, tally: Tally) -> Iterator[AudioFrame]:
    import av

    decode, samples = stream.codec_context.decode, tally.samples
    for packet in _packets(opened_file, stream):
        try:
            frames = decode(packet)
        except (av.FFmpegError, ValueError):
            tally.add(packet, good=False)
            continue
        tally.add(packet, good=True)
        for frame in frames:
            rate = frame.sample_rate
            if rate not in samples:
                _check_shape(frame)
                samples[rate] = 0
            samples[rate] += frame.samples
            yield frame


def _check_shape(frame: AudioFrame) -> None:
    if frame.sample_rate not in RATES or frame.layout.nb_channels > MAX_CHANNELS:
        raise InvalidAudio(
            f"The audio cannot be read: its header declares {frame.sample_rate} Hz and {frame.layout.nb_channels} "
            "channels. Export it again.",
            param="file",
        )


def _check_damage(tally: Tally, container: Container, dense_bytes: int) -> None:
    """Damage here and there is skipped, as every player does; a file that is mostly damage is no audio."""
    if not tally.samples:
        raise undecodable(container)
    if tally.bad > tally.good or 2 * tally.good_bytes < dense_bytes:
        raise InvalidAudio(
            "Most of the audio file is damaged and cannot be decoded. Check that it plays, and upload a whole copy.",
            param="file",
        )


def _check_promise(part: Part, opened_file: InputContainer, stream: AudioStream, tally: Tally) -> None:
    ticks = stream.time_base or Fraction(0)
    promised, reached = part.promised_s, tally.seconds + tally.bad_ticks * ticks
    if part.ask in ("track", "pages") and stream.duration:
        promised = stream.duration * ticks
        if part.ask == "pages":  # they say when they end, also in a recording that begins in the middle of something
            promised -= max(0, stream.start_time or 0) * ticks
    elif part.ask == "file" and opened_file.duration and len(opened_file.streams) == 1:
        promised = Fraction(opened_file.duration, 1_000_000)
        if tally.last is not None and tally.last.pts is not None:  # silence need not be sent: time goes on without
            reached = max(reached, (tally.last.pts + (tally.last.duration or 0)) * ticks)
    if promised is not None and promised - reached > max(_CUT_OFF_S, promised * _CUT_OFF_SHARE):
        raise InvalidAudio(
            f"The audio file is cut off: its header promises {float(promised):.2f} s, but only {float(reached):.2f} s "
            "are there. Upload the complete file.",
            param="file",
        )


def no_audio() -> InvalidAudio:
    """The file is a container without sound."""
    return InvalidAudio("The file has no audio stream in it. Upload a file with sound.", param="file")


def undecodable(container: Container) -> InvalidAudio:
    """The file is of a kind we know, and its content is not."""
    return InvalidAudio(
        f"The audio file could not be decoded: it looks like {container}, but its content is damaged or uses a codec "
        "that is not supported. Check that it plays, or convert it, for example to mp3 or wav.",
        param="file",
    )
