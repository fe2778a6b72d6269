"""Audio of any supported format as s16le mono."""

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
    """The audio of a whole file as s16le mono at `sample_rate` Hz, in pieces of at most some fifth of a second.

    Raises `InvalidAudio` at once for what is not audio, and where decoding gets to it for what is damaged or cut off.
    Memory does not grow with the length of the audio, nor with that of a file that is read in ranges.
    """
    from audio_gateway.audio.resample import to_pcm

    container = recognise(data)
    return to_pcm(frames_of(data, container, [], Bounds(container)), sample_rate)


def frames_of(
    data: AudioContent, container: Container, counts: list[PacketCounts], bounds: Bounds
) -> Iterator[AudioFrame]:
    """All frames of the track that is heard, through all parts of a file; what becomes of each is in the `counts`.

    Raises `InvalidAudio`, and `AudioTooLong` when the time is up.
    """
    from audio_gateway.audio.parts import parts

    return frames_of_parts(parts(data, container, bounds), container, counts, bounds)


def frames_of_parts(
    found: Sequence[MediaPart], container: Container, counts: list[PacketCounts], bounds: Bounds
) -> Iterator[AudioFrame]:
    """The same of parts that are known."""
    from audio_gateway.audio.frames import decoded_part
    from audio_gateway.audio.packets import PacketCounts

    if not found:
        raise no_audio()
    for part in found:
        counts.append(PacketCounts())
        yield from decoded_part(part, container, counts[-1], bounds)


def decode_stream(chunks: Iterable[bytes], *, container: Container, sample_rate: int) -> Iterator[bytes]:
    """Audio that is still arriving as s16le mono at `sample_rate` Hz, given out while it arrives.

    What the chunks raise comes out as it is, after the audio before it. Raises `InvalidAudio` when they cannot be
    decoded. MP4 alone is collected first: its index may stand at the end.
    """
    from audio_gateway.audio.frames import decoded
    from audio_gateway.audio.resample import to_pcm

    if container == "mp4":
        yield from decode_pcm(b"".join(chunks), sample_rate)
        return
    arriving = _Arriving(iter(chunks))
    try:
        yield from to_pcm(decoded(arriving, container), sample_rate)
    except InvalidAudio:
        if arriving.error is None:
            raise
    if arriving.error is not None:
        raise arriving.error


class _Arriving:
    """Chunks as a file that can only be read on."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.error: Exception | None = None
        """What the chunks raised: FFmpeg sees the end of the file, and whoever decodes raises it then."""

    def read(self, size: int) -> bytes:
        """What has arrived, at most `size` bytes; waits for the next chunk where nothing has."""
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
