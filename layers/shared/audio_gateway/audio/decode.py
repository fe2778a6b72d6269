"""Decodes audio of any supported format to s16le mono."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from audio_gateway.audio.bounds import Bounds
from audio_gateway.audio.content import AudioContent
from audio_gateway.audio.sniff import Container, no_audio, recognise
from audio_gateway.errors import InvalidAudio

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

    from audio_gateway.audio.packets import PacketCounts
    from audio_gateway.audio.parts import MediaPart


def decode_pcm(data: AudioContent, sample_rate: int) -> Iterator[bytes]:
    """The audio of a whole file as s16le mono at `sample_rate` Hz, in pieces of at most about a fifth of a second.

    Raises `InvalidAudio` immediately if it is not audio, and while decoding if it is damaged or cut off. Memory does
    not grow with the length of the audio, nor with the size of a file that is read in ranges.
    """
    from audio_gateway.audio.resample import to_pcm

    container = recognise(data)
    return to_pcm(frames_of(data, container, [], Bounds(container)), sample_rate)


def frames_of(
    data: AudioContent, container: Container, counts: list[PacketCounts], bounds: Bounds
) -> Iterator[AudioFrame]:
    """All frames of the measured track, through all parts of a file; one item of `counts` is added for each part.

    Raises `InvalidAudio`, and `AudioTooLong` if the time is up.
    """
    from audio_gateway.audio.parts import parts

    return frames_of_parts(parts(data, container, bounds), container, counts, bounds)


def frames_of_parts(
    found: Sequence[MediaPart], container: Container, counts: list[PacketCounts], bounds: Bounds
) -> Iterator[AudioFrame]:
    """Like `frames_of`, for parts that are known already."""
    from audio_gateway.audio.frames import decoded_part
    from audio_gateway.audio.packets import PacketCounts

    if not found:
        raise no_audio()
    for part in found:
        counts.append(PacketCounts())
        yield from decoded_part(part, container, counts[-1], bounds)


def decode_stream(chunks: Iterable[bytes], *, container: Container, sample_rate: int) -> Iterator[bytes]:
    """Audio that is still arriving as s16le mono at `sample_rate` Hz, yielded while it arrives.

    Errors of the chunks are passed on unchanged, after the audio before them. Raises `InvalidAudio` if the chunks
    cannot be decoded, or are cut off. Only MP4 is collected first: its index may be at the end.
    """
    from audio_gateway.audio.resample import to_pcm
    from audio_gateway.audio.truncation import complete_file

    if container in ("mp3", "aac", "flac"):
        from audio_gateway.audio.frame_stream import decoded_frames

        yield from to_pcm(decoded_frames(chunks, container), sample_rate, at_once=True)
        return
    file = complete_file(chunks, container, single=False)
    if container == "mp4":
        yield from decode_pcm(b"".join(file), sample_rate)
    else:
        yield from _decoded_by_ffmpeg(file, container, sample_rate)


def _decoded_by_ffmpeg(chunks: Iterator[bytes], container: Container, sample_rate: int) -> Iterator[bytes]:
    from audio_gateway.audio.frames import decoded
    from audio_gateway.audio.resample import to_pcm

    arriving = _Arriving(chunks)
    try:
        yield from to_pcm(decoded(arriving, container), sample_rate, at_once=True)
    except InvalidAudio:
        if arriving.error is None:
            raise
    if arriving.error is not None:
        raise arriving.error


class _Arriving:
    """Chunks as a file that cannot seek."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.error: Exception | None = None
        """The error of the chunks: FFmpeg sees the end of the file instead, and `decode_stream` raises it then."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes that have arrived; waits for the next chunk if none have."""
        try:
            while not self._rest:
                self._rest = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except Exception as error:  # noqa: BLE001 - kept and raised again, past FFmpeg's C code
            self.error = error
            return b""
        data, self._rest = bytes(self._rest[:size]), self._rest[size:]
        return data
