"""Transcodes a provider's audio, whatever it really is, to the format that the caller requested, while it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.closing import closed
from audio_gateway.audio.containers import mpeg
from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.sniff import Container
from audio_gateway.audio.stream_format import recognise_stream
from audio_gateway.audio.stretch import stretch
from audio_gateway.errors import InvalidAudio

_OPUS_HEAD_BYTES: Final = 38  # up to the number of channels


def transcode(
    chunks: Iterable[bytes], *, declared: SpeechFormat, sample_rate: int, wanted: SpeechFormat, speed: float = 1.0
) -> Iterator[bytes]:
    """Transcode audio that a provider declares as `declared` to `wanted` at 24 kHz mono and `speed`, while it arrives.

    mp3, aac, opus and flac that have the wanted format already pass through without their tags; all other audio is
    encoded again. `sample_rate` (Hz) matters only for pcm (s16le mono). Several concatenated files are all included.
    Where the chunks are cut changes no byte of a valid answer. Errors of the chunks are passed on unchanged, and the
    chunks are closed when the result ends or is closed.

    Nothing waits longer than it must: for the bytes that make the format certain (see `recognise_stream`), for headers,
    and then for whole frames of mp3, aac and flac, whole pages of Ogg (they have a checksum), and 3 bytes of WAV that
    could begin the next file. Only MP4 is collected first. `speed` adds the window of the filter, about 85 ms. A piece
    of the result has at most 64 KiB, unless a page of Ogg is larger.

    Raises `InvalidAudio` before the first piece if the bytes are not audio (HTML, JSON, text, or empty) or contain no
    sound, and after the last complete one if a file is cut off, or is followed by something that a player would skip.
    """
    with closed(chunks) as arriving:
        stream = ByteStream(arriving)
        container = recognise_stream(stream, declared)
        if container is None:
            yield from encode_at_speed(stream.rest(), sample_rate, wanted, speed)
        else:
            yield from _transcode_file(stream, container, wanted, speed)


def _transcode_file(stream: ByteStream, container: Container, wanted: SpeechFormat, speed: float) -> Iterator[bytes]:
    if container == "wav":
        from audio_gateway.audio.wav_stream import samples_of_waves, wav_head

        if wav_head(stream) is not None:
            rate, pcm = samples_of_waves(stream)
            yield from encode_at_speed(pcm, rate, wanted, speed)
            return
    elif speed == 1.0 and _can_pass_through(stream, container, wanted):
        from audio_gateway.audio.truncation import complete_file

        yield from complete_file(stream.rest(), container, single=True)
        return
    from audio_gateway.audio.decode import decode_stream

    pcm = decode_stream(stream.rest(), container=container, sample_rate=SPEECH_SAMPLE_RATE)
    yield from encode_at_speed(pcm, SPEECH_SAMPLE_RATE, wanted, speed)


def _can_pass_through(stream: ByteStream, container: Container, wanted: SpeechFormat) -> bool:
    """Whether the file is `wanted` at 24 kHz mono, and plays to the end whatever follows.

    In doubt it does not. WAV is always written again: several files must become one, and that costs almost nothing.
    """
    if wanted in ("mp3", "aac") and wanted == container:
        frame = mpeg.read_frame(stream.peek(mpeg.FRAME_HEADER_BYTES), 0)
        return frame is not None and (frame.sample_rate, frame.channels) == (SPEECH_SAMPLE_RATE, 1)
    if wanted == container == "flac":
        from audio_gateway.audio.containers import flac

        info = flac.read_info(stream.peek(flac.HEAD_BYTES))
        return info is not None and info[:3] == (SPEECH_SAMPLE_RATE, 1, 16)
    head = stream.peek(_OPUS_HEAD_BYTES) if (wanted, container) == ("opus", "ogg") else b""
    return head[28:36] == b"OpusHead" and head[37:38] == b"\x01"


def encode_at_speed(pcm: Iterable[bytes], sample_rate: int, wanted: SpeechFormat, speed: float) -> Iterator[bytes]:
    """Encode s16le mono at `sample_rate` Hz as `wanted` at 24 kHz, `speed` times as fast.

    Raises `InvalidAudio` before the first piece if there are no samples.
    """
    with closed(stretch(pcm, sample_rate=sample_rate, speed=speed)) as pieces:
        first = next(pieces, None)
        if first is None:
            raise InvalidAudio("The response contains no audio.")
        yield from encode(_begun(first, pieces), sample_rate=sample_rate, format=wanted)


def _begun(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
