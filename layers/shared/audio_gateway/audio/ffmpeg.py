"""The only module in which FFmpeg opens and decodes files of callers and providers.

FFmpeg gets the format of the content, may use only audio decoders, and may not open other files. PyAV silences FFmpeg's
log, which could contain tags of the audio.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.content import ByteFile
from audio_gateway.audio.sniff import Container, no_audio, undecodable

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet as AnyPacket

    Packet = AnyPacket[AudioStream]

_DEMUXERS: Final[dict[Container, str]] = {
    "wav": "wav",
    "mp3": "mp3",
    "mp4": "mov",
    "ogg": "ogg",
    "flac": "flac",
    "webm": "matroska",
    "aac": "aac",
    "mpeg": "mpeg",
}
_DECODERS: Final = (
    "aac,ac3,adpcm_g722,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_yamaha,alac,amrnb,amrwb,eac3,flac,gsm,gsm_ms,"
    "libopencore_amrnb,libopencore_amrwb,mp2,mp2float,mp3,mp3float,opus,pcm_alaw,pcm_f16le,pcm_f32be,pcm_f32le,"
    "pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_s64be,pcm_s64le,"
    "pcm_s8,pcm_u8,speex,vorbis"
)
_OPTIONS: Final = {
    "codec_whitelist": _DECODERS,  # video is never decoded, not even to probe it
    "protocol_whitelist": "",
    "max_streams": "64",
}
PROBE_BYTES: Final = 1_000_000
_READ_BYTES: Final = 65_536
_OPENING_S: Final = 10.0  # for probing a file, which takes milliseconds


@contextmanager
def opened(
    file: ByteFile, container: Container, probe_bytes: int, bounds: Bounds, demuxer: str | None = None
) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The file and its first audio stream; raises `InvalidAudio` if there is none that can be decoded.

    `demuxer` is FFmpeg's name for the format of the bytes if they are not a whole file.
    """
    bounds.check_time()
    with bounds.limited_memory():
        opened_file = _open(file, container, probe_bytes, demuxer or _DEMUXERS[container])
    with opened_file:
        stream = _first_audio(opened_file, container)
        stream.codec_context.thread_count = 1
        yield opened_file, stream


def _open(file: ByteFile, container: Container, probe_bytes: int, demuxer: str) -> InputContainer:
    import av

    options = _OPTIONS | {"probesize": str(probe_bytes)}
    if container == "mp4":
        options["ignore_chapters"] = "1"
    try:
        return av.open(
            file,
            "r",
            format=demuxer,
            container_options=options,
            buffer_size=_READ_BYTES,
            metadata_errors="replace",
            io_open=_refuse_to_open,
            timeout=(_OPENING_S, None),
        )
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError, ArithmeticError) as error:
        raise undecodable(container) from error


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:  # noqa: ARG001 - PyAV's signature
    raise ValueError("audio must not refer to other files")


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


def open_decoder(stream: AudioStream, container: Container) -> None:
    """Make the track's decoder read its headers; raises `InvalidAudio` or `MemoryError`."""
    import av

    try:
        stream.codec_context.open(strict=False)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise undecodable(container) from error


def packets(opened_file: InputContainer, stream: AudioStream) -> Iterator[Packet | None]:
    """The non-empty packets of a stream, and None after the last."""
    import av

    demuxed = opened_file.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            packet = None  # the demuxer cannot read on after this damage: the file ends here
        if packet is None:
            yield None
            return
        if packet.size:  # an empty one is PyAV's sign of the end, or silence that was not sent
            yield packet
