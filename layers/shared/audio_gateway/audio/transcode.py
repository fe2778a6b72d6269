"""Transcodes a provider's audio, whatever it really is, to the format that the caller requested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from audio_gateway.audio.closing import closed
from audio_gateway.audio.containers import mpeg, riff
from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.sniff import ENOUGH, Container, looks_like, sniff
from audio_gateway.audio.stretch import stretch
from audio_gateway.errors import InvalidAudio

_SNIFF_BYTES: Final = 4_096
_CHAIN_FRAMES: Final = 8


def transcode(
    chunks: Iterable[bytes], *, declared: SpeechFormat, sample_rate: int, wanted: SpeechFormat, speed: float = 1.0
) -> Iterator[bytes]:
    """Transcode audio that a provider declares as `declared` to `wanted` at 24 kHz mono and `speed`, while it arrives.

    mp3, aac, opus and flac that have the wanted format already pass through without their tags; all other audio is
    encoded again. `sample_rate` (Hz) matters only for pcm (s16le mono). Several concatenated files are all included.
    Errors of the chunks are passed on unchanged.

    Raises `InvalidAudio` before the first piece if the bytes are not audio (HTML, JSON, text, or empty) or contain no
    sound, and after the last complete one if a file is cut off, or is followed by something that a player would skip.
    """
    source = _without_id3(iter(chunks))
    head = _head(source)
    everything = chain((head,), source)
    container = _container(head, declared)
    if container is None:
        _refuse_other_than_pcm(head, declared)
        yield from encode_at_speed(everything, sample_rate, wanted, speed)
    else:
        yield from _transcode_file(head, everything, container, wanted, speed)


def _transcode_file(
    head: bytes, everything: Iterator[bytes], container: Container, wanted: SpeechFormat, speed: float
) -> Iterator[bytes]:
    from audio_gateway.audio.truncation import complete_file

    if container == "wav" and riff.read_head(head) is not None:
        from audio_gateway.audio.wav_stream import samples_of_waves

        rate, pcm = samples_of_waves(everything)
        yield from encode_at_speed(pcm, rate, wanted, speed)
        return
    pass_through = speed == 1.0 and _can_pass_through(head, container, wanted)
    file = complete_file(everything, container, single=pass_through)
    if pass_through:
        yield from file
        return
    from audio_gateway.audio.decode import decode_stream

    yield from encode_at_speed(
        decode_stream(file, container=container, sample_rate=SPEECH_SAMPLE_RATE), SPEECH_SAMPLE_RATE, wanted, speed
    )


def _without_id3(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without the ID3 tags at the beginning, however long they are."""
    first = b""
    for chunk in chunks:
        first += chunk
        end = mpeg.id3_end(first)
        if end:
            first = first[end:] if end <= len(first) else _after(chunks, end - len(first))
        elif len(first) >= mpeg.ID3_HEADER_BYTES or not b"ID3".startswith(first[:3]):
            break
    yield first
    yield from chunks


def _after(chunks: Iterator[bytes], count: int) -> bytes:
    """The bytes after the next `count` bytes, in the chunk in which those end."""
    for chunk in chunks:
        if len(chunk) >= count:
            return chunk[count:]
        count -= len(chunk)
    return b""


def _head(chunks: Iterator[bytes]) -> bytes:
    """Enough bytes to recognise the format; raises `InvalidAudio` if there are none."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _SNIFF_BYTES and (sniff(head) or len(head) >= ENOUGH):
            break
    if not head:
        raise InvalidAudio("The response is empty.")
    return head


def _container(head: bytes, declared: SpeechFormat) -> Container | None:
    """The container of the bytes; None for headerless samples.

    Samples can be any bytes, also some that look like frame headers. So if they are expected, formats without a magic
    number count only with many consecutive frames from the first byte on.
    """
    container = sniff(head)
    if declared == "pcm" and container in ("mp3", "aac") and not mpeg.is_chain(head, _CHAIN_FRAMES):
        return None
    return container


def _refuse_other_than_pcm(head: bytes, declared: SpeechFormat) -> None:
    """Raise `InvalidAudio` if samples were not declared, or if the bytes look like something known."""
    other = looks_like(head)
    if other is not None or declared != "pcm":
        raise InvalidAudio(f"The response is not {declared} audio: it looks like {other or 'nothing known'}.")


def _can_pass_through(head: bytes, container: Container, wanted: SpeechFormat) -> bool:
    """Whether the file that begins with `head` is `wanted` at 24 kHz mono, and plays to the end whatever follows.

    In doubt it does not. WAV is always written again: several files must become one, and that costs almost nothing.
    """
    if wanted in ("mp3", "aac") and wanted == container:
        found = mpeg.find_frames(head, 0, 1)
        return found is not None and (found.first.sample_rate, found.first.channels) == (SPEECH_SAMPLE_RATE, 1)
    if wanted == container == "flac":
        from audio_gateway.audio.containers import flac

        info = flac.read_info(head)
        return info is not None and info[:3] == (SPEECH_SAMPLE_RATE, 1, 16)
    return (wanted, container) == ("opus", "ogg") and head[28:36] == b"OpusHead" and head[37:38] == b"\x01"


def encode_at_speed(pcm: Iterable[bytes], sample_rate: int, wanted: SpeechFormat, speed: float) -> Iterator[bytes]:
    """Encode s16le mono at `sample_rate` Hz as `wanted` at 24 kHz, `speed` times as fast.

    Raises `InvalidAudio` before the first piece if there are no samples.
    """
    with closed(stretch(pcm, sample_rate=sample_rate, speed=speed)) as pieces:
        first = next(pieces, None)
        if first is None:
            raise InvalidAudio("The response contains no audio.")
        yield from encode(chain((first,), pieces), sample_rate=sample_rate, format=wanted)
