"""Reads the samples of a WAV file that is still arriving, and of the files that follow it in the same stream.

Servers that speak sentence by sentence concatenate complete files, each with its own size. A player stops at the end
of the first.
"""

# ruff: noqa: PLR2004 - bit patterns and field widths of a file format say more in place

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from audio_gateway.audio.byte_stream import ByteStream
from audio_gateway.audio.containers import riff
from audio_gateway.audio.formats import SPEECH_SAMPLE_RATE
from audio_gateway.audio.sniff import ENOUGH
from audio_gateway.errors import InvalidAudio

_MARK_BYTES: Final = 12
_CHUNK_BYTES: Final = 8


def wav_head(stream: ByteStream) -> riff.Head | None:
    """The header at the beginning of the stream, as soon as its last byte has arrived; nothing is consumed.

    None if there is no RIFF file, or if its audio begins later than usual.
    """
    at = _MARK_BYTES
    while at < ENOUGH and _is_file(stream.peek(_MARK_BYTES)):
        data = stream.peek(at + _CHUNK_BYTES)
        if len(data) < at + _CHUNK_BYTES or data[at : at + 4] == b"data":
            return riff.read_head(data)
        size = int.from_bytes(data[at + 4 :], "little")
        at += _CHUNK_BYTES + size + size % 2
    return None


def samples_of_waves(stream: ByteStream) -> tuple[int, Iterator[bytes]]:
    """The sample rate in Hz, and the s16le mono samples of all files of the stream, yielded while they arrive.

    Raises `InvalidAudio`, also while iterating: a file is cut off, has another format than the first, or is followed by
    bytes that are neither a RIFF chunk nor a file, and so may be sound that no header describes.
    """
    first = _head(stream)
    return first.speech_rate or SPEECH_SAMPLE_RATE, _all_samples(stream, first)


def _all_samples(stream: ByteStream, first: riff.Head) -> Iterator[bytes]:
    yield from _samples(stream, first)
    while stream.peek(1):
        head = _head(stream)
        if head.kind != first.kind:
            raise InvalidAudio("The response contains WAV files of different formats.")
        yield from _samples(stream, head)


def _head(stream: ByteStream) -> riff.Head:
    """The header of the next file; the stream is then at its audio."""
    head = wav_head(stream)
    if head is None:
        raise InvalidAudio("The WAV audio is cut off: it ends in its header.")
    stream.skip(head.start)
    return head


def _samples(stream: ByteStream, head: riff.Head) -> Iterator[bytes]:
    """The audio of one file as s16le mono; the stream is then at the next file, or at its end."""
    if head.speech_rate is not None:
        return _audio(stream, head)
    if (kind := head.samples) is not None:
        from audio_gateway.audio.frame_stream import decoded_samples
        from audio_gateway.audio.resample import to_pcm

        return to_pcm(decoded_samples(_audio(stream, head), kind), SPEECH_SAMPLE_RATE, at_once=True)
    from audio_gateway.audio.decode import decode_stream

    return decode_stream(_as_file(stream, head), container="wav", sample_rate=SPEECH_SAMPLE_RATE)


def _as_file(stream: ByteStream, head: riff.Head) -> Iterator[bytes]:
    yield riff.header(head.fmt, None)
    yield from _audio(stream, head)


def _audio(stream: ByteStream, head: riff.Head) -> Iterator[bytes]:
    if head.size is None:
        yield from _until_next_file(stream)
        return
    left = head.size
    for piece in stream.take(head.size):
        left -= len(piece)
        yield piece
    if left > head.bytes_per_second // 10:
        raise InvalidAudio("The WAV audio is cut off: it ends in the middle.")
    _skip_chunks(stream)


def _skip_chunks(stream: ByteStream) -> None:
    """Skip to the next file, or to the end; raises `InvalidAudio` for bytes that are neither a chunk nor padding."""
    while mark := stream.peek(_MARK_BYTES):
        if _is_file(mark):
            return
        if mark[0] == 0:  # the padding byte of an odd size, or a padded block
            stream.skip(1)
            continue
        named = len(mark) >= _CHUNK_BYTES and all(0x20 <= byte < 0x7F for byte in mark[:4])
        if not named or not stream.skip(_CHUNK_BYTES + int.from_bytes(mark[4:8], "little")):
            raise InvalidAudio("The WAV audio is followed by something that is not a RIFF chunk.")


def _is_file(mark: bytes) -> bool:
    return mark[:4] == b"RIFF" and mark[8:12] == b"WAVE"


def _until_next_file(stream: ByteStream) -> Iterator[bytes]:
    """All bytes up to the beginning of the next file, or to the end. Bytes that could begin its mark are held."""
    held = b""
    while piece := stream.next_piece():
        held += piece
        at = held.find(b"RIFF")
        while at >= 0 and len(held) - at >= _MARK_BYTES and not _is_file(held[at : at + _MARK_BYTES]):
            at = held.find(b"RIFF", at + 1)
        if at >= 0 and len(held) - at >= _MARK_BYTES:
            stream.put_back(held[at:])
            held = held[:at]
            break
        ready = at if at >= 0 else max(0, len(held) - 3)
        yield held[:ready]
        held = held[ready:]
    yield held
