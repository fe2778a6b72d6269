"""A provider's audio, whatever it really is, as the format that the caller asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from audio_gateway.audio.containers import mpeg, riff
from audio_gateway.audio.encode import encode
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE, SpeechFormat
from audio_gateway.audio.sniff import ENOUGH, Container, looks_like, sniff
from audio_gateway.audio.stretch import stretch
from audio_gateway.errors import InvalidAudio

_LOOK_BYTES: Final = 4_096
_CHAIN_FRAMES: Final = 8


def transcode(
    chunks: Iterable[bytes], *, declared: SpeechFormat, sample_rate: int, wanted: SpeechFormat, speed: float = 1.0
) -> Iterator[bytes]:
    """Audio that a provider calls `declared` as `wanted` at 24 kHz mono and `speed`, yielded while it arrives.

    mp3, aac, opus and flac that are as wanted already pass through, but for tags; all other audio is written anew.
    `sample_rate` (Hz) matters for bytes that are pcm only (s16le mono). Of several files one behind the other all are
    heard. Raises `InvalidAudio` before the first piece when the bytes are no audio (HTML, JSON, text, nothing at all)
    or hold no sound, and after the last whole one when a file is cut off in the middle, or goes on with something that
    would not be heard. What the chunks themselves raise comes out as it is.
    """
    source = _without_id3(iter(chunks))
    head = _head(source)
    everything = chain((head,), source)
    container = _container(head, declared)
    if container is None:
        _refuse_other_than_pcm(head, declared)
        yield from _made(everything, sample_rate, wanted, speed)
    else:
        yield from _conform_file(head, everything, container, wanted, speed)


def _conform_file(
    head: bytes, everything: Iterator[bytes], container: Container, wanted: SpeechFormat, speed: float
) -> Iterator[bytes]:
    from audio_gateway.audio.truncation import whole

    if container == "wav" and riff.read_head(head) is not None:
        from audio_gateway.audio.wav_stream import samples_of_waves

        rate, pcm = samples_of_waves(everything)
        yield from _made(pcm, rate, wanted, speed)
        return
    as_it_is = speed == 1.0 and _is_as_wanted(head, container, wanted)
    file = whole(everything, container, one=as_it_is)
    if as_it_is:
        yield from file
        return
    from audio_gateway.audio.decode import decode_stream

    yield from _made(
        decode_stream(file, container=container, sample_rate=SPEECH_SAMPLE_RATE), SPEECH_SAMPLE_RATE, wanted, speed
    )


def _without_id3(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks without the ID3 tags that they begin with, however long those are."""
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
    """What stands behind the next `count` bytes, in the chunk in which they end."""
    for chunk in chunks:
        if len(chunk) >= count:
            return chunk[count:]
        count -= len(chunk)
    return b""


def _head(chunks: Iterator[bytes]) -> bytes:
    """As many bytes as are needed to say what they are; raises `InvalidAudio` when there are none at all."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LOOK_BYTES and (sniff(head) or len(head) >= ENOUGH):
            break
    if not head:
        raise InvalidAudio("The answer is empty: there is no audio in it.")
    return head


def _container(head: bytes, declared: SpeechFormat) -> Container | None:
    """What the bytes are; None for headerless samples.

    Samples can hold anything, a few bytes like frame headers included: so where they are expected, formats without a
    magic number count only if frames follow one another from the very first byte on, and for long.
    """
    container = sniff(head)
    if declared == "pcm" and container in ("mp3", "aac") and not mpeg.is_chain(head, _CHAIN_FRAMES):
        return None
    return container


def _refuse_other_than_pcm(head: bytes, declared: SpeechFormat) -> None:
    """Headerless samples look like nothing in particular; anything that looks like something is not them."""
    other = looks_like(head)
    if other is not None or declared != "pcm":
        raise InvalidAudio(f"The answer is not {declared} audio: it looks like {other or 'nothing known'}.")


def _is_as_wanted(head: bytes, container: Container, wanted: SpeechFormat) -> bool:
    """Whether the file that begins with `head` is `wanted` at 24 kHz mono, and plays as one whatever comes behind.

    In doubt it is not. Several files of wav are one only when they are written anew, which costs next to nothing.
    """
    if wanted in ("mp3", "aac") and wanted == container:
        found = mpeg.find_frames(head, 0, 1)
        return found is not None and (found.first.sample_rate, found.first.channels) == (SPEECH_SAMPLE_RATE, 1)
    if wanted == container == "flac":
        from audio_gateway.audio.containers import flac

        info = flac.read_info(head)
        return info is not None and info[:3] == (SPEECH_SAMPLE_RATE, 1, 16)
    return (wanted, container) == ("opus", "ogg") and head[28:36] == b"OpusHead" and head[37:38] == b"\x01"


def _made(pcm: Iterable[bytes], sample_rate: int, wanted: SpeechFormat, speed: float) -> Iterator[bytes]:
    """s16le mono at `sample_rate` as the file that is wanted; raises `InvalidAudio` first when there is none."""
    pieces = iter(stretch(pcm, sample_rate=sample_rate, speed=speed))
    first = next(pieces, None)
    if first is None:
        raise InvalidAudio("The answer has no audio in it.")
    yield from encode(chain((first,), pieces), sample_rate=sample_rate, format=wanted)
